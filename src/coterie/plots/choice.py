"""Figures of the choice of k: every candidate side by side, the chosen one marked, those that miss a floor hollow.

Where several methods were tried, they stand side by side over each k, each in its own shape and colour, named in a
legend; one method needs none. The chosen candidate alone is orange, in the shape of its method.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import altair as alt

from coterie.plots.bands import stability_bands, stability_domain
from coterie.plots.palette import HUES, SHAPES
from coterie.plots.theme import MUTED, ON_PAGE, PAPER, Chart, counted, finish, known, on
from coterie.selection.types import Candidate, Interval

HEIGHT = 240
_ROOM = 0.1  # above and below a value that stands alone
_ALLOWED, _MISSES = "may be chosen", "misses a floor"
_CHOSEN = HUES[1]
_OTHER = HUES[0]
_METHODS = tuple(hue for hue in HUES if hue != _CHOSEN)


def lift_by_k(candidates: Sequence[Candidate], chosen: int) -> Chart:
    """Draw segment lift with its interval for every k, against 1: no gain. A candidate without lift has no dot."""
    rows = [
        _row(candidate, place == chosen, candidate.lift.lift)
        for place, candidate in enumerate(candidates)
        if candidate.lift is not None and known(candidate.lift.lift)
    ]
    one = alt.Chart(on([{"at": 1.0}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y="at:Q")
    chart = one + _intervals(rows, candidates, chosen, "segment lift (1 = no gain)")
    return finish(chart, f"Segment lift for each number of segments. {_spoken(rows, candidates)}", height=HEIGHT)


def silhouette_by_k(candidates: Sequence[Candidate], chosen: int) -> Chart:
    """Draw the mean silhouette with its interval for every k."""
    rows = [
        _row(candidate, place == chosen, candidate.silhouette)
        for place, candidate in enumerate(candidates)
        if known(candidate.silhouette)
    ]
    chart = _intervals(rows, candidates, chosen, "silhouette", _around_one(rows))
    return finish(chart, f"Silhouette for each number of segments. {_spoken(rows, candidates)}", height=HEIGHT)


def stability_by_k(candidates: Sequence[Candidate], chosen: int, *, floor: float | None = None) -> Chart:
    """Draw the bootstrap Jaccard of every cluster for every k, over the bands, with the floor where there is one."""
    rows: list[dict[str, Any]] = [
        {
            "k": candidate.k,
            "method": candidate.method,
            "value": jaccard,
            "cluster": cluster,
            "state": _state(place == chosen),
        }
        for place, candidate in enumerate(candidates)
        for cluster, jaccard in enumerate(candidate.jaccard)
        if math.isfinite(jaccard)
    ]
    domain = stability_domain([row["value"] for row in rows])
    axis = alt.Axis(grid=False, format=".2f", tickCount=6, orient="left")
    dots = (
        alt.Chart(on(rows))
        .mark_point(filled=True, size=_size(candidates, 60), opacity=0.85)
        .encode(
            x=_k(candidates),
            y=alt.Y("value:Q", scale=alt.Scale(domain=domain), title="bootstrap Jaccard", axis=axis),
            color=_emphasis(candidates),
            tooltip=[alt.Tooltip("k:O"), alt.Tooltip("method:N"), alt.Tooltip("cluster:O"), _value()],
            **_apart(candidates),
            **_shape(candidates),
        )
    )
    layers: list[alt.Chart] = [stability_bands(domain, along="y"), dots, _chosen_label(candidates, chosen)]
    if floor is not None:
        line = alt.Chart(on([{"at": floor}])).mark_rule(color=MUTED, strokeDash=[4, 3])
        layers.insert(1, line.encode(y=alt.Y("at:Q", axis=None)))
    chart = alt.LayerChart(layer=layers).resolve_axis(y="independent")
    called = _caller(candidates)
    worst = "; ".join(f"{called(c.method, c.k)}: lowest {min(c.jaccard):.2f}" for c in candidates if c.jaccard)
    return finish(chart, f"Stability of each cluster for each number of segments. {worst}.", height=HEIGHT)


def _row(candidate: Candidate, is_chosen: bool, interval: Interval) -> dict[str, Any]:
    return {
        "k": candidate.k,
        "method": candidate.method,
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "state": _state(is_chosen),
        "floors": _MISSES if candidate.misses else _ALLOWED,
        "misses": "; ".join(candidate.misses) or "none",
    }


def _state(is_chosen: bool) -> str:
    return "chosen" if is_chosen else "other"


def _intervals(
    rows: list[dict[str, Any]],
    candidates: Sequence[Candidate],
    chosen: int,
    title: str,
    scale: alt.Scale | None = None,
) -> alt.LayerChart:
    base = alt.Chart(on(rows)).encode(x=_k(candidates), color=_emphasis(candidates), **_apart(candidates))
    lines = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("low:Q", scale=scale or alt.Scale(zero=False), title=title), y2="high:Q"
    )
    fill = _emphasis(candidates, hollow=f"datum.floors == '{_MISSES}'")
    dots = base.mark_point(size=_size(candidates, 90), opacity=1, strokeWidth=2, filled=False).encode(
        y=alt.Y("value:Q"),
        fill=fill,
        tooltip=[
            alt.Tooltip("k:O"),
            alt.Tooltip("method:N"),
            _value(),
            alt.Tooltip("low:Q", format=".3f"),
            alt.Tooltip("high:Q", format=".3f"),
            alt.Tooltip("misses:N", title="floors missed"),
        ],
        **_shape(candidates),
    )
    return alt.LayerChart(layer=[lines, dots, _chosen_label(candidates, chosen)])


def _around_one(rows: list[dict[str, Any]]) -> alt.Scale | None:
    """Give a value that stands alone room above and below: its axis would else have one tick, rounded to 0."""
    ends = {end for row in rows for end in (row["low"], row["high"])}
    if len(ends) != 1:
        return None
    (value,) = ends
    return alt.Scale(domain=[value - _ROOM, value + _ROOM])


def _chosen_label(candidates: Sequence[Candidate], chosen: int) -> alt.Chart:
    """Write "chosen" above the plot, over the chosen number, where no dot can be in its way."""
    text = alt.Chart(on([{"k": candidates[chosen].k, "text": "chosen"}])).mark_text(
        baseline="bottom", dy=-4, fontWeight="bold"
    )
    placed: alt.Chart = text.encode(x=_k(candidates), y=alt.value(0), text="text:N").properties(name=ON_PAGE)
    return placed


def _k(candidates: Sequence[Candidate]) -> alt.X:
    known_k = sorted({candidate.k for candidate in candidates})
    return alt.X(
        "k:O",
        title="number of segments",
        scale=alt.Scale(domain=known_k),
        axis=alt.Axis(labelAngle=0, ticks=False, labelOverlap="greedy", labelSeparation=2),
    )


def _emphasis(candidates: Sequence[Candidate], *, hollow: str | None = None) -> Any:
    """Give the colour of a candidate: orange for the chosen, else that of its method; white where ``hollow`` holds."""
    methods = _methods(candidates)
    if len(methods) == 1:
        scale = alt.Scale(domain=["chosen", "other"], range=[_CHOSEN, _OTHER])
        plain = alt.Color("state:N", scale=scale, legend=None)
        return plain if hollow is None else alt.condition(hollow, alt.value(PAPER), plain)
    hues = [_METHODS[place % len(_METHODS)] for place in range(len(methods))]
    legend = None if hollow else alt.Legend(title=None, orient="top")
    by_method: Any = alt.Color("method:N", scale=alt.Scale(domain=methods, range=hues), legend=legend).to_dict()
    conditions = [{"test": "datum.state == 'chosen'", "value": _CHOSEN}]
    if hollow is not None:
        conditions.insert(0, {"test": hollow, "value": PAPER})
    return by_method | {"condition": conditions}


def _methods(candidates: Sequence[Candidate]) -> list[str]:
    return sorted({candidate.method for candidate in candidates})


def _shape(candidates: Sequence[Candidate]) -> dict[str, alt.Shape]:
    methods = _methods(candidates)
    if len(methods) < 2:
        return {}
    scale = alt.Scale(domain=methods, range=[SHAPES[place % len(SHAPES)] for place in range(len(methods))])
    return {"shape": alt.Shape("method:N", scale=scale, legend=alt.Legend(title=None, orient="top"))}


def _apart(candidates: Sequence[Candidate]) -> dict[str, Any]:
    """Put several methods side by side over one k."""
    methods = _methods(candidates)
    return {"xOffset": alt.XOffset("method:N", scale=alt.Scale(domain=methods))} if len(methods) > 1 else {}


def _size(candidates: Sequence[Candidate], alone: int) -> int:
    """Give the area of a dot in square pixels: smaller where several stand side by side."""
    return alone if len(_methods(candidates)) == 1 else 28


def _value() -> alt.Tooltip:
    return alt.Tooltip("value:Q", format=".3f")


def _caller(candidates: Sequence[Candidate]) -> Callable[[str, int], str]:
    """Give how a candidate is called: by its k, and by its method where there are several."""
    if len(_methods(candidates)) == 1:
        return lambda _, k: f"k = {k}"
    return lambda method, k: f"{method}, k = {k}"


def _spoken(rows: list[dict[str, Any]], candidates: Sequence[Candidate]) -> str:
    called = _caller(candidates)
    said = "; ".join(
        f"{called(row['method'], row['k'])}: {row['value']:.2f}"
        + (", chosen" if row["state"] == "chosen" else "")
        + (", misses a floor" if row["floors"] == _MISSES else "")
        for row in rows
    )
    return f"{counted(len(rows), 'candidate')}. {said}." if rows else "No candidate has a value."
