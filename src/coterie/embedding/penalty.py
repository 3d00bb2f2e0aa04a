"""The ridge penalty of als by validation: what ranks or rates held-out cells best.

In comes an (n, m) matrix; a share of the cells of some rows is held out, a few iterations are fitted to the rest of
these rows for penalties on a logarithmic grid, and out goes what was tried. Rows alone decide, never the number of
threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.parallel import default_threads, map_in_order, single_threaded

Floats = npt.NDArray[np.float64]
Tried = tuple[tuple[float, float], ...]  # penalties in order, each with its score: higher is better
ROWS, LEAST_ROWS = 10_000, 200  # rows that are fitted; fewer with two cells say too little of a penalty
RANKED, CUTOFF, BLOCK = 3_000, 10, 100  # rows whose ranking is judged, items of it, rows at once
HELD = 0.2
STEP, LOWEST, HIGHEST = 10.0, 1e-5, 1e6  # of the grid: its coarse step, and where it ends


@dataclass(frozen=True, slots=True)
class Split:
    """Some rows, a share of whose cells is held out.

    Args:
        train, held: (s, m) the cells to fit and those to judge by. share: of all rows that have cells, in (0, 1].
    """

    train: sp.csr_array
    held: sp.csr_array
    share: float


def split(cells: sp.csr_array, rng: np.random.Generator) -> Split | None:
    """Hold a fifth of the cells of at most ``ROWS`` rows out at random; None where too few rows have two cells."""
    rows = np.flatnonzero(np.diff(cells.indptr) > 1)
    if len(rows) < LEAST_ROWS:
        return None
    taken = np.sort(rng.permutation(rows)[:ROWS])
    some = cells[taken]
    out = rng.random(some.nnz) < HELD
    return Split(_only(some, ~out), _only(some, out), len(taken) / len(rows))


def _only(cells: sp.csr_array, kept: npt.NDArray[np.bool_]) -> sp.csr_array:
    starts = np.concatenate([[0], np.cumsum(kept)])[cells.indptr]
    return sp.csr_array((cells.data[kept], cells.indices[kept], starts), shape=cells.shape)


def search(score: Callable[[float], float], middle: float) -> Tried:
    """Climb along a logarithmic grid until the best penalty has worse ones on both sides, then look half a step nearer.

    Args:
        score: of a penalty; higher is better, -inf where it cannot be used. middle: where the grid starts.
    """
    found = {penalty: score(penalty) for penalty in (middle / STEP, middle, middle * STEP)}
    while LOWEST < (best := _best(found)) < HIGHEST and best in (min(found), max(found)):
        further = best / STEP if best == min(found) else best * STEP
        found[further] = score(further)
    found |= {penalty: score(penalty) for penalty in (best / STEP**0.5, best * STEP**0.5)}
    return tuple(sorted((penalty, value) for penalty, value in found.items() if np.isfinite(value)))


def _best(found: dict[float, float]) -> float:
    return min(found, key=lambda penalty: (-found[penalty], penalty))


def best_of(tried: Tried) -> float | None:
    """Give the penalty of the highest score, the least of equals; None where none was tried."""
    return _best(dict(tried)) if tried else None


def ranking(points: Floats, factors: Floats, train: sp.csr_array, held: sp.csr_array) -> float:
    """Give the mean NDCG@10 of ranking items that a row has not in ``train`` by inner products, in [0, 1].

    Args:
        points: (s, d) of the rows. factors: (m, d). held: (s, m) cells to be found; rows without any are skipped.

    Source:
        Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques".
    """
    asked = np.flatnonzero(np.diff(held.indptr))
    if not len(asked):
        return float("-inf")
    cutoff = min(CUTOFF, len(factors))
    discount = 1 / np.log2(np.arange(cutoff) + 2)

    def gains(rows: npt.NDArray[np.int64]) -> Floats:
        top, wanted = _top(points[rows], factors, train[rows], cutoff), held[rows]
        numbers = np.arange(len(rows))
        keys = np.repeat(numbers, np.diff(wanted.indptr)) * len(factors) + wanted.indices
        hits = np.isin(numbers[:, None] * len(factors) + top, keys)
        ideal = np.cumsum(discount)[np.minimum(np.diff(wanted.indptr), cutoff) - 1]
        return np.asarray((hits @ discount) / ideal)

    blocks = [asked[first : first + BLOCK] for first in range(0, len(asked), BLOCK)]
    with single_threaded():  # within a block, for the same bits whatever the number of threads
        return float(np.concatenate([*map_in_order(gains, blocks, threads=default_threads())]).mean())


def _top(points: Floats, factors: Floats, train: sp.csr_array, count: int) -> npt.NDArray[np.int64]:
    scores = points.astype(np.float32) @ factors.astype(np.float32).T
    scores[np.repeat(np.arange(len(points)), np.diff(train.indptr)), train.indices] = -np.inf
    top = np.argpartition(scores, len(factors) - count, axis=1)[:, len(factors) - count :]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)
