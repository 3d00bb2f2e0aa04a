"""Silhouettes user by user: of one solution as bars, of all solutions side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from coterie.plots.panels import by_cluster, by_stroke, names_at, sampled
from coterie.plots.theme import MUTED, ON_PAGE, Chart, counted, finish, on, short
from coterie.selection.evidence.types import SilhouetteProfile

HEIGHT, PANEL_HEIGHT, PANELS_HEIGHT = 340, 260, 170
_GAP = 0.015  # of all users, between clusters
_WIDE = 0.86  # of a column that a solution takes
_COARSE = 60  # values of a panel


def silhouette(record: SilhouetteProfile) -> Chart:
    """Draw one bar a user, sorted within its segment, as long as its silhouette; a broken line is the mean of all."""
    rows = list(_steps(record))
    clusters = [c.cluster for c in record.clusters if c.size]
    middles = _middles(record)
    ends = [min([0.0, *(row["value"] for row in rows)]), max([0.0, *(row["value"] for row in rows)])]
    y = alt.Y(
        "top:Q",
        scale=alt.Scale(domain=[0, 1], reverse=True, nice=False),
        title=None,
        axis=names_at([f"{c}" for c in clusters], middles, labelPadding=8),
    )
    bars = (
        alt.Chart(on(rows))
        .mark_rect(strokeWidth=0.4, aria=False)
        .encode(
            x=alt.X("value:Q", title="silhouette", scale=alt.Scale(domain=ends), axis=alt.Axis(tickCount=7)),
            x2=alt.datum(0),
            y=y,
            y2="bottom:Q",
            color=by_cluster(clusters, legend=False),
            stroke=by_stroke(clusters),
            tooltip=[alt.Tooltip("segment:N"), alt.Tooltip("value:Q", format=".2f", title="silhouette")],
        )
    )
    mean = alt.Chart(on([{"at": record.mean}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x="at:Q")
    zero = alt.Chart(on([{"at": 0.0}])).mark_rule(color=MUTED).encode(x="at:Q")
    spoken = "; ".join(f"{c.cluster}: mean {c.mean:.2f}, {c.misplaced:.0%} below 0" for c in record.clusters if c.size)
    return finish(
        bars + zero + mean,
        f"Silhouettes of {record.solution}, mean {record.mean:.2f}. {spoken}."
        + sampled(record.n_sampled, record.n_total),
        height=HEIGHT,
    )


def silhouettes(records: Sequence[SilhouetteProfile], chosen: str) -> Chart:
    """Draw every solution as a panel, one row a method: bars to the left are users nearer to another cluster."""
    lines = list(dict.fromkeys(record.line for record in records))
    per_row = max([sum(record.line == line for record in records) for line in lines], default=1)
    low = min([-0.2, *(v for r in records for c in r.clusters for v in c.values)])
    high = max([0.3, *(v for r in records for c in r.clusters for v in c.values)])
    bars: list[dict[str, Any]] = []
    zeros: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = [{"x": 0.0, "y": row + 0.08, "text": line} for row, line in enumerate(lines)]
    used = dict.fromkeys(lines, 0)
    for record in records:
        row, column = lines.index(record.line), used[record.line]
        used[record.line] += 1
        top, height = row + 0.2, 0.74

        def x(value: float, at: int = column) -> float:
            return round(at + 0.05 + _WIDE * (value - low) / (high - low), 4)

        bars += [
            {
                "x": x(0.0), "x2": x(step["value"]), "segment": step["segment"],
                "y": round(top + step["top"] * height, 4), "y2": round(top + step["bottom"] * height, 4),
            }
            for step in _steps(_coarse(record))
        ]  # fmt: skip
        zeros.append({"x": x(0.0), "y": top, "y2": top + height})
        said = record.solution.removeprefix(f"{record.line}, ")
        mark = "*" if record.solution == chosen else ""
        labels.append({"x": x(low), "y": row + 0.18, "text": short(said, 90 // per_row) + mark, "strong": bool(mark)})
    n_rows = max(len(lines), 1)
    hidden = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    x_scale, y_scale = alt.Scale(domain=[0, per_row]), alt.Scale(domain=[0, n_rows], reverse=True)
    clusters = sorted({row["segment"] for row in bars}, key=lambda name: (len(name), name))
    areas = (
        alt.Chart(on(bars))
        .mark_rect(strokeWidth=0.4, aria=False)
        .encode(
            x=alt.X("x:Q", scale=x_scale, axis=hidden, title=None),
            x2="x2:Q",
            y=alt.Y("y:Q", scale=y_scale, axis=hidden, title=None),
            y2="y2:Q",
            color=by_cluster(clusters, legend=False),
            stroke=by_stroke(clusters),
        )
    )
    upright = alt.Chart(on(zeros)).mark_rule(color=MUTED).encode(x="x:Q", y="y:Q", y2="y2:Q")
    written = [
        alt.Chart(on([row for row in labels if row.get("strong", True) == strong]))
        .mark_text(align="left", fontSize=11, baseline="bottom", fontWeight="bold" if strong else "normal")
        .encode(x="x:Q", y="y:Q", text="text:N")
        .properties(name=f"{ON_PAGE}_{number}")
        for number, strong in enumerate((False, True))
    ]
    spoken = "; ".join(f"{r.solution}: mean {r.mean:.2f}" for r in records)
    return finish(
        alt.LayerChart(layer=[areas, upright, *written]),
        f"Silhouettes of {counted(len(records), 'solution')}. {spoken}.",
        height=PANEL_HEIGHT if n_rows == 1 else PANELS_HEIGHT * n_rows,
    )


def _coarse(record: SilhouetteProfile) -> SilhouetteProfile:
    """Keep as many values as a small panel can show, the highest and the lowest of each cluster among them."""
    clusters = []
    for cluster in record.clusters:
        last = len(cluster.values) - 1
        steps = max(2, round(_COARSE * len(cluster.values) / max(sum(len(c.values) for c in record.clusters), 1)))
        places = range(last + 1) if last < steps else [round(i * last / (steps - 1)) for i in range(steps)]
        clusters.append(replace(cluster, values=tuple(cluster.values[i] for i in places)))
    return replace(record, clusters=tuple(clusters))


def _steps(record: SilhouetteProfile) -> list[dict[str, Any]]:
    """Give one bar for each value that the record keeps, as high as the users that it stands for."""
    total = max(sum(c.size for c in record.clusters), 1)
    gaps = _GAP * (sum(bool(c.size) for c in record.clusters) - 1)
    rows, at = [], 0.0
    for cluster in record.clusters:
        if not cluster.size:
            continue
        height = cluster.size / total * (1 - gaps) / len(cluster.values)
        for value in cluster.values:
            rows.append(
                {"segment": cluster.cluster, "value": value, "top": round(at, 5), "bottom": round(at + height, 5)}
            )
            at += height
        at += _GAP
    return rows


def _middles(record: SilhouetteProfile) -> list[float]:
    rows = _steps(record)
    answer = []
    for cluster in (c.cluster for c in record.clusters if c.size):
        own = [row for row in rows if row["segment"] == cluster]
        answer.append(round((own[0]["top"] + own[-1]["bottom"]) / 2, 5))
    return answer
