"""Probabilities that mean what they say: a temperature by how much is known; what is said against what is so.

Source:
    Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks": temperature scaling, section 4.2;
    expected calibration error, equation 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from coterie.activation.classifying.contract import Codes, Floats
from coterie.activation.classifying.rows import LEAST, log_odds, softmax
from coterie.selection.types import Interval, Number
from coterie.tables.suppression import MIN_CELL, without_small_bins

N_BINS = 10
RANGE = (0.05, 20.0)  # of a temperature
BANDS = (0.4, 0.75, 1.0)  # of sureness: below about 4 and 19 events, and from 50 on
LEAST_ROWS = 50
DRAWS = 200  # of the bootstrap


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows whose confidence lies in [low, high).

    Args:
        n: rows, none or as many as may be told of; None in older records, of few. confidence: said on average.
        accuracy: so; None of both where there are no rows.
    """

    low: float
    high: float
    n: int | None
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is said against what is so.

    Args:
        bins: of confidence, in order; those of few go together with a neighbour, and of few in all there are none.
        error: the expected calibration error, 0 is best; its interval is a bootstrap's
            and begins above 0 even where what is said is exactly so.
        by_chance: the error that so many rows would show on average if what is said were exactly so.
        mean_confidence: of all rows. accuracy: of all rows.
    """

    bins: tuple[CalibrationBin, ...]
    error: Interval
    by_chance: Number
    mean_confidence: Number
    accuracy: Number


def tempered(probabilities: Floats, temperature: float | Floats) -> Floats:
    """(n, k) probabilities whose log-odds are divided by a temperature, one for all or one a row."""
    return softmax(log_odds(probabilities) / np.reshape(temperature, (-1, 1)))


def band_of(sureness: Floats) -> npt.NDArray[np.int64]:
    """(n,) band of each place's sureness, by which it gets its temperature; 0 for who has no place."""
    return np.where(sureness > 0, 1 + np.digitize(sureness, BANDS), 0)


def fit_temperatures(probabilities: Floats, target: Codes, band: Codes) -> Floats:
    """(b,) temperatures by band; that of all where a band has too few rows to learn one from."""
    overall, found = fit_temperature(probabilities, target), []
    for number in range(len(BANDS) + 2):
        here = band == number
        found.append(fit_temperature(probabilities[here], target[here]) if here.sum() >= LEAST_ROWS else overall)
    return np.array(found)


def fit_temperature(probabilities: Floats, target: Codes) -> float:
    """Give the temperature that makes the log loss of (n, k) probabilities least; 1 where there are none."""
    if not len(target):
        return 1.0
    odds, rows = log_odds(probabilities), np.arange(len(target))

    def loss(log_temperature: float) -> float:
        own = softmax(odds / np.exp(log_temperature))[rows, target]
        return float(-np.log(np.maximum(own, LEAST)).mean())

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def calibration(
    confidence: Floats, right: npt.NDArray[np.bool_], rng: np.random.Generator, *, least: int = MIN_CELL
) -> Calibration:
    """Set (n,) confidences beside (n,) whether each was right.

    Args:
        rng: for the interval. least: the fewest rows that a bin may tell of.
    """
    if not len(right):
        unknown = Interval(np.nan, np.nan, np.nan)
        return Calibration((), unknown, np.nan, np.nan, np.nan)
    at = np.minimum((confidence * N_BINS).astype(np.int64), N_BINS - 1)
    drawn = np.array([_error(at[rows], confidence[rows], right[rows]) for rows in _draws(len(right), rng)])
    low, high = np.quantile(drawn, [0.025, 0.975])
    fair = [_error(at, confidence, rng.random(len(right)) < confidence) for _ in range(DRAWS)]
    return Calibration(
        bins=_bins(at, confidence, right, least),
        error=Interval(_error(at, confidence, right), float(low), float(high)),
        by_chance=float(np.mean(fair)),
        mean_confidence=float(confidence.mean()),
        accuracy=float(right.mean()),
    )


def _draws(n: int, rng: np.random.Generator) -> Any:
    return (rng.integers(0, n, n) for _ in range(DRAWS))


def _error(at: Codes, confidence: Floats, right: npt.NDArray[np.bool_]) -> float:
    gaps = np.bincount(at, confidence - right, minlength=N_BINS)
    return float(np.abs(gaps).sum() / len(right))


def _bins(at: Codes, confidence: Floats, right: npt.NDArray[np.bool_], least: int) -> tuple[CalibrationBin, ...]:
    counts = np.bincount(at, minlength=N_BINS)
    edges = tuple(number / N_BINS for number in range(N_BINS + 1))
    ends, _ = without_small_bins(edges, tuple(counts.tolist()), least)
    places = [edges.index(end) for end in ends]
    return tuple(_bin((edges[a], edges[b]), (at >= a) & (at < b), confidence, right) for a, b in pairwise(places))


def _bin(
    ends: tuple[float, float], here: npt.NDArray[np.bool_], confidence: Floats, right: npt.NDArray[np.bool_]
) -> CalibrationBin:
    n = int(here.sum())
    if not n:
        return CalibrationBin(*ends, 0, None, None)
    return CalibrationBin(*ends, n, float(confidence[here].mean()), float(right[here].mean()))
