"""Parallel coordinates: segments on the columns that set them apart most."""

from __future__ import annotations

import re

import altair as alt

from coterie.plots.panels import by_cluster, names_at
from coterie.plots.theme import MUTED, Chart, counted, finish, on, short, unique
from coterie.selection.evidence.types import Parallel

HEIGHT = 320
NAMELESS = [
    "dimensions of the embedding, each a mix",
    "of columns; profiles name what differs",
]  # short enough for a phone
_LABEL = 18
_DIMENSION = re.compile(r"dimension \d+")


def parallel(record: Parallel) -> Chart:
    """Draw each segment's means as a strong line and quartiles as a band, and some users as thin lines."""
    names = unique([short(name, _LABEL) for name in record.columns])
    keys = [f"c{place}" for place in range(len(names))]
    clusters = [line.cluster for line in record.lines]
    means = [
        {"segment": line.cluster, "at": key, "column": name, "mean": mean, "low": low, "high": high, "explained": share}
        for line in record.lines
        for key, name, mean, low, high, share in zip(
            keys, names, line.mean, line.low, line.high, record.explained, strict=True
        )
    ]
    ends = [value for row in means for value in (row["mean"], row["low"], row["high"]) if isinstance(value, float)]
    reach = max([1.0, *(abs(end) for end in ends)]) * 1.25
    # One row a user, unfolded where it is drawn: the names of columns are free text, so they are numbered.
    users = [
        {"user": number, "segment": user.cluster} | dict(zip(keys, user.values, strict=True))
        for number, user in enumerate(record.users)
    ]
    angle = 0 if len(names) <= 6 else -40
    axis = names_at(names, keys, labelAngle=angle, grid=True, labelPadding=8)
    nameless = NAMELESS if all(_DIMENSION.fullmatch(name) for name in record.columns) else None
    x = alt.X("at:N", sort=keys, scale=alt.Scale(type="point", domain=keys, padding=0.3), title=nameless, axis=axis)
    y_scale = alt.Scale(domain=[-reach, reach], nice=False)
    y = alt.Y("mean:Q", title="standard deviations from the mean", scale=y_scale, axis=alt.Axis(tickCount=5))
    colour = by_cluster(clusters)
    picked = alt.selection_point(fields=["segment"], bind="legend", name="picked")
    thin = (
        alt.Chart(on(users))
        .transform_fold([*keys], as_=["at", "value"])
        .mark_line(strokeWidth=0.5, clip=True, aria=False)
        .encode(
            x=x,
            y=alt.Y("value:Q", scale=y_scale),
            detail="user:N",
            color=colour,
            opacity=alt.condition(picked, alt.value(0.12), alt.value(0.02)),
        )
    )
    base = alt.Chart(on(means)).encode(x=x, color=colour)
    bands = base.mark_area(clip=True, aria=False).encode(
        y=alt.Y("low:Q", scale=y_scale),
        y2="high:Q",
        opacity=alt.condition(picked, alt.value(0.1), alt.value(0.01)),
    )
    strong = alt.condition(picked, alt.value(1.0), alt.value(0.1))
    lines = base.mark_line(strokeWidth=2.5, clip=True, aria=False).encode(y=y, opacity=strong)
    dots = base.mark_point(filled=True, size=40, clip=True).encode(
        y=y,
        opacity=strong,
        tooltip=[
            alt.Tooltip("segment:N"),
            alt.Tooltip("column:N"),
            alt.Tooltip("mean:Q", format="+.2f"),
            alt.Tooltip("low:Q", format="+.2f", title="lower quartile"),
            alt.Tooltip("high:Q", format="+.2f", title="upper quartile"),
            alt.Tooltip("explained:Q", format=".0%", title="between segments"),
        ],
    )
    zero = alt.Chart(on([{"at": 0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y=alt.Y("at:Q", scale=y_scale))
    chart = alt.LayerChart(layer=[thin, bands, zero, lines, dots.add_params(picked)])
    first = "; ".join(f"{line.cluster} {line.mean[0]:+.2f}" for line in record.lines)
    left_out = f" {counted(record.left_out, 'column')} less apart are not shown." if record.left_out else ""
    return finish(
        chart,
        f"Means and quartiles of {counted(len(clusters), 'segment')} on {counted(len(names), 'column')}, in standard "
        f"deviations. On {names[0]}, which sets them apart most: {first}.{left_out}"
        + (f" These are {' '.join(NAMELESS)}." if nameless else ""),
        height=HEIGHT,
    )
