"""Kernels of rankings by hand, and what they refuse to read."""

from __future__ import annotations

import numpy as np
import pytest

from coterie._kernels.ranking import HELD, LIKED, SEEN, Rankings, Taken, add_gains, hold_out, popularity

STARTS = np.array([0, 3, 3, 5])
TAKEN = Taken(STARTS, np.array([0, 1, 3, 1, 2], np.int32), 4)
KINDS = np.array([SEEN, LIKED, LIKED, HELD, LIKED], np.uint8)


def test_of_equal_uniforms_the_first_are_held_out():
    uniforms = np.array([0.5, 0.1, 0.5, 0.5, 0.3, 0.3])
    held = hold_out(uniforms, np.array([0, 4, 4, 6]), np.array([2, 0, 1]))
    assert held.tolist() == [True, True, False, False, True, False]


def test_all_or_nobody_may_be_held_out():
    assert hold_out(np.array([0.2, 0.1, 0.7]), np.array([0, 2, 3]), np.array([2, 0])).tolist() == [True, True, False]


def test_popularity_by_hand():
    rows = np.array([[0, 1, 1], [2, 2, -1]], np.int32)
    counted = np.array([True, True, False, True, True])
    assert popularity(TAKEN, counted, rows, 3).tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 0, 0]]


def test_gains_by_hand():
    # User 0 has seen item 0, so 3 comes second after 1 in the first ranking; user 2 has seen nothing.
    orders = np.array([[0, 1, 3, 2], [2, 1, 0, 3]], np.int32)
    rows = np.array([[0, 0, 0], [1, 1, 1]], np.int32)
    found = np.full((2, 3), np.nan)
    add_gains(TAKEN, KINDS, np.array([0, 2]), Rankings(orders, rows, np.array([1.0, 0.5])), found)
    assert found == pytest.approx(np.array([[1.5, np.nan, 0.0], [0.5, np.nan, 1.0]]), nan_ok=True)


def test_a_ranking_that_is_too_short_says_so():
    found = np.full((1, 3), np.nan)
    orders = np.array([[0, 1]], np.int32)
    add_gains(TAKEN, KINDS, np.array([0, 2]), Rankings(orders, np.zeros((1, 3), np.int32), np.ones(3)), found)
    assert found[0, [0, 2]].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hold_out(np.zeros(2), np.array([0, 2]), np.array([3])), "fewer pairs than are to be held out"),
        (lambda: hold_out(np.zeros(2), np.array([0, 3]), np.array([1])), "do not deal out 2 pairs"),
        (lambda: popularity(TAKEN, np.ones(5, bool), np.array([[0, 1, 2]], np.int32), 2), "rows go from 0 to 2"),
        (
            lambda: popularity(TAKEN._replace(n_items=3), np.ones(5, bool), np.zeros((1, 3), np.int32), 1),
            "items go from 0 to 3",
        ),
    ],
)
def test_what_lies_outside_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("orders", "users", "out", "message"),
    [
        ([[0, 4]], [0], (1, 3), "orders go from 0 to 4"),
        ([[0, 1]], [3], (1, 3), "users go from 3 to 3"),
        ([[0, 1]], [0], (2, 3), "cannot be written"),
    ],
)
def test_rankings_that_lie_outside_are_refused(orders, users, out, message):
    ranked = Rankings(np.array(orders, np.int32), np.zeros((1, 3), np.int32), np.ones(2))
    with pytest.raises(ValueError, match=message):
        add_gains(TAKEN, KINDS, np.array(users), ranked, np.zeros(out))
