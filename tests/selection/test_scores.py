from __future__ import annotations

import math

from coterie.selection.scores import MEASURES, measure_of, value_of
from coterie.selection.types import Interval
from tests.selection.candidates import candidate, explained

UNKNOWN = Interval(math.nan, math.nan, math.nan)


def test_the_first_measure_that_is_known_decides():
    by_lift = candidate(2, 1.4, explained=explained(0.2))
    by_columns, by_silhouette = candidate(2, None, explained=explained(0.2)), candidate(2, None)
    assert [measure_of(c).name for c in (by_lift, by_columns, by_silhouette)] == [m.name for m in MEASURES]
    assert [value_of(c) for c in (by_lift, by_columns, by_silhouette)] == [1.4, 0.2, 0.1]
    assert measure_of(by_lift).of(by_lift) == (1.4, 0.05)


def test_what_is_not_known_is_worth_nothing():
    lift = MEASURES[0]
    assert value_of(candidate(2, None), lift) == -math.inf
    assert value_of(candidate(2, None, silhouette=UNKNOWN)) == -math.inf
