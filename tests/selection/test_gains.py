from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coterie.selection.explained import HeldOut, explained_of
from coterie.selection.gains import Gains, error_of_difference, of_explained, of_lift
from coterie.selection.lift import lift_of

NOBODY = float("nan")
ABC = np.array(["a", "b", "c"])


def gains(*by_user: float, by_refit: tuple[float, ...] = ()) -> Gains:
    return Gains(np.array(by_user), np.array(by_refit))


def error(one: Gains, other: Gains, ids=(ABC, ABC)) -> float:
    return error_of_difference(one, other, ids=ids)


def test_the_mean_of_what_users_gain_is_the_lift():
    by_segment = np.array([[0.6, NOBODY, 0.2], [0.4, NOBODY, NOBODY]])
    by_all = np.array([[0.4, NOBODY, 0.1], [0.2, NOBODY, NOBODY]])
    found = of_lift(by_segment, by_all)
    # Users a and c have .5 and .2 by segment; .3 and .1 by all, .2 on average.
    assert found.by_user == pytest.approx([2.5, NOBODY, 1.0], nan_ok=True)
    assert np.nanmean(found.by_user) == pytest.approx(lift_of(by_segment, by_all, np.zeros(3, np.int32)).lift.value)
    assert found.by_refit.size == 0


def test_nothing_is_known_of_gains_where_nobody_was_evaluated_or_nothing_hit():
    nobody = np.full((1, 3), NOBODY)
    assert np.isnan(of_lift(nobody, nobody).by_user).all()
    assert np.isnan(of_lift(np.zeros((1, 3)), np.zeros((1, 3))).by_user).all()


def test_the_mean_of_what_users_gain_is_the_explained_variance():
    held = HeldOut(np.array([1.0, 0.5]), np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([2.0, 4.0]), -0.01)
    found = of_explained(held)
    assert found.by_user == pytest.approx([0.0, 1.0])
    assert found.by_user.mean() == pytest.approx(explained_of(held).value.value)
    assert found.by_refit == pytest.approx([0.5, 0.5])


def test_the_error_of_a_difference_is_that_of_the_paired_users():
    # Differences 1, 3, 2: variance 1, over 3 users.
    assert error(gains(1, 3, 2), gains(0, 0, 0)) == pytest.approx(np.sqrt(1 / 3))
    # Each is uncertain, but they differ by the same for everybody.
    assert error(gains(1, 5, 9), gains(0, 4, 8)) == 0


def test_refits_are_paired_where_both_have_as_many():
    flat = gains(1, 1, 1, by_refit=(0.1, 0.3))
    assert error(flat, gains(0, 0, 0, by_refit=(0.1, 0.1))) == pytest.approx(np.sqrt(0.02 / 2))
    assert error(flat, gains(0, 0, 0, by_refit=(0.1, 0.1, 0.1))) == 0


def test_only_users_that_both_evaluated_are_compared():
    ids = ABC, np.array(["b", "c", "d"])
    assert error(gains(100, 1, 3), gains(1, 1, NOBODY), ids) == pytest.approx(np.sqrt(2 / 2))


@pytest.mark.parametrize("other", [np.array(["x", "y", "z"]), np.array(["c", "y", "z"])])
def test_recipes_of_other_users_are_never_near_each_other(other):
    assert error(gains(1, 2, 3), gains(1, 2, 3), (ABC, other)) == 0


@given(arrays.arrays(np.float64, (2, 6), elements=st.floats(0, 3)), st.permutations(range(6)))
def test_the_order_of_users_and_of_the_two_makes_no_difference(values, order):
    ids = np.array([f"u{i}" for i in range(6)])
    one, other = Gains(values[0], np.empty(0)), Gains(values[1], np.empty(0))
    found = error_of_difference(one, other, ids=(ids, ids))
    assert found >= 0
    assert error_of_difference(other, one, ids=(ids, ids)) == pytest.approx(found)
    shuffled = [Gains(row[list(order)], np.empty(0)) for row in values]
    assert error_of_difference(*shuffled, ids=(ids, ids)) == pytest.approx(found)
