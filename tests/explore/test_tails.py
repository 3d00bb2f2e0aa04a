"""Lorenz curve, Gini and ranks, solved by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.explore.tails import MOST_POINTS, long_tail
from coterie.explore.types import LorenzPoint, RankPoint
from coterie.tables.census import gini, spread


def test_by_hand():
    """Counts 1, 1, 2, 6: shares .1, .1, .2, .6; Gini is 2 (1 + 2 + 6 + 24) / (4 10) - 5/4 = 0.4."""
    tail = long_tail(np.array([2, 0, 1, 6, 1]))
    assert tail.n == 4
    assert tail.gini == pytest.approx(0.4)
    assert tail.lorenz == tuple(LorenzPoint(*at) for at in [(0, 0), (0.25, 0.1), (0.5, 0.2), (0.75, 0.4), (1, 1)])
    assert tail.ranked == tuple(RankPoint(*at) for at in [(1, 6), (2, 2), (3, 1), (4, 1)])
    assert (tail.half, tail.top_tenth) == (1, 0.6)


@pytest.mark.parametrize(("counts", "expected"), [([3, 3, 3], 0.0), ([0, 0, 0, 8], 0.75), ([5], 0.0), ([], 0.0)])
def test_gini_ends(counts, expected):
    assert gini(np.array(counts, dtype=np.int64)) == pytest.approx(expected)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300))
def test_gini_is_the_mean_difference_and_the_curve_is_thin_and_bends_down(counts):
    tail = long_tail(np.array(counts))
    differences = np.abs(np.subtract.outer(counts, counts)).mean()
    assert tail.gini == pytest.approx(differences / (2 * np.mean(counts)), abs=1e-9)
    assert len(tail.lorenz) <= MOST_POINTS
    assert len(tail.ranked) <= MOST_POINTS
    assert tail.lorenz[0] == LorenzPoint(0, 0)
    assert tail.lorenz[-1] == LorenzPoint(1, 1)
    assert all(point.of_events <= point.share + 1e-12 for point in tail.lorenz)
    assert long_tail(np.array(counts[::-1])) == tail


def test_nothing():
    assert long_tail(np.zeros(3, dtype=np.int64)) is None
    assert spread(np.zeros(0, dtype=np.int64)) is None


def test_nobody_is_told_how_much_one_user_does():
    counts = np.arange(1, 61)
    found = long_tail(counts, least=5)
    assert found.top_tenth == counts[-6:].sum() / counts.sum()
    ranks = [point.rank for point in found.ranked]
    assert ranks[0] == 5
    assert min(np.diff(ranks)) >= 5
    assert min(np.diff([point.share * 60 for point in found.lorenz])) >= 5 - 1e-9
    few = long_tail(np.full(12, 6), least=5)
    assert (few.top_tenth, few.gini) == (None, 0.0)
    assert long_tail(np.full(4, 6), least=5) is None
