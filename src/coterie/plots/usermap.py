"""The map of users: one point a user, on the two main axes of the embedding."""

from __future__ import annotations

from collections import Counter
from typing import Any

import altair as alt
import numpy as np

from coterie.plots.palette import colour, shape
from coterie.plots.records import UserMap
from coterie.plots.theme import PAPER, STRONG, Chart, counted, finish, label, on
from coterie.segments.types import Segment
from coterie.terms import NOISE_ID

HEIGHT = 460
_APART = 0.055  # of the map's extent: how near two labels may stand
_ROUNDS = 60
_LEFT_OUT = "left out as noise"


def user_map(record: UserMap, segments: tuple[Segment, ...]) -> Chart:
    """Draw users by segment, told apart by colour and by shape, each segment's id at the middle of its users."""
    names = {s.id: label(s) for s in segments}
    if NOISE_ID in record.segments:
        names[NOISE_ID] = _LEFT_OUT
    rows = [
        {"x": _rounded(x), "y": _rounded(y), "segment": names.get(segment_id, segment_id)}
        for x, y, segment_id in zip(record.x, record.y, record.segments, strict=True)
    ]
    # One column, since two cut the names on a phone.
    legend = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=260, symbolSize=80, symbolOpacity=1)
    domain, own = list(names.values()), {s.id: s.colour for s in segments}
    points = (
        alt.Chart(on(rows))
        .mark_point(filled=True, opacity=0.55, size=_dot_size(len(rows)), aria=False)
        .encode(
            x=_axis("x", _axis_title(record, 0)),
            y=_axis("y", _axis_title(record, 1)),
            color=alt.Color(
                "segment:N", scale=alt.Scale(domain=domain, range=[colour(i, own.get(i)) for i in names]), legend=legend
            ),
            shape=alt.Shape(
                "segment:N", scale=alt.Scale(domain=domain, range=[shape(i) for i in names]), legend=legend
            ),
            tooltip=[alt.Tooltip("segment:N")],
        )
    )
    base = alt.Chart(on(_labels(record))).encode(x="x:Q", y="y:Q", text="id:N")
    halo = base.mark_text(fontSize=14, fontWeight="bold", stroke=PAPER, strokeWidth=5, strokeJoin="round", opacity=0.9)
    text = base.mark_text(fontSize=14, fontWeight="bold", color=STRONG)
    return finish(points + halo + text, _spoken(record, segments), height=HEIGHT)


def _axis_title(record: UserMap, place: int) -> str:
    name = ("first axis", "second axis")[place]
    if record.explained is None:
        return f"{name} of UMAP (no unit)"
    return f"{name} ({record.explained[place]:.0%} of the variation)"


def _axis(field: str, title: str) -> Any:
    channel = alt.X if field == "x" else alt.Y
    # Distances on the two axes are not in a unit that anybody knows: no figures, only the grid to see the middle by.
    axis = alt.Axis(labels=False, ticks=False, tickCount=5)
    scale = alt.Scale(zero=False, padding=12)
    return channel(f"{field}:Q", title=title, axis=axis, scale=scale)


def _labels(record: UserMap) -> list[dict[str, Any]]:
    """Place each segment's id at the median of its points, moved apart where two would overlap."""
    ids = sorted(set(record.segments) - {NOISE_ID})
    if not ids:
        return []
    owner = np.asarray(record.segments)
    places = np.array([[np.median(axis[owner == i]) for axis in (record.x, record.y)] for i in ids])
    extent = np.array([max(float(np.ptp(axis)), 1e-12) for axis in (record.x, record.y)])
    moved = _apart(places / extent) * extent
    return [{"x": _rounded(x), "y": _rounded(y), "id": i} for i, (x, y) in zip(ids, moved, strict=True)]


def _apart(places: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Push places that are nearer than ``_APART`` away from each other, a little in each of a few rounds."""
    places = places + np.arange(len(places))[:, None] * 1e-9  # two in one place need some direction to part in
    for _ in range(_ROUNDS):
        gap = places[:, None, :] - places[None, :, :]
        distance = np.sqrt((gap**2).sum(axis=2)) + np.eye(len(places))
        push = np.clip(_APART - distance, 0.0, None) / 2
        if not push.any():
            break
        places = places + (gap / distance[:, :, None] * push[:, :, None]).sum(axis=1)
    return places


def _dot_size(n: int) -> int:
    return 45 if n <= 1_500 else 25 if n <= 3_000 else 14


def _rounded(value: float) -> float:
    return float(f"{float(value):.4g}")


def _spoken(record: UserMap, segments: tuple[Segment, ...]) -> str:
    who = f"A sample of {len(record.segments):,} of {record.n_total:,}" if record.sampled else f"{record.n_total:,}"
    where = "on the two main axes of the embedding" if record.projection == "pca" else "laid out by UMAP"
    points = Counter(record.segments)
    each = "; ".join(f"{label(s)} {points[s.id]:,}" for s in segments)
    return f"Map of users: {who} users of {counted(len(segments), 'segment')} {where}. Points shown: {each}."
