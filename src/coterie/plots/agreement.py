"""How far solutions agree on who belongs together."""

from __future__ import annotations

import altair as alt

from coterie.plots.panels import sampled, shades
from coterie.plots.theme import ON_COLOUR, ON_LIGHT, PAPER, Chart, counted, finish, on, short, unique
from coterie.selection.evidence.types import AgreementMatrix

CELL = 24  # pixels
TEXT_UP_TO = 14  # with more solutions the figures in the cells would touch


def agreement(record: AgreementMatrix) -> Chart:
    """Draw the adjusted Rand index of every two solutions as a matrix of cells."""
    names = unique([short(name, 30) for name in record.solutions])
    names[record.chosen] += " *"
    rows = [
        {"one": one, "other": other, "value": value, "text": f"{value:.2f}".replace("-", "−")}
        for one, line in zip(names, record.values, strict=True)
        for other, value in zip(names, line, strict=True)
    ]
    side = alt.Axis(domain=False, ticks=False, labelLimit=200)
    above = alt.Axis(domain=False, ticks=False, orient="top", labelAngle=-45, labelAlign="left", labelLimit=200)
    base = alt.Chart(on(rows)).encode(
        x=alt.X("other:N", sort=names, title=None, axis=above), y=alt.Y("one:N", sort=names, title=None, axis=side)
    )
    legend = alt.Legend(
        title="adjusted Rand index", orient="bottom", gradientLength=160, gradientThickness=10, tickCount=3
    )
    cells = base.mark_rect(stroke=PAPER, strokeWidth=1).encode(
        color=alt.Color("value:Q", scale=shades(0, 1), legend=legend),
        tooltip=[
            alt.Tooltip("one:N", title="solution"),
            alt.Tooltip("other:N", title="and"),
            alt.Tooltip("value:Q", format=".2f"),
        ],
    )
    chart: Chart = cells
    if len(names) <= TEXT_UP_TO:
        dark = alt.condition("datum.value > 0.55", alt.value(ON_COLOUR), alt.value(ON_LIGHT))
        chart = cells + base.mark_text(fontSize=10, aria=False).encode(text="text:N", color=dark)
    own = record.values[record.chosen]
    spoken = "; ".join(
        f"{name} {value:.2f}"
        for place, (name, value) in enumerate(zip(record.solutions, own, strict=True))
        if place != record.chosen
    )
    left_out = f" {record.left_out} more are not shown." if record.left_out else ""
    return finish(
        chart,
        f"Agreement of {counted(len(names), 'solution')} by adjusted Rand index. With "
        f"{record.solutions[record.chosen]}: {spoken}.{left_out}" + sampled(record.n_sampled, record.n_total),
        height=CELL * len(names),
    )
