"""Figures of one segment: what it is above and below average on, and how its attributes are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from coterie.plots.palette import EVERYONE, WITHHELD, colour
from coterie.plots.states import DATASET, FEATURE, outlines, state_names
from coterie.plots.theme import (
    MUTED,
    PAPER,
    ROW_HEIGHT,
    Chart,
    counted,
    finish,
    index_legend,
    index_scale,
    known,
    on,
    short,
    unique,
)
from coterie.segments.types import Histogram, Mark, Shares

MOST_MARKS = 12
MOST_VALUES = 12
FEWEST_EXPECTED = 5  # users; under it a state's index is chance, as in the rule of thumb for chi-square cells
_TICKS = (5, 10, 25, 50, 100, 200, 400, 800, 1600)
_WIDEST = 16.0  # times above or below the average where the axis ends
_FEW = "too few to say"
_SIGNIFICANT, _CHANCE = "significant", "within chance"


def index_dots(segment_id: str, marks: Sequence[Mark], *, limit: int = MOST_MARKS, tint: str | None = None) -> Chart:
    """Draw the index of a segment's strongest marks with intervals, on a log scale around 100, the average.

    Filled dots are significant after correction, hollow ones are within chance. Marks without an index are left out:
    they are to be given as numbers.
    """
    rows = [_mark_row(mark) for mark in _strongest([mark for mark in marks if known(mark.index)], limit)]
    rows.sort(key=lambda row: -row["index"])
    for row, text in zip(rows, unique([row["label"] for row in rows]), strict=True):
        row["label"] = text
    ends = _ends(rows)
    scale = alt.Scale(type="log", domain=list(ends), clamp=True, nice=False)
    axis = alt.Axis(
        values=[tick for tick in _TICKS if ends[0] <= tick <= ends[1]],
        format="d",
        gridDash=[2, 3],
        labelOverlap="greedy",
        labelSeparation=3,
    )
    x = alt.X("index:Q", scale=scale, axis=axis, title="index (100 = average)")
    base = alt.Chart(on(rows)).encode(y=_named("label", [row["label"] for row in rows]))
    average = alt.Chart(on([{"at": 100}])).mark_rule(color=MUTED).encode(x=alt.X("at:Q", scale=scale))
    own = colour(segment_id, tint)
    lines = base.mark_rule(strokeWidth=2, color=own, opacity=0.6).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    hollow = alt.condition(f"datum.chance == '{_CHANCE}'", alt.value(PAPER), alt.value(own))
    dots = base.mark_point(size=80, opacity=1, stroke=own, strokeWidth=2).encode(
        x=x,
        fill=hollow,
        tooltip=[
            alt.Tooltip("full:N", title="what"),
            alt.Tooltip("index:Q", format=".0f"),
            alt.Tooltip("low:Q", format=".0f"),
            alt.Tooltip("high:Q", format=".0f"),
            alt.Tooltip("inside:N", title="segment"),
            alt.Tooltip("overall:N", title="everyone"),
            alt.Tooltip("chance:N", title="difference"),
        ],
    )
    spoken = "; ".join(f"{row['full']} {row['index']:.0f}" for row in rows)
    return finish(
        average + lines + dots,
        f"Index of segment {segment_id}, 100 is average. {spoken}.",
        height=ROW_HEIGHT * len(rows),
    )


def number_distribution(segment_id: str, record: Histogram, *, tint: str | None = None) -> Chart:
    """Draw how a numeric attribute is spread: bars for the segment, a stepped line for everyone, both as shares.

    Shares are of those in bins that are shown; bins of few are left out.
    """
    middle = f"median {record.median:.4g}, mean {record.mean:.4g}"
    chart = _distribution(bins(record), short(record.column, 40), colour(segment_id, tint))
    return finish(chart, f"{short(record.column, 60)} of segment {segment_id}: {middle}, against everyone.", height=180)


def bins(record: Histogram) -> list[dict[str, Any]]:
    """Give one row a bin that is shown, with the shares of the segment and of everyone."""
    inside, overall = (max(sum(n or 0 for n in counts), 1) for counts in (record.inside, record.overall))
    cells = zip(record.edges, record.edges[1:], record.inside, record.overall, strict=False)
    return [
        {
            "low": low,
            "high": high,
            "segment": None if mine is None else mine / inside,
            "everyone": None if all_ is None else all_ / overall,
        }
        for low, high, mine, all_ in cells
    ]


def _distribution(rows: list[dict[str, Any]], title: str, tint: str) -> alt.LayerChart:
    steps = [{"at": row[end], "everyone": row["everyone"]} for row in rows for end in ("low", "high")]
    ends = alt.Scale(zero=False, nice=False)
    x = alt.X("low:Q", bin="binned", scale=ends, title=title, axis=alt.Axis(grid=False))
    bars = (
        alt.Chart(on([row for row in rows if row["segment"] is not None]))
        .mark_bar(color=tint, opacity=0.75, binSpacing=1)
        .encode(
            x=x,
            x2="high:Q",
            y=alt.Y("segment:Q", title="share (line: everyone)", axis=alt.Axis(format="%", tickCount=4)),
            tooltip=[
                alt.Tooltip("low:Q", title="from"),
                alt.Tooltip("high:Q", title="to"),
                alt.Tooltip("segment:Q", format=".1%"),
                alt.Tooltip("everyone:Q", format=".1%"),
            ],
        )
    )
    line = alt.Chart(on(steps)).mark_line(color=EVERYONE, strokeWidth=2, aria=False).encode(x="at:Q", y="everyone:Q")
    both: alt.LayerChart = bars + line
    return both


def category_shares(segment_id: str, record: Shares, *, limit: int = MOST_VALUES, tint: str | None = None) -> Chart:
    """Draw the share of the most frequent values: a bar for the segment, an upright line for everyone."""
    names = unique([short(value) for value in record.values[:limit]])
    rows = [
        {"value": name, "segment": mine, "everyone": all_, "people": users}
        for name, mine, all_, users in zip(names, record.inside, record.overall, record.counts, strict=False)
    ]
    base = alt.Chart(on(rows)).encode(y=_named("value", names))
    bars = base.mark_bar(color=colour(segment_id, tint), opacity=0.75, cornerRadiusEnd=2, height={"band": 0.7}).encode(
        x=alt.X("segment:Q", title="share (line: everyone)", axis=alt.Axis(format="%", tickCount=4)),
        tooltip=[
            alt.Tooltip("value:N"),
            alt.Tooltip("segment:Q", format=".1%"),
            alt.Tooltip("everyone:Q", format=".1%"),
            alt.Tooltip("people:Q", format=","),
        ],
    )
    ticks = base.mark_tick(color=EVERYONE, thickness=3, height=18, opacity=1, aria=False).encode(x="everyone:Q")
    spoken = "; ".join(f"{row['value']} {row['segment']:.0%} against {row['everyone']:.0%}" for row in rows)
    return finish(
        bars + ticks,
        f"{short(record.column, 60)} of segment {segment_id} against everyone. {spoken}.",
        height=ROW_HEIGHT * len(rows),
    )


def state_map(segment_id: str, record: Shares) -> Chart:
    """Draw the US states, coloured by index: blue under-, orange over-represented.

    A state stays grey where it is withheld, or where fewer than 5 of the segment's users would live there if it were
    average: its index would be chance. Pointing at a state names it, which helps with the small ones.
    """
    known_users = sum(record.counts)
    at = {value: place for place, value in enumerate(record.values)}
    rows = [_state(code, name, at.get(code), record, known_users) for code, name in state_names().items()]
    coloured = [row for row in rows if row["log"] is not None]
    data = alt.NamedData(DATASET, format=alt.TopoDataFormat(type="topojson", feature=FEATURE))
    fields = ["name", "people", "log", "said"]
    base = (
        alt.Chart(data)
        .transform_lookup(lookup="id", from_=alt.LookupData(data=on(rows), key="state", fields=fields))
        .project(type="identity")
        .encode(
            tooltip=[
                alt.Tooltip("name:N", title="state"),
                alt.Tooltip("people:N"),
                alt.Tooltip("said:N", title="index"),
            ]
        )
    )
    ground = base.mark_geoshape(stroke=PAPER, strokeWidth=0.7, fill=WITHHELD)
    shown = (
        base.transform_filter("isValid(datum.log)")
        .mark_geoshape(stroke=PAPER, strokeWidth=0.7)
        .encode(color=alt.Color("log:Q", scale=index_scale(), legend=index_legend()))
    )
    chart: alt.LayerChart = ground + shown
    chart = chart.properties(datasets={DATASET: outlines()})
    spoken = "; ".join(f"{row['name']} {row['said']}" for row in coloured)
    return finish(
        chart,
        f"US states of segment {segment_id} by index, 100 is average; {counted(len(coloured), 'state')} with "
        f"enough people. {spoken}.",
        height=270,
    )


def _state(code: str, name: str, at: int | None, record: Shares, known_users: int) -> dict[str, Any]:
    state: dict[str, Any] = {"state": code, "name": name, "people": _FEW, "log": None, "said": _FEW}
    if at is None:
        return state
    inside, overall = record.inside[at], record.overall[at]
    state["people"] = f"{record.counts[at]:,}"
    if overall * known_users >= FEWEST_EXPECTED:
        # Half a user keeps the logarithm finite where nobody of the segment lives; the scale ends long before.
        state["log"] = math.log2(max(inside, 0.5 / known_users) / overall)
        state["said"] = f"{100 * inside / overall:.0f}"
    return state


def _strongest(marks: Sequence[Mark], limit: int) -> list[Mark]:
    """Keep the first marks above and the first below average, in their order, half and half where there are enough."""
    above = [mark for mark in marks if mark.index is not None and mark.index.value >= 100]
    below = [mark for mark in marks if mark.index is not None and mark.index.value < 100]
    n_above = max(limit - limit // 2, limit - len(below))
    return above[:n_above] + below[: limit - len(above[:n_above])]


def _mark_row(mark: Mark) -> dict[str, Any]:
    assert mark.index is not None
    full = f"{mark.column}: {mark.label}" if mark.kind == "category" else mark.label
    write = "{:.4g}".format if mark.kind == "number" else "{:.1%}".format
    return {
        "label": short(full),
        "full": full,
        "index": mark.index.value,
        "low": mark.index.low,
        "high": mark.index.high,
        "inside": write(mark.inside),
        "overall": write(mark.overall),
        "chance": _SIGNIFICANT if mark.significant else _CHANCE,
    }


def _ends(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Give an axis that is as long below the average as above it and holds every interval, up to 16 times."""
    factor = 2.0
    for row in rows:
        low = row["low"] / 100
        factor = max(factor, row["high"] / 100, 1 / low if low > 0 else _WIDEST)
    factor = min(factor * 1.05, _WIDEST)
    return 100 / factor, 100 * factor


def _named(field: str, order: list[str]) -> alt.Y:
    axis = alt.Axis(domain=False, ticks=False, labelPadding=6, grid=False)
    return alt.Y(f"{field}:N", sort=order, title=None, axis=axis)
