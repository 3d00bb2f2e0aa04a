"""How columns are spread; whom a count is about is never told, not even by subtraction; what is missing together."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.explore.columns import Table, columns_of, missing_of, spread_of, tags_of, told_apart, values_of
from coterie.explore.types import MissingPattern
from coterie.tables.suppression import MIN_CELL, OTHER_VALUES, within_ends, without_small_bins


def cells(values: list[str], people: list[int] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"value": values, "person": range(len(values)) if people is None else people},
        schema={"value": pl.String, "person": pl.Int64},
    )


def test_values_that_few_have_are_others():
    found = values_of(cells(["a"] * 9 + ["b"] * 6 + ["c"] * 4 + ["d"]), min_cell=5)
    assert (found.values, found.counts, found.n_other) == (("a", "b", OTHER_VALUES), (10, 5, 5), 2)


def test_what_is_left_cannot_be_had_by_subtraction():
    # c's 3 alone would be 18 known less 9 and 6, so b, the smallest that is named, joins it.
    found = values_of(cells(["a"] * 9 + ["b"] * 6 + ["c"] * 3), min_cell=5)
    assert (found.values, found.counts, found.n_other) == (("a", OTHER_VALUES), (10, 10), 2)


def test_one_person_with_many_events_is_still_one_person():
    # Ten events of "tv" are of two people; "(other)" of them alone would be of two people as well.
    devices = ["phone"] * 8 + ["web"] * 5 + ["tv"] * 10
    found = values_of(cells(devices, [*range(8), *range(5), *[0, 1] * 5]), min_cell=5)
    assert (found.values, found.counts) == (("phone", OTHER_VALUES), (8, 15))


def test_too_few_people_have_no_distribution():
    assert values_of(cells(["a"] * 4), min_cell=5) is None
    assert values_of(cells(["a"] * 40, [1, 2] * 20), min_cell=5) is None
    assert values_of(cells([]), min_cell=5) is None
    assert spread_of(np.array([1.0, 2, 3, 4]), 5) is None


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_no_count_is_small_and_all_are_there(values):
    found = values_of(cells(values), min_cell=MIN_CELL)
    if found is not None:
        assert min(found.counts) >= MIN_CELL
        assert all(count % MIN_CELL == 0 for count in found.counts)
        assert abs(sum(found.counts) - len(values)) <= 2 * len(found.counts)
    else:
        most = max((values.count(value) for value in values), default=0)
        assert most < MIN_CELL or 0 < len(values) - most < MIN_CELL, (
            "one value could be named, were the rest not so few"
        )


@given(st.lists(st.integers(0, 90), min_size=1, max_size=80), st.integers(1, 9))
def test_no_bin_of_people_is_small(ages, n_people):
    people = np.arange(len(ages)) % max(n_people, 1) if n_people < 9 else np.arange(len(ages))
    found = spread_of(np.array(ages, dtype=float), MIN_CELL, people)
    if len(set(people.tolist())) < MIN_CELL:
        assert found is None
        return
    is_of_people = len(set(people.tolist())) == len(ages)
    assert abs(sum(found.counts) - len(ages)) <= (2 * len(found.counts) if is_of_people else 0)
    for low, high in zip(found.edges, found.edges[1:], strict=False):
        is_first, is_last = low == found.edges[0], high == found.edges[-1]
        inside = {
            who
            for who, age in zip(people.tolist(), ages, strict=True)
            if (low <= age or is_first) and (age < high or is_last)
        }
        assert not 0 < len(inside) < MIN_CELL


def test_ends_of_people_are_shown_where_five_lie_beyond():
    many = spread_of(np.arange(100.0), 5)
    few = spread_of(np.arange(20.0), 5)
    least = spread_of(np.arange(19.0), 5)
    assert (many.low, many.lower, many.high, many.has_ends) == (pytest.approx(4.95), 24.75, pytest.approx(94.05), False)
    assert (few.low, few.lower, few.median, few.high) == (None, 4.75, 9.5, None)
    assert (least.lower, least.median, least.upper) == (None, 9.0, None)
    items = spread_of(np.arange(3.0), 1)
    assert (items.low, items.high, items.has_ends) == (0.0, 2.0, True)


@given(st.lists(st.integers(0, 30), min_size=5, max_size=60), st.integers(0, 30), st.integers(1, 4))
def test_what_is_told_of_all_less_most_is_never_a_few(ages, one, n_more):
    """Whoever knows the exact counts of most users and what is told of all cannot tell that few more have a value."""
    told = spread_of(np.array([*ages, *[one] * n_more], dtype=float), MIN_CELL)
    for place, (low, high) in enumerate(zip(told.edges, told.edges[1:], strict=False)):
        is_first, is_last = place == 0, place == len(told.counts) - 1
        exact = sum((low <= age or is_first) and (age < high or is_last) for age in ages)
        # What the told count may have been made of, less what is known:
        rest = [n - exact for n in range(told.counts[place] - 2, told.counts[place] + 3)]
        assert any(n <= 0 or n >= MIN_CELL for n in rest)


def test_ends_are_drawn_in_to_where_enough_lie_beyond():
    ages = np.array([7.0, *np.repeat([30.0, 40.0, 50.0], 6), 99.0])
    found = spread_of(ages, 5)
    assert (found.edges[0], found.edges[-1]) == (30.0, 52.0)
    rows, people = np.array([1.0] * 20 + [5.0] * 5 + [9.0] * 4), np.array([*range(20), *range(5), *range(4)])
    by_one = spread_of(rows, 5, people)
    assert by_one.edges[-1] <= 6.0  # only four people are at 9
    assert within_ends(np.array([3.0, 9.0]), 5).tolist() == [6.0, 6.0]
    assert within_ends(np.array([3.0, 9.0]), 1).tolist() == [3.0, 9.0]


def test_a_mean_leaves_one_number_anywhere():
    ages = np.random.default_rng(0).integers(18, 80, 60).astype(float)
    told = spread_of(ages, 5).mean
    assert told != ages.mean()
    assert abs(told - ages.mean()) < 2
    steps = {spread_of(np.append(ages, one), 5).mean for one in (18.0, 79.0)}
    assert len(steps) <= 2
    assert spread_of(np.full(9, 4.0), 5).mean == 4.0


def test_traits_and_texts_are_told_apart():
    rows = pl.DataFrame(
        {
            "quiz": ["{'1': 2.0, '10': 4.5, 'calm': 3}"] * 6 + ["{'1': 4.0}"] * 6 + [None],
            "about": ["I like films"] * 12 + [None],
        }
    )
    found, kinds = told_apart(rows, {"quiz": "traits", "about": "text"})
    assert list(kinds) == ["quiz", "quiz 1", "quiz 10", "calm", "about", "words in about"]
    assert found["quiz 1"].to_list() == [2.0] * 6 + [4.0] * 6 + [None]
    assert found["words in about"].to_list() == [3.0] * 12 + [None]
    told = {column.name: column for column in columns_of(Table(found, kinds, pl.Series(range(13)), 5))}
    assert (told["calm"].known, told["calm"].missing, told["calm"].numbers.median) == (6, 7, 3.0)
    _, of_none = told_apart(rows.clear(), {"quiz": "traits", "about": "text"})
    assert list(of_none) == ["quiz", "about", "words in about"]


def test_small_bins_go_with_the_smaller_neighbour():
    assert without_small_bins((0, 1, 2, 3, 4), (7, 2, 6, 0), 5) == ((0, 1, 3, 4), (7, 8, 0))
    assert without_small_bins((0, 1, 2), (1, 2), 5) == ((), ())
    assert without_small_bins((0, 1, 2), (0, 0), 5) == ((0, 1, 2), (0, 0))


def test_every_kind_of_column_is_told():
    n = 12
    rows = pl.DataFrame(
        {
            "user_id": [str(i) for i in range(n)],
            "age": [20.0 + i for i in range(n - 1)] + [None],
            "gender": ["F"] * 6 + ["M"] * 6,
            "blank": [None] * n,
            "told": ["x"] * n,
        },
        schema_overrides={"blank": pl.String},
    )
    kinds = {"user_id": "key", "age": "number", "gender": "category", "blank": "category", "told": "text"}
    key, age, gender, blank, told = columns_of(Table(rows, kinds, pl.Series(range(n)), 5))
    assert (key.kind, key.distinct, key.values) == ("key", 12, None)
    assert (age.known, age.missing, age.numbers.median, age.numbers.mean) == (11, 1, 25.0, 25.0)
    assert (gender.values.values, gender.values.counts) == (("F", "M"), (5, 5))
    assert (blank.known, blank.missing, blank.distinct, blank.values) == (0, 12, 0, None)
    assert (told.distinct, told.values, told.numbers) == (1, None, None)


def test_what_is_missing_together():
    a = [None] * 7 + [1.0] * 13
    rows = pl.DataFrame({"k": range(20), "a": a, "b": [None] * 6 + [1.0] * 14, "c": [1.0] * 19 + [None]})
    kinds = {"k": "key", "a": "number", "b": "number", "c": "number"}
    found = missing_of(rows, kinds)
    assert found.columns == ("a", "b", "c")
    assert found.patterns == (
        MissingPattern((), 12), MissingPattern(("a", "b"), 6), MissingPattern(("a",), 1), MissingPattern(("c",), 1),
    )  # fmt: skip
    told = missing_of(rows, kinds, 5)
    assert told.patterns == (MissingPattern((), 12),), "two rows less would be told by subtraction"
    assert (told.more_patterns, told.more_rows) == (3, 8)


def test_nothing_missing_and_nothing_there():
    rows = pl.DataFrame({"a": [1, 2]})
    assert missing_of(rows, {"a": "number"}).patterns == (MissingPattern((), 2),)
    assert missing_of(rows.head(0), {"a": "number"}).patterns == ()
    everything = missing_of(pl.DataFrame({"a": [None, None]}), {"a": "number"})
    assert everything.patterns == (MissingPattern(("a",), 2),)


def test_tags_are_those_of_items():
    found = tags_of(pl.DataFrame({"item_id": ["1", "1", "2"], "tag": ["x", "y", "x"]}))
    assert (found.values, found.counts, found.adds_up) == (("x", "y"), (2, 1), False)
    assert tags_of(pl.DataFrame({"item_id": [], "tag": []}, schema={"item_id": pl.String, "tag": pl.String})) is None
