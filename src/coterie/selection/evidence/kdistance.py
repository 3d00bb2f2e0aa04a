"""The sorted distances to the m-th neighbour, from which density methods take their radius."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.clustering.neighbours import find_knee, kth_distances, kth_distances_of_many
from coterie.embedding.contract import Points
from coterie.selection.evidence.thinning import brief, briefly, drawn, even_steps
from coterie.selection.evidence.types import KDistance

ALL_ROWS = 5_000
MOST_ROWS = 500  # of more users, whose neighbours are looked for among all
MOST_VALUES = 200


def k_distance(points: Points, neighbour: int, tried: Sequence[float], rng: np.random.Generator) -> KDistance | None:
    """Give the curve of distances to the m-th neighbour, and its knee; None where there are too few users for one.

    Args:
        points: (n, d). neighbour: m >= 1. tried: values of eps that candidates were made with.

    The knee is the one that DBSCAN would take, see ``neighbours.find_knee``.

    Source:
        Ester, Kriegel, Sander & Xu (1996), "A density-based algorithm for discovering clusters", section 4.2.
    """
    n = len(points)
    if n < neighbour + 2:
        return None
    exact = points.astype(np.float64)
    rows = drawn(n, n if n <= ALL_ROWS else MOST_ROWS, rng)
    m = neighbour + 1  # oneself is the first
    found = kth_distances(exact, exact, m) if n <= ALL_ROWS else kth_distances_of_many(rows, exact, m)
    sorted_ = np.sort(found)
    shares = np.arange(1, len(rows) + 1) / len(rows)
    at = int(np.searchsorted(sorted_, find_knee(sorted_), "right")) - 1
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
