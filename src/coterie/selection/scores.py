"""By what candidates are compared: lift; without events explained variance; without columns the silhouette."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from coterie.selection.types import Candidate


class Score(NamedTuple):
    """A figure, higher is better, and its standard error; NaN where that is not known."""

    value: float
    error: float


class Measure(NamedTuple):
    """What is compared: its name; how a score is read, None where not measured; the score of useless segments."""

    name: str
    of: Callable[[Candidate], Score | None]
    of_useless: float


def _lift(candidate: Candidate) -> Score | None:
    found = candidate.lift
    return None if found is None else Score(found.lift.value, found.standard_error)


def _explained(candidate: Candidate) -> Score | None:
    found = candidate.explained
    return None if found is None else Score(found.value.value, found.standard_error)


def _silhouette(candidate: Candidate) -> Score:
    return Score(candidate.silhouette.value, math.nan)


MEASURES = (
    Measure("lift", _lift, 1.0),
    Measure("explained variance", _explained, 0.0),
    Measure("silhouette", _silhouette, 0.0),
)


def measure_of(candidate: Candidate) -> Measure:
    """Give the first measure that is known of a candidate."""
    return next(measure for measure in MEASURES if measure.of(candidate) is not None)


def value_of(candidate: Candidate, measure: Measure | None = None) -> float:
    """Give a candidate's value, of a measure or of the first that is known; -infinity where it is not."""
    score = (measure or measure_of(candidate)).of(candidate)
    return score.value if score is not None and math.isfinite(score.value) else -math.inf
