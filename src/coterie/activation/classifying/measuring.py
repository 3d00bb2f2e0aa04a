"""How well probabilities tell classes apart, beside what knowing nothing would reach.

Source:
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", for intervals of shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.activation.classifying.calibrating import Calibration, calibration
from coterie.activation.classifying.contract import Codes, Floats
from coterie.activation.classifying.rows import LEAST
from coterie.activation.intervals import mean_of, share_of
from coterie.activation.suppression import hidden_in_row
from coterie.selection.types import Interval
from coterie.tables.suppression import MIN_CELL

DRAWS: Final = 200
FLOORS: Final = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Covered:
    """What abstaining below a confidence leaves.

    Args:
        floor: confidence from which an answer is given. coverage: share of rows with an answer; None where it is of
            fewer than may be told of. accuracy: of these; None where it is of too few.
    """

    floor: float
    coverage: float | None
    accuracy: Interval | None


@dataclass(frozen=True, slots=True)
class Measures:
    """One set of rows, one row an entity.

    Args:
        n: rows. accuracy, macro_f1: in [0, 1], greater is better. log_loss: in nats, less is better.
        base_accuracy, base_log_loss: of always saying how frequent each class is.
        confusion: (k, k) rows by assigned class, columns by the class that was said; None for what is not shown.
        calibration: what is said against what is so. coverage: what abstaining leaves.
    """

    n: int
    accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    base_accuracy: float
    base_log_loss: float
    confusion: tuple[tuple[int | None, ...], ...]
    calibration: Calibration
    coverage: tuple[Covered, ...]


def measured(
    probabilities: Floats, target: Codes, base: Floats, rng: np.random.Generator, *, least: int = MIN_CELL
) -> Measures:
    """Measure (n, k) probabilities of rows that the fit has not seen.

    Args:
        target: (n,) assigned classes. base: (k,) how frequent each is where it was learned. rng: for the intervals.
        least: the fewest that a number may be of.
    """
    said = probabilities.argmax(axis=1)
    right, k = said == target, probabilities.shape[1]
    losses = -np.log(np.maximum(probabilities[np.arange(len(target)), target], LEAST))
    counts = np.bincount(target * k + said, minlength=k * k).reshape(k, k)
    return Measures(
        n=len(target),
        accuracy=share_of(right),
        macro_f1=_macro_f1(counts, rng),
        log_loss=mean_of(losses),
        base_accuracy=float((target == base.argmax()).mean()) if len(target) else np.nan,
        base_log_loss=float(-np.log(np.maximum(base[target], LEAST)).mean()) if len(target) else np.nan,
        confusion=_shown(counts, least),
        calibration=calibration(probabilities.max(axis=1), right, rng, least=least),
        coverage=tuple(covered(probabilities.max(axis=1), right, floor, least) for floor in FLOORS),
    )


def covered(confidence: Floats, right: npt.NDArray[np.bool_], floor: float, least: int = MIN_CELL) -> Covered:
    """Say what is left of (n,) answers where those below a confidence are not given."""
    given = confidence >= floor
    if given.sum() < least:
        return Covered(floor, None if given.any() else 0.0, None)
    return Covered(floor, float(given.mean()), share_of(right[given]))


def macro_f1(counts: npt.NDArray[np.integer]) -> Floats:
    """Give the mean of F1 over classes of (..., k, k) confusions; one neither there nor said is left out."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    sizes = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1 = np.where(sizes > 0, 2 * hits / np.maximum(sizes, 1), np.nan)
    found: Floats = np.nansum(f1, axis=-1) / np.maximum((sizes > 0).sum(axis=-1), 1)
    return found


def _macro_f1(counts: npt.NDArray[np.integer], rng: np.random.Generator) -> Interval:
    n = int(counts.sum())
    if not n:
        return Interval(np.nan, np.nan, np.nan)
    drawn = rng.multinomial(n, counts.ravel() / n, DRAWS).reshape(DRAWS, *counts.shape)
    low, high = np.quantile(macro_f1(drawn), [0.025, 0.975])
    return Interval(float(macro_f1(counts)), float(low), float(high))


def _shown(counts: npt.NDArray[np.int64], least: int) -> tuple[tuple[int | None, ...], ...]:
    """Hide cells of few; sums along the diagonal and beside it are known by the accuracy, others are not told of."""
    own, mask = np.eye(len(counts), dtype=bool), np.zeros(counts.shape, np.bool_)
    mask[own], mask[~own] = hidden_in_row(counts[own], least), hidden_in_row(counts[~own], least)
    return tuple(
        tuple(None if gone else int(n) for n, gone in zip(row, line, strict=True))
        for row, line in zip(counts.tolist(), mask.tolist(), strict=True)
    )
