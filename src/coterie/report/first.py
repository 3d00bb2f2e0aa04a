"""Which group first: the evaluation of the segments as one plain sentence and a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coterie.report.words import MISSING, STABLE, decimal, percent, span
from coterie.segments.evaluation import CRITERIA, MIDDLE, Criterion, CriterionName, Evaluation
from coterie.segments.types import Segment
from coterie.selection.types import Decision

CLOSE: Final = 5.0  # points of the scale within which two groups are not told apart; a convention of this report
TITLES: Final[dict[CriterionName, str]] = {
    "size": "Share of people",
    "activity": "Events each",
    "value": "Mean value",
    "lift": "Lift",
    "growth": "Growth",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One group in the table.

    Args:
        cells: one a column: the raw figure, its interval and the score, "" where there is none.
        attractive, distinct: scores as text.
    """

    segment: Segment
    cells: tuple[tuple[str, str, str], ...]
    attractive: str
    distinct: tuple[str, str]


@dataclass(frozen=True, slots=True)
class First:
    """The section: its sentence, the columns with the weight of each, and the rows, the first group first."""

    sentence: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    missing: tuple[str, ...]


def first(decision: Decision, segments: Sequence[Segment], evaluations: Sequence[Evaluation]) -> First | None:
    """Give the section, or None where no group was evaluated."""
    by_id = {evaluation.segment_id: evaluation for evaluation in evaluations}
    pairs = [(segment, by_id[segment.id]) for segment in segments if segment.id in by_id]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: -_both(pair[1]))
    shown = [name for name in CRITERIA if any(one.criteria[name].is_known for _, one in pairs)]
    weights = max((one.weights for _, one in pairs), key=len)
    return First(
        sentence=sentence(decision, pairs),
        columns=tuple((TITLES[name], percent(weights.get(name, 0.0))) for name in shown),
        rows=tuple(_row(segment, one, shown) for segment, one in pairs),
        missing=tuple(
            f"{TITLES[name]}: {pairs[0][1].criteria[name].missing}." for name in CRITERIA if name not in shown
        ),
    )


def sentence(decision: Decision, pairs: Sequence[tuple[Segment, Evaluation]]) -> str:
    """Say which group to begin with, where the figures say so.

    Args:
        pairs: highest first.
    """
    placed = [(segment, one) for segment, one in pairs if one.is_placed]
    if decision.grade == "none" or decision.has_too_few:
        return "None of them yet: the tests above do not support acting on these groups."
    if not placed:
        return "The figures do not say: no group could be placed by both its attractiveness and its distinctiveness."
    best, evaluation = placed[0]
    close = [segment for segment, one in placed[1:] if _both(evaluation) - _both(one) < CLOSE]
    if close:
        names = [f"{segment.id} {segment.name}" for segment in (best, *close)]
        return (
            f"These figures do not decide between {', '.join(names[:-1])} and {names[-1]}, which lie within "
            f"{CLOSE:.0f} points of each other: take the one that you can serve best."
        )
    care = "" if best.stability >= STABLE else f" Its stability is {best.band}, so try it on a small part of it first."
    return (
        f"Begin with {best.id} {best.name}: attractiveness {evaluation.attractiveness:.0f} and distinctiveness "
        f"{evaluation.distinctiveness.score:.0f}, where 50 is the average, are the best pair of all."
        f"{_pulls(evaluation)}{care}"
    )


def _pulls(evaluation: Evaluation) -> str:
    """Say what lifts a group and what holds it back, as far as either is not average."""
    known = [(evaluation.criteria[name].score, name) for name in evaluation.weights]
    scores = sorted((score, title) for score, title in known if math.isfinite(score))
    if not scores:
        return ""
    (low, worst), (high, best) = scores[0], scores[-1]
    said = [f"{best} speaks for it most"] if high > MIDDLE + CLOSE else []
    said += [f"{worst} least"] if said and low < MIDDLE - CLOSE else []
    return f" Of its figures {', '.join(said)}." if said else ""


def _both(evaluation: Evaluation) -> float:
    return (evaluation.attractiveness + evaluation.distinctiveness.score) / 2 if evaluation.is_placed else -1.0


def _row(segment: Segment, evaluation: Evaluation, shown: Sequence[CriterionName]) -> Row:
    distinct = evaluation.distinctiveness
    return Row(
        segment=segment,
        cells=tuple(_cell(name, evaluation.criteria[name]) for name in shown),
        attractive=decimal(evaluation.attractiveness, 0),
        distinct=(decimal(distinct.score, 0), decimal(distinct.raw.value)),
    )


def _cell(name: CriterionName, criterion: Criterion) -> tuple[str, str, str]:
    if not criterion.is_known:
        return MISSING, criterion.missing, ""
    raw = (
        percent(criterion.raw.value) if name == "size" else decimal(criterion.raw.value, 1 if name == "activity" else 2)
    )
    return raw, span(criterion.raw, 1 if name == "activity" else 2), decimal(criterion.score, 0)
