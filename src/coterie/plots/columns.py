"""How one column of a table is spread."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import altair as alt

from coterie.explore.types import Column
from coterie.plots.palette import HUES
from coterie.plots.theme import ROW_HEIGHT, Chart, finish, on, short, unique

MOST_VALUES = 12


def column_spread(column: Column) -> Chart | None:
    """Draw a number as a histogram and a category as bars.

    Returns:
        None where there is nothing to draw; of scores, which have a figure of their own, and of zip codes, too.
    """
    if column.kind in {"us_zip", "value"} and column.values is not None:
        return None
    if column.values is not None:
        return _values(column)
    if column.numbers is not None and column.numbers.edges:
        return _numbers(column)
    return None


def _numbers(column: Column) -> Chart:
    record = column.numbers
    assert record is not None
    total = max(sum(record.counts), 1)
    rows = [
        # The area of a bar is its share: bins that were put together are as high as their mean.
        {"low": low, "high": high, "rows": n, "share": n / total / ((high - low) / _narrowest(record.edges))}
        for low, high, n in zip(record.edges, record.edges[1:], record.counts, strict=False)
    ]
    ends = alt.Scale(zero=False, nice=False)
    chart = (
        alt.Chart(on(rows))
        .mark_bar(color=HUES[0], opacity=0.75, binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", scale=ends, title=None, axis=alt.Axis(grid=False)),
            x2="high:Q",
            y=alt.Y("share:Q", title="share", axis=alt.Axis(format="%", tickCount=3)),
            tooltip=[alt.Tooltip("low:Q", title="from"), alt.Tooltip("high:Q", title="to"), alt.Tooltip("rows:Q")],
        )
    )
    middle = "" if record.median is None else f" median {record.median:.4g},"
    return finish(chart, f"{short(column.name, 60)}:{middle} mean {record.mean:.4g}.", height=120)


def _values(column: Column) -> Chart:
    record = column.values
    assert record is not None
    names = unique([short(value) for value in record.values[:MOST_VALUES]])
    rows: list[dict[str, Any]] = [
        {"value": name, "share": n / column.known, "rows": n} for name, n in zip(names, record.counts, strict=False)
    ]
    chart = (
        alt.Chart(on(rows))
        .mark_bar(color=HUES[0], opacity=0.75)
        .encode(
            x=alt.X("share:Q", title="share", axis=alt.Axis(format="%", tickCount=4)),
            y=alt.Y("value:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False)),
            tooltip=[alt.Tooltip("value:N"), alt.Tooltip("rows:Q", format=","), alt.Tooltip("share:Q", format=".1%")],
        )
    )
    spoken = "; ".join(f"{row['value']} {row['share']:.0%}" for row in rows)
    return finish(chart, f"{short(column.name, 60)}: {spoken}.", height=ROW_HEIGHT * len(rows))


def _narrowest(edges: tuple[float, ...]) -> float:
    return min(high - low for low, high in pairwise(edges))
