"""Trees of merges over points that stand for several rows each, as SciPy's ``linkage`` makes them of single rows.

SciPy cannot be told that a point stands for seven rows, yet Ward's criterion and average linkage depend on it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from coterie.clustering.contract import Labels
from coterie.clustering.distances import Floats


def merge_weighted(points: Floats, sizes: Floats, linkage: str) -> Floats:
    """Merge (m, d) points that stand for ``sizes`` rows each, the closest two clusters at a time.

    Args:
        points: (m, d), m >= 2. sizes: (m,) rows, > 0. linkage: "ward", "average" or "complete".

    Returns:
        (m - 1, 4) in SciPy's form: the two clusters (points first, then merges, in order), the height, and the points
        (not rows, as SciPy's dendrogram wants it).

    Source:
        Murtagh (1985), "Multidimensional clustering algorithms": nearest-neighbour chains; Lance & Williams (1967),
        "A general theory of classificatory sorting strategies": the new distances.
    """
    distances = cdist(points, points)
    if linkage == "ward":  # twice the growth of the sum of squares, so that two single rows merge at their distance
        distances = distances**2 * (2 * np.outer(sizes, sizes) / np.add.outer(sizes, sizes))
    np.fill_diagonal(distances, np.inf)
    merges = _chain(distances, sizes.astype(np.float64), linkage)
    if linkage == "ward":
        merges[:, 2] = np.sqrt(merges[:, 2])
    return _numbered(merges[np.argsort(merges[:, 2], kind="stable")])


def _chain(distances: Floats, sizes: Floats, linkage: str) -> Floats:
    """Follow nearest neighbours until two are each other's, and merge them; a merged cluster keeps one point's place.

    Args:
        distances: (m, m), overwritten. sizes: (m,), overwritten.

    Returns:
        (m - 1, 3) merges as found: a point of each cluster, height.
    """
    m = len(sizes)
    merges, chain = np.empty((m - 1, 3)), list[int]()
    alive = np.ones(m, np.bool_)
    for i in range(m - 1):
        if not chain:
            chain.append(int(alive.argmax()))
        while True:
            row = distances[chain[-1]]
            nearest = int(row.argmin())
            if len(chain) > 1 and row[chain[-2]] <= row[nearest]:  # also on a tie, or the chain would run in a circle
                break
            chain.append(nearest)
        a, b = chain.pop(), chain.pop()
        merges[i] = a, b, distances[a, b]
        merged = _merged_row(distances, sizes, linkage, a=a, b=b)
        alive[a] = False
        merged[~alive] = merged[b] = np.inf
        distances[b], distances[:, b] = merged, merged
        distances[a], distances[:, a] = np.inf, np.inf
        sizes[b] += sizes[a]
    return merges


def _merged_row(distances: Floats, sizes: Floats, linkage: str, *, a: int, b: int) -> Floats:
    """Give the distances of everything to the union of a and b."""
    to_a, to_b = distances[a], distances[b]
    if linkage == "complete":
        merged: Floats = np.maximum(to_a, to_b)
    elif linkage == "average":
        merged = (sizes[a] * to_a + sizes[b] * to_b) / (sizes[a] + sizes[b])
    else:
        grown = (sizes + sizes[a]) * to_a + (sizes + sizes[b]) * to_b - sizes * distances[a, b]
        merged = grown / (sizes + sizes[a] + sizes[b])
    return merged


def _numbered(merges: Floats) -> Floats:
    """Replace the points that stand for clusters by the clusters' numbers, and add the count of their points."""
    m = len(merges) + 1
    leader, number, counts = np.arange(m), np.arange(m), np.ones(m)

    def find(point: int) -> int:
        while leader[point] != point:
            leader[point] = leader[leader[point]]
            point = int(leader[point])
        return point

    tree: Floats = np.c_[merges, np.zeros(m - 1)]
    for i, (a, b) in enumerate(merges[:, :2].astype(int)):
        first, second = find(a), find(b)
        tree[i, :2] = sorted((number[first], number[second]))
        leader[first] = second
        number[second] = m + i
        counts[second] += counts[first]
        tree[i, 3] = counts[second]
    return tree


def cut(tree: Floats, k: int) -> Labels:
    """Undo the last k - 1 merges.

    Args:
        tree: (m - 1, 4) as ``merge_weighted`` gives. k: clusters, 1 to m.

    Returns:
        (m,) labels 0..k-1, exactly k of them, also where heights are equal.
    """
    m = len(tree) + 1
    kept = tree[: m - k, :2].astype(np.int64)
    nodes = m + len(kept)
    merges = np.arange(m, nodes)
    edges = coo_array((np.ones(2 * len(kept)), (kept.T.ravel(), np.tile(merges, 2))), shape=(nodes, nodes))
    labels: npt.NDArray[np.int32] = connected_components(edges, directed=False)[1][:m].astype(np.int32)
    return labels
