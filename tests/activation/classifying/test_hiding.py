"""Events are hidden before any feature is made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.activation.classifying.hiding import emptied, events_each, of_entities, rows_of, thinned, with_empty
from coterie.engines import local
from coterie.tables import CheckedTable, Tables
from coterie.tables.coded import encoded
from coterie.tables.types import events_of


def events(name, pairs):
    frame = local.lazy(pl.DataFrame({"user_id": [u for u, _ in pairs], "item_id": [i for _, i in pairs]}))
    return CheckedTable.of_events(name, encoded(frame), {})


def people(*users):
    frame = pl.DataFrame({"user_id": list(users), "age": [30.0] * len(users)})
    return CheckedTable("people", "users", local.lazy(frame), {"age": "number"})


def tables():
    views = events("views", [(u, f"i{n}") for u, many in (("a", 4), ("b", 2), ("c", 9)) for n in range(many)])
    likes = events("likes", [("a", "i1"), ("c", "i2")])
    return Tables({"views": views, "likes": likes, "people": people("a", "b", "d")})


IDS = np.array(["a", "c"])


@given(st.integers(0, 12), st.integers(0, 12))
def test_so_many_events_stay_over_all_tables(first, second):
    own = of_entities(tables(), IDS)
    left = thinned(own, IDS, np.array([first, second]), np.random.default_rng(0))
    assert events_each(left, IDS).tolist() == [min(first, 5), min(second, 10)]


def pairs_of(left):
    return {
        (t.name, e.users[u], e.items[i])
        for t in left.events
        for e in [events_of(t)]
        for u, i in zip(e.user, e.item, strict=True)
    }


def test_more_events_hold_the_fewer():
    own = of_entities(tables(), IDS)
    found = [pairs_of(thinned(own, IDS, np.full(2, n), np.random.default_rng(3))) for n in range(6)]
    assert all(few < more for few, more in pairwise(found))


def test_others_events_are_not_there_and_tables_of_people_stay():
    own = of_entities(tables(), IDS)
    assert events_of(own["views"]).users.tolist() == ["a", "c"]
    assert rows_of(own["people"], np.array(["a", "c", "d"])).tolist() == [True, False, True]
    assert rows_of(own["views"], np.array(["a", "b"])).tolist() == [True, False]


@pytest.mark.parametrize("name", ["views", "people"])
def test_a_table_that_is_not_there_becomes_an_empty_one(name):
    whole = tables()
    some = with_empty(Tables({n: t for n, t in whole.by_name.items() if n != name}), whole)
    assert set(some.by_name) == set(whole.by_name)
    assert not rows_of(some[name], np.array(["a", "b", "c", "d"])).any()
    assert emptied(whole[name]).frame.collect_schema().names() == whole[name].frame.collect_schema().names()
