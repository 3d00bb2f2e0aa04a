"""One root seed, many named generators.

What comes in is the project's seed and a name; what goes out is a generator that depends on nothing else. Two steps
never share a stream, so adding a step or reordering the work changes no other step's numbers, and per-entity numbers
do not depend on the order of rows or on how they are partitioned.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Give the generator of one named purpose.

    Args:
        seed: the project's root seed, >= 0.
        names: the purpose, from the general to the particular, for example ``("stability", 5, 12)``.

    Example:
        >>> generator(7, "kmeans", 5).integers(100) == generator(7, "kmeans", 5).integers(100)
        np.True_
    """
    digest = hashlib.sha256("\x1f".join(map(str, (seed, *names))).encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest[:16], "little")))


def legacy_seed(rng: np.random.Generator) -> int:
    """Draw a 32-bit seed for libraries that take only an integer (scikit-learn)."""
    return int(rng.integers(0, 2**31 - 1))


def entity_uniforms(seed: int, name: str, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Give each entity its own number in [0, 1), whatever the order of the keys.

    Args:
        seed: the project's root seed.
        name: the purpose.
        keys: (n,) stable 64-bit keys of the entities.

    Returns:
        (n,) uniforms; equal keys get equal numbers.

    Source:
        The finaliser of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators").
    """
    salt = np.uint64(
        int.from_bytes(hashlib.sha256(f"{seed}\x1f{name}".encode("utf-8", "surrogatepass")).digest()[:8], "little")
    )
    with np.errstate(over="ignore"):
        z = keys.astype(np.uint64) ^ salt
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / float(1 << 53)
