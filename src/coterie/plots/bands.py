"""The bands of stability as a background, so that a figure says in words what a Jaccard of 0.8 is worth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import altair as alt

from coterie.plots.theme import LINE, on
from coterie.selection.types import stability_band

EDGES = (0.60, 0.75, 0.85)  # where stability_band changes its answer
LOWEST = 0.4  # where the scale starts, unless something lies lower
_SHADES = (0.34, 0.22, 0.11, 0.0)  # darkest for the least stable


def stability_domain(values: list[float]) -> list[float]:
    """Give the ends of a scale that holds every value and shows all four bands."""
    return [min([LOWEST, *values]), 1.0]


def stability_bands(domain: list[float], *, along: Literal["x", "y"]) -> alt.Chart:
    """Draw the four bands behind a chart whose Jaccard runs along ``along``; an axis of its own names them.

    The chart that it is layered with must ``resolve_axis`` that channel as independent.
    """
    edges = (domain[0], *EDGES, domain[1])
    rows: list[dict[str, Any]] = [
        {"low": low, "high": high, "band": stability_band(low), "shade": shade}
        for (low, high), shade in zip(pairwise(edges), _SHADES, strict=True)
    ]
    axis = alt.Axis(
        values=[(low + high) / 2 for low, high in pairwise(edges)],
        labelExpr=_names(rows),
        orient="top" if along == "x" else "right",
        grid=False,
        ticks=False,
        domain=False,
        labelOverlap=False,
        labelFontSize=11,
    )
    areas = alt.Chart(on(rows)).mark_rect(color=LINE, aria=False).encode(opacity=alt.Opacity("shade:Q", scale=None))
    scale = alt.Scale(domain=domain)
    placed: alt.Chart = (
        areas.encode(x=alt.X("low:Q", scale=scale, axis=axis, title=None), x2="high:Q")
        if along == "x"
        else areas.encode(y=alt.Y("low:Q", scale=scale, axis=axis, title=None), y2="high:Q")
    )
    return placed


def _names(rows: list[dict[str, Any]]) -> str:
    """Give the Vega expression that turns a number on the axis into the name of its band."""
    answer = f"'{rows[-1]['band']}'"
    for row in reversed(rows[:-1]):
        answer = f"datum.value < {row['high']} ? '{row['band']}' : {answer}"
    return answer
