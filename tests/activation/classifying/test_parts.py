"""Measures, calibration and the choice by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.activation.classifying.calibrating import band_of, calibration, fit_temperature, fit_temperatures, tempered
from coterie.activation.classifying.choosing import Lesson, choose, cross_validated, folds_of
from coterie.activation.classifying.coldstart import _needs, told
from coterie.activation.classifying.logistic import Logistic
from coterie.activation.classifying.measuring import Covered, covered, macro_f1, measured, share_of
from coterie.activation.classifying.placing import Trust
from coterie.activation.classifying.rows import softmax
from coterie.errors import ConfigError
from coterie.selection.types import Interval


def rng():
    return np.random.default_rng(0)


def test_measures_of_four_rows_by_hand():
    p = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.9, 0.1]])
    found = measured(p, np.array([0, 1, 1, 0]), np.array([0.75, 0.25]), rng())
    assert found.accuracy.value == 0.75
    assert found.macro_f1.value == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found.log_loss.value == pytest.approx(-np.log([0.8, 0.4, 0.7, 0.9]).mean())
    assert found.base_accuracy == 0.5
    assert found.base_log_loss == pytest.approx(-np.log([0.75, 0.25]).mean())
    assert found.confusion == ((None, 0), (None, None)) or all(n is None or n == 0 for r in found.confusion for n in r)
    at = {c.floor: c for c in found.coverage}
    assert at[0.95] == Covered(0.95, 0.0, None)


def test_a_confusion_shows_no_cell_of_one_to_four_and_none_that_gives_it_away():
    p = np.repeat(np.eye(3), [40, 40, 40], axis=0)
    y = np.repeat([0, 1, 2], 40)
    y[0], y[40:47] = 1, 2
    shown = measured(p, y, np.full(3, 1 / 3), rng()).confusion
    assert shown[1][0] is None  # one
    assert shown[2][1] is None  # seven, since the sum beside the diagonal is known
    assert [shown[c][c] for c in range(3)] == [39, 33, 40]


def test_a_class_neither_there_nor_said_does_not_count():
    assert macro_f1(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])) == pytest.approx((6 / 7 + 8 / 9) / 2)


def test_wilsons_interval_by_hand():
    found = share_of(np.array([True] * 8 + [False] * 2))
    assert (found.low, found.high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert share_of(np.ones(5, bool)).high == 1.0
    assert np.isnan(share_of(np.zeros(0, bool)).value)


def test_abstaining_below_a_confidence():
    confidence, right = np.repeat([0.9, 0.6, 0.3], 4), np.repeat([True, False, True], 4)
    found = covered(confidence, right, 0.5)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.accuracy.value == 0.5
    assert covered(confidence, right, 0.7) == Covered(0.7, None, None)
    assert covered(confidence, right, 0.95) == Covered(0.95, 0.0, None)


def test_a_temperature_undoes_that_log_odds_were_doubled():
    odds = np.random.default_rng(1).normal(0, 2, (4000, 3))
    p = softmax(odds)
    y = (p.cumsum(axis=1) > np.random.default_rng(2).random((4000, 1))).argmax(axis=1)
    found = fit_temperature(softmax(2 * odds), y)
    assert found == pytest.approx(2, rel=0.1)
    confidence = tempered(softmax(2 * odds), found)
    right = confidence.argmax(axis=1) == y
    assert calibration(confidence.max(axis=1), right, rng()).error.value < 0.03
    assert calibration(softmax(2 * odds).max(axis=1), right, rng()).error.value > 0.05
    assert fit_temperature(p[:0], y[:0]) == 1


def test_the_calibration_error_by_hand():
    found = calibration(np.array([0.95] * 10 + [0.15] * 10), np.array([True] * 9 + [False] * 11), rng())
    assert found.error.value == pytest.approx(0.5 * 0.05 + 0.5 * 0.15)
    assert [b.n for b in found.bins if b.n] == [10, 10]
    assert calibration(np.array([0.95] * 3), np.ones(3, bool), rng()).bins == ()


def test_calibration_bins_of_few_go_together_with_a_neighbour():
    confidence = np.repeat([0.15, 0.35, 0.75, 0.95], [12, 3, 9, 30])
    found = calibration(confidence, np.ones(54, bool), rng(), least=10)
    assert [(b.low, b.high, b.n) for b in found.bins if b.n] == [(0.1, 0.2, 12), (0.2, 0.8, 12), (0.9, 1.0, 30)]
    assert found.error == calibration(confidence, np.ones(54, bool), rng()).error


def test_the_smallest_cell_is_the_one_that_is_asked_for():
    p = np.repeat(np.eye(2), [40, 40], axis=0)
    y = np.repeat([0, 1], 40)
    y[:8], y[40:52] = 1, 0
    assert measured(p, y, np.full(2, 0.5), rng()).confusion == ((32, 12), (8, 28))
    few = measured(p, y, np.full(2, 0.5), rng(), least=10)
    assert few.confusion == ((32, None), (None, 28))
    assert covered(np.repeat([0.9, 0.1], 8), np.ones(16, bool), 0.5, 10) == Covered(0.5, None, None)


@given(st.integers(2, 40), st.integers(1, 4))
def test_all_rows_of_one_lie_in_one_fold(n, rows):
    entity = np.tile(np.arange(n), rows)
    folds = folds_of(entity, np.random.default_rng(0))
    assert all(len(set(folds[entity == one].tolist())) == 1 for one in range(n))
    assert set(folds.tolist()) == set(range(min(5, n)))


class Reader:
    """Remembers what it saw."""

    def fit(self, X, y, rng, *, groups=None):
        return Seen(set(groups.tolist()), np.unique(y))


class Seen:
    def __init__(self, seen, classes):
        self.seen, self.classes = seen, classes

    def probabilities(self, X):
        assert not self.seen & set(X[:, 0].astype(int).tolist())
        return np.full((len(X), len(self.classes)), 1 / len(self.classes))


def test_nobody_is_asked_about_somebody_whom_it_has_learned_from():
    entity = np.tile(np.arange(20), 2)
    lesson = Lesson(entity[:, None].astype(float), entity % 2, entity, 2, np.zeros(40, int), np.ones(40, bool))
    found = cross_validated("reader", Reader(), lesson, folds_of(entity, rng()), 7)
    assert found.trial.log_loss.value == pytest.approx(np.log(2))


def test_of_noise_nothing_is_learned():
    lesson = Lesson(
        rng().normal(size=(200, 3)),
        rng().integers(0, 2, 200),
        np.arange(200),
        2,
        np.zeros(200, int),
        np.ones(200, bool),
    )
    best, trials = choose(lesson, 7)
    assert {trial.name for trial in trials} == {"boosting", "logistic", "network"}
    assert best.trial.accuracy.low < 0.55
    assert -np.log(best.calibrated[np.arange(200), lesson.y]).mean() > 0.65


def test_needed_is_the_smallest_number_from_which_accuracy_stays():
    def at(value):
        return Interval(value, 0, 1)

    assert _needs([(0, None), (1, at(0.9)), (2, at(0.7)), (5, at(0.8)), (10, at(0.85)), (None, at(0.1))], 0.8) == 5
    assert _needs([(1, at(0.5))], 0.8) is None
    with pytest.raises(ConfigError, match="expected one above 0 and up to 1"):
        told((), "likes", "users", 10, 1.5)


def test_trust_in_fold_in_grows_with_events_and_is_frozen_by_its_share_where_all_were_right():
    n = np.random.default_rng(0).integers(0, 50, 500)
    right = np.random.default_rng(1).random(500) < n / 50
    trust = Trust.of(n, np.full(500, 0.5), right, rng())
    few, many = trust.confidence(np.array([1, 45]), np.array([0.5, 0.5]))
    assert few < 0.25
    assert many > 0.75
    assert Trust.of(n, np.zeros(500), np.ones(500, bool), rng()).confidence(n[:2], np.zeros(2)).tolist() == [1, 1]
    assert isinstance(trust.fitted, type(Logistic().fit(np.eye(2), np.array([0, 1]), rng())))


def test_what_is_known_less_surely_has_a_temperature_of_its_own():
    sureness = np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    assert band_of(sureness).tolist() == [0, 1, 2, 3, 4]
    p = softmax(np.random.default_rng(1).normal(0, 3, (400, 2)))
    y = p.argmax(axis=1)
    y[:200] = np.random.default_rng(2).integers(0, 2, 200)
    found = fit_temperatures(p, y, np.repeat([0, 4], 200))
    assert found[4] < 1
    assert found[0] > 5
    assert found[1] == found[2] == fit_temperature(p, y)
