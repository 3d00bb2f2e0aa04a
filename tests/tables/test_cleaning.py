"""Cleaning: users dropped by a condition, bots, and floors that hold together."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Clean
from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.tables.cleaning import clean, filtered_table
from coterie.tables.types import CheckedTable, Tables
from coterie.terms import ITEM, USER
from tests.tables.backends import rows_of


def events(name: str, pairs: list[tuple[str, str]]) -> CheckedTable:
    frame = pl.DataFrame(pairs, schema={USER: pl.String, ITEM: pl.String}, orient="row")
    return CheckedTable(name, "events", local.lazy(frame))


def people(name: str = "people", **columns: list[Any]) -> CheckedTable:
    kinds = {column: "number" if column == "age" else "category" for column in columns if column != USER}
    return CheckedTable(name, "users", local.lazy(pl.DataFrame(columns)), attributes=kinds)


def tables(*given: CheckedTable) -> Tables:
    return Tables({table.name: table for table in given})


def counted(cleaned) -> dict[tuple[str, str], int]:
    assert not any(count.counts_as_reject for count in cleaned.counts)
    return {(count.table, count.rule): count.rows for count in cleaned.counts}


def test_nothing_is_taken_out_by_default():
    given = tables(events("views", [("1", "a"), ("1", "a"), ("2", "b")]))
    cleaned = clean(given, Clean())
    assert rows_of(cleaned.tables["views"].frame) == [("1", "a"), ("1", "a"), ("2", "b")]
    assert cleaned.counts == ()


def test_floors_take_turns_until_both_hold():
    # c has one user, so it goes; then 3 has one event left and goes; then b has one user left and goes ...
    given = tables(
        events(
            "views", [("1", "a"), ("1", "x"), ("2", "a"), ("2", "x"), ("2", "b"), ("3", "b"), ("3", "c"), ("4", "c")]
        )
    )
    cleaned = clean(given, Clean(min_events_per_user=2, min_users_per_item=2))
    assert rows_of(cleaned.tables["views"].frame) == [("1", "a"), ("1", "x"), ("2", "a"), ("2", "x")]
    # round 1: user 4 (1 event), then item c (1 user left); round 2: user 3 (1 event), then item b (1 user)
    assert counted(cleaned) == {("views", "min_events_per_user"): 2, ("views", "min_users_per_item"): 2}


def test_events_are_counted_over_all_tables_and_repeats_count_as_events():
    given = tables(
        events("views", [("1", "a"), ("1", "a"), ("2", "a"), ("3", "b")]),
        events("likes", [("2", "b"), ("3", "b"), ("4", "a")]),
    )
    cleaned = clean(given, Clean(min_events_per_user=2))
    assert rows_of(cleaned.tables["views"].frame) == [("1", "a"), ("1", "a"), ("2", "a"), ("3", "b")]
    assert rows_of(cleaned.tables["likes"].frame) == [("2", "b"), ("3", "b")]
    assert counted(cleaned) == {("likes", "min_events_per_user"): 1}


def test_an_items_users_are_counted_once():
    given = tables(events("views", [("1", "a"), ("1", "a"), ("1", "b"), ("2", "b")]))
    cleaned = clean(given, Clean(min_users_per_item=2))
    assert rows_of(cleaned.tables["views"].frame) == [("1", "b"), ("2", "b")]


def test_bots_go_with_all_their_events_and_stay_described():
    given = tables(events("views", [("1", "a"), ("1", "b"), ("1", "c"), ("2", "a")]), people(user_id=["1", "2", "3"]))
    cleaned = clean(given, Clean(max_events_per_user=2))
    assert rows_of(cleaned.tables["views"].frame) == [("2", "a")]
    assert counted(cleaned) == {("views", "max_events_per_user"): 3}
    assert local.collect(cleaned.tables["people"].frame).height == 3


def test_dropped_users_leave_every_table():
    given = tables(
        events("views", [("1", "a"), ("1", "b"), ("2", "a"), ("9", "a")]),
        people(user_id=["1", "2", "3", "4"], state=["AK", "NY", None, "HI"]),
        people("ages", user_id=["1", "2"], age=[5.0, 6.0]),
    )
    cleaned = clean(given, Clean(drop_users="state in ['AK', 'HI']"))
    assert rows_of(cleaned.tables["views"].frame) == [("2", "a"), ("9", "a")]
    assert rows_of(cleaned.tables["people"].frame, USER) == [("2",), ("3",)]
    assert rows_of(cleaned.tables["ages"].frame, USER) == [("2",)]
    assert counted(cleaned) == {("views", "drop_users"): 2, ("people", "drop_users"): 2, ("ages", "drop_users"): 1}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"min_events_per_user": 2, "min_users_per_item": 2},
            r"cleaning leaves no event in table 'views': min_events_per_user = 2 took out 1, min_users_per_item = 2 "
            r"took out 2; loosen these rules",
        ),
        (
            {"max_events_per_user": 1, "min_users_per_item": 2},
            r"max_events_per_user = 1 took out 2, min_users_per_item = 2 took out 1; loosen",
        ),
        ({"drop_users": "user_id != 'x'"}, r"drop_users = \"user_id != 'x'\" took out 3; loosen"),
    ],
)
def test_an_empty_outcome_names_the_rules(config, message):
    given = tables(events("views", [("1", "a"), ("1", "b"), ("2", "c")]), people(user_id=["1", "2"]))
    with pytest.raises(DataError, match=message):
        clean(given, Clean(**config))


def test_which_table_a_condition_is_about():
    kinds = {"people": {"state": "category"}, "ages": {"age": "number"}}
    assert filtered_table(kinds, "age > 5") == "ages"
    assert filtered_table(kinds, "user_id == '5'") == "people"
    with pytest.raises(ConfigError, match=r"names columns of several tables"):
        filtered_table(kinds, "age > 5 and state == 'NY'")
    with pytest.raises(ConfigError, match=r"names the column 'agee', .* did you mean 'age'"):
        filtered_table(kinds, "agee > 5")
    with pytest.raises(ConfigError, match=r"it needs a table of role 'users'"):
        filtered_table({}, "age > 5")


def reference_core(pairs: list[tuple[str, str]], per_user: int, per_item: int) -> list[tuple[str, str]]:
    while True:
        users, items = Counter(u for u, _ in pairs), Counter(i for _, i in set(pairs))
        kept = [(u, i) for u, i in pairs if users[u] >= per_user and items[i] >= per_item]
        if kept == pairs:
            return kept
        pairs = kept


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("12345"), st.sampled_from("abcde")), min_size=1, max_size=40),
    st.integers(1, 4),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_the_core_is_the_one_that_a_plain_loop_finds(pairs, per_user, per_item, random):
    expected = reference_core(pairs, per_user, per_item)
    config = Clean(min_events_per_user=per_user, min_users_per_item=per_item)
    if not expected:
        with pytest.raises(DataError, match="cleaning leaves no event"):
            clean(tables(events("views", pairs)), config)
        return
    cleaned = clean(tables(events("views", pairs)), config)
    assert rows_of(cleaned.tables["views"].frame) == sorted(expected)
    assert sum(count.rows for count in cleaned.counts) == len(pairs) - len(expected)
    shuffled = clean(tables(events("views", random.sample(pairs, len(pairs)))), config)
    assert shuffled.counts == cleaned.counts
