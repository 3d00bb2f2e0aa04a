"""Gorge plot: how similar users are to each segment's centroid, members against all others."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.plots.panels import by_cluster, names_at, sampled
from coterie.plots.theme import MUTED, Chart, finish, on
from coterie.selection.evidence.types import Gorge

ROW = 54  # pixels
_FULL = 0.9  # of a row that its highest bar takes
_OTHERS = "all others"


def gorge(record: Gorge) -> Chart:
    """Draw two histograms a segment: its members in colour, all others in grey, with a gorge where they are apart."""
    rows: list[dict[str, Any]] = []
    last = max(
        (i for row in record.rows for i, pair in enumerate(zip(row.members, row.others, strict=True)) if any(pair)),
        default=0,
    )
    end = record.edges[last + 1]
    for place, row in enumerate(record.rows):
        highest = max([*row.members, *row.others, 1e-9])
        for who, shares in ((_OTHERS, row.others), (row.cluster, row.members)):
            for low, high, share in zip(record.edges, record.edges[1:], shares, strict=False):
                if share > 0:
                    top = place + 1 - _FULL * share / highest
                    rows.append(
                        {
                            "who": who, "segment": row.cluster, "low": low, "high": high, "share": share,
                            "top": round(top, 4), "base": place + 1,
                        }
                    )  # fmt: skip
    clusters = [row.cluster for row in record.rows]
    y = alt.Y(
        "top:Q",
        scale=alt.Scale(domain=[0, len(clusters)], reverse=True, nice=False),
        title=None,
        axis=names_at(clusters, [place + 0.6 for place in range(len(clusters))], labelPadding=8),
    )
    x_axis = alt.Axis(format=".1f", tickCount=6, grid=False)
    x = alt.X(
        "low:Q", title="similarity to the segment's centroid", scale=alt.Scale(domain=[0, end], nice=False), axis=x_axis
    )
    base = alt.Chart(on(rows)).encode(x=x, x2="high:Q", y=y, y2="base:Q")
    tooltip = [
        alt.Tooltip("who:N"), alt.Tooltip("low:Q", title="from"), alt.Tooltip("high:Q", title="to"),
        alt.Tooltip("share:Q", format=".1%"),
    ]  # fmt: skip
    others = base.transform_filter(f"datum.who == '{_OTHERS}'").mark_rect(color=MUTED, opacity=0.4)
    own = base.transform_filter(f"datum.who != '{_OTHERS}'").mark_rect(opacity=0.7)
    floors = alt.Chart(on([{"at": place + 1} for place in range(len(clusters))])).mark_rule(color=MUTED, opacity=0.5)
    chart = (
        others.encode(tooltip=tooltip)
        + own.encode(color=by_cluster(clusters, legend=False), tooltip=tooltip)
        + floors.encode(y="at:Q")
    )
    spoken = "; ".join(
        f"{row.cluster}: members {_mean(record, row.members):.2f}, others {_mean(record, row.others):.2f}"
        for row in record.rows
    )
    return finish(
        chart,
        f"Similarity to each segment's centroid, from 0 to 1; mean {spoken}."
        + sampled(record.n_sampled, record.n_total),
        height=ROW * len(clusters),
    )


def _mean(record: Gorge, shares: tuple[float, ...]) -> float:
    middles = ((low + high) / 2 for low, high in zip(record.edges, record.edges[1:], strict=False))
    return sum(share * middle for share, middle in zip(shares, middles, strict=True))
