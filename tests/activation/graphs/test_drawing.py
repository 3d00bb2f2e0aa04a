"""A graph is cut to what can be read and drawn without labels over each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from coterie import plots
from coterie.activation.graphs import drawing
from coterie.activation.graphs.communities import described, pagerank, partition
from coterie.activation.graphs.drawing import HEIGHT, WIDTH, drawn
from coterie.activation.graphs.types import Links
from tests.activation.graphs.graphs import two_triangles


def large(n=300, groups=9):
    rng = np.random.default_rng(1)
    start, end = np.triu_indices(n, 1)
    own = np.arange(n) % groups
    kept = rng.random(len(start)) < np.where(own[start] == own[end], 0.3, 0.01)
    links = Links(start[kept], end[kept], rng.uniform(1, 9, int(kept.sum())))
    community, modularity = partition(links, n, rng)
    rank = pagerank(links, n, is_directed=False)
    ids = tuple(f"user {at:04}, of a long name" for at in range(n))
    return replace(
        two_triangles("users"),
        ids=ids,
        labels=ids,
        community=community,
        pagerank=rank,
        links=links,
        communities=described(community, links, rank),
        modularity=modularity,
    )


def test_a_small_graph_is_drawn_whole():
    record = drawn(two_triangles())
    assert (len(record.labels), len(record.start), record.communities, record.sizes) == (6, 7, (1, 2), (3, 3))
    assert record.strength.max() == record.size.max() == 1
    assert record.cut.startswith("6 of 6 nodes")


def test_a_large_graph_is_cut_and_says_so():
    record = drawn(large())
    assert len(record.labels) == drawing.MOST_NODES
    assert len(record.communities) == drawing.MOST_COMMUNITIES
    assert len(record.start) <= 3 * len(record.labels)
    assert f"36 of 300 nodes: those of the highest PageRank in {drawing.MOST_COMMUNITIES} of" in record.cut


def test_labels_do_not_lie_over_each_other_and_stay_in_the_picture():
    record = drawn(large())
    half = np.array([3.0 * len(label) for label in record.labels])
    over = (np.abs(record.x[:, None] - record.x) < half[:, None] + half - 1) & (
        np.abs(record.y[:, None] - record.y) < 30
    )
    assert over.sum() == len(record.labels)
    assert (record.x - half >= 0).all()
    assert (record.x + half <= WIDTH).all()
    assert ((record.y >= 0) & (record.y <= HEIGHT)).all()


def test_communities_that_are_not_claimed_are_not_drawn():
    record = drawn(replace(two_triangles(), modularity=0.15))
    assert (record.communities, set(record.community.tolist())) == ((1,), {1})
    assert "communities" not in record.cut


def test_places_are_the_same_each_time():
    one, other = drawn(large()), drawn(large())
    assert one.x.tolist() == other.x.tolist()


@pytest.mark.parametrize("kind", ["items", "users", "browsing"])
def test_the_picture_says_what_it_shows(kind):
    spec = plots.spec(plots.community_graph(drawn(two_triangles(kind))))
    assert "3, communities" not in spec["description"]
    assert "6 of 6 nodes" in spec["description"]
    assert "Communities: 1 of 3 " in spec["description"]
    assert len(spec["layer"]) == (5 if kind == "browsing" else 4)
    assert "<svg" in plots.svg(plots.community_graph(drawn(two_triangles(kind))))


def test_labels_that_cannot_be_drawn_do_not_end_the_process():
    record = drawn(two_triangles(labels=("a\x00\n b", "", "c" * 90, "\U0001f600", "e", "f")))
    assert len(record.labels[list(record.labels).index(max(record.labels, key=len))]) == drawing.LONGEST
    plots.svg(plots.community_graph(record))
