from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from coterie.errors import DataError
from coterie.segments.attributes import count_categories, mean_sums, read_numbers
from tests.segments.samples import HAND_LABELS, Rows, hand_made, members_of


def test_numbers_by_hand(make_tables):
    (age,) = read_numbers(make_tables(hand_made()), members_of(HAND_LABELS))
    assert (age.table, age.column) == ("people", "age")
    np.testing.assert_array_equal(age.values, [20, 24, 40, np.nan, 60])
    inside, overall = mean_sums(age.values, members_of(HAND_LABELS))
    assert inside.n.tolist() == [[2], [1]]
    assert inside.mean.tolist() == [[22], [40]]
    assert inside.squares.tolist() == [[8], [0]]
    assert (overall.n.item(), overall.mean.item(), overall.smallest.item()) == (4, 36, 20)


def test_categories_by_hand(make_tables):
    (job,) = count_categories(make_tables(hand_made()), members_of(HAND_LABELS))
    assert job.values == ("nurse", "student")
    assert job.counts.tolist() == [[0, 2], [2, 0]]
    assert job.counts_all.tolist() == [2, 2]


def test_noise_counts_among_all(make_tables):
    (job,) = count_categories(make_tables(hand_made()), members_of({**HAND_LABELS, "u4": -1}))
    assert job.counts.sum() == 3
    assert job.counts_all.sum() == 4


def test_what_is_not_finite_is_unknown(make_tables):
    rows = Rows(users=pl.DataFrame({"user_id": ["a", "b"], "x": [np.inf, np.nan]}), attributes={"x": "number"})
    (x,) = read_numbers(make_tables(rows), members_of({"a": 0, "b": 0}))
    assert np.isnan(x.values).all()
    assert mean_sums(x.values, members_of({"a": 0, "b": 0}))[1].n.item() == 0


def test_text_and_zips_are_no_marks(make_tables):
    rows = replace(hand_made(), attributes={"age": "text", "job": "us_zip"})
    assert read_numbers(make_tables(rows), members_of(HAND_LABELS)) == ()
    assert count_categories(make_tables(rows), members_of(HAND_LABELS)) == ()


@pytest.mark.parametrize("read", [read_numbers, count_categories])
def test_a_user_described_twice_is_refused(make_tables, read):
    rows = hand_made()
    twice = make_tables(replace(rows, users=pl.concat([rows.users, rows.users.head(1)])))
    with pytest.raises(DataError, match="the table 'people' describes the user 'u1' more than once"):
        read(twice, members_of(HAND_LABELS))


def test_every_trait_of_a_cell_is_a_number(make_tables):
    cells = ["{'1': 2.0, 'shy': 4.5}", "{'1': 3.0}", None]
    rows = Rows(users=pl.DataFrame({"user_id": ["a", "b", "c"], "quiz": cells}), attributes={"quiz": "traits"})
    one, shy = read_numbers(make_tables(rows), members_of({"a": 0, "b": 0, "c": 0}))
    assert [(number.column, number.attribute) for number in (one, shy)] == [("quiz 1", "quiz"), ("shy", "quiz")]
    np.testing.assert_array_equal(one.values, [2, 3, np.nan])
    np.testing.assert_array_equal(shy.values, [4.5, np.nan, np.nan])
