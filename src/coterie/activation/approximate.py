"""An index that finds nearly all of the nearest, for more users than an exact search is quick for.

Cells of rows that lie together are searched, those of the nearest centres only (an inverted file). What is missed is
measured on a sample against the exact search. Needs the extra ``index``.

Source:
    Jégou, Douze & Schmid (2011), "Product quantization for nearest neighbor search", section IV (inverted file).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from coterie.activation.nearest import QUERIES, Directions, Nearest, Places, nearest, without_self
from coterie.parallel import single_libraries
from coterie.plugins import require
from coterie.randomness import generator, legacy_seed

WORTHWHILE: Final = 400_000  # users: up to there the exact search takes a minute
SAMPLE: Final = 1_000  # users of whom the exact answer is known
LOOKED_AT: Final = 48  # cells, of 4 sqrt(n)
TRAINED_PER_CELL: Final = 64  # rows
Z_95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Recall:
    """Share of the exact answers that the index finds.

    Args:
        value, low, high: mean over the sample, and its 95 % interval. n_sample: users.
    """

    value: float
    low: float
    high: float
    n_sample: int


def refusal(among: Directions) -> str:
    """Say why no index is made; "" where one is."""
    if sp.issparse(among.rows):
        return "exact: an index is for dense rows, such as the embedding"
    if len(among.ids) < WORTHWHILE:
        return f"exact: below {WORTHWHILE:,} an index saves nothing, and these are {len(among.ids):,}"
    return ""


def build(among: Directions, seed: int) -> Any:
    """Build an index of dense rows; the same for any number of threads.

    Raises:
        MissingExtraError: the extra ``index`` is not installed.
    """
    faiss = require("faiss", extra="index")
    n, width = among.rows.shape
    n_cells = max(1, min(4 * math.isqrt(n), n // 39))  # fewer than 39 rows a cell are too few to train it
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, n_cells, faiss.METRIC_INNER_PRODUCT)
    rng = generator(seed, "index")
    index.cp.seed = legacy_seed(rng)
    index.nprobe = min(LOOKED_AT, n_cells)
    drawn = np.sort(rng.choice(n, min(n, TRAINED_PER_CELL * n_cells), replace=False))
    with single_libraries():
        index.train(np.ascontiguousarray(among.rows[drawn]))
        index.add(among.rows)
    return index


def nearest_of_each(index: Any, among: Directions, k: int, places: Places) -> Iterator[tuple[Places, Nearest]]:
    """Find nearly the k nearest of some rows, a block at a time; see ``nearest.nearest_of_each``."""
    n = len(among.ids)
    for start in range(0, len(places), QUERIES):
        block = places[start : start + QUERIES]
        cosines, found = index.search(np.ascontiguousarray(among.rows[block]), min(k + 1, n))
        order = np.lexsort((found, -cosines), axis=1)
        ordered = Nearest(np.take_along_axis(found, order, 1).astype(np.int32), np.take_along_axis(cosines, order, 1))
        answer = without_self(ordered, block, k)
        good = (answer.places >= 0) & (answer.cosines > 0)
        yield (
            block,
            Nearest(
                np.where(good, answer.places, -1).astype(np.int32),
                np.where(good, np.minimum(answer.cosines, np.float32(1)), np.float32(0)),
            ),
        )


def recall(index: Any, among: Directions, k: int, seed: int) -> Recall:
    """Measure the share of the exact k nearest that the index finds, on a random sample."""
    known = np.flatnonzero(among.known)
    drawn = np.sort(generator(seed, "index", "recall").choice(known, min(SAMPLE, len(known)), replace=False))
    exact = nearest(among, drawn, k)
    parts = [found for _, found in nearest_of_each(index, among, k, drawn)]
    found = np.concatenate([part.places for part in parts])
    shares = np.array(
        [
            np.isin(own[own >= 0], other).mean() if (own >= 0).any() else 1.0
            for own, other in zip(exact.places, found, strict=True)
        ]
    )
    mean = float(shares.mean())
    half = Z_95 * float(shares.std(ddof=1)) / math.sqrt(len(shares)) if len(shares) > 1 else 0.0
    return Recall(mean, max(mean - half, 0.0), min(mean + half, 1.0), len(shares))
