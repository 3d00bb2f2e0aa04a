"""Sorted distances to the m-th neighbour, with the bend and the radii that were tried."""

from __future__ import annotations

import altair as alt

from coterie.plots.palette import HUES
from coterie.plots.panels import sampled
from coterie.plots.theme import MUTED, ON_PAGE, Chart, finish, on
from coterie.selection.evidence.types import KDistance

HEIGHT = 240


def k_distance(record: KDistance) -> Chart:
    """Draw the curve; a ring marks its knee, broken lines the values of eps that were tried."""
    rows = [
        {"share": share, "distance": distance} for share, distance in zip(record.shares, record.distances, strict=True)
    ]
    y = alt.Y(
        "distance:Q",
        title=f"distance to neighbour {record.neighbour}",
        scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=5),
    )
    x = alt.X("share:Q", title="users, by distance", axis=alt.Axis(format="%", tickCount=5, grid=False))
    line = alt.Chart(on(rows)).mark_line(color=HUES[0], strokeWidth=2, clip=True, aria=False).encode(x=x, y=y)
    knee = alt.Chart(on([{"share": record.knee_share, "distance": record.knee, "text": f"knee {record.knee:.3g}"}]))
    ring = knee.mark_point(size=200, strokeWidth=2, color=HUES[1]).encode(x="share:Q", y="distance:Q")
    said = knee.mark_text(align="right", dx=-12, dy=-8, fontWeight="bold").encode(
        x="share:Q", y="distance:Q", text="text:N"
    )
    layers = [line, ring, said.properties(name=ON_PAGE)]
    inside = [eps for eps in record.tried if record.distances[0] * 0.5 <= eps <= record.distances[-1] * 1.2]
    if inside:
        tried = alt.Chart(on([{"at": eps, "text": f"eps {eps:.3g}"} for eps in inside]))
        layers.append(tried.mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y="at:Q"))
        text = tried.mark_text(align="left", baseline="bottom", dx=4, dy=-2, fontSize=11)
        layers.append(text.encode(x=alt.value(0), y="at:Q", text="text:N").properties(name=f"{ON_PAGE}_eps"))
    eps = ", ".join(f"{value:.3g}" for value in record.tried)
    return finish(
        alt.LayerChart(layer=layers),
        f"Distance of each user to the {record.neighbour}th nearest other, sorted. The curve bends at "
        f"{record.knee:.3g}, under which {record.knee_share:.0%} of users lie."
        + (f" Tried as eps: {eps}." if eps else "")
        + sampled(record.n_sampled, record.n_total),
        height=HEIGHT,
    )
