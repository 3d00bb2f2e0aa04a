"""What figures of several segments share: their colours with a legend, and rows or columns that are named by an axis.

Segments stand in the order that they are given in. A figure names them by their ids, which are short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from coterie.plots.palette import AVERAGE, NOISE_COLOUR, colour
from coterie.plots.theme import Chart, printable

MIXED = "several"  # what a branch or unit of several segments is called in a legend


def cluster_colour(cluster: str) -> str:
    """Give the colour of a segment, or of a cluster by its number; grey where there is none."""
    return NOISE_COLOUR if cluster in {"", MIXED} else colour(_id_of(cluster))


def recoloured(chart: Chart, own: Mapping[str, str]) -> Chart:
    """Give the chart with the colours that people chose for some segments.

    Args:
        own: "#RRGGBB" by segment id.
    """
    if not own:
        return chart
    changed: Chart = type(chart).from_dict(_recoloured(chart.to_dict(), own))
    return changed


def _recoloured(value: Any, own: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_recoloured(item, own) for item in value]
    if not isinstance(value, dict):
        return value
    domain, hues = value.get("domain"), value.get("range")
    if isinstance(domain, list) and isinstance(hues, list) and len(domain) == len(hues):
        return {**value, "range": [own.get(_id_of(name), hue) for name, hue in zip(domain, hues, strict=True)]}
    return {key: item if key == "values" else _recoloured(item, own) for key, item in value.items()}


def _id_of(cluster: Any) -> str:
    """Give the segment's id of a cluster's name: clusters that were merged into one segment are "s-3 a", "s-3 b"."""
    return str(cluster).split(" ", maxsplit=1)[0]


def by_cluster(clusters: Sequence[str], field: str = "segment", *, legend: bool = True) -> alt.Color:
    """Give the colour encoding of a field that holds the ids of segments."""
    scale = alt.Scale(domain=list(clusters), range=[cluster_colour(c) for c in clusters])
    shown = alt.Legend(title=None, orient="top", symbolOpacity=1, columns=10) if legend else None
    return alt.Color(f"{field}:N", scale=scale, legend=shown)


def by_stroke(clusters: Sequence[str]) -> alt.Stroke:
    """Give the same colours to outlines, so that no light shows between bars that touch."""
    scale = alt.Scale(domain=list(clusters), range=[cluster_colour(c) for c in clusters])
    return alt.Stroke("segment:N", scale=scale, legend=None)


def names_at(names: Sequence[str], places: Sequence[float | str], **style: Any) -> alt.Axis:
    """Give an axis that writes each name at its place, a number or a value of the scale, and nothing else."""
    expression = "''"
    for name, place in zip(reversed(names), reversed(places), strict=True):
        said = printable(name).replace("\\", "\\\\").replace("'", "\\'")
        expression = f"datum.value == {place!r} ? '{said}' : {expression}"
    shown: dict[str, Any] = {"grid": False, "ticks": False, "domain": False, "labelOverlap": False, **style}
    shown["values"] = list(places)
    return alt.Axis(labelExpr=expression, **shown)


def shades(low: float, high: float, *, light: str = AVERAGE, dark: str = "#08519C") -> alt.Scale:
    """Give a scale of colours from little to much, which prints in grey as light to dark."""
    return alt.Scale(domain=[low, high], range=[light, dark], interpolate="rgb", clamp=True)


def sampled(n_sampled: int, n_total: int) -> str:
    """Say, after a full stop, that a figure shows a sample; nothing where it shows everybody."""
    return f" A sample of {n_sampled:,} of {n_total:,} users." if n_sampled < n_total else ""
