"""What is missing together: one column a pattern, one row a column of the table."""

from __future__ import annotations

import altair as alt

from coterie.explore.types import TableExplored
from coterie.plots.palette import AVERAGE, HUES
from coterie.plots.panels import names_at
from coterie.plots.theme import ROW_HEIGHT, Chart, finish, on, short, unique

MOST_COLUMNS, MOST_PATTERNS = 16, 12


def missing(table: TableExplored) -> Chart:
    """Draw the most frequent patterns of missing cells; under each stands how many rows have it."""
    found = table.missing
    taking_part = {column for pattern in found.patterns[:MOST_PATTERNS] for column in pattern.columns}
    columns = [column for column in found.columns if column in taking_part][:MOST_COLUMNS]
    counts = {column.name: column.missing for column in table.columns}
    names = unique([f"{short(name, 20)}  {counts[name] / table.rows:.1%}" for name in columns])
    patterns = [pattern for pattern in found.patterns[:MOST_PATTERNS] if set(pattern.columns) <= set(columns)]
    rows = [
        {"pattern": place, "column": name, "is": "missing" if column in pattern.columns else "there"}
        for place, pattern in enumerate(patterns)
        for column, name in zip(columns, names, strict=True)
    ]
    axis = names_at([f"{pattern.rows:,}" for pattern in patterns], list(range(len(patterns))), labelAngle=0)
    hues = alt.Scale(domain=["missing", "there"], range=[HUES[1], AVERAGE])
    chart = (
        alt.Chart(on(rows))
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(
            x=alt.X("pattern:O", axis=axis, title="rows with this pattern"),
            y=alt.Y("column:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=240)),
            color=alt.Color("is:N", scale=hues, legend=alt.Legend(title=None, orient="top")),
        )
    )
    spoken = "; ".join(f"{pattern.rows:,} rows miss {', '.join(pattern.columns) or 'nothing'}" for pattern in patterns)
    return finish(chart, f"Missing cells of {table.name}. {spoken}.", height=ROW_HEIGHT * len(columns))
