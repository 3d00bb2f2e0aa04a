"""The gap statistic over the number of segments."""

from __future__ import annotations

import math

import altair as alt

from coterie.plots.palette import HUES
from coterie.plots.theme import ON_PAGE, Chart, finish, on
from coterie.selection.types import GapCurve

HEIGHT = 240


def gap(record: GapCurve) -> Chart:
    """Draw the gap with one standard error up and down; the k that it asks for is orange."""
    rows = [
        {
            "k": point.k,
            "gap": point.gap,
            "low": point.gap - point.standard_error,
            "high": point.gap + point.standard_error,
            "asked": point.k == record.k,
            "text": _named(record, point.k),
        }
        for point in record.points
        if math.isfinite(point.gap) and math.isfinite(point.standard_error)
    ]
    colour = alt.condition("datum.asked", alt.value(HUES[1]), alt.value(HUES[0]))
    base = alt.Chart(on(rows)).encode(
        x=alt.X("k:O", title="number of segments", axis=alt.Axis(labelAngle=0, ticks=False, labelPadding=8)),
        color=colour,
    )
    y = alt.Y("gap:Q", title="gap", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    line = alt.Chart(on(rows)).mark_line(color=HUES[0], strokeWidth=1, opacity=0.5, aria=False).encode(x="k:O", y=y)
    bars = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", scale=alt.Scale(zero=False)), y2="high:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        y=y, tooltip=[alt.Tooltip("k:O"), alt.Tooltip("gap:Q", format=".3f")]
    )
    text = (
        alt.Chart(on([row for row in rows if row["asked"]]))
        .mark_text(dy=-6, baseline="bottom", fontWeight="bold")
        .encode(x="k:O", y="high:Q", text="text:N")
        .properties(name=ON_PAGE)
    )
    said = "; ".join(f"k = {row['k']}: {row['gap']:.3f}" for row in rows)
    return finish(line + bars + dots + text, f"Gap statistic. {said}. {_spoken(record)}", height=HEIGHT)


def _is_at_the_edge(record: GapCurve) -> bool:
    """Say whether the gap still grows where the range ends, so that its last k is no answer."""
    return len(record.points) > 1 and record.k == record.points[-1].k


def _named(record: GapCurve, k: int) -> str:
    if k == 1:
        return "one cluster: none"
    return f"k = {k} or more" if k == record.k and _is_at_the_edge(record) else f"k = {k}"


def _spoken(record: GapCurve) -> str:
    if record.k == 1:
        return "It asks for one cluster, which is none."
    if _is_at_the_edge(record):
        return f"It still grows at {record.k} clusters, the most that were tried: it names no number."
    return f"It asks for {record.k} clusters."
