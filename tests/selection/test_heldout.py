from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.config import parse_config
from coterie.selection import heldout
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, USER, USERS, VALUE


def events(**columns) -> CheckedTable:
    return CheckedTable("likes", EVENTS, nw.from_native(pl.LazyFrame(columns)))


def people(ids) -> CheckedTable:
    return CheckedTable("people", USERS, nw.from_native(pl.LazyFrame({USER: ids, "age": [30.0] * len(ids)})))


def config(*, taste: bool):
    likes = {"role": "events", "source": "likes.csv", "user": "u", "item": "i"}
    who = {"role": "users", "source": "people.csv", "user": "u", "attributes": {"age": "number"}}
    blocks = {"who": {"kind": "attributes", "from": "people"}, "taste": {"kind": "interactions", "from": "likes"}}
    if not taste:
        del blocks["taste"]
    return parse_config({"tables": {"people": who, "likes": likes}, "features": blocks})


def test_events_are_held_out_also_where_segments_are_formed_on_something_else():
    likes = events(**{USER: ["a", "b"], ITEM: ["x", "y"]})
    tables = Tables({"people": people(["a", "b"]), "likes": likes})
    assert heldout.event_table(config(taste=True), tables) is likes
    assert heldout.event_table(config(taste=False), tables) is likes
    assert heldout.event_table(config(taste=False), Tables({"people": people(["a"])})) is None


def test_pairs_are_distinct_and_repeated_events_are_counted():
    table = events(**{USER: ["a", "b", "a", "a", "z"], ITEM: ["x", "x", "x", "y", "x"]})
    found = heldout.catalogue(table, np.array(["a", "b", "c"]), None)
    assert found.pairs.users.tolist() == [0, 0, 1]
    assert found.items[found.pairs.items].tolist() == ["x", "y", "x"]
    assert found.events.tolist() == [3, 1, 0]


def test_what_is_held_out_of_a_user_does_not_depend_on_who_else_is_segmented():
    users, items = [f"u{i}" for i in range(9) for _ in range(8)], [f"i{j}" for _ in range(9) for j in range(8)]
    table = events(**{USER: users, ITEM: items})

    def held(ids: list[str]) -> set[tuple[str, str]]:
        found = heldout.catalogue(table, np.array(ids), None)
        rows = found.hold_out(0.5, np.random.default_rng(3))
        return set(zip(found.users[found.pairs.users[rows]], found.items[found.pairs.items[rows]], strict=True))

    everybody, some = held(sorted(set(users))), held(["u2", "u5", "u7"])
    assert len(everybody) == 36
    assert some == {pair for pair in everybody if pair[0] in {"u2", "u5", "u7"}}


def test_a_user_who_gives_everything_one_value_likes_everything():
    # The mean of three times 3.3 is above 3.3 in its last bit.
    table = events(**{USER: ["a"] * 3 + ["b"] * 2, ITEM: ["x", "y", "z", "x", "y"], VALUE: [3.3] * 3 + [1.0, 5.0]})
    found = heldout.catalogue(table, np.array(["a", "b"]), None)
    assert found.pairs.positive.tolist() == [True, True, True, False, True]


def test_held_out_pairs_are_gone_from_every_table_of_events():
    likes = events(**{USER: ["a", "a", "b"], ITEM: ["x", "y", "x"]})
    tables = Tables({"likes": likes, "views": likes})
    found = heldout.catalogue(likes, np.array(["a", "b"]), None)
    less = heldout.without(tables, found, np.array([True, False, False]))
    for table in less:
        assert sorted(table.frame.collect("polars").to_native().rows()) == [("a", "y"), ("b", "x")]
