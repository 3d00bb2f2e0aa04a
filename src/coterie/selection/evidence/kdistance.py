"""The sorted distances to the m-th neighbour, from which density methods take their radius."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.embedding.contract import Points
from coterie.selection.evidence.thinning import Floats, Rows, brief, briefly, drawn, even_steps
from coterie.selection.evidence.types import KDistance

ALL_ROWS = 5_000
MOST_ROWS = 500  # of more users, whose neighbours are looked for among all
MOST_VALUES = 200
BLOCK_CELLS = 4_000_000


def k_distance(points: Points, neighbour: int, tried: Sequence[float], rng: np.random.Generator) -> KDistance | None:
    """Give the curve of distances to the m-th neighbour, and its knee; None where there are too few users for one.

    Args:
        points: (n, d). neighbour: m >= 1. tried: values of eps that candidates were made with.

    Source:
        Ester, Kriegel, Sander & Xu (1996), "A density-based algorithm for discovering clusters", section 4.2; the knee:
        Satopaa et al. (2011), "Finding a 'kneedle' in a haystack", without smoothing.
    """
    n = len(points)
    if n < neighbour + 2:
        return None
    rows = np.arange(n) if n <= ALL_ROWS else drawn(n, MOST_ROWS, rng)
    sorted_ = np.sort(_to_neighbour(points.astype(np.float64), rows, neighbour))
    shares = np.arange(1, len(rows) + 1) / len(rows)
    at = knee(shares, sorted_)
    shown = np.union1d(even_steps(len(rows), MOST_VALUES), [at])
    return KDistance(
        neighbour,
        briefly(shares[shown]),
        briefly(sorted_[shown]),
        brief(sorted_[at]),
        brief(shares[at]),
        tuple(sorted({brief(value) for value in tried})),
        len(rows),
        n,
    )


def _to_neighbour(points: Floats, rows: Rows, neighbour: int) -> Floats:
    """Give the distance of some rows to their m-th nearest other row, (r,)."""
    norms = np.einsum("ij,ij->i", points, points)
    step = max(1, BLOCK_CELLS // len(points))
    parts = []
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        squared = norms[block][:, None] + norms - 2 * (points[block] @ points.T)
        squared[np.arange(len(block)), block] = -1.0  # oneself comes first
        parts.append(np.partition(squared, neighbour, axis=1)[:, neighbour])
    distances: Floats = np.sqrt(np.maximum(np.concatenate(parts), 0))
    return distances


def knee(x: Floats, y: Floats) -> int:
    """Give the place of a rising curve that lies furthest under the line from its first to its last point."""
    width, height = x[-1] - x[0], y[-1] - y[0]
    if width <= 0 or height <= 0:
        return len(x) - 1
    return int(np.argmax((x - x[0]) / width - (y - y[0]) / height))
