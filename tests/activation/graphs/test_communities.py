"""Communities that were planted are found, and none is claimed where chance gives the same."""

from __future__ import annotations

import igraph
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from coterie import plugins
from coterie.activation.graphs.communities import described, linked, pagerank, partition, random_modularities
from coterie.activation.graphs.types import Links
from coterie.errors import MissingExtraError


def planted(n=120, groups=4, within=0.35, across=0.02, seed=0):
    rng = np.random.default_rng(seed)
    own = rng.permutation(n) % groups
    start, end = np.triu_indices(n, 1)
    kept = rng.random(len(start)) < np.where(own[start] == own[end], within, across)
    return Links(start[kept], end[kept], rng.uniform(0.5, 1.5, int(kept.sum()))), own


def rng():
    return np.random.default_rng(7)


def test_planted_communities_are_found():
    links, own = planted()
    labels, modularity = partition(links, 120, rng())
    assert adjusted_rand_score(own, labels) > 0.95
    assert modularity > max(random_modularities(links, 120, rng()))
    sizes = np.bincount(labels)[1:]
    assert (np.diff(sizes) <= 0).all()


def test_a_random_graph_is_no_better_than_random_graphs():
    links, _ = planted(within=0.08, across=0.08)
    _, modularity = partition(links, 120, rng())
    assert modularity > 0.2  # high, and still chance
    assert modularity <= max(random_modularities(links, 120, rng())) + 0.01


def test_the_same_seed_gives_the_same_whatever_was_drawn_before():
    links, _ = planted(across=0.1)
    first = partition(links, 120, rng())[0]
    igraph.Graph.Erdos_Renyi(10, 0.5)
    assert partition(links, 120, rng())[0].tolist() == first.tolist()


@pytest.mark.parametrize("is_directed", [True, False])
def test_ranks_are_those_of_igraph(is_directed):
    links, _ = planted(across=0.05)
    graph = igraph.Graph(120, list(zip(links.start.tolist(), links.end.tolist(), strict=True)), directed=is_directed)
    expected = graph.pagerank(weights=links.weight.tolist(), damping=0.85)
    assert pagerank(links, 120, is_directed=is_directed) == pytest.approx(expected, abs=1e-9)


def test_the_modularity_of_two_pairs_is_a_half():
    links = Links(np.array([0, 2]), np.array([1, 3]), np.ones(2))
    labels, modularity = partition(links, 4, rng())
    assert (labels.tolist(), modularity) == ([1, 1, 2, 2], 0.5)
    first, second = described(labels, links, pagerank(links, 4, is_directed=False))
    assert (first.size, first.leading, first.inside, second.leading) == (2, (0, 1), 1.0, (2, 3))


def test_nodes_without_edges_are_left_out():
    links, kept = linked(Links(np.array([1]), np.array([4]), np.ones(1)), 6)
    assert (links.start.tolist(), links.end.tolist(), kept.tolist()) == ([0], [1], [1, 4])


def test_without_igraph_the_extra_is_named(monkeypatch):
    def missing(name, **_):
        raise MissingExtraError("'igraph' is not installed; install it with: pip install 'coterie[graph]'")

    monkeypatch.setattr(plugins, "require", missing)
    with pytest.raises(MissingExtraError, match=r"coterie\[graph\]"):
        partition(planted()[0], 120, rng())
