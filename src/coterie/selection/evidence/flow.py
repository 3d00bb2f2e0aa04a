"""Where the users of each cluster come from as k grows: segment level stability across solutions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from coterie.clustering.contract import Labels
from coterie.selection.evidence.solutions import Solution
from coterie.selection.evidence.thinning import Rows, briefly
from coterie.selection.evidence.types import Flow, FlowLink, FlowNode
from coterie.selection.sls import across
from coterie.terms import NOISE

LEAST_SHARE = 0.005  # of all users; a thinner link would be no more than a hair
MOST_SOLUTIONS = 16


def flow(line: Sequence[Solution], chosen: Solution, names: Sequence[str]) -> Flow | None:
    """Set the solutions of one method side by side; None where there are fewer than two.

    Args:
        line: solutions that differ in k alone, with labels of the same users, the chosen one among them.
        names: of the chosen solution's clusters.

    Source:
        Dolnicar & Leisch (2017), "Using segment level stability to select target segments in data-driven market
        segmentation studies".
    """
    by_k = {s.candidate.k: s for s in (*line, chosen) if s.n_clusters}
    kept = _around(sorted(by_k), chosen.candidate.k)
    if len(kept) < 2:
        return None
    stabilities = across([by_k[k].labels for k in kept])
    tables = [_shared(a, b) for a, b in pairwise([by_k[k].labels for k in kept])]
    orders = _orders(tables)
    n_total = len(by_k[kept[0]].labels)
    least = max(1, round(LEAST_SHARE * n_total))
    nodes: list[FlowNode] = []
    place: list[dict[int, int]] = []
    for at, (k, order) in enumerate(zip(kept, orders, strict=True)):
        sizes = tables[at].sum(axis=1) if at < len(tables) else tables[-1].sum(axis=0)
        stability = briefly(stabilities[at])
        called = names if by_k[k].place == chosen.place else [str(c + 1) for c in range(len(order))]
        place.append({int(cluster): len(nodes) + i for i, cluster in enumerate(order)})
        nodes += [FlowNode(k, called[c], int(sizes[c]), stability[c]) for c in order]
    links = [
        FlowLink(place[at][a], place[at + 1][b], int(table[a, b]))
        for at, table in enumerate(tables)
        for a, b in np.argwhere(table >= least).tolist()
    ]
    return Flow(chosen.line, chosen.candidate.k, tuple(nodes), tuple(links), least, n_total)


def _shared(before: Labels, after: Labels) -> Rows:
    """Count users by their clusters in two solutions, (k before, k after); users left out by either are not counted."""
    counts = np.zeros((int(before.max()) + 1, int(after.max()) + 1), np.int64)
    both = (before != NOISE) & (after != NOISE)
    np.add.at(counts, (before[both], after[both]), 1)
    return counts


def _around(known: list[int], chosen: int) -> list[int]:
    """Keep the solutions nearest the chosen one where there are very many."""
    return sorted(sorted(known, key=lambda k: (abs(k - chosen), k))[:MOST_SOLUTIONS])


def _orders(tables: Sequence[Rows]) -> list[list[int]]:
    """Order clusters by the mean place of their users in the solution before, so that links cross little."""
    orders = [list(range(len(tables[0])))]
    for table in tables:
        rank = np.empty(len(table))
        rank[orders[-1]] = np.arange(len(table))
        means = rank @ table / np.maximum(table.sum(axis=0), 1)
        orders.append(np.lexsort((np.arange(len(means)), means)).tolist())
    return orders
