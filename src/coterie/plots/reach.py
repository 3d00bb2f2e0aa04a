"""How many hidden seeds an audience finds by how far it reaches, and how like the seeds it still is."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.activation.audience import Audience
from coterie.plots.palette import HUES
from coterie.plots.theme import MUTED, Chart, finish, on

HEIGHT = 260
_LINES = ("classifier", "centroid", "segment", "activity", "random")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [2, 4])


def reach_curve(record: Audience) -> Chart | None:
    """Draw the share of hidden seeds found against reach, by each ranking; None where no seeds were hidden."""
    if record.hidden is None:
        return None
    rows: list[dict[str, Any]] = [
        {"reach": point.reach, "recall": value, "by": by, "users": point.users, "floor": point.floor}
        for point in record.curve
        for by, value in (("random", point.reach), *point.recall.items())
    ]
    names = [name for name in _LINES if any(row["by"] == name for row in rows)]
    hues = {name: MUTED if name == "random" else HUES[place] for place, name in enumerate(_LINES)}
    percent = alt.Axis(format=".0%", tickCount=5)
    legend = alt.Legend(title=None, orient="top", symbolSize=300, columns=3)
    chart = (
        alt.Chart(on(rows))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("reach:Q", title="reach, share of those ranked", axis=percent, scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("recall:Q", title="hidden seeds found", axis=percent, scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("by:N", scale=alt.Scale(domain=names, range=[hues[n] for n in names]), legend=legend),
            strokeDash=alt.StrokeDash(
                "by:N",
                scale=alt.Scale(domain=names, range=[_DASHES[_LINES.index(n)] for n in names]),
                legend=legend,
            ),
        )
    )
    chosen = (
        alt.Chart(on([{"at": record.reach}])).mark_rule(color=MUTED, strokeDash=[4, 3], aria=False).encode(x="at:Q")
    )
    found = record.recall()
    spoken = "" if found is None else f"{found.recall.value:.0%} of hidden seeds are found at 10% reach. "
    return finish(chart + chosen, f"Hidden seeds found by reach. {spoken}", height=HEIGHT)


def similarity_curve(record: Audience) -> Chart:
    """Draw how like the seeds an audience is on average, by how far it reaches."""
    rows: list[dict[str, Any]] = [
        {"reach": point.reach, "similarity": point.similarity, "users": point.users} for point in record.curve
    ]
    percent = alt.Axis(format=".0%", tickCount=5)
    line = (
        alt.Chart(on(rows))
        .mark_line(strokeWidth=2.5, color=HUES[0])
        .encode(
            x=alt.X("reach:Q", title="reach, share of those ranked", axis=percent, scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("similarity:Q", title="mean cosine to the seeds' centre", axis=alt.Axis(tickCount=5)),
        )
    )
    chosen = (
        alt.Chart(on([{"at": record.reach}])).mark_rule(color=MUTED, strokeDash=[4, 3], aria=False).encode(x="at:Q")
    )
    return finish(line + chosen, "Mean similarity to the seeds by reach.", height=HEIGHT)
