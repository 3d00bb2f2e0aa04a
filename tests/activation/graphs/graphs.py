"""A small graph made by hand: two triangles and the edge between them."""

from __future__ import annotations

import numpy as np

from coterie.activation.graphs.communities import described, pagerank
from coterie.activation.graphs.types import Graph, Links, Reference

IDS = ("a", "b", "c", "d", "e", "=f")


def two_triangles(kind="items", labels=IDS):
    start, end = np.array([0, 0, 1, 2, 3, 3, 4]), np.array([1, 2, 2, 3, 4, 5, 5])
    weight = np.array([10.0, 10, 10, 5, 20, 20, 20])
    counted = kind != "users"
    links = Links(
        start,
        end,
        weight,
        weight.astype(np.int64) if counted else None,
        weight / 2 if counted else None,
        np.full(7, 0.01) if counted else None,
    )
    community = np.array([1, 1, 1, 2, 2, 2])
    rank = pagerank(links, 6, is_directed=False)
    return Graph(
        kind=kind,
        run_id="a-run",
        is_directed=kind == "browsing",
        weight="users who like both",
        min_cell=5,
        ids=IDS,
        labels=labels,
        users=np.full(6, 20) if counted else None,
        segments=None if counted else ("s-1",) * 3 + ("s-2",) * 3,
        community=community,
        pagerank=rank,
        links=links,
        communities=described(community, links, rank),
        modularity=0.4,
        references=(Reference("random graphs", (0.1, 0.2)),),
        agreement=None if counted else 1.0,
        n_tested=15 if counted else 0,
        n_over=7,
        n_enough=7,
        left_out=(),
    )
