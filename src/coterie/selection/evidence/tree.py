"""The top of a tree of merges, with each branch's users and segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage

from coterie.clustering.contract import Labels
from coterie.clustering.distances import Floats, assign_nearest
from coterie.clustering.hierarchy import Dendrogram
from coterie.clustering.lloyd import lloyd
from coterie.clustering.merging import merge_weighted
from coterie.embedding.contract import Points
from coterie.selection.evidence.thinning import Rows, brief, drawn
from coterie.selection.evidence.types import DendrogramRecord, TreeNode
from coterie.terms import NOISE

MOST_LEAVES = 60
EXACT_ROWS = 1_500
MOST_ROWS = 5_000
REPRESENTATIVES = 500
ITERATIONS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """A tree over representatives.

    Args:
        tree: (m - 1, 4) merges in SciPy's form, heights rising. owner: (r,) representative 0..m-1 of each user.
        labels: (r,) cluster of each user, or NOISE. linkage: how it was merged.
    """

    tree: Floats
    owner: Rows
    labels: Labels
    linkage: str


def ward_tree(points: Points, labels: Labels, rng: np.random.Generator) -> Merged:
    """Merge users by Ward's criterion; above ``EXACT_ROWS`` users, k-means centres of a sample that stand for them.

    Source:
        Ward (1963), "Hierarchical grouping to optimize an objective function".
    """
    if len(points) <= EXACT_ROWS:
        return Merged(linkage(points.astype(np.float64), "ward"), np.arange(len(points)), labels, "ward")
    rows = drawn(len(points), MOST_ROWS, rng)
    exact = points[rows].astype(np.float64)
    centres = lloyd(exact, REPRESENTATIVES, 1, rng, iterations=ITERATIONS)
    used, owner = np.unique(assign_nearest(exact, centres).labels, return_inverse=True)
    tree = merge_weighted(centres[used], np.bincount(owner).astype(np.float64), "ward")
    return Merged(tree, owner, labels[rows], "ward")


def own_tree(record: Dendrogram, linkage_: str) -> Merged:
    """Give the tree that a fitted clusterer brings."""
    owner = np.repeat(np.arange(len(record.sizes)), record.sizes)
    return Merged(record.tree, owner, record.labels[owner], linkage_)


def dendrogram(merged: Merged, names: Sequence[str], n_total: int) -> DendrogramRecord | None:
    """Give the last merges of a tree; None where there is nothing to merge.

    Args:
        names: of the clusters, in label order. n_total: users there are.
    """
    m = len(merged.tree) + 1
    if m < 2 or not len(names):
        return None
    counts = _counts(merged, m, len(names))
    n_leaves = min(MOST_LEAVES, m)
    kept = merged.tree[m - n_leaves :]
    first_merge = 2 * m - n_leaves  # number, in the whole tree, of the first merge that is shown
    leaves = _left_to_right(kept, first_merge)
    number = {old: new for new, old in enumerate([*leaves, *range(first_merge, 2 * m - 1)])}
    nodes = [_leaf(place, counts[old], names) for place, old in enumerate(leaves)]
    for row, (left, right, height, _) in enumerate(kept):
        nodes.append(_merge(number[int(left)], number[int(right)], height, counts[first_merge + row], nodes))
    k = len(names)
    return DendrogramRecord(
        tuple(nodes), n_leaves, k, _cut(merged.tree, k), merged.linkage, m, len(merged.labels), n_total
    )


def _counts(merged: Merged, m: int, k: int) -> Rows:
    """Count users by cluster below every node of the whole tree, (2 m - 1, k + 1); noise comes last."""
    counts = np.zeros((2 * m - 1, k + 1), np.int64)
    np.add.at(counts, (merged.owner, np.where(merged.labels == NOISE, k, merged.labels)), 1)
    for row, (left, right) in enumerate(merged.tree[:, :2].astype(np.int64)):
        counts[m + row] = counts[left] + counts[right]
    return counts


def _left_to_right(kept: Floats, first_merge: int) -> list[int]:
    """Give the leaves in an order in which no two lines cross, by walking down from the root."""
    waiting, leaves = [first_merge + len(kept) - 1], []
    while waiting:
        node = waiting.pop()
        if node < first_merge:
            leaves.append(node)
        else:
            left, right = kept[node - first_merge, :2].astype(np.int64)
            waiting += [int(right), int(left)]
    return leaves


def _leaf(place: int, counts: Rows, names: Sequence[str]) -> TreeNode:
    most = int(counts[:-1].argmax())
    return TreeNode(float(place), 0.0, -1, -1, int(counts.sum()), names[most] if counts[most] else "")


def _merge(left: int, right: int, height: float, counts: Rows, nodes: list[TreeNode]) -> TreeNode:
    one, other = nodes[left], nodes[right]
    cluster = one.cluster if one.cluster == other.cluster else ""
    return TreeNode((one.x + other.x) / 2, brief(height), left, right, int(counts.sum()), cluster)


def _cut(tree: Floats, k: int) -> float:
    """Give the middle between the highest merge that k clusters keep and the lowest that they undo."""
    if k < 2:
        return brief(float(tree[-1, 2]) * 1.05)
    if k > len(tree):
        return brief(float(tree[0, 2]) / 2)
    return brief(float(tree[-k, 2] + tree[-k + 1, 2]) / 2)
