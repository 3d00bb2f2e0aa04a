"""How well segments are told: the cold-start curve, what is said against what is so, and how the network trained."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from coterie.activation.classifying.calibrating import Calibration
from coterie.activation.classifying.coldstart import ColdStart
from coterie.activation.classifying.contract import TrainingCurves
from coterie.plots.palette import HUES, SHAPES
from coterie.plots.theme import MUTED, Chart, finish, known, on
from coterie.selection.types import Interval

HEIGHT: Final = 260
FOLD_IN, CLASSIFIER, BASE = "fold-in", "classifier", "most frequent segment"
_WAYS: Final = (FOLD_IN, CLASSIFIER, BASE)
_HUES: Final = (HUES[0], HUES[1], HUES[7])
_PERCENT: Final = alt.Axis(format=".0%", tickCount=5)


def cold_start_curve(record: ColdStart) -> Chart:
    """Draw accuracy by number of events known, each way in its colour and shape, with intervals."""
    rows = [row for point in record.points for row in _ways(point.events, point)]
    order = ["all" if point.events is None else str(point.events) for point in record.points]
    hue = alt.Scale(domain=list(_WAYS), range=list(_HUES))
    form = alt.Scale(domain=list(_WAYS), range=list(SHAPES[:3]))
    legend = alt.Legend(title=None, orient="top")
    base = alt.Chart(on(rows)).encode(
        x=alt.X("events:N", sort=order, title=f"{record.events} known", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("accuracy:Q", title="right segment", scale=alt.Scale(domain=[0, 1]), axis=_PERCENT),
        color=alt.Color("way:N", scale=hue, legend=legend),
    )
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6, aria=False).encode(y="low:Q", y2="high:Q")
    lines = base.mark_line(strokeWidth=2, aria=False)
    tooltip = [alt.Tooltip("way:N"), alt.Tooltip("events:N"), *(
        alt.Tooltip(f"{name}:Q", format=".1%") for name in ("accuracy", "low", "high")
    )]  # fmt: skip
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        shape=alt.Shape("way:N", scale=form, legend=legend), tooltip=tooltip
    )
    level = alt.Chart(on([{"at": record.known_from}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(y="at:Q")
    return finish(alt.LayerChart(layer=[level, bars, lines, dots]), record.sentence, height=HEIGHT)


def _ways(events: int | None, point: Any) -> list[dict[str, Any]]:
    found = {
        FOLD_IN: point.fold_in.accuracy if point.fold_in is not None else None,
        CLASSIFIER: point.classifier.accuracy,
        BASE: point.base,
    }
    at = "all" if events is None else str(events)
    return [
        {"events": at, "way": way, "accuracy": i.value, "low": i.low, "high": i.high}
        for way, i in found.items()
        if i is not None and known(i)
    ]


def calibration_curve(records: dict[str, Calibration]) -> Chart:
    """Draw accuracy over confidence, bin by bin, for each state of knowledge; on the broken line both are alike."""
    rows = [
        {"known": name, "confidence": b.confidence, "accuracy": b.accuracy, "n": b.n}
        for name, record in records.items()
        for b in record.bins
        if b.confidence is not None
    ]
    names = list(records)
    legend = alt.Legend(title="known", orient="top")
    hue = alt.Scale(domain=names, range=[HUES[at % len(HUES)] for at in range(len(names))])
    form = alt.Scale(domain=names, range=[SHAPES[at % len(SHAPES)] for at in range(len(names))])
    unit, axis = alt.Scale(domain=[0, 1]), _PERCENT
    base = alt.Chart(on(rows)).encode(
        x=alt.X("confidence:Q", title="confidence said", scale=unit, axis=axis),
        y=alt.Y("accuracy:Q", title="right segment", scale=unit, axis=axis),
        color=alt.Color("known:N", scale=hue, legend=legend),
    )
    tooltip = [alt.Tooltip("known:N"), alt.Tooltip("confidence:Q", format=".1%"),
               alt.Tooltip("accuracy:Q", format=".1%"), alt.Tooltip("n:Q")]  # fmt: skip
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        shape=alt.Shape("known:N", scale=form, legend=legend), tooltip=tooltip
    )
    ends = [{"confidence": at, "accuracy": at} for at in (0.0, 1.0)]
    alike = alt.Chart(on(ends)).mark_line(color=MUTED, strokeDash=[4, 3], aria=False)
    alike = alike.encode(x="confidence:Q", y="accuracy:Q")
    spoken = "; ".join(f"{name}: off by {_told(record.error)} on average" for name, record in records.items())
    lines = base.mark_line(strokeWidth=2, aria=False)
    return finish(alt.LayerChart(layer=[alike, lines, dots]), f"Accuracy by confidence. {spoken}.", height=HEIGHT)


def _told(error: Interval) -> str:
    return f"{error.value:.1%}" if known(error) else "an unknown share"


def training_curves(record: TrainingCurves) -> Chart:
    """Draw the network's log loss on both parts, epoch by epoch; a broken line marks the epoch that was kept."""
    parts = {"learned from": record.train_loss, "held out": record.validation_loss}
    right = {"learned from": record.train_accuracy, "held out": record.validation_accuracy}
    rows = [
        {"part": part, "epoch": epoch + 1, "loss": loss, "accuracy": right[part][epoch]}
        for part, losses in parts.items()
        for epoch, loss in enumerate(losses)
    ]
    hue = alt.Scale(domain=list(parts), range=[HUES[0], HUES[1]])
    tooltip = [alt.Tooltip("part:N"), alt.Tooltip("epoch:Q"), alt.Tooltip("loss:Q", format=".3f"),
               alt.Tooltip("accuracy:Q", format=".1%")]  # fmt: skip
    lines = (
        alt.Chart(on(rows))
        .mark_line(strokeWidth=2, point={"size": 20, "filled": True})
        .encode(
            x=alt.X("epoch:Q", axis=alt.Axis(format="d", tickMinStep=1, grid=False)),
            y=alt.Y("loss:Q", title="log loss", scale=alt.Scale(zero=False)),
            color=alt.Color("part:N", scale=hue, legend=alt.Legend(title=None, orient="top")),
            tooltip=tooltip,
        )
    )
    kept = alt.Chart(on([{"epoch": record.best + 1}])).mark_rule(color=MUTED, strokeDash=[4, 3]).encode(x="epoch:Q")
    spoken = (
        f"Log loss of the network over {len(record.train_loss)} epochs; the weights of epoch {record.best + 1} were "
        f"kept, where it is {record.validation_loss[record.best]:.2f} on the part held out."
    )
    return finish(alt.LayerChart(layer=[kept, lines]), spoken, height=HEIGHT)
