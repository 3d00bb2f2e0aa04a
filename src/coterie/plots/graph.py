"""A graph as dots and lines, cut to what can be read."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np

from coterie.activation.graphs.drawing import HEIGHT, WIDTH, DrawnGraph
from coterie.plots.palette import HUES, NOISE_COLOUR, SHAPES
from coterie.plots.theme import INK, ON_PAGE, PAPER, Chart, counted, finish, on, printable

_SMALLEST, _LARGEST = 60, 300  # square pixels of a dot
NOUNS: Final = {"items": "item", "users": "user", "browsing": "page"}


def community_graph(record: DrawnGraph) -> Chart:
    """Draw nodes in the colour and shape of their community, and edges the darker the stronger."""
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WIDTH], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, HEIGHT], reverse=True, nice=False))
    noun = NOUNS[record.kind]
    names = [f"{number}: {counted(size, noun)}" for number, size in zip(record.communities, record.sizes, strict=True)]
    named = dict(zip(record.communities, names, strict=True))
    rows = _nodes(record, named)
    colours = alt.Scale(domain=names, range=[_hue(number) for number in record.communities])
    shapes = alt.Scale(domain=names, range=[SHAPES[(number - 1) % len(SHAPES)] for number in record.communities])
    legend = alt.Legend(title=None, orient="top", columns=6, symbolSize=90)
    lines = (
        alt.Chart(on(_edges(record)))
        .mark_rule(aria=False)
        .encode(
            x=x,
            y=y,
            x2="x2:Q",
            y2="y2:Q",
            stroke=alt.Stroke("hue:N", scale=None),
            opacity=alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0.18, 0.75]), legend=None),
            strokeWidth=alt.StrokeWidth("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0.8, 3]), legend=None),
        )
    )
    dots = (
        alt.Chart(on(rows))
        .mark_point(filled=True, opacity=1, stroke=PAPER, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            size=alt.Size("size:Q", scale=alt.Scale(domain=[0, 1], range=[_SMALLEST, _LARGEST]), legend=None),
            color=alt.Color("community:N", scale=colours, legend=legend),
            shape=alt.Shape("community:N", scale=shapes, legend=legend),
            tooltip=[alt.Tooltip("label:N", title=noun), alt.Tooltip("community:N")],
        )
    )
    texts = alt.Chart(on(rows)).encode(x=x, y=y, text="label:N")
    halo = texts.mark_text(dy=15, fontSize=11, stroke=PAPER, strokeWidth=3, color=PAPER, aria=False)
    words = texts.mark_text(dy=15, fontSize=11, color=INK)
    arrows = [_arrows(record, x, y)] if record.is_directed else []
    layers = [lines, *arrows, dots, halo.properties(name=ON_PAGE), words.properties(name=f"{ON_PAGE}2")]
    return finish(alt.LayerChart(layer=layers), _spoken(record, noun), height=int(HEIGHT))


def _hue(number: int) -> str:
    return HUES[(number - 1) % len(HUES)]


def _nodes(record: DrawnGraph, named: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {"x": round(x, 1), "y": round(y, 1) - 6, "label": printable(label), "size": size, "community": named[number]}
        for x, y, label, size, number in zip(
            record.x.tolist(), record.y.tolist(), record.labels, record.size.tolist(), record.community.tolist(),
            strict=True,
        )
    ]  # fmt: skip


def _edges(record: DrawnGraph) -> list[dict[str, Any]]:
    rows = []
    for start, end, strength in zip(record.start.tolist(), record.end.tolist(), record.strength.tolist(), strict=True):
        one, other = int(record.community[start]), int(record.community[end])
        place = [float(at) for at in (record.x[start], record.y[start] - 6, record.x[end], record.y[end] - 6)]
        rows.append(
            {**dict(zip(("x", "y", "x2", "y2"), place, strict=True)), "strength": strength,
             "hue": _hue(one) if one == other else NOISE_COLOUR}
        )  # fmt: skip
    return sorted(rows, key=lambda row: float(row["strength"]))


def _arrows(record: DrawnGraph, x: alt.X, y: alt.Y) -> alt.Chart:
    """Mark the direction of each edge two thirds of the way along it."""
    rows = [
        {
            "x": row["x"] + 0.66 * (row["x2"] - row["x"]),
            "y": row["y"] + 0.66 * (row["y2"] - row["y"]),
            "turn": float(np.degrees(np.arctan2(row["x2"] - row["x"], row["y"] - row["y2"]))),
            "hue": row["hue"],
        }
        for row in _edges(record)
    ]
    marks: alt.Chart = (
        alt.Chart(on(rows))
        .mark_point(shape="triangle", filled=True, size=45, opacity=0.9, aria=False)
        .encode(x=x, y=y, angle=alt.Angle("turn:Q", scale=None), fill=alt.Fill("hue:N", scale=None))
    )
    return marks


def _spoken(record: DrawnGraph, noun: str) -> str:
    each = []
    for number, size in zip(record.communities, record.sizes, strict=True):
        first = [label for label, own in zip(record.labels, record.community, strict=True) if own == number][:3]
        each.append(f"{number} of {counted(size, noun)}: {', '.join(map(printable, first))}")
    return f"Graph of {NOUNS[record.kind]}s, {record.cut}. Communities: {'; '.join(each)}."
