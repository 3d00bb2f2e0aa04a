"""Labels in canonical order: the largest cluster is 0, ties go to the cluster that holds the smallest row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Labels
from coterie.terms import NOISE


def canonical_order(labels: Labels, n_clusters: int) -> tuple[Labels, npt.NDArray[np.int64]]:
    """Renumber clusters by falling size.

    Args:
        labels: (n,) in 0..n_clusters-1, or NOISE, which stays.
        n_clusters: number of clusters, >= 0.

    Returns:
        The (n,) renumbered labels, and (n_clusters,) the old number of each new one.
    """
    kept = labels[labels != NOISE]
    sizes = np.bincount(kept, minlength=n_clusters)
    first_row = np.full(n_clusters, len(labels))
    rows = np.flatnonzero(labels != NOISE)
    np.minimum.at(first_row, labels[rows], rows)
    order = np.lexsort((first_row, -sizes))
    new_number = np.full(n_clusters + 1, NOISE, np.int32)  # the last is NOISE's
    new_number[order] = np.arange(n_clusters, dtype=np.int32)
    return new_number[labels], order


def inhabited_order(labels: Labels, n_clusters: int) -> tuple[Labels, npt.NDArray[np.int64]]:
    """Renumber clusters by falling size and leave out those that no row is in.

    Args:
        labels: (n,) in 0..n_clusters-1, n >= 1. n_clusters: number of clusters asked for.

    Returns:
        The (n,) renumbered labels, and the old number of each cluster that has members.
    """
    renumbered, order = canonical_order(labels, n_clusters)
    return renumbered, order[: int(renumbered.max()) + 1]
