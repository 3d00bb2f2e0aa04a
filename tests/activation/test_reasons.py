"""Why two are alike, by hand."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from coterie.activation.reasons import Ground
from coterie.engines.local import lazy
from coterie.tables import CheckedTable, Tables

IDS = np.array(["a", "b", "c", "d"])


def tables():
    rows = [
        ("a", "x", 5.0),
        ("a", "y", 5.0),
        ("a", "z", 1.0),
        ("b", "x", 5.0),
        ("b", "y", 3.0),
        ("c", "x", 4.0),
        ("c", "z", 5.0),
    ]
    events = lazy(pl.DataFrame(rows, schema=["user_id", "item_id", "value"], orient="row"))
    people = pl.DataFrame(
        {"user_id": list(IDS), "age": [20.0, 21.0, 60.0, None], "town": ["Ulm", "Ulm", "Bonn", None], "all": ["1"] * 4,
         "quiz": ["{'q': 1.0}", "{'q': 1.0}", "{'q': 5.0}", None]}
    )  # fmt: skip
    items = pl.DataFrame({"item_id": ["x", "y", "z"], "title": ["Ex", "Why", None]})
    kinds = {"age": "number", "town": "category", "all": "category", "quiz": "traits"}
    return Tables(
        {
            "likes": CheckedTable("likes", "events", events),
            "people": CheckedTable("people", "users", lazy(people), kinds),
            "films": CheckedTable("films", "items", lazy(items)),
        }
    )


def test_items_by_how_much_both_took_them_up_and_how_rare_they_are():
    why = Ground(tables(), IDS, min_cell=2).between(0, 1)
    assert (why.n_own, why.n_other, why.n_shared) == (3, 2, 2)
    assert [(found.title, found.own, found.other, found.share) for found in why.items] == [
        ("Ex", 5.0, 5.0, 0.75),
        ("Why", 5.0, 3.0, 0.5),
    ]
    assert [found.weight for found in why.items] == pytest.approx([math.log(4 / 3), math.sqrt(0.5) * 0.5 * math.log(2)])
    assert why.tags == ()


def test_attributes_that_few_others_have_and_numbers_on_the_same_side():
    why = Ground(tables(), IDS, min_cell=3, poles={("people", "age"): ("young", "old")}).between(0, 1)
    found = {one.name: one for one in why.attributes}
    assert set(found) == {"people: age", "people: town", "people: q"}  # what all have says nothing
    assert (found["people: age"].own, found["people: age"].other, found["people: age"].low) == ("20", "21", "young")
    assert found["people: age"].overall == pytest.approx(101 / 3)
    assert (found["people: town"].own, found["people: town"].overall) == ("Ulm", None)  # two are fewer than three
    assert Ground(tables(), IDS, min_cell=2).between(0, 1).attributes[-1].overall is not None


def test_a_newcomer_is_compared_with_the_runs_own():
    rows = [("new", "unknown", 5.0), ("new", "y", 3.0), ("new", "x", 5.0), ("other", "z", 1.0)]
    people = {"user_id": ["new", "other"], "age": [19.0, 50.0], "town": ["Ulm", "Bonn"], "quiz": ["{'q': 1.0}", None]}
    kinds = {"age": "number", "town": "category", "quiz": "traits"}
    own = Tables(
        {
            "likes": CheckedTable(
                "likes", "events", lazy(pl.DataFrame(rows, ["user_id", "item_id", "value"], orient="row"))
            ),
            "people": CheckedTable("people", "users", lazy(pl.DataFrame(people)), kinds),
        }
    )
    why = Ground(tables(), IDS, min_cell=2, newcomer=(own, "new")).between(4, 1)
    assert (why.n_own, why.n_other, why.n_shared) == (2, 2, 2)
    assert {one.name: one.own for one in why.attributes} == {
        "people: age": "19",
        "people: town": "Ulm",
        "people: q": "1",
    }
    bare = Ground(tables(), IDS, min_cell=2, newcomer=(Tables({}), "new")).between(4, 1)
    assert (bare.n_own, bare.attributes) == (0, ())


def test_those_with_nothing_in_common():
    why = Ground(tables(), IDS, min_cell=2).between(0, 3)
    assert (why.n_other, why.n_shared, why.items, why.attributes) == (0, 0, (), ())
