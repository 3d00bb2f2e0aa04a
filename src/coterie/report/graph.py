"""The page of a graph, in the report's style: self-contained, opens from a disk without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from coterie import plots, records
from coterie.activation.graphs.drawing import drawn
from coterie.activation.graphs.telling import NOUNS, listed, strongest, told
from coterie.activation.graphs.types import Graph
from coterie.plots.theme import ON_DARK, printable
from coterie.report import embed
from coterie.report.figures import figure_of
from coterie.report.page import text_of
from coterie.report.words import decimal, percent

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
    vega, draw = embed.script(plots.drawing_scripts()), embed.script(text_of("page.js"))
    record = drawn(found)
    note = f"Shown: {record.cut}. The larger a node, the higher its PageRank; the darker an edge, the stronger."
    with plots.drawing():
        figure = figure_of("fig-graph", TITLES[found.kind], note, plots.community_graph(record))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("coterie.report", "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"percent": percent, "decimal": decimal, "json_in_script": embed.json_in_script})
    environment.filters["told"] = str
    return environment.get_template("graph.html").render(
        found=found,
        title=TITLES[found.kind],
        noun=NOUNS[found.kind],
        sentences=tuple(told(found)),
        communities=listed(found)[:MOST_COMMUNITIES],
        edges=strongest(found, MOST_EDGES),
        most_leading=MOST_LEADING,
        figure=figure,
        colour=plots.colour,
        shape=plots.shape,
        style=Markup(text_of("page.css")),  # noqa: S704  # our own style sheet
        scripts=(vega, draw),
        on_dark=ON_DARK,
        policy=embed.security_policy(vega, draw),
    )


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
