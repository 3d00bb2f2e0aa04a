"""Communities and ranks: edges in, Leiden's partition, its modularity beside that of chance, and PageRank out.

Leiden is igraph's (extra ``graph``). Its random numbers come from the generator that is handed in.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie import plugins
from coterie.activation.graphs.types import Community, Floats, Ints, Links

DAMPING: Final = 0.85  # source: Brin & Page (1998), "The anatomy of a large-scale hypertextual web search engine"
RANDOM_GRAPHS, FEW_GRAPHS, MANY_EDGES = 19, 5, 300_000  # 19: better than all of them is 1 in 20
_LEADING: Final = 50
_SWAPS: Final = 10  # of each edge; source: Milo et al. (2003), "On the uniform generation of random graphs"
_TRIES, _MANY_NODES = 5, 10_000  # of a graph of more nodes there is one
_one_at_a_time = threading.Lock()  # igraph has one generator for all


def partition(links: Links, n: int, rng: np.random.Generator) -> tuple[Ints, float]:
    """Find communities by Leiden on modularity, the best of five tries, or of more than 10,000 nodes the first.

    Args:
        links: edges; directions are left out of account. n: nodes.

    Returns:
        (n,) numbers from 1, the largest community first, of equal ones that with the first node; and the modularity.

    Raises:
        MissingExtraError: igraph is not installed.

    Source:
        Traag, Waltman & van Eck (2019), "From Louvain to Leiden: guaranteeing well-connected communities".
    """
    graph, weight = _undirected(links, n)
    with _random_numbers(rng):
        return _best(graph, weight)


def random_modularities(links: Links, n: int, rng: np.random.Generator) -> tuple[float, ...]:
    """Give the modularity that Leiden finds in random graphs of the same degrees, rising.

    Source:
        Guimera, Sales-Pardo & Amaral (2004), "Modularity from fluctuations in random graphs and complex networks":
        random graphs have high modularity too.
    """
    graph, weight = _undirected(links, n)
    found = []
    with _random_numbers(rng):
        for _ in range(RANDOM_GRAPHS if len(links) <= MANY_EDGES else FEW_GRAPHS):
            other = graph.copy()
            other.rewire(n=_SWAPS * other.ecount())
            found.append(_best(other, rng.permutation(weight))[1])
    return tuple(sorted(found))


def pagerank(links: Links, n: int, *, is_directed: bool, tolerance: float = 1e-12, most: int = 1_000) -> Floats:
    """Give (n,) weighted PageRank; a node that leads nowhere leads everywhere. Sums to 1.

    Source:
        Brin & Page (1998), "The anatomy of a large-scale hypertextual web search engine"; power iteration.
    """
    if n == 0:
        return np.empty(0)
    adjacency = _adjacency(links, n, both_ways=not is_directed)
    out = np.asarray(adjacency.sum(axis=1)).ravel()
    flow = sp.csr_array(sp.diags_array(np.divide(1.0, out, out=np.zeros(n), where=out > 0)) @ adjacency).T.tocsr()
    rank, nowhere = np.full(n, 1.0 / n), out == 0
    for _ in range(most):
        spread = (1.0 - DAMPING + DAMPING * rank[nowhere].sum()) / n
        after = DAMPING * (flow @ rank) + spread
        moved = np.abs(after - rank).sum()
        rank = after
        if moved < tolerance:
            break
    return np.asarray(rank / rank.sum(), np.float64)


def described(labels: Ints, links: Links, rank: Floats) -> tuple[Community, ...]:
    """Describe each community: its size, its leading nodes, and how much of their edges' weight stays inside."""
    n = len(labels)
    number = int(labels.max(initial=0))
    order = np.lexsort((np.arange(n), -rank, labels))
    bounds = np.searchsorted(labels[order], np.arange(1, number + 2))
    own = labels[links.start] == labels[links.end]
    inside = np.bincount(labels[links.start[own]], weights=links.weight[own], minlength=number + 1)
    touching = inside + sum(
        np.bincount(labels[side[~own]], weights=links.weight[~own], minlength=number + 1)
        for side in (links.start, links.end)
    )
    return tuple(
        Community(
            number=c,
            size=int(bounds[c] - bounds[c - 1]),
            leading=tuple(order[bounds[c - 1] : bounds[c]][:_LEADING].tolist()),
            inside=float(inside[c] / touching[c]) if touching[c] > 0 else 0.0,
        )
        for c in range(1, number + 1)
    )


def linked(links: Links, n: int) -> tuple[Links, Ints]:
    """Give edges among the nodes that have one, and the places of these before."""
    kept = np.unique(np.concatenate([links.start, links.end]))
    place = np.full(n, -1, np.int64)
    place[kept] = np.arange(len(kept))
    return Links(place[links.start], place[links.end], links.weight, links.users, links.expected, links.q), kept


def _adjacency(links: Links, n: int, *, both_ways: bool) -> sp.csr_array:
    one = sp.csr_array((links.weight, (links.start, links.end)), shape=(n, n))
    return sp.csr_array(one + one.T) if both_ways else one


def _undirected(links: Links, n: int) -> tuple[Any, Floats]:
    igraph = plugins.require("igraph", extra="graph")
    whole = sp.coo_array(sp.triu(_adjacency(links, n, both_ways=True), k=1))
    start, end = whole.coords
    order = np.lexsort((end, start))
    return igraph.Graph(n=n, edges=np.column_stack([start, end])[order].tolist()), whole.data[order]


def _best(graph: Any, weight: Floats) -> tuple[Ints, float]:
    best, score = np.arange(1, graph.vcount() + 1), -np.inf
    for _ in range(_TRIES if graph.vcount() <= _MANY_NODES else 1):
        found = graph.community_leiden(objective_function="modularity", weights=weight.tolist(), n_iterations=-1)
        labels = np.asarray(found.membership, np.int64)
        reached = float(graph.modularity(labels.tolist(), weights=weight.tolist())) if graph.ecount() else 0.0
        if reached > score + 1e-12:
            best, score = labels, reached
    return _in_order(best), score if np.isfinite(score) else 0.0


def _in_order(labels: Ints) -> Ints:
    _, first, at, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    number: npt.NDArray[np.int64] = np.empty(len(size), np.int64)
    number[np.lexsort((first, -size))] = np.arange(1, len(size) + 1)
    return number[at]


@contextmanager
def _random_numbers(rng: np.random.Generator) -> Iterator[None]:
    igraph = plugins.require("igraph", extra="graph")
    with _one_at_a_time:
        igraph.set_random_number_generator(random.Random(int(rng.integers(2**63))))  # noqa: S311
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)
