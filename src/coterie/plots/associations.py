"""Which columns go together, as a heat map of the strongest."""

from __future__ import annotations

import altair as alt

from coterie.explore.associations import strongest
from coterie.explore.types import Measure, TableExplored
from coterie.plots.panels import shades
from coterie.plots.theme import ROW_HEIGHT, Chart, finish, on, short, unique

_TOLD: dict[Measure, str] = {
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
    "spearman": "Spearman",
}


def associations(table: TableExplored) -> Chart:
    """Draw how far columns go together; a dark cell is a pair of which one tells the other."""
    record = table.associations
    columns = strongest(record.columns, record.pairs)
    names = dict(zip(columns, unique([short(column, 20) for column in columns]), strict=True))
    place = {column: at for at, column in enumerate(columns)}
    rows = []
    for pair in record.pairs:
        if pair.left in place and pair.right in place:
            upper, lower = sorted((pair.left, pair.right), key=place.__getitem__)
            rows.append(
                {
                    "x": names[upper],
                    "y": names[lower],
                    "size": abs(pair.strength),
                    "text": f"{pair.strength:.2f}".replace("-", "\N{MINUS SIGN}") + ("!" if pair.same else ""),
                    "measure": _TOLD[pair.measure],
                }
            )
    order = list(names.values())
    base = alt.Chart(on(rows)).encode(
        x=alt.X(
            "x:N",
            sort=order[:-1],
            title=None,
            axis=alt.Axis(labelAngle=-40 if len(order) > 6 else 0, ticks=False, domain=False),
        ),
        y=alt.Y("y:N", sort=order[1:], title=None, axis=alt.Axis(ticks=False, domain=False)),
        tooltip=[alt.Tooltip("x:N"), alt.Tooltip("y:N"), alt.Tooltip("measure:N"), alt.Tooltip("text:N")],
    )
    boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("size:Q", scale=shades(0, 1), legend=alt.Legend(title="0 none, 1 whole", orient="bottom"))
    )
    ink = alt.condition("datum.size > 0.55", alt.value("white"), alt.value("#111827"))
    texts = base.mark_text(fontSize=11, aria=False).encode(text="text:N", color=ink)
    spoken = "; ".join(f"{pair.left} and {pair.right} {pair.strength:.2f}" for pair in record.pairs[:8])
    return finish(
        boxes + texts, f"Associations of columns of {table.name}. Strongest: {spoken}.", height=ROW_HEIGHT * len(order)
    )
