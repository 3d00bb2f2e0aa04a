"""More figures of one segment: items by value, when it is active, what tells it, how it differs from its neighbour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from coterie.plots.palette import EVERYONE, NOISE_COLOUR, WITHHELD, colour
from coterie.plots.profile import bins
from coterie.plots.theme import MUTED, ROW_HEIGHT, Chart, counted, finish, index_legend, index_scale, on, short, unique
from coterie.segments.types import Calendar, Histogram, Marker, Neighbour, Percentile, ScoreGrid

MOST = 12  # rows of a figure
_SMALL = 76  # pixels of one of several small distributions
_FEW = "too few to say"


def score_heatmap(segment_id: str, record: ScoreGrid, *, tint: str | None = None) -> Chart:
    """Draw how often a segment gave its most frequent items which value; what is withheld is grey."""
    names = unique([short(item) for item in record.items])
    values = [f"{value:g}" for value in record.values]
    rows: list[dict[str, Any]] = [
        {"item": name, "value": value, "events": n, "said": "–" if n is None else f"{n:,}"}
        for name, counts in zip(names, record.events, strict=True)
        for value, n in zip(values, counts, strict=True)
    ]
    most = max((row["events"] or 0 for row in rows), default=0)
    base = alt.Chart(on(rows)).encode(
        x=alt.X("value:N", sort=values, title="value given", axis=alt.Axis(orient="top", labelAngle=0, ticks=False)),
        y=_rows("item", names),
        tooltip=[alt.Tooltip("item:N"), alt.Tooltip("value:N"), alt.Tooltip("said:N", title="events")],
    )
    scale = alt.Scale(domain=[0, max(most, 1)], range=["#F4F4F1", colour(segment_id, tint)], interpolate="rgb")
    ground = base.mark_rect(stroke="white", strokeWidth=2, fill=WITHHELD)
    cells = (
        base.transform_filter("isValid(datum.events)")
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(color=alt.Color("events:Q", scale=scale, legend=None))
    )
    ink = alt.condition(f"datum.events > {0.6 * most}", alt.value("white"), alt.value("#1F2937"))
    text = base.mark_text(fontSize=11, aria=False).encode(text="said:N", color=ink)
    spoken = "; ".join(
        f"{name} {record.values[0]:g}: {c[0]}" for name, c in zip(names, record.events, strict=True) if c[0]
    )
    return finish(
        ground + cells + text,
        f"How often segment {segment_id} gave its most frequent items which value. {spoken}.",
        height=ROW_HEIGHT * len(names),
    )


def number_distributions(segment_id: str, records: Sequence[Histogram], *, tint: str | None = None) -> Chart:
    """Draw several numeric attributes as small multiples, one below the other: each from its lowest to its highest bin,
    and as high as its highest share.
    """
    names = unique([short(record.column, 18) for record in records])
    rows = [
        row for at, (name, record) in enumerate(zip(names, records, strict=True)) for row in _small(at, name, record)
    ]
    tips = [
        alt.Tooltip("attribute:N"),
        alt.Tooltip("range:N"),
        alt.Tooltip("segment:N"),
        alt.Tooltip("everyone:N"),
    ]
    x = alt.X("low:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None)
    base = alt.Chart(on(rows))
    floor = alt.Scale(domain=[0, len(names)], reverse=True, nice=False)
    bars = base.mark_rect(color=colour(segment_id, tint), opacity=0.75, stroke="white").encode(
        x=x, x2="high:Q", y=alt.Y("mine:Q", scale=floor, axis=None), y2="floor:Q", tooltip=tips
    )
    ticks = base.mark_rule(color=EVERYONE, strokeWidth=2, aria=False).encode(
        x=x, x2="high:Q", y=alt.Y("all:Q", scale=floor)
    )
    labels = [
        {
            "at": at + 0.12,
            "text": f"{name}: {record.edges[0]:g} to {record.edges[-1]:g}, median {record.median:.4g}",
            "x": 0,
        }
        for at, (name, record) in enumerate(zip(names, records, strict=True))
    ]
    text = (
        alt.Chart(on(labels))
        .mark_text(align="left", baseline="middle", fontSize=11, color=MUTED)
        .encode(x=alt.X("x:Q"), y=alt.Y("at:Q", scale=floor), text="text:N")
    )
    spoken = "; ".join(f"{short(record.column)} median {record.median:.4g}" for record in records)
    return finish(
        bars + ticks + text,
        f"Numbers of segment {segment_id} against everyone. {spoken}.",
        height=_SMALL * len(names),
    )


def _small(at: int, name: str, record: Histogram) -> list[dict[str, Any]]:
    """Give the bins of one of several distributions: 0 to 1 across, and up from its floor by at most 0.75."""
    found = bins(record)
    first, width = record.edges[0], (record.edges[-1] - record.edges[0]) or 1.0
    peak = max((share for row in found for share in (row["segment"], row["everyone"]) if share), default=1.0)

    def height(share: float | None) -> float | None:
        return None if share is None else at + 1 - 0.75 * share / peak

    return [
        {
            "attribute": name,
            "low": (row["low"] - first) / width,
            "high": (row["high"] - first) / width,
            "floor": at + 1,
            "mine": height(row["segment"]),
            "all": height(row["everyone"]),
            "range": f"{row['low']:g} to {row['high']:g}",
            "segment": _FEW if row["segment"] is None else f"{row['segment']:.1%}",
            "everyone": _FEW if row["everyone"] is None else f"{row['everyone']:.1%}",
        }
        for row in found
    ]


def activity_calendar(segment_id: str, record: Calendar) -> Chart:
    """Draw when a segment is active against everybody, by index; what is withheld is grey."""
    rows: list[dict[str, Any]] = []
    for name, mine, all_ in zip(record.rows, record.inside, record.overall, strict=True):
        for column, inside, overall in zip(record.columns, mine, all_, strict=True):
            log = math.log2(max(inside, 1e-6) / overall) if inside is not None and overall else None
            nobody = overall == 0
            rows.append(
                {
                    "row": name,
                    "column": column,
                    "log": log,
                    "nobody": nobody,
                    "segment": _FEW if inside is None else f"{inside:.2%}",
                    "everyone": _FEW if overall is None else f"{overall:.2%}",
                }
            )
    shown = [row for row in rows if not row["nobody"]]
    shade = alt.Color("log:Q", scale=index_scale(), legend=index_legend())
    title = {"month": None, "weekday": None}.get(record.unit, "hour, UTC")
    x = alt.X(
        "column:N", sort=list(record.columns), title=title, axis=alt.Axis(labelAngle=0, ticks=False, domain=False)
    )
    base = alt.Chart(on(shown)).encode(
        x=x,
        y=_rows("row", list(record.rows)),
        tooltip=[alt.Tooltip("row:N", title=" "), alt.Tooltip("column:N", title=" "), "segment:N", "everyone:N"],
    )
    ground = base.mark_rect(stroke="white", strokeWidth=1, fill=WITHHELD)
    cells = base.transform_filter("isValid(datum.log)").mark_rect(stroke="white", strokeWidth=1).encode(color=shade)
    peak = max((row for row in shown if row["log"] is not None), key=lambda row: float(row["log"]), default=None)
    spoken = "" if peak is None else f" Most above everybody: {peak['row']} {peak['column']}."
    return finish(
        ground + cells,
        f"When segment {segment_id} is active against everybody, by {record.unit}, UTC.{spoken}",
        height=ROW_HEIGHT * len(record.rows),
    )


def markers(segment_id: str, records: Sequence[Marker], *, tint: str | None = None) -> Chart:
    """Draw how much columns and items tell of whether a user is of the segment."""
    records = records[:MOST]
    names = unique([short(_told(record)) for record in records])
    rows = [
        {"what": name, "share": record.share, "bits": record.bits, "kind": record.kind}
        for name, record in zip(names, records, strict=True)
    ]
    chart = (
        alt.Chart(on(rows))
        .mark_bar(color=colour(segment_id, tint), opacity=0.75, cornerRadiusEnd=2, height={"band": 0.7})
        .encode(
            x=alt.X("share:Q", title="of what there is to know", axis=alt.Axis(format="%", tickCount=4)),
            y=_rows("what", names),
            tooltip=[
                alt.Tooltip("what:N"),
                alt.Tooltip("kind:N"),
                alt.Tooltip("share:Q", format=".0%"),
                alt.Tooltip("bits:Q", format=".3f"),
            ],
        )
    )
    spoken = "; ".join(f"{row['what']} {row['share']:.0%}" for row in rows)
    return finish(chart, f"What tells segment {segment_id} best. {spoken}.", height=ROW_HEIGHT * len(rows))


def _told(record: Marker) -> str:
    if record.kind == "category":
        return record.column
    return f"{'more' if record.over else 'less'} {record.column}"


def percentiles(segment_id: str, records: Sequence[Percentile], *, tint: str | None = None) -> Chart:
    """Draw where a segment's users stand among all, 50 being the middle."""
    records = sorted(records[:MOST], key=lambda one: -one.percentile)
    names = unique([short(record.column) for record in records])
    rows = [{"what": n, "at": r.percentile, "kind": r.kind, "middle": 50} for n, r in zip(names, records, strict=True)]
    base = alt.Chart(on(rows)).encode(y=_rows("what", names))
    x = alt.X(
        "at:Q",
        scale=alt.Scale(domain=[0, 100]),
        title="percentile among all",
        axis=alt.Axis(values=[0, 25, 50, 75, 100]),
    )
    line = base.mark_rule(strokeWidth=2, color=colour(segment_id, tint), opacity=0.6, aria=False).encode(
        x=alt.X("middle:Q", scale=alt.Scale(domain=[0, 100])), x2="at:Q"
    )
    dots = base.mark_point(filled=True, size=80, opacity=1, color=colour(segment_id, tint)).encode(
        x=x,
        tooltip=[alt.Tooltip("what:N"), alt.Tooltip("kind:N"), alt.Tooltip("at:Q", title="percentile", format=".0f")],
    )
    middle = alt.Chart(on([{"at": 50}])).mark_rule(color=MUTED).encode(x="at:Q")
    spoken = "; ".join(f"{row['what']} {row['at']:.0f}" for row in rows)
    return finish(
        middle + line + dots,
        f"Percentiles of segment {segment_id} among all, 50 is the middle. {spoken}.",
        height=ROW_HEIGHT * len(rows),
    )


def neighbour(segment_id: str, record: Neighbour, *, tint: str | None = None) -> Chart:
    """Draw by which shares a segment differs most from its nearest neighbour: its own dot, and a grey one."""
    shares = [one for one in record.differences if one.kind != "number"][:MOST]
    names = unique([short(f"{one.column}: {one.label}" if one.kind == "category" else one.label) for one in shares])
    rows = [{"what": n, "here": one.here, "there": one.there} for n, one in zip(names, shares, strict=True)]
    base = alt.Chart(on(rows)).encode(y=_rows("what", names))
    axis = alt.Axis(format="%", tickCount=5)
    tips = [
        alt.Tooltip("what:N"),
        alt.Tooltip("here:Q", title=segment_id, format=".1%"),
        alt.Tooltip("there:Q", title=record.segment_id, format=".1%"),
    ]
    line = base.mark_rule(color=EVERYONE, opacity=0.5, strokeWidth=2, aria=False).encode(x="here:Q", x2="there:Q")
    own = base.mark_point(filled=True, size=80, opacity=1, color=colour(segment_id, tint)).encode(
        x=alt.X("here:Q", title="share", axis=axis), tooltip=tips
    )
    other = base.mark_point(filled=True, size=60, opacity=1, color=NOISE_COLOUR, stroke=EVERYONE).encode(
        x="there:Q", tooltip=tips
    )
    spoken = "; ".join(f"{row['what']} {row['here']:.1%} against {row['there']:.1%}" for row in rows)
    return finish(
        line + other + own,
        f"How segment {segment_id} differs from {record.segment_id}, {counted(len(rows), 'share')}. {spoken}.",
        height=ROW_HEIGHT * len(rows),
    )


def _rows(field: str, order: list[str]) -> alt.Y:
    axis = alt.Axis(domain=False, ticks=False, labelPadding=6, grid=False)
    return alt.Y(f"{field}:N", sort=order, title=None, axis=axis)
