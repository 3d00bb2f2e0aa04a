"""Segment level stability: across numbers of segments as a flow of users, within the chosen number as dots."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from coterie.plots.bands import stability_bands, stability_domain
from coterie.plots.panels import by_cluster, shades
from coterie.plots.theme import MUTED, ON_PAGE, ROW_HEIGHT, Chart, counted, finish, on
from coterie.selection.evidence.types import Flow, StabilityBars, WithinStability

HEIGHT = 360
_BLOCK = 0.13  # half the width of a block, in numbers of segments
_GAP = 0.02  # of all users, between blocks
_WIDE_ENOUGH = 0.045  # of all users, for a name in a block


def slsa(record: Flow) -> Chart:
    """Draw solutions side by side, clusters as blocks, shared users as bands between them; dark blocks are stable."""
    tops = _tops(record)
    blocks: list[dict[str, Any]] = [
        {
            "x": node.k - _BLOCK, "x2": node.k + _BLOCK, "y": top, "y2": _end(top, node.users, record), "k": node.k,
            "slsa": node.slsa if math.isfinite(node.slsa) else None, "users": node.users, "cluster": node.cluster,
            "said": f"{node.slsa:.2f}" if math.isfinite(node.slsa) else "first solution",
            "chosen": node.k == record.chosen,
        }
        for node, top in zip(record.nodes, tops, strict=True)
    ]  # fmt: skip
    known_k = sorted({node.k for node in record.nodes})
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, 1 + _GAP * (known_k[-1] - 1)], reverse=True, nice=False))
    x_scale = alt.Scale(domain=[known_k[0] - 0.3, known_k[-1] + 0.3], nice=False)
    axis = alt.Axis(values=known_k, format="d", grid=False, ticks=False, domain=False)
    bands = (
        alt.Chart(on(_bands(record, tops)))
        .mark_area(interpolate="monotone", color=MUTED, opacity=0.22, aria=False)
        .encode(
            x=alt.X("x:Q", scale=x_scale, axis=axis, title="number of segments"),
            y=y,
            y2="y2:Q",
            detail="link:N",
        )
    )
    legend = alt.Legend(
        title="stability across solutions",
        orient="bottom",
        gradientLength=160,
        gradientThickness=10,
        format=".1f",
        tickCount=3,
    )
    tooltip = [
        alt.Tooltip("k:Q", title="segments"),
        alt.Tooltip("cluster:N"),
        alt.Tooltip("users:Q", format=","),
        alt.Tooltip("said:N", title="stability"),
    ]
    place = {"x": alt.X("x:Q", scale=x_scale), "x2": "x2:Q", "y": y, "y2": "y2:Q"}
    first = alt.Chart(on([block for block in blocks if block["slsa"] is None])).mark_rect(color=MUTED)
    others = alt.Chart(on([block for block in blocks if block["slsa"] is not None])).mark_rect()
    shade = alt.Color("slsa:Q", scale=shades(0, 1), legend=legend)
    drawn = [first.encode(tooltip=tooltip, **place), others.encode(color=shade, tooltip=tooltip, **place)]
    frame = alt.Chart(on([b for b in blocks if b["chosen"]])).mark_rect(
        fillOpacity=0, stroke="#D55E00", strokeWidth=2, aria=False
    )
    framed = frame.encode(**place)
    named = [
        {"x": row["x2"], "y": (row["y"] + row["y2"]) / 2, "text": row["cluster"]}
        for row in blocks
        if row["chosen"] and row["y2"] - row["y"] > _WIDE_ENOUGH
    ]
    text = alt.Chart(on(named)).mark_text(align="left", dx=4, fontSize=11, fontWeight="bold")
    said = text.encode(x=alt.X("x:Q", scale=x_scale), y=y, text="text:N").properties(name=ON_PAGE)
    spoken = "; ".join(
        f"{node.cluster} {node.slsa:.2f}"
        for node in record.nodes
        if node.k == record.chosen and math.isfinite(node.slsa)
    )
    return finish(
        alt.LayerChart(layer=[bands, *drawn, framed, said]),
        f"Segments of {record.method} from {known_k[0]} to {known_k[-1]} and the users that they share. "
        f"Stability across solutions of the chosen {counted(record.chosen, 'segment')}: {spoken or 'not known'}.",
        height=HEIGHT,
    )


def slsw(record: WithinStability) -> Chart:
    """Draw the values of each segment as dots over the bands, and their median as an upright line."""
    rows: list[dict[str, Any]] = [
        {"segment": cluster, "value": value}
        for cluster, values in zip(record.clusters, record.values, strict=True)
        for value in values
        if math.isfinite(value)
    ]
    domain = stability_domain([row["value"] for row in rows])
    axis = alt.Axis(grid=False, format=".2f", tickCount=6, orient="bottom")
    x = alt.X("value:Q", scale=alt.Scale(domain=domain), title="stability within the solution", axis=axis)
    several = len(rows) > len(record.clusters)
    base = alt.Chart(on(rows)).encode(y=_row(record.clusters), color=by_cluster(record.clusters, legend=False))
    dots = base.mark_point(filled=True, size=45 if several else 110, opacity=0.45 if several else 1).encode(
        x=x, tooltip=[alt.Tooltip("segment:N"), alt.Tooltip("value:Q", format=".2f")]
    )
    layers = [stability_bands(domain, along="x"), dots]
    if several:
        layers.append(base.mark_tick(thickness=3, size=18, aria=False).encode(x=alt.X("median(value):Q", axis=None)))
    middle = {c: sorted(v)[len(v) // 2] for c, v in zip(record.clusters, record.values, strict=True) if v}
    spoken = "; ".join(f"{cluster} {value:.2f}" for cluster, value in middle.items())
    return finish(
        alt.LayerChart(layer=layers).resolve_axis(x="independent"),
        f"Stability of each segment within {record.solution}. Median: {spoken}.",
        height=(ROW_HEIGHT + 8) * len(record.clusters),
    )


def stability_bars(record: StabilityBars) -> Chart:
    """Draw the bootstrap Jaccard of each segment as a bar over the bands."""
    rows: list[dict[str, Any]] = [
        {"segment": bar.cluster, "jaccard": bar.jaccard, "band": bar.band, "text": f"{bar.jaccard:.2f} {bar.band}"}
        for bar in record.bars
        if math.isfinite(bar.jaccard)
    ]
    clusters = [bar.cluster for bar in record.bars]
    domain = [0.0, 1.0]
    axis = alt.Axis(grid=False, format=".1f", tickCount=6, orient="bottom")
    base = alt.Chart(on(rows)).encode(y=_row(clusters))
    bars = base.mark_bar(cornerRadiusEnd=2, height={"band": 0.6}).encode(
        x=alt.X("jaccard:Q", scale=alt.Scale(domain=domain), title="bootstrap Jaccard", axis=axis),
        color=by_cluster(clusters, legend=False),
        tooltip=[alt.Tooltip("segment:N"), alt.Tooltip("jaccard:Q", format=".3f"), alt.Tooltip("band:N")],
    )
    spoken = "; ".join(f"{row['segment']} {row['text']}" for row in rows)
    return finish(
        alt.LayerChart(layer=[stability_bands(domain, along="x"), bars]).resolve_axis(x="independent"),
        f"Stability of the segments of {record.solution}. {spoken}.",
        height=(ROW_HEIGHT + 6) * len(clusters),
    )


def _row(clusters: Any) -> alt.Y:
    names = list(clusters)
    axis = alt.Axis(domain=False, ticks=False, labelPadding=8)
    return alt.Y("segment:N", sort=names, scale=alt.Scale(type="band", domain=names), title=None, axis=axis)


def _tops(record: Flow) -> list[float]:
    """Give the upper end of every block, as a share of all users; blocks of one solution stand under each other."""
    tops, at, k = [], 0.0, None
    for node in record.nodes:
        if node.k != k:
            at, k = 0.0, node.k
        tops.append(round(at, 5))
        at = _end(at, node.users, record) + _GAP
    return tops


def _end(top: float, users: int, record: Flow) -> float:
    return round(top + users / max(record.n_total, 1), 5)


def _bands(record: Flow, tops: list[float]) -> list[dict[str, Any]]:
    """Give four corners a link: it leaves its block level, and arrives level, in the order of the blocks."""
    out, into = list(tops), list(tops)
    rows = []
    for number, link in enumerate(sorted(record.links, key=lambda one: (one.source, one.target))):
        share = link.users / max(record.n_total, 1)
        a, b = record.nodes[link.source].k + _BLOCK, record.nodes[link.target].k - _BLOCK
        start, end = out[link.source], into[link.target]
        out[link.source] += share
        into[link.target] += share
        for x, y in ((a, start), (a + (b - a) * 0.15, start), (b - (b - a) * 0.15, end), (b, end)):
            rows.append({"link": number, "x": round(x, 3), "y": round(y, 4), "y2": round(y + share, 4)})
    return rows
