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
            "text": f"k = {point.k}" if point.k > 1 else "one cluster: none",
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
    asked = "one cluster, which is none" if record.k == 1 else f"{record.k} clusters"
    return finish(line + bars + dots + text, f"Gap statistic. {said}. It asks for {asked}.", height=HEIGHT)
