"""What the values of a column look like."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from coterie.tables.inference import header, names
from coterie.tables.inference.columns import ColumnLook, TimeLook, look_at_column
from coterie.tables.inference.guesses import rating_scale


def look(*values: object, name: str = "x") -> ColumnLook:
    return look_at_column(name, 1, pl.Series(values))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", None, " 3 "], "integer"),
        ([1.0, 2.0, None], "integer"),
        (["1.5", "2"], "number"),
        ([1.5, float("nan")], "number"),
        (["0", "1", "1"], "flag"),
        ([True, False], "flag"),
        (["a", "1"], "text"),
        (["", None, "  "], "empty"),
        ([["a"], ["b"]], "list"),
        ([[1], [2]], "other"),
        ([dt.time(1), dt.time(2)], "other"),
        ([b"a"], "other"),
        ([dt.date(2024, 1, 1)], "time"),
    ],
)
def test_kinds(values, kind):
    assert look(*values).kind == kind


@pytest.mark.parametrize(
    ("values", "time"),
    [
        (["881250949", "1732000000"], TimeLook(unit="s")),
        ([1_732_000_000_123], TimeLook(unit="ms")),
        ([1_732_000_000_123_456], TimeLook(unit="us")),
        (["2024-01-31", "2024-02-01"], TimeLook()),
        (["2024-01-31T10:00:00Z", "2024-01-31 10:00:00.5+02:00"], TimeLook()),
        ([dt.datetime(2024, 1, 1)], TimeLook()),
        (["01-Jan-1995", "28-Feb-1996"], TimeLook(format="%d-%b-%Y")),
        (["31/01/2024 10:00", "01/02/2024 11:30"], TimeLook(format="%d/%m/%Y %H:%M")),
        (["01/31/2024"], TimeLook(format="%m/%d/%Y")),
        (["01/02/2024"], TimeLook(format="%d/%m/%Y", also="%m/%d/%Y")),
        (["20240131", "20240201"], TimeLook(format="%Y%m%d")),
        (["20240199", "20240201"], None),
        ([20240131], None),
        (["1", "2"], None),
        (["soon"], None),
    ],
)
def test_times(values, time):
    assert look(*values).time == time


@pytest.mark.parametrize(
    ("values", "name", "split"),
    [
        (["Action|Drama", "Drama", "Comedy|Action"], "x", "|"),
        (["red; blue", "blue", "red; blue"], "x", ";"),
        (["red, blue", "blue, green"], "genres", ","),
        (["Matrix, The", "Piano, The", "Net, The", "Heat"], "title", ""),
        (["Drama", "Comedy"], "genres", ""),
    ],
)
def test_splits(values, name, split):
    assert look(*values, name=name).split == split


def test_one_row_and_no_rows():
    assert not look("7").is_unique
    assert look_at_column("x", 1, pl.Series([], dtype=pl.String)).kind == "empty"
    assert look("7", "8").is_unique
    assert not look("7", "8", None).is_unique


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 5, 3], (1, 5)),
        ([0.5, 4.0, 4.0], (0.5, 5)),
        ([1, 10, 10], (1, 10)),
        ([-1, 1, 1], (-1, 1)),
        ([0, 5, 5], (0, 5)),
        ([1.3, 2.2, 2.2], None),
        ([1, 300, 300], None),
        ([3, 3], None),
        (list(range(50)), None),
    ],
)
def test_scales(values, scale):
    assert rating_scale(look(*values, *values)) == scale


@pytest.mark.parametrize(
    ("name", "meaning", "score"),
    [
        ("userId", names.USER, 3),
        ("user_handle", names.USER, 3),
        ("CUSTOMER ID", names.USER, 3),
        ("customer_unique_id", names.USER, 2),
        ("customer_city", names.USER, 0),
        ("user_assessment_score", names.USER, 0),
        ("movieId", names.ITEM, 3),
        ("item_no", names.ITEM, 3),
        ("rating", names.ITEM, 0),
    ],
)
def test_names_of_keys(name, meaning, score):
    assert names.is_key(name, meaning) == score


@pytest.mark.parametrize(
    ("records", "answer"),
    [
        ([["userId", "x"], ["1", "a"]], (True, True)),
        ([["196", "242"], ["186", "302"]], (False, True)),
        ([["course_id", "tag"], ["a", "b"], ["a", "c"]], (True, True)),
        ([["p", "q"], ["x", "y"], ["x", "z"]], (True, False)),
        ([["x", "q"], ["x", "y"], ["x", "z"]], (False, False)),
        ([["a", "a"], ["1", "2"]], (True, True)),
        ([["a", "a"], ["x", "y"]], (False, False)),
        ([["", "user"], ["0", "1"]], (True, True)),
        ([["user", ""], ["0", "1"]], (False, True)),
        ([["user", "item"]], (True, True)),
    ],
)
def test_headers(records, answer):
    assert header.look_for(records) == answer


@pytest.mark.parametrize("name", ["n", "number", "count", ""])
def test_a_column_may_have_any_name(name):
    assert look("1", "2", "2", name=name).grades == look("1", "2", "2").grades != ()
