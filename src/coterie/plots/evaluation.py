"""The segment evaluation plot: how distinct each segment is against how attractive."""

from __future__ import annotations

from typing import Any

import altair as alt

from coterie.plots.theme import MUTED, ON_PAGE, Chart, by_segment, finish, label, on
from coterie.segments.evaluation import MIDDLE, Evaluation
from coterie.segments.types import Segment

_HEIGHT = 380
_LARGEST = 2000  # square pixels of the largest bubble
_BESIDE = 30  # pixels from the middle of a bubble to its name
_MARGIN = 8  # points of the scale kept free around the outermost bubble


def evaluation_bubbles(segments: tuple[Segment, ...], evaluations: tuple[Evaluation, ...]) -> Chart:
    """Draw one bubble a segment: distinctiveness to the right, attractiveness upwards, area by its users.

    50 is the average of either. Segments without a place are left out.
    """
    by_id = {evaluation.segment_id: evaluation for evaluation in evaluations if evaluation.is_placed}
    rows: list[dict[str, Any]] = [
        {
            "segment": label(s),
            "id": s.id,
            "name": label(s, 20),
            "attractive": round(by_id[s.id].attractiveness, 2),
            "distinct": round(by_id[s.id].distinctiveness.score, 2),
            "people": s.size,
        }
        for s in segments
        if s.id in by_id
    ]
    by_place = sorted(rows, key=lambda row: (row["distinct"], row["id"]))
    ticks = alt.Axis(tickCount=5)
    x = alt.X(
        "distinct:Q", axis=ticks, title="distinctiveness (50 = average)", scale=_scale([r["distinct"] for r in rows])
    )
    y = alt.Y(
        "attractive:Q", axis=ticks, title="attractiveness (50 = average)", scale=_scale([r["attractive"] for r in rows])
    )
    base = alt.Chart(on(rows)).encode(x=x, y=y)
    bubbles = base.mark_circle(opacity=0.75, stroke="white").encode(
        size=alt.Size("people:Q", scale=alt.Scale(zero=True, range=[0, _LARGEST]), legend=None),
        color=by_segment(segments),
        tooltip=[
            alt.Tooltip("segment:N"),
            alt.Tooltip("attractive:Q", format=".0f"),
            alt.Tooltip("distinct:Q", format=".0f"),
            alt.Tooltip("people:Q", format=","),
        ],
    )
    spoken = "; ".join(
        f"{r['segment']} {r['attractive']:.0f} and {r['distinct']:.0f}, {r['people']:,} users" for r in rows
    )
    return finish(
        alt.LayerChart(layer=[*_middles(x, y), bubbles, *_names((by_place[::2], by_place[1::2]), x, y)]),
        f"Bubble chart of segments by attractiveness and distinctiveness, each from 0 to 100. {spoken}.",
        height=_HEIGHT,
    )


def _scale(values: list[float]) -> alt.Scale:
    """Show the middle and all bubbles, the same distance to both sides of the middle, and at least a doubling."""
    farthest = max([25.0, *(abs(value - MIDDLE) + _MARGIN for value in values)])
    return alt.Scale(domain=[MIDDLE - farthest, MIDDLE + farthest], nice=False)


def _names(sides: tuple[list[dict[str, Any]], list[dict[str, Any]]], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Write names beside the bubbles, in turn to the left and to the right: those of two that overlap do not."""
    left = alt.Chart(on(sides[0])).mark_text(align="right", dx=-_BESIDE, fontWeight="bold")
    right = alt.Chart(on(sides[1])).mark_text(align="left", dx=_BESIDE, fontWeight="bold")
    placed = [left, *([right] if sides[1] else [])]
    return [
        layer.encode(x=x, y=y, text="id:N").properties(name=f"{ON_PAGE}{number or ''}")
        for number, layer in enumerate(placed)
    ]


def _middles(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    line = alt.Chart(on([{"distinct": MIDDLE, "attractive": MIDDLE}])).mark_rule(color=MUTED, strokeDash=[4, 3])
    return [line.encode(x=x), line.encode(y=y)]
