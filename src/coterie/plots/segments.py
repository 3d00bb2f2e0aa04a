"""Figures over all segments: how large they are, how well they hold, what they gain, and what sets them apart."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import altair as alt

from coterie.plots.bands import stability_bands, stability_domain
from coterie.plots.theme import (
    MUTED,
    ON_LIGHT,
    ON_PAGE,
    PAPER,
    ROW_HEIGHT,
    Chart,
    by_segment,
    counted,
    finish,
    index_legend,
    index_scale,
    known,
    label,
    on,
    short,
)
from coterie.segments.types import MarkKind, Segment, SegmentProfile

HEAT_ROWS = 20
_NAMED_ROW = 44  # pixels of a row whose name stands over its dot
_ABOVE, _BELOW = 0.3, 0.72  # where in such a row the name and the dot stand
HEAT_TEXT_SEGMENTS = 8  # with more columns than this the figures in the cells would touch


def segment_sizes(segments: tuple[Segment, ...]) -> Chart:
    """Draw one bar a segment: its share of the segmented users, with the number written beside it."""
    rows: list[dict[str, Any]] = [
        {"segment": label(s), "share": s.share, "people": s.size, "text": f"{s.share:.0%} · {s.size:,}"}
        for s in segments
    ]
    base = alt.Chart(on(rows)).encode(y=_rows(segments))
    room = max((s.share for s in segments), default=1.0) * 1.3
    bars = base.mark_bar(cornerRadiusEnd=2, height={"band": 0.7}).encode(
        x=alt.X(
            "share:Q",
            title="share of people",
            axis=alt.Axis(format="%", tickCount=5),
            scale=alt.Scale(domain=[0, room]),
        ),
        color=by_segment(segments),
        tooltip=[
            alt.Tooltip("segment:N"),
            alt.Tooltip("people:Q", format=","),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    text = base.mark_text(align="left", dx=5).encode(x="share:Q", text="text:N").properties(name=ON_PAGE)
    spoken = "; ".join(f"{row['segment']} {row['text']}" for row in rows)
    return finish(
        bars + text,
        f"Bar chart of {counted(len(rows), 'segment')} by share of people. {spoken}.",
        height=ROW_HEIGHT * len(rows),
    )


def segment_stability(segments: tuple[Segment, ...]) -> Chart:
    """Draw one dot a segment on the scale of bootstrap Jaccard, over the four bands that the verdict uses."""
    rows: list[dict[str, Any]] = [
        {
            "segment": label(s),
            "stability": s.stability,
            "band": s.band,
            "text": f"{label(s, 60)}: {s.stability:.2f}",
        }
        for s in segments
        if math.isfinite(s.stability)
    ]
    domain = stability_domain([row["stability"] for row in rows])
    axis = alt.Axis(grid=False, format=".2f", tickCount=6, orient="bottom")
    base = alt.Chart(on(rows))
    dots = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=alt.X("stability:Q", scale=alt.Scale(domain=domain), title="bootstrap Jaccard", axis=axis),
        y=_rows(segments, _BELOW),
        color=by_segment(segments),
        tooltip=[alt.Tooltip("segment:N"), alt.Tooltip("stability:Q", format=".3f"), alt.Tooltip("band:N")],
    )
    layers = [stability_bands(domain, along="x"), dots, _names(rows, segments)]
    spoken = "; ".join(f"{row['text']}, {row['band']}" for row in rows)
    return finish(
        alt.LayerChart(layer=layers).resolve_axis(x="independent"),
        f"How well each segment holds when people are resampled, from 0 to 1. {spoken}.",
        height=_NAMED_ROW * len(segments),
    )


def segment_lift(segments: tuple[Segment, ...]) -> Chart:
    """Draw the lift within each segment with its interval, against 1: no gain. Segments without a lift have no dot."""
    rows = [
        {
            "segment": label(s),
            "lift": s.lift.value,
            "low": s.lift.low,
            "high": s.lift.high,
            "text": f"{label(s, 60)}: {s.lift.value:.2f}×",
        }
        for s in segments
        if s.lift is not None and known(s.lift)
    ]
    base = alt.Chart(on(rows)).encode(y=_rows(segments, _BELOW), color=by_segment(segments))
    axis = alt.X("lift:Q", title="segment lift (1 = no gain)", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6))
    lines = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    dots = base.mark_point(filled=True, size=110, opacity=1).encode(x=axis, tooltip=_lift_tooltip("segment:N"))
    layers = [_one(), lines, dots, _names(rows, segments)]
    spoken = "; ".join(
        f"{row['segment']} {row['lift']:.2f}, from {row['low']:.2f} to {row['high']:.2f}" for row in rows
    )
    return finish(
        alt.LayerChart(layer=layers),
        f"Segment lift with 95% intervals. {spoken}.",
        height=_NAMED_ROW * len(segments),
    )


def index_heatmap(
    segments: tuple[Segment, ...], profiles: Iterable[SegmentProfile], *, kind: MarkKind = "tag", limit: int = HEAT_ROWS
) -> Chart:
    """Draw features by segments, each cell coloured by its index: 100 is average, blue below, orange above.

    The features shown are those on which some segment differs most; each stands with the segment that is highest on it,
    so that what is typical forms a staircase. A cell without colour was not notable in that segment.
    """
    indexes = _indexes(profiles, kind)
    shown_ids = [s.id for s in segments]
    strongest = sorted(indexes, key=lambda name: (-max(abs(math.log2(v / 100)) for v in indexes[name].values()), name))
    order = sorted(strongest[:limit], key=lambda name: _staircase(indexes[name], shown_ids))
    rows = [
        {"feature": short(name), "segment": s.id, "name": s.name, "index": value, "log": math.log2(value / 100)}
        for name in order
        for s in segments
        if (value := indexes[name].get(s.id)) is not None
    ]
    base = alt.Chart(on(rows)).encode(
        x=alt.X(
            "segment:N",
            sort=shown_ids,
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False),
        ),
        y=alt.Y(
            "feature:N", sort=[short(name) for name in order], title=None, axis=alt.Axis(domain=False, ticks=False)
        ),
    )
    cells = base.mark_rect(stroke=PAPER, strokeWidth=1.5).encode(
        color=alt.Color("log:Q", scale=index_scale(), legend=index_legend()),
        tooltip=[
            alt.Tooltip("feature:N"),
            alt.Tooltip("segment:N"),
            alt.Tooltip("name:N"),
            alt.Tooltip("index:Q", format=".0f"),
        ],
    )
    chart: Chart = cells
    if len(segments) <= HEAT_TEXT_SEGMENTS:
        chart = cells + base.mark_text(fontSize=11, color=ON_LIGHT).encode(text=alt.Text("index:Q", format=".0f"))
    spoken = f"{counted(len(order), kind)} by {counted(len(segments), 'segment')}, coloured by index; 100 is average"
    most = "; ".join(f"{s.id} {_highest(rows, s.id)}" for s in segments if _highest(rows, s.id))
    return finish(chart, f"Heat map of {spoken}. Highest: {most}.", height=ROW_HEIGHT * len(order))


def _highest(rows: list[dict[str, Any]], segment_id: str) -> str:
    """Name a segment's two highest cells, for the text that is read out."""
    own = sorted((row for row in rows if row["segment"] == segment_id), key=lambda row: -row["index"])[:2]
    return ", ".join(f"{row['feature']} {row['index']:.0f}" for row in own)


def _indexes(profiles: Iterable[SegmentProfile], kind: MarkKind) -> dict[str, dict[str, float]]:
    answer: dict[str, dict[str, float]] = {}
    for profile in profiles:
        for mark in profile.marks:
            if mark.kind == kind and mark.index is not None and known(mark.index) and mark.index.value > 0:
                answer.setdefault(mark.label, {})[profile.segment_id] = mark.index.value
    return answer


def _staircase(by_id: dict[str, float], ids: list[str]) -> tuple[int, float]:
    best = max(by_id, key=lambda segment_id: by_id[segment_id])
    return (ids.index(best) if best in ids else len(ids), -by_id[best])


def _rows(segments: tuple[Segment, ...], within: float | None = None) -> alt.Y:
    """Give one row a segment, in order: named by an axis, or unnamed with the mark ``within`` it, 0 top to 1 bottom."""
    names = [label(s) for s in segments]
    scale = alt.Scale(type="band", domain=names)
    if within is None:
        axis = alt.Axis(domain=False, ticks=False, labelPadding=8)
        return alt.Y("segment:N", sort=names, scale=scale, title=None, axis=axis)
    return alt.Y("segment:N", sort=names, scale=scale, title=None, axis=None, bandPosition=within)


def _names(rows: list[dict[str, Any]], segments: tuple[Segment, ...]) -> alt.Chart:
    """Write each row's text over its dot from the left edge on, so that names take no width from the plot."""
    text = alt.Chart(on(rows)).mark_text(align="left", baseline="middle", dx=4)
    placed: alt.Chart = text.encode(x=alt.value(0), y=_rows(segments, _ABOVE), text="text:N").properties(name=ON_PAGE)
    return placed


def _lift_tooltip(first: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(first),
        alt.Tooltip("lift:Q", format=".3f"),
        alt.Tooltip("low:Q", format=".3f"),
        alt.Tooltip("high:Q", format=".3f"),
    ]


def _one() -> alt.Chart:
    line: alt.Chart = alt.Chart(on([{"at": 1.0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x="at:Q")
    return line
