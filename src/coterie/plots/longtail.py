"""How unevenly events are spread over users and over items: Lorenz curves, and counts by rank."""

from __future__ import annotations

import altair as alt

from coterie.explore.types import EventsExplored, LongTail
from coterie.plots.palette import HUES
from coterie.plots.theme import MUTED, Chart, finish, on

HEIGHT = 260
_HUES = {"users": HUES[0], "items": HUES[1]}
_DASHES = {"users": [1, 0], "items": [6, 3]}


def lorenz(events: EventsExplored) -> Chart:
    """Draw the Lorenz curves of users and of items; the straight line is where all have as many events."""
    tails = _tails(events)
    rows = [
        {"of": f"{name}, Gini {tail.gini:.2f}", "who": name, "share": point.share, "events": point.of_events}
        for name, tail in tails.items()
        for point in tail.lorenz
    ]
    even = alt.Chart(on([{"share": 0, "events": 0}, {"share": 1, "events": 1}]))
    x = alt.X("share:Q", title="share of users, or items; fewest events first", axis=_percent(), scale=_unit())
    y = alt.Y("events:Q", title="share of the events", axis=_percent(), scale=_unit())
    line = alt.Chart(on(rows)).mark_line(strokeWidth=2.5).encode(x=x, y=y, **_told_apart(tails))
    straight = even.mark_line(strokeDash=[2, 3], color=MUTED, strokeWidth=1, aria=False).encode(
        x="share:Q", y="events:Q"
    )
    spoken = "; ".join(
        f"{name}: Gini {tail.gini:.2f}"
        + ("" if tail.top_tenth is None else f", the top tenth has {tail.top_tenth:.0%} of the events")
        for name, tail in tails.items()
    )
    return finish(
        straight.encode(x="share:Q", y="events:Q") + line, f"Lorenz curves of events. {spoken}.", height=HEIGHT
    )


def long_tail(events: EventsExplored) -> Chart:
    """Draw how many events the most active user, or the most frequent item, has, and so on down, both on log scales."""
    tails = _tails(events)
    rows = [
        {"of": f"{name}, Gini {tail.gini:.2f}", "who": name, "rank": point.rank, "events": point.events}
        for name, tail in tails.items()
        for point in tail.ranked
    ]
    log = alt.Scale(type="log", nice=False)
    tens = [10**power for power in range(10)]
    ranks = alt.Axis(values=tens, format="~s")
    counts = alt.Axis(values=[step * ten for ten in tens for step in (1, 2, 5)], format="~s", labelOverlap="greedy")
    chart = (
        alt.Chart(on(rows))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("rank:Q", title="rank, most events first", scale=log, axis=ranks),
            y=alt.Y("events:Q", title="events", scale=log, axis=counts),
            **_told_apart(tails),
        )
    )
    spoken = "; ".join(f"{tail.half:,} of {tail.n:,} {name} have half of the events" for name, tail in tails.items())
    return finish(chart, f"Events by rank. {spoken}.", height=HEIGHT)


def _tails(events: EventsExplored) -> dict[str, LongTail]:
    found = {"users": events.of_users, "items": events.of_items}
    return {name: tail for name, tail in found.items() if tail is not None}


def _told_apart(tails: dict[str, LongTail]) -> dict[str, alt.Color | alt.StrokeDash]:
    names = [f"{name}, Gini {tail.gini:.2f}" for name, tail in tails.items()]
    legend = alt.Legend(title=None, orient="top", symbolSize=300, columns=1)
    return {
        "color": alt.Color("of:N", scale=alt.Scale(domain=names, range=[_HUES[n] for n in tails]), legend=legend),
        "strokeDash": alt.StrokeDash("of:N", scale=alt.Scale(domain=names, range=[_DASHES[n] for n in tails])),
    }


def _percent() -> alt.Axis:
    return alt.Axis(format=".0%", tickCount=5)


def _unit() -> alt.Scale:
    return alt.Scale(domain=[0, 1])
