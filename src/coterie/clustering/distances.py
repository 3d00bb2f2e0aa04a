"""Distances of points to centres, and what an assignment makes of them.

Every distance is made of one pair at a time, by a kernel or by SciPy's ``cdist``: a row alone gives the same bits as in
a batch, which a matrix product does not promise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from coterie._kernels import assign
from coterie.clustering.contract import Assignment, Labels
from coterie.embedding.contract import Points
from coterie.errors import ModelError

Floats = npt.NDArray[np.float64]

BLOCK_CELLS = 4_000_000  # distances held at once: 32 MB


def in_blocks(points: Points | Floats, n_columns: int, assign: Callable[[Floats], Assignment]) -> Assignment:
    """Assign (n, d) points some rows at a time, so that memory does not grow with n.

    Args:
        n_columns: distances that one row needs. assign: gives the answer for a few rows.
    """
    step = max(1, BLOCK_CELLS // n_columns)
    parts = [assign(points[start : start + step].astype(np.float64)) for start in range(0, max(len(points), 1), step)]
    return Assignment.joined(parts)


def check_width(points: Points, n_dims: int, what: str) -> None:
    """Refuse points of another width than those of the fit.

    Raises:
        ModelError: the widths differ, or the points are no matrix.
    """
    if points.ndim != 2 or points.shape[1] != n_dims:
        got = f"{points.shape[1]} dims" if points.ndim == 2 else f"{points.ndim} axes"
        raise ModelError(f"this {what} was fitted on {n_dims} dims, got points of {got}")


def cluster_means(points: Floats, labels: Labels, n_clusters: int) -> Floats:
    """Give the (n_clusters, d) means of the members of each cluster; none may be empty."""
    return np.stack([points[labels == label].mean(axis=0) for label in range(n_clusters)])


def own_and_other(distances: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Give for each of n points the distance to its own centre and to the nearest other one, (n,) each.

    Args:
        distances: (n, k) to each centre. labels: (n,) own cluster. Where k = 1, the own distance stands for the other.
    """
    own = distances[np.arange(len(labels)), labels]
    others = np.where(np.arange(distances.shape[1]) == labels[:, None], np.inf, distances).min(axis=1)
    return own, np.where(np.isinf(others), own, others)


def relative_strength(own: Floats, other: Floats) -> Floats:
    """Give 1 - own / other, (n,) in [0, 1]: 0 where the other is as near or nearer, 1 where the own distance is 0.

    Source:
        Hruschka, de Castro & Campello (2004), "Evolutionary algorithms for clustering gene-expression data": the
        simplified silhouette.
    """
    strength = 1.0 - own / np.where(other > 0, other, 1.0)
    clipped: Floats = np.clip(np.where(other > 0, strength, 0.0), 0.0, 1.0)
    return clipped


def assign_nearest(points: Points | Floats, centres: Floats) -> Assignment:
    """Assign (n, d) points to the nearest of (k, d) centres; a tie goes to the first.

    Strength is that of the distances to the nearest and the second nearest centre.
    """

    def one_block(rows: Floats) -> Assignment:
        labels, own, other = assign(rows, centres)
        return Assignment(labels, relative_strength(own, other), own)

    return in_blocks(points, len(centres), one_block)
