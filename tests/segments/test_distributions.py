from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.segments.attributes import CategoryColumn, NumberColumn
from coterie.segments.distributions import exemplars, histograms
from coterie.segments.distributions import shares as shares_of
from coterie.segments.members import ProfileOptions
from coterie.tables.binning import MAX_BINS, round_edges
from coterie.tables.suppression import OTHER_VALUES
from tests.segments.samples import members_of

OPTIONS = ProfileOptions()


def category(inside, overall, column="job"):
    values = tuple("abcdefghijklmnopqrstuvwxyz"[: len(inside)])
    known, known_all = np.array([sum(inside)]), sum(overall)
    return CategoryColumn("people", column, values, np.array([inside]), np.array(overall), known, known_all)


def histogram(column, label, members, options):
    return histograms(column, members, options)[label]


def shares(column, label, options):
    return shares_of(column, label, column.hidden(options.min_cell), options)


def test_ages_are_in_fives():
    assert round_edges(np.array([7.0, 30.0, 73.0])) == tuple(float(edge) for edge in range(5, 80, 5))


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([5], (5, 6)),
        ([0, 1], (0, 1, 2)),
        ([0.25], (0, 1)),
        ([0, 36], tuple(range(0, 45, 5))),
        ([0.1, 0.3], (0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.22, 0.24, 0.26, 0.28, 0.3, 0.32)),
    ],
)
def test_edges_by_hand(values, edges):
    assert round_edges(np.array(values, dtype=float)) == pytest.approx(edges)


@given(st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=5, max_size=40))
def test_bins_are_few_and_hold_all_or_enough(values):
    drawn = histogram(NumberColumn("people", "x", np.array(values)), 0, members_of(np.zeros(len(values))), OPTIONS)
    if drawn is None:
        return
    shown = [count for count in drawn.inside if count is not None]
    assert not any(0 < count < OPTIONS.min_cell for count in shown)
    assert len(values) - sum(shown) == 0 or len(values) - sum(shown) >= OPTIONS.min_cell
    assert 1 <= len(drawn.inside) <= MAX_BINS + 1
    assert all(low < high for low, high in zip(drawn.edges, drawn.edges[1:], strict=False))


def test_histogram_by_hand():
    ages = np.repeat([20.0, 25.0, 30.0, 35.0, np.nan], [6, 8, 2, 4, 3])
    other = np.repeat([20.0, 25.0, 30.0, 35.0], [70, 90, 30, 20])
    members = members_of(np.repeat([0, 1], [len(ages), len(other)]))
    first, second = histograms(NumberColumn("people", "age", np.concatenate([ages, other])), members, OPTIONS)
    assert first.edges[:2] == (20, 21)
    assert [count for count in first.inside if count] == [6, 8]
    assert first.inside[10] is first.inside[15] is second.inside[10] is second.inside[15] is None
    assert (first.median, first.mean) == (25, pytest.approx((120 + 200 + 60 + 140) / 20))
    assert second.inside[5] == 90
    assert first.overall[5] == 98


def test_few_known_users_are_not_shown():
    ages = NumberColumn("people", "age", np.array([20.0, 21, 22, 23, np.nan, np.nan]))
    assert histogram(ages, 0, members_of(np.zeros(6)), OPTIONS) is None
    assert shares(category([2, 2], [20, 20]), 0, OPTIONS) is None


def test_shares_by_hand():
    got = shares(category([10, 6, 4, 3, 2], [40, 30, 20, 5, 5]), 0, OPTIONS)
    assert got.values == ("a", "b", OTHER_VALUES)
    assert got.counts == (10, 6, 9)
    assert got.inside == pytest.approx((0.4, 0.24, 0.36))
    assert got.overall == pytest.approx((0.4, 0.3, 0.3))


def test_a_small_rest_takes_a_named_value_with_it():
    """Three others could be had by subtraction; the rarer of the two values of six hides them."""
    got = shares(category([6, 9, 6, 3], [40, 30, 20, 5]), 0, OPTIONS)
    assert got.values == ("a", "b", OTHER_VALUES)
    assert got.counts == (6, 9, 9)


def test_nothing_is_drawn_where_no_value_can_be_named():
    """One bar of all others says nothing."""
    assert shares(category([4, 3, 3], [40, 30, 20]), 0, OPTIONS) is None


def test_only_the_most_frequent_values_are_named_but_all_states():
    counts = list(range(40, 14, -1))
    assert shares(category(counts, counts), 0, OPTIONS).values[-1] == OTHER_VALUES
    assert len(shares(category(counts, counts), 0, OPTIONS).values) == 21
    assert len(shares(category(counts, counts, "state"), 0, OPTIONS).values) == 26


@given(st.lists(st.integers(0, 30), min_size=1, max_size=26))
def test_no_small_count_is_shown(counts):
    overall = sorted((count + 30 for count in counts), reverse=True)
    got = shares(category(counts, overall), 0, OPTIONS)
    if got is None:
        assert sum(count >= OPTIONS.min_cell for count in counts) < 3
    else:
        assert sum(got.counts) == sum(counts)
        assert not any(0 < count < OPTIONS.min_cell for count in got.counts)
        assert sum(got.inside) == pytest.approx(1)
        assert sum(got.overall) == pytest.approx(1)


def test_exemplars_are_the_nearest():
    members = members_of(np.array([0, 0, 1, 0, 0]), distance=[3, 1, 0, 1, 2])
    assert exemplars(members, members.ids, 0, ProfileOptions(exemplars=3, min_cell=2)) == ("u001", "u003", "u004")
    assert exemplars(members, members.ids, 0, ProfileOptions(exemplars=3)) == (), "of four users three are most"
