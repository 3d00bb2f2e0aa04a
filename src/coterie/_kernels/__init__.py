"""The hot loops, in C++: each takes NumPy arrays and gives the same bits for any number of threads.

One shared library with a C interface, called through ctypes, which lets go of the interpreter lock. There is no
fall-back in Python: a missing library is an error that says how to build it.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from coterie.parallel import kernel_threads

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

LIBRARY = Path(__file__).with_name("native.so")


class KMeansFit(NamedTuple):
    """The best start: (k, d) centres and inertia; iterations of all starts; how many starts were given up."""

    centres: Floats
    inertia: float
    iterations: int
    given_up: int


@cache
def _library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        message = f"Coterie's kernels are not built for this machine ({error}); run: pip install --editable ."
        raise ImportError(message) from error


def _call(name: str, *arguments: npt.NDArray[Any] | int | float) -> None:
    """Call a kernel; whole numbers go as 64-bit ones, arrays as the address of their first cell.

    Raises:
        MemoryError: there was not enough memory.
    """
    if getattr(_library(), name)(*map(_passed, arguments)):
        raise MemoryError(f"there is not enough memory for {name.removeprefix('coterie_')}")


def _passed(argument: npt.NDArray[Any] | int | float) -> Any:
    if isinstance(argument, np.ndarray):
        return ctypes.c_void_p(argument.ctypes.data)
    return ctypes.c_double(argument) if isinstance(argument, float) else ctypes.c_int64(argument)


def _dense(
    array: npt.NDArray[Any], kind: type[np.generic], shape: tuple[int | None, ...], name: str
) -> npt.NDArray[Any]:
    """Give an array whose cells lie in C order, and refuse another shape: a kernel reads what it is told to."""
    if len(array.shape) != len(shape) or any(
        want is not None and got != want for got, want in zip(array.shape, shape, strict=True)
    ):
        raise ValueError(f"{name} has shape {array.shape}; expected {shape}")
    return np.ascontiguousarray(array, kind)


def kmeans(points: Singles, sample: Singles, uniforms: Floats, *, most: int, tolerance: float) -> KMeansFit:
    """Cluster by Lloyd's algorithm from several greedy k-means++ starts, and give the start of the lowest inertia.

    A start is given up when 40 times what its last iteration gained would not bring it to the best one so far.

    Args:
        points: (n, d), centred: distances come from norms and products. sample: (s, d) rows that starts are drawn from.
        uniforms: (starts, k, trials) in [0, 1), one for each candidate of a centre. most: iterations of a start.
        tolerance: squared shift of all centres together below which a start has converged.

    Source:
        Lloyd (1982), "Least squares quantization in PCM"; Arthur & Vassilvitskii (2007), "k-means++"; Hamerly (2010),
        "Making k-means even faster".
    """
    points = _dense(points, np.float32, (None, None), "points")
    n, d = points.shape
    sample = _dense(sample, np.float32, (None, d), "sample")
    uniforms = _dense(uniforms, np.float64, (None, None, None), "uniforms")
    starts, k, trials = uniforms.shape
    if not (1 <= k <= min(n, len(sample)) and starts >= 1 and trials >= 1 and most >= 1):
        raise ValueError(
            f"k-means of {n} rows, {len(sample)} of them sampled, cannot have {k} centres, {starts} starts"
        )
    centres, facts = np.empty((k, d)), np.zeros(4)
    _call(
        "coterie_kmeans",
        *(points, n, d, sample, len(sample), uniforms, starts, k, trials, most, float(tolerance)),
        *(kernel_threads(), centres, facts),
    )
    return KMeansFit(centres, float(facts[0]), int(facts[2]), int(facts[3]))


def assign(points: Floats, centres: Floats) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
    """Find the nearest of (k, d) centres to each of (n, d) points; a tie goes to the first.

    Returns:
        (n,) its number, the distance to it, and that to the second nearest; with one centre the same. A row alone has
        the same bits as in a batch.
    """
    points = _dense(points, np.float64, (None, None), "points")
    n, d = points.shape
    centres = _dense(centres, np.float64, (None, d), "centres")
    if not len(centres):
        raise ValueError("there is no centre to assign to")
    labels, own, other = np.empty(n, np.int32), np.empty(n), np.empty(n)
    _call("coterie_assign", points, n, d, centres, len(centres), kernel_threads(), labels, own, other)
    return labels, own, other
