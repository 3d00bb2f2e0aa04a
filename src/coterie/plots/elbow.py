"""Inertia over the number of segments, with the elbow of each method marked."""

from __future__ import annotations

import altair as alt

from coterie.plots.palette import HUES, SHAPES
from coterie.plots.theme import MUTED, ON_PAGE, Chart, counted, finish, on
from coterie.selection.evidence.types import Elbow

HEIGHT = 240


def elbow(record: Elbow) -> Chart:
    """Draw inertia over k; a ring marks where a method's curve bends most, a broken line the chosen k."""
    rows = [
        {
            "method": line.method,
            "k": k,
            "inertia": inertia,
            "elbow": k == line.elbow,
        }
        for line in record.lines
        for k, inertia in zip(line.k, line.inertia, strict=True)
    ]
    methods = [line.method for line in record.lines]
    legend = alt.Legend(title=None, orient="top", columns=4) if len(methods) > 1 else None
    hue = alt.Scale(domain=methods, range=[HUES[i % len(HUES)] for i in range(len(methods))])
    form = alt.Scale(domain=methods, range=[SHAPES[i % len(SHAPES)] for i in range(len(methods))])
    base = alt.Chart(on(rows)).encode(
        x=alt.X("k:Q", title="number of segments", axis=_whole(rows), scale=alt.Scale(zero=False, padding=12)),
        y=alt.Y("inertia:Q", title="inertia", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5, format="~s")),
        color=alt.Color("method:N", scale=hue, legend=legend),
    )
    lines = base.mark_line(strokeWidth=2, aria=False)
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(
        shape=alt.Shape("method:N", scale=form, legend=legend),
        tooltip=[alt.Tooltip("method:N"), alt.Tooltip("k:Q"), alt.Tooltip("inertia:Q", format=",.4~g")],
    )
    bent = alt.Chart(on([row for row in rows if row["elbow"]])).encode(x="k:Q", y="inertia:Q")
    rings = bent.mark_point(size=260, strokeWidth=2, color=MUTED, aria=False)
    # Elbows of several methods lie near each other: the rings alone are told apart there.
    named = bent.mark_text(align="left", baseline="bottom", dx=9, dy=-5).encode(text=alt.value("elbow"))
    text = [named.properties(name=ON_PAGE)] if len(methods) == 1 else []
    chosen = alt.Chart(on([{"k": record.chosen, "text": "chosen"}])).encode(x="k:Q")
    rule = chosen.mark_rule(color=MUTED, strokeDash=[4, 3])
    said = chosen.mark_text(baseline="bottom", dy=-3, fontWeight="bold").encode(y=alt.value(0), text="text:N")
    spoken = "; ".join(
        f"{line.method}: " + (f"elbow at {line.elbow}" if line.elbow else "no elbow") for line in record.lines
    )
    return finish(
        alt.LayerChart(layer=[rule, lines, rings, dots, *text, said.properties(name=f"{ON_PAGE}_chosen")]),
        f"Inertia for each number of segments, {counted(len(methods), 'method')}. {spoken}. Chosen: {record.chosen}. "
        "Inertia falls with every segment more, and an elbow may be seen where there are no clusters.",
        height=HEIGHT,
    )


def _whole(rows: list[dict[str, object]]) -> alt.Axis:
    values = sorted({row["k"] for row in rows if isinstance(row["k"], int)})
    return alt.Axis(values=values, format="d", grid=False, labelOverlap="greedy")
