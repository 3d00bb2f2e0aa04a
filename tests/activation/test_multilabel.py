"""Measures of several labels, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, hamming_loss, jaccard_score

from coterie.activation.multilabel import best_threshold, gain, label_measures, point_measures

SO = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], bool)
SAID = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], bool)


def test_three_rows_by_hand():
    micro, macro, samples, hamming, jaccard = point_measures(SO, SAID)
    assert micro == pytest.approx(4 / 6)
    assert macro == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert samples == pytest.approx((2 / 4 + 1 + 1) / 3)
    assert hamming == pytest.approx(2 / 9)
    assert jaccard == pytest.approx((1 / 3 + 1 + 1) / 3)


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 1000))
def test_they_are_those_of_scikit_learn(n, m, seed):
    rng = np.random.default_rng(seed)
    so, said = rng.random((n, m)) < 0.4, rng.random((n, m)) < 0.4
    options = {"zero_division": 1}
    peers = (
        [f1_score(so.reshape(n, m), said, average=a, **options) for a in ("micro", "macro", "samples")] if m > 1 else []
    )
    if m > 1:
        peers += [hamming_loss(so, said), jaccard_score(so, said, average="samples", **options)]
        assert point_measures(so, said) == pytest.approx(peers)


def test_a_row_that_counts_twice_is_as_two_rows():
    twice = point_measures(SO, SAID, np.array([2.0, 1.0, 0.0]))
    assert twice == pytest.approx(point_measures(SO[[0, 0, 1]], SAID[[0, 0, 1]]))


def test_the_best_threshold_is_the_best_of_all():
    rng = np.random.default_rng(0)
    scores, so = np.round(rng.random((30, 3)), 1), rng.random((30, 3)) < 0.3
    found = point_measures(so, scores >= best_threshold(scores, so))[0]
    assert found == pytest.approx(max(point_measures(so, scores >= t)[0] for t in np.unique(scores)))


def test_intervals_hold_the_point_and_a_method_gains_nothing_on_itself():
    rng = np.random.default_rng(1)
    so = rng.random((200, 4)) < 0.3
    said = so ^ (rng.random((200, 4)) < 0.1)
    found = label_measures(so, said, np.random.default_rng(0))
    assert found.f1_micro.low < found.f1_micro.value < found.f1_micro.high
    assert gain(so, said, said, np.random.default_rng(0)).value == 0
    assert gain(so, so, said, np.random.default_rng(0)).low > 0
