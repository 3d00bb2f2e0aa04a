"""Events before cleaning and after it: their values as bars side by side, everything else as a table."""

from __future__ import annotations

import altair as alt

from coterie.explore.comparing import compared, shown_change, shown_number
from coterie.plots.palette import HUES, NOISE_COLOUR
from coterie.plots.theme import ON_PAGE, ROW_HEIGHT, Chart, count_axis, finish, on
from coterie.tables.cleaning import EventsCleaned

_WHEN = ("before cleaning", "after cleaning")


def values_before_after(record: EventsCleaned) -> Chart:
    """Draw how many events carry each value, before cleaning in grey and after it in colour."""
    counts = {
        when: {score.value: score.events for score in census.scores}
        for when, census in zip(_WHEN, (record.before, record.after), strict=True)
    }
    values = sorted({value for scores in counts.values() for value in scores})
    rows = [
        {"value": f"{value:g}", "when": when, "events": scores.get(value, 0)}
        for value in values
        for when, scores in counts.items()
    ]
    scale = alt.Scale(domain=list(_WHEN), range=[NOISE_COLOUR, HUES[0]])
    names = [f"{value:g}" for value in values]
    chart = (
        alt.Chart(on(rows))
        .mark_bar()
        .encode(
            x=alt.X("value:N", sort=names, title="value", axis=alt.Axis(labelAngle=0, ticks=False)),
            xOffset=alt.XOffset("when:N", sort=list(_WHEN)),
            y=alt.Y("events:Q", title="events", axis=count_axis()),
            color=alt.Color("when:N", scale=scale, sort=list(_WHEN), legend=alt.Legend(title=None, orient="top")),
            tooltip=[alt.Tooltip("value:N"), alt.Tooltip("when:N"), alt.Tooltip("events:Q", format=",")],
        )
    )
    spoken = "; ".join(f"{row['value']} {row['when']} {row['events']:,}" for row in rows)
    return finish(chart, f"Events of each value. {spoken}.", height=240)


def before_after(record: EventsCleaned) -> Chart:
    """Write each measure before cleaning and after it, and by how much it changed."""
    lines = compared(record)
    cells = [
        {"measure": line.measure, "of": of, "text": text}
        for line in lines
        for of, text in (
            ("before", shown_number(line.before, is_share=line.is_share)),
            ("after", shown_number(line.after, is_share=line.is_share)),
            ("change", shown_change(line.change)),
        )
    ]
    axis = alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelFontWeight="bold", title=None)
    chart = (
        alt.Chart(on(cells))
        .mark_text()
        .encode(
            x=alt.X("of:N", sort=["before", "after", "change"], axis=axis),
            y=alt.Y(
                "measure:N",
                sort=[line.measure for line in lines],
                axis=alt.Axis(ticks=False, domain=False, title=None, labelLimit=260),
            ),
            text="text:N",
        )
        .properties(name=ON_PAGE)
    )
    spoken = "; ".join(
        f"{line.measure} {shown_number(line.before, is_share=line.is_share)}, then "
        f"{shown_number(line.after, is_share=line.is_share)}"
        for line in lines
    )
    return finish(chart, f"Events before cleaning and after it. {spoken}.", height=ROW_HEIGHT * len(lines))
