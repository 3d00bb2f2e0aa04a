"""A classification to draw: three states, a curve of two points."""

from __future__ import annotations

import numpy as np

from coterie.activation.classifying.calibrating import calibration
from coterie.activation.classifying.choosing import Trial
from coterie.activation.classifying.coldstart import ColdStart, Line, Point, told
from coterie.activation.classifying.fitting import NONE, SOME, WHOLE, Classification
from coterie.activation.classifying.measuring import Covered, measured
from coterie.selection.types import Interval


def line(value: float) -> Line:
    found = calibration(np.array([0.5] * 10), np.arange(10) < 5, np.random.default_rng(0))
    return Line(Interval(value, value - 0.1, value + 0.1), found, None, Covered(0.5, 1.0, None))


def cold_start(known_from: float = 0.65) -> ColdStart:
    base = Interval(0.3, 0.2, 0.4)
    points = (
        Point(0, 50, base, None, line(0.4), line(0.4).accuracy),
        Point(5, 40, base, line(0.7), line(0.6), line(0.7).accuracy),
        Point(None, 50, base, line(0.9), line(0.9), line(0.9).accuracy),
    )
    return told(points, "likes", "users", 50, known_from)


def classification() -> Classification:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    p = np.clip(0.5 + (y - 0.5) * 0.6 + rng.normal(0, 0.15, 60), 0.02, 0.98)
    found = measured(np.column_stack([1 - p, p]), y, np.array([0.5, 0.5]), rng)
    trial = Trial("logistic", Interval(0.4, 0.3, 0.5), Interval(0.8, 0.7, 0.9))
    return Classification(
        run="r", entity="users", segments=("s-1", "s-2"), names=("A", "B"), n=60, n_held_out=50, trials=(trial,),
        chosen="logistic", temperatures=(1.0,) * 5, floor=0.5, measures={WHOLE: found, SOME: found, NONE: found},
        network=None, left_out=(), cold_start=cold_start(),
    )  # fmt: skip
