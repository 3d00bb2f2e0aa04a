"""Segment separation plot: where segments lie, how far they spread, and which are each other's neighbours."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.plots.panels import by_cluster, cluster_colour
from coterie.plots.theme import INK, ON_COLOUR, PAPER, Chart, counted, finish, on
from coterie.selection.evidence.types import Separation

HEIGHT = 440
_WIDEST = 12  # pixels of the edge between the two segments that share most users


def separation(record: Separation) -> Chart:
    """Draw users, an outline a segment, and lines between neighbours, wide where many users are torn between them."""
    clusters = [outline.cluster for outline in record.outlines]
    at = {outline.cluster: outline for outline in record.outlines}
    dots = [
        {"x": x, "y": y, "segment": cluster} for x, y, cluster in zip(record.x, record.y, record.clusters, strict=True)
    ]
    lines = [
        {"x": x, "y": y, "segment": outline.cluster, "order": order}
        for outline in record.outlines
        for order, (x, y) in enumerate(zip(outline.outline_x, outline.outline_y, strict=True))
    ]
    widest = max([edge.share for edge in record.edges], default=1.0)
    edges: list[dict[str, Any]] = [
        {
            "x": at[edge.one].x, "y": at[edge.one].y, "x2": at[edge.other].x, "y2": at[edge.other].y,
            "pair": f"{edge.one} and {edge.other}", "share": edge.share, "width": 0.8 + _WIDEST * edge.share / widest,
        }
        for edge in record.edges
    ]  # fmt: skip
    colour = by_cluster(clusters, legend=False)
    x, y = _axis(alt.X, "first", record.explained[0]), _axis(alt.Y, "second", record.explained[1])
    points = (
        alt.Chart(on(dots)).mark_point(filled=True, size=14, opacity=0.35, aria=False).encode(x=x, y=y, color=colour)
    )
    rules = (
        alt.Chart(on(edges))
        .mark_rule(color=INK, opacity=0.55, strokeCap="round")
        .encode(
            x=alt.X("x:Q"), y=alt.Y("y:Q"), x2="x2:Q", y2="y2:Q",
            strokeWidth=alt.StrokeWidth("width:Q", scale=None),
            tooltip=[alt.Tooltip("pair:N"), alt.Tooltip("share:Q", format=".1%", title="users between")],
        )
    )  # fmt: skip
    hulls = (
        alt.Chart(on(lines))
        .mark_line(strokeWidth=2, aria=False)
        .encode(x="x:Q", y="y:Q", color=colour, detail="segment:N", order="order:Q")
    )
    middles = alt.Chart(
        on([{"x": o.x, "y": o.y, "segment": o.cluster, "fill": cluster_colour(o.cluster)} for o in record.outlines])
    ).encode(x="x:Q", y="y:Q")
    discs = middles.mark_point(filled=True, size=620, opacity=1, stroke=PAPER, strokeWidth=2, shape="circle").encode(
        color=colour, tooltip=[alt.Tooltip("segment:N")]
    )
    text = middles.mark_text(fontSize=11, fontWeight="bold", color=ON_COLOUR).encode(text="segment:N")
    spoken = "; ".join(f"{edge['pair']} {edge['share']:.0%}" for edge in sorted(edges, key=lambda e: -e["share"])[:12])
    return finish(
        alt.LayerChart(layer=[points, hulls, rules, discs, text]),
        f"{counted(len(clusters), 'segment')} on the first two principal components, which show "
        f"{sum(record.explained):.0%} of the variance; {record.inside:.0%} of each lies in its outline. "
        f"Users between neighbours: {spoken or 'none'}."
        + (f" A sample of {len(dots):,} of {record.n_total:,} users." if len(dots) < record.n_total else ""),
        height=HEIGHT,
    )


def _axis(channel: Any, name: str, explained: float) -> Any:
    axis = alt.Axis(labels=False, ticks=False, tickCount=5)
    field = "x" if channel is alt.X else "y"
    title = f"{name} component ({explained:.0%} of the variation)"
    return channel(f"{field}:Q", title=title, axis=axis, scale=alt.Scale(zero=False, padding=14))
