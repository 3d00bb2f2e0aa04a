"""The test for structure: the segments' separation against that of data without any."""

from __future__ import annotations

import math
from typing import Any, Literal

import altair as alt

from coterie.plots.palette import EVERYONE, HUES
from coterie.plots.theme import MUTED, Chart, finish, on
from coterie.selection.types import NullTest

HEIGHT = 100
_NAMES = {"gaussian": "normal data", "copula": "data of the same columns", "permuted": "shuffled data"}
_BAND = 26  # pixels


def null_test(record: NullTest) -> Chart:
    """Draw the statistic as a dot, replicates up to their 95% quantile as a bar, the floor as a broken line."""
    low = record.null_mean if math.isfinite(record.null_mean) else 0.0
    high = record.null_high if math.isfinite(record.null_high) else low
    known = [value for value in (record.statistic, high, record.floor) if math.isfinite(value)]
    domain = [0.0, max([0.1, *known]) * 1.12]
    scale = alt.Scale(domain=domain, nice=False)
    x = alt.X("at:Q", scale=scale, title="separation (0 no valley, 1 empty space)", axis=alt.Axis(tickCount=6))
    null = _NAMES.get(record.null, record.null)
    bar = (
        alt.Chart(on([{"at": 0.0, "to": high}]))
        .mark_rect(color=EVERYONE, opacity=0.25, aria=False)
        .encode(x=x, x2="to:Q", y=alt.value(HEIGHT / 2 - _BAND / 2), y2=alt.value(HEIGHT / 2 + _BAND / 2))
    )
    mean = alt.Chart(on([{"at": low}])).mark_tick(color=EVERYONE, thickness=2, size=_BAND, orient="vertical")
    floor = alt.Chart(on([{"at": record.floor}])).mark_rule(color=MUTED, strokeDash=[4, 3])
    dot = alt.Chart(on([{"at": record.statistic}])).mark_point(
        filled=True, size=170, opacity=1, color=HUES[2] if record.is_natural else HUES[1],
        shape="circle" if record.is_natural else "diamond",
    )  # fmt: skip
    middle: dict[str, Any] = {"y": alt.value(HEIGHT / 2)}
    layers: list[alt.Chart] = [bar, mean.encode(x=x, **middle), floor.encode(x=x), dot.encode(x=x, **middle)]
    layers += [
        _text(record.statistic, "segments", y=HEIGHT / 2 - 22, scale=scale, bold=True, domain=domain),
        _text(high, f"95% of {null}", y=HEIGHT / 2 + 28, scale=scale, domain=domain),
        _text(record.floor, "floor", y=6, scale=scale, domain=domain),
    ]
    verdict = "above" if record.is_natural else "not above"
    return finish(
        alt.LayerChart(layer=[layer for layer in layers if layer is not None]),
        f"Separation of the segments {record.statistic:.2f}; of {record.replicates} replicates of {null} mean "
        f"{record.null_mean:.2f}, 95% under {record.null_high:.2f}; floor {record.floor:.2f}; p = {record.p:.3f}: "
        f"{verdict} what structureless data give.",
        height=HEIGHT,
    )


def _text(at: float, text: str, *, y: float, scale: alt.Scale, domain: list[float], bold: bool = False) -> alt.Chart:
    """Write a word at a place of the axis, turned inwards near its ends."""
    share = at / domain[1] if math.isfinite(at) else 0.0
    align: Literal["left", "right"] = "left" if share < 0.5 else "right"
    mark = alt.Chart(on([{"at": at, "text": text}])).mark_text(
        align=align,
        dx=5 if align == "left" else -5,
        baseline="middle",
        fontWeight="bold" if bold else "normal",
        fontSize=11 if not bold else 12,
    )
    placed: alt.Chart = mark.encode(x=alt.X("at:Q", scale=scale), y=alt.value(y), text="text:N")
    return placed.properties(name=f"onpage_{text.split(maxsplit=1)[0].strip('%')}")
