"""Silhouettes of many points: of all of them by squared distances, of some of them by distances to all.

In come points and labels; out come values in [-1, 1], of which higher is better: how much nearer a point is to others
of its own cluster than to those of the nearest other one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie._kernels import distance_sums
from coterie.clustering.contract import Labels
from coterie.clustering.distances import BLOCK_CELLS, Floats
from coterie.embedding.contract import Points


def from_sums(sums: Floats, own: Labels, counts: npt.NDArray[np.integer]) -> Floats:
    """Give the (r,) silhouettes of points from their distances; a point alone in its cluster has 0.

    Args:
        sums: (r, k) of distances to all members of each cluster, the point itself among them. own: (r,) its cluster.
        counts: (k,) members of each cluster.

    Source:
        Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
    """
    rows, others = np.arange(len(own)), counts[own] - 1
    inside = sums[rows, own] / np.maximum(others, 1)
    means = sums / np.maximum(counts, 1)
    means[rows, own] = np.inf
    means[:, counts == 0] = np.inf
    outside = means.min(axis=1)
    widest = np.maximum(inside, outside)
    return np.where((others > 0) & (widest > 0), (outside - inside) / np.where(widest > 0, widest, 1.0), 0.0)


def squared(points: Points, labels: Labels) -> Floats:
    """Give the (n,) silhouettes of all points by squared Euclidean distances, exactly, in O(n k d).

    The distances of a point to all members of a cluster come from the cluster's size, sum and sum of squares. Use this
    one where there are too many points for all pairs; values are about twice those of plain distances.

    Args:
        points: (n, d). labels: (n,) clusters 0..k-1, at least two of them with members.

    Source:
        The silhouette of Apache Spark's ``ClusteringEvaluator``, "squaredEuclidean".
    """
    middle = points.mean(axis=0, dtype=np.float64)
    counts, sums = np.bincount(labels), np.zeros((int(labels.max()) + 1, points.shape[1]))
    squares, step = np.zeros(len(counts)), max(1, BLOCK_CELLS // max(points.shape[1], len(counts)))
    blocks = [slice(start, start + step) for start in range(0, len(points), step)]
    for block in blocks:
        rows, own = points[block] - middle, labels[block]
        squares += np.bincount(own, np.einsum("ij,ij->i", rows, rows), len(counts))
        for j in range(rows.shape[1]):
            sums[:, j] += np.bincount(own, rows[:, j], len(counts))
    found = np.empty(len(points))
    for block in blocks:
        rows = points[block] - middle
        # einsum, not a matrix product: the same bits for any number of threads
        products = np.einsum("ij,kj->ik", rows, sums)
        apart = np.einsum("ij,ij->i", rows, rows)[:, None] * counts + squares - 2 * products
        found[block] = from_sums(np.maximum(apart, 0.0), labels[block], counts)
    return found


def sampled(points: Points, labels: Labels, rows: npt.NDArray[np.integer]) -> Floats:
    """Give the (r,) silhouettes of some rows by their Euclidean distances to all points.

    Two thousand rows of 160,000 take part of a second, so that a mean needs no sample of what rows are compared with.
    Distances are single precision: for a few thousand points compute all pairs in double precision instead.

    Args:
        points: (n, d). labels: (n,) clusters 0..k-1, at least two of them with members. rows: (r,) numbers of rows.
    """
    centred = (points - points.mean(axis=0, dtype=np.float64)).astype(np.float32)
    order, counts = np.argsort(labels, kind="stable"), np.bincount(labels)
    sums = distance_sums(centred[rows], centred[order], np.concatenate([[0], np.cumsum(counts)]))
    return from_sums(sums, labels[rows], counts)
