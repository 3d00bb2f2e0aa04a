"""The page of a graph, in the report's style: self-contained, opens from a disk without a network."""

from __future__ import annotations

from pathlib import Path

from coterie import plots, records
from coterie.activation.graphs.drawing import drawn
from coterie.activation.graphs.telling import NOUNS, listed, strongest, told
from coterie.activation.graphs.types import Graph
from coterie.report.figures import figure_of
from coterie.report.lone import lone_page

MOST_EDGES, MOST_COMMUNITIES, MOST_LEADING = 20, 20, 8
TITLES = {"items": "Items that go together", "users": "Users who are alike", "browsing": "Which page leads to which"}


def write_page(path: Path, found: Graph) -> None:
    """Write the page; its file appears whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    records.write_whole(path, render(found).encode())


def render(found: Graph) -> str:
    """Give the page as HTML text."""
    record = drawn(found)
    note = f"Shown: {record.cut}. The larger a node, the higher its PageRank; the darker an edge, the stronger."
    with plots.drawing():
        figure = figure_of("fig-graph", TITLES[found.kind], note, plots.community_graph(record))
    facts = {
        "found": found,
        "title": TITLES[found.kind],
        "noun": NOUNS[found.kind],
        "sentences": tuple(told(found)),
        "communities": listed(found)[:MOST_COMMUNITIES],
        "edges": strongest(found, MOST_EDGES),
        "most_leading": MOST_LEADING,
        "figure": figure,
    }
    return lone_page("graph.html", facts)
