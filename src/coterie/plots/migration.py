"""Users on their way from the segments of one run to those of the next: blocks, and bands between them."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.activation.drift import MAJOR, MODERATE, Drift
from coterie.activation.migration import Migration
from coterie.plots.palette import NOISE_COLOUR, colour
from coterie.plots.theme import MUTED, ON_PAGE, ROW_HEIGHT, Chart, counted, finish, on, printable
from coterie.terms import NOISE_ID

HEIGHT = 380
NONE, CAME, LEFT = "in none", "came", "left"
_BLOCK = 0.04  # half the width of a block, of the way between the two sides
_GAP = 0.02  # of all users, between blocks
_THIN = 0.002  # of all users; a thinner band is no more than a hair
_STEPS = 12


def migration_flow(record: Migration) -> Chart:
    """Draw the segments of both runs as blocks and the users that they share as bands; cells not shown have no band."""
    before, after = (*record.before, NONE, CAME), (*record.after, NONE, LEFT)
    total = max(record.n_users, 1)
    rows = [[(n or 0) / total for n in row] for row in record.users]
    sides = [
        _side(before, [sum(row) for row in rows], 0.0),
        _side(after, [sum(column) for column in zip(*rows, strict=True)], 1.0),
    ]
    blocks = [block for side in sides for block in side.values()]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.35, 1.35], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(reverse=True, nice=False))
    tint = alt.Color("hue:N", scale=None)
    bands = (
        alt.Chart(on(_bands(before, after, rows, sides)))
        .mark_area(opacity=0.42, aria=False)
        .encode(x=x, y=y, y2="y2:Q", color=tint, detail="band:N")
    )
    tooltip = [alt.Tooltip("from:N", title="segment"), alt.Tooltip("share:Q", format=".1%", title="share of users")]
    drawn = alt.Chart(on(blocks)).mark_rect().encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=tint, tooltip=tooltip)
    left = _names(sides[0]).mark_text(align="right", dx=-6, fontSize=12).encode(x="x:Q", y="middle:Q", text="said:N")
    right = _names(sides[1]).mark_text(align="left", dx=6, fontSize=12).encode(x="x2:Q", y="middle:Q", text="said:N")
    texts = [left.properties(name=ON_PAGE), right.properties(name=f"{ON_PAGE}2")]
    return finish(
        alt.LayerChart(layer=[bands, drawn, *texts]),
        f"{counted(len(record.before), 'segment')} before, {counted(len(record.after), 'segment')} after, and the "
        f"users that they share. {_spoken(record)}",
        height=HEIGHT,
    )


def drift_bars(columns: tuple[Drift, ...]) -> Chart:
    """Draw the stability index of columns as bars, with both thresholds; pale ones are no more than chance."""
    rows: list[dict[str, Any]] = [
        {"column": _cut(one), "psi": one.psi, "level": one.level, "limit": one.limit, "js": one.js} for one in columns
    ]
    names = [row["column"] for row in rows]
    axis = alt.Axis(domain=False, ticks=False, labelPadding=8)
    y = alt.Y("column:N", sort=names, scale=alt.Scale(type="band", domain=names), title=None, axis=axis)
    levels = alt.Scale(
        domain=["none", "within chance", "moderate", "major"], range=["#9CA3AF", "#D1D5DB", "#E69F00", "#D55E00"]
    )
    tooltip = [alt.Tooltip("column:N"), alt.Tooltip("psi:Q", format=".3f"), alt.Tooltip("js:Q", format=".3f"),
               alt.Tooltip("level:N")]  # fmt: skip
    bars = (
        alt.Chart(on(rows))
        .mark_bar(cornerRadiusEnd=2, height={"band": 0.6})
        .encode(
            x=alt.X("psi:Q", title="population stability index", axis=alt.Axis(tickCount=5)),
            y=y,
            color=alt.Color("level:N", scale=levels, legend=alt.Legend(title=None, orient="top")),
            tooltip=tooltip,
        )
    )
    lines = (
        alt.Chart(on([{"at": MODERATE}, {"at": MAJOR}]))
        .mark_rule(strokeDash=[4, 3], color=MUTED, aria=False)
        .encode(x="at:Q")
    )
    spoken = "; ".join(f"{row['column']} {row['psi']:.2f} {row['level']}" for row in rows[:8])
    return finish(
        alt.LayerChart(layer=[bars, lines]),
        f"How far columns have moved. {spoken}.",
        height=ROW_HEIGHT * max(len(rows), 1),
    )


def _names(side: dict[str, dict[str, Any]]) -> alt.Chart:
    return alt.Chart(on([block for block in side.values() if block["share"] > 0]))


def _cut(one: Drift) -> str:
    text = " ".join(printable(one.called).split())
    return text if len(text) <= 34 else f"{text[:33].rstrip()}…"


def _hue(name: str) -> str:
    return NOISE_COLOUR if name in {NONE, CAME, LEFT, NOISE_ID} else colour(name)


def _side(names: tuple[str, ...], heights: list[float], at: float) -> dict[str, dict[str, Any]]:
    """Give the block of each segment from top to bottom."""
    found, top = {}, 0.0
    for name, height in zip(names, heights, strict=True):
        found[name] = {
            "from": name, "hue": _hue(name), "x": at - _BLOCK, "x2": at + _BLOCK, "y": top, "y2": top + height,
            "share": height, "middle": top + height / 2, "said": f"{name} {height:.0%}",
        }  # fmt: skip
        top += height + (_GAP if height else 0.0)
    return found


def _bands(
    before: tuple[str, ...], after: tuple[str, ...], rows: list[list[float]], sides: list[dict[str, dict[str, Any]]]
) -> list[dict[str, Any]]:
    starts = {name: block["y"] for name, block in sides[0].items()}
    ends = {name: block["y"] for name, block in sides[1].items()}
    points: list[dict[str, Any]] = []
    for r, one in enumerate(before):
        for c, other in enumerate(after):
            height = rows[r][c]
            start, end = starts[one], ends[other]
            starts[one], ends[other] = start + height, end + height
            if height < _THIN:
                continue
            for step in range(_STEPS + 1):
                along = step / _STEPS
                bent = along * along * (3 - 2 * along)
                y = start + (end - start) * bent
                x = _BLOCK + along * (1 - 2 * _BLOCK)
                points.append({"band": f"{r}-{c}", "hue": _hue(one), "x": x, "y": y, "y2": y + height})
    return points


def _spoken(record: Migration) -> str:
    if record.stayed is None:
        return ""
    least = "at least " if record.is_least else ""
    return f"{least}{record.stayed:.0%} of those in both are where their segment is now."
