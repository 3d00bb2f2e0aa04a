"""The page of a graph says what the record says, and nothing in a title runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coterie.report.graph import render, write_page
from tests.activation.graphs.graphs import IDS, two_triangles


@pytest.mark.parametrize("kind", ["items", "users", "browsing"])
def test_a_page_shows_the_graph(tmp_path, kind):
    write_page(tmp_path / "graph.html", two_triangles(kind))
    page = (tmp_path / "graph.html").read_text()
    assert "the communities are more than chance" in page
    assert ('id="communities"' in page) == (kind != "users")  # of three users nothing is told
    assert ("By chance" in page) == (kind != "users")
    assert "6 of 6 nodes" in page


def test_communities_that_are_not_claimed_are_not_listed():
    page = render(replace(two_triangles(), modularity=0.15))
    assert "no communities are claimed" in page
    assert 'id="communities"' not in page


def test_titles_are_text():
    page = render(two_triangles(labels=("<script>alert(1)</script>", *IDS[1:])))
    assert "<script>alert" not in page
