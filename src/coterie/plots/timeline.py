"""Events over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import altair as alt

from coterie.explore.types import Activity, Unit
from coterie.plots.palette import HUES
from coterie.plots.theme import Chart, count_axis, finish, on

# Of each unit the ticks that a person looks for, and how they are written.
_TICKS: Final[Mapping[Unit, tuple[Literal["week", "month", "year"], str]]] = {
    "day": ("week", "%d %b %Y"),
    "week": ("month", "%b %Y"),
    "month": ("year", "%Y"),
    "year": ("year", "%Y"),
}


def timeline(record: Activity) -> Chart:
    """Draw events by day, week, month or year as an area."""
    rows = [{"start": f"{start}T00:00:00Z", "events": n} for start, n in zip(record.starts, record.events, strict=True)]
    time = alt.Scale(type="utc")
    x = alt.X("start:T", title=f"{record.unit} from", scale=time, axis=_dates(record))
    base = alt.Chart(on(rows)).encode(
        x=x,
        y=alt.Y("events:Q", title=f"events a {record.unit}", axis=count_axis(4)),
        tooltip=[alt.Tooltip("start:T", format="%Y-%m-%d"), alt.Tooltip("events:Q", format=",")],
    )
    area = base.mark_area(color=HUES[0], opacity=0.25, aria=False)
    line = base.mark_line(
        color=HUES[0], strokeWidth=1.5, strokeJoin="round", point=alt.OverlayMarkDef(size=22, color=HUES[0])
    )
    most = max(record.events)
    peak = record.starts[record.events.index(most)]
    return finish(
        area + line,
        f"Events by {record.unit} from {record.first} to {record.last}; most, {most:,}, in the one from {peak}.",
        height=200,
    )


def _dates(record: Activity) -> alt.Axis:
    interval, written = _TICKS[record.unit]
    ticks = alt.TimeIntervalStep(interval=interval, step=1)
    return alt.Axis(grid=False, tickCount=ticks, format=written, labelOverlap="greedy", labelSeparation=12)
