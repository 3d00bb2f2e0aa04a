"""Users with events but nothing to form segments on are part of everybody, in no segment."""

from __future__ import annotations

import numpy as np
import polars as pl

from coterie.engines import local
from coterie.runs.steps import with_unplaced
from coterie.segments.members import Members
from coterie.tables import CheckedTable, Tables
from coterie.terms import NOISE


def tables(users: list[str]) -> Tables:
    rows = pl.DataFrame({"user_id": users, "item_id": ["x"] * len(users), "value": [4.0] * len(users)})
    return Tables({"ratings": CheckedTable("ratings", "events", local.lazy(rows))})


def members(*ids: str) -> Members:
    labels = np.zeros(len(ids), np.int32)
    return Members(np.array(ids), labels, ("s-1",), np.ones(len(ids)), frozenset({"ratings"}))


def test_who_has_events_and_no_place_is_in_no_segment():
    found = with_unplaced(members("a", "c"), tables(["a", "b", "c", "d"]))
    assert found.ids.tolist() == ["a", "b", "c", "d"]
    assert found.labels.tolist() == [0, NOISE, 0, NOISE]
    assert found.distance.tolist() == [1.0, np.inf, 1.0, np.inf]


def test_where_all_are_placed_nothing_changes():
    whole = members("a", "b")
    assert with_unplaced(whole, tables(["a", "b"])) is whole
    assert with_unplaced(whole, Tables({})) is whole
