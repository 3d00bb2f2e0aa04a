"""How far distributions have moved."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coterie.activation.drift import (
    binned,
    by_chance,
    chance_limit,
    cuts_of,
    inhabited,
    jensen_shannon,
    level_of,
    measured,
    psi,
    shares,
)

COUNTS = arrays(np.int64, st.integers(2, 8), elements=st.integers(0, 1000))


def test_the_index_of_a_case_solved_by_hand():
    # (.5 - .75) ln(.5 / .75) + (.5 - .25) ln(.5 / .25) = .25 ln 1.5 + .25 ln 2
    assert psi([0.5, 0.5], [0.75, 0.25]) == pytest.approx(0.25 * math.log(1.5) + 0.25 * math.log(2))


def test_the_divergence_of_a_case_solved_by_hand():
    # The middle is (.625, .375).
    one = 0.5 * math.log2(0.5 / 0.625) + 0.5 * math.log2(0.5 / 0.375)
    other = 0.75 * math.log2(0.75 / 0.625) + 0.25 * math.log2(0.25 / 0.375)
    assert jensen_shannon([0.5, 0.5], [0.75, 0.25]) == pytest.approx((one + other) / 2)


def test_half_a_user_is_added_to_every_bin():
    assert shares([0, 3]).tolist() == [0.5 / 4, 3.5 / 4]


def test_what_has_nothing_in_common_is_one_bit_apart():
    assert jensen_shannon([1, 0], [0, 1]) == 1.0


@given(COUNTS)
def test_what_has_not_moved_is_no_drift(counts):
    found = measured("x", "basis", (counts, counts))
    assert (found.psi, found.js, found.level) == (0.0, 0.0, "none")


@given(COUNTS, st.randoms())
def test_the_order_of_bins_and_of_sides_makes_no_difference(counts, random):
    other = np.roll(counts, 1)
    order = list(range(len(counts)))
    random.shuffle(order)
    one = measured("x", "basis", (counts, other))
    turned = measured("x", "basis", (other[order], counts[order]))
    assert one.psi == pytest.approx(turned.psi)
    assert one.js == pytest.approx(turned.js)
    assert 0 <= one.js <= 1
    assert one.psi >= 0


def test_the_index_without_drift_is_what_chance_says():
    rng = np.random.default_rng(3)
    n, m, bins = 800, 500, 10
    p = np.full(bins, 1 / bins)
    found = [psi(shares(rng.multinomial(n, p)), shares(rng.multinomial(m, p))) for _ in range(600)]
    assert by_chance(bins, n, m) == 9 * (1 / 800 + 1 / 500)
    assert np.mean(found) == pytest.approx(by_chance(bins, n, m), rel=0.06)
    assert np.mean(np.array(found) > chance_limit(bins, n, m)) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize(
    ("index", "level"), [(0.05, "none"), (0.099, "none"), (0.1, "moderate"), (0.24, "moderate"), (0.25, "major")]
)
def test_levels_begin_at_a_tenth_and_a_quarter(index, level):
    assert level_of(index, bits=1.0, limit=0.0) == level


def test_the_lower_of_both_measures_counts():
    assert level_of(0.4, bits=0.02, limit=0.0) == "moderate"
    assert level_of(0.4, bits=0.001, limit=0.0) == "none"


def test_what_chance_gives_so_few_is_no_drift():
    few, many = measured("x", "basis", ([6, 4], [3, 7])), measured("x", "basis", ([600, 400], [300, 700]))
    assert few.psi > 0.1
    assert few.level == "within chance"
    assert many.level == "major"


def test_more_columns_need_more_to_be_beyond_chance():
    assert chance_limit(10, 100, 100, times=1000) > chance_limit(10, 100, 100)


def test_bins_hold_about_equally_many_and_what_is_missing_has_its_own():
    values = np.append(np.arange(100.0), [np.nan, np.nan])
    assert binned(values, cuts_of(values)).tolist() == [9, *[10] * 8, 11, 2]


def test_a_value_that_many_share_has_a_bin_of_its_own():
    values = np.array([0.0] * 60 + [1.0] * 20 + [2.0] * 20)
    was, now = inhabited(*(binned(v, cuts_of(values)) for v in (values, np.array([0.5] * 10))))
    assert sorted(was.tolist(), reverse=True)[:3] == [60, 20, 20]
    assert now[was == 0].sum() == 10


def test_few_values_are_not_cut():
    assert len(cuts_of(np.arange(9.0))) == 0


def test_a_constant_that_moves_is_seen():
    values = np.full(50, 3.0)
    cuts = cuts_of(values)
    was, now = inhabited(binned(values, cuts), binned(values + 1, cuts))
    assert measured("x", "basis", (was, now)).level == "major"
