"""Tables as users, items and tags see them."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.tables import CheckedTable, Tables
from coterie.tables.viewpoint import role_of, seen_by
from tests.tables.backends import rows_of

RATINGS = [("ann", "a", 5.0), ("ann", "b", 3.0), ("bob", "b", 1.0), ("bob", "b", 2.0), ("cat", "c", 4.0)]
TAGS = [("a", "war"), ("b", "war"), ("b", "love")]


@pytest.fixture
def tables(backend):
    users, items, values = zip(*RATINGS, strict=True)
    tagged, tags = zip(*TAGS, strict=True)
    ratings = backend.frame({"user_id": users, "item_id": items, "value": values})
    people = {
        "user_id": ["ann", "bob", "cat"],
        "age": [20.0, 30.0, None],
        "sex": ["F", None, "F"],
        "job_title": ["x"] * 3,
    }
    films = {"item_id": ["a", "b", "c"], "title": ["Alien", "Brazil", None], "year": [1979.0, 1985.0, 1942.0]}
    kinds = {"age": "number", "sex": "category", "job_title": "category"}
    return Tables(
        {
            "ratings": CheckedTable("ratings", "events", ratings),
            "people": CheckedTable("people", "users", backend.frame(people), kinds),
            "films": CheckedTable(
                "films",
                "items",
                backend.frame(films),
                {"year": "number"},
                backend.frame({"item_id": tagged, "tag": tags}),
            ),
        }
    )


def test_users_see_the_tables_as_they_are(tables):
    assert seen_by("users", tables) is tables


def test_items_see_users_as_what_they_are_told_apart_by(tables):
    seen = seen_by("items", tables)
    assert [table.name for table in seen] == ["ratings", "people", "films"]
    assert rows_of(seen["ratings"].frame, "user_id", "item_id", "value") == [
        (i, u, v) for u, i, v in sorted(RATINGS, key=lambda r: (r[1], r[0], r[2]))
    ]
    assert [table.name for table in seen.users] == ["films"]
    assert rows_of(seen["films"].frame, "user_id", "title") == [("a", "Alien"), ("b", "Brazil"), ("c", None)]
    assert seen["films"].attributes == {"year": "number"}
    assert rows_of(seen["films"].tags, "user_id", "tag") == [("a", "war"), ("b", "love"), ("b", "war")]
    assert [table.name for table in seen.items] == ["people"]
    assert rows_of(seen["people"].frame, "item_id", "age") == [("ann", 20.0), ("bob", 30.0), ("cat", None)]


def test_categories_of_users_are_the_tags_of_what_they_take_up(tables):
    seen = seen_by("items", tables)["people"]
    assert rows_of(seen.tags, "item_id", "tag") == [
        ("ann", "job title x"),
        ("ann", "sex F"),
        ("bob", "job title x"),
        ("cat", "job title x"),
        ("cat", "sex F"),
    ]


def test_an_event_of_an_item_is_one_of_each_of_its_tags(tables):
    seen = seen_by("films.tags", tables)
    assert [table.name for table in seen] == ["ratings", "people"]
    assert rows_of(seen["ratings"].frame, "user_id", "item_id", "value") == [
        ("love", "ann", 3.0),
        ("love", "bob", 1.0),
        ("love", "bob", 2.0),
        ("war", "ann", 3.0),
        ("war", "ann", 5.0),
        ("war", "bob", 1.0),
        ("war", "bob", 2.0),
    ]
    assert seen.users == ()


def test_users_without_categories_have_no_tags(backend):
    people = CheckedTable("people", "users", backend.frame({"user_id": ["a"], "age": [1.0]}), {"age": "number"})
    assert seen_by("items", Tables({"people": people}))["people"].tags is None


@pytest.mark.parametrize("entity", ["items", "films.tags"])
@pytest.mark.parametrize("column", ["title", "tag", "item_id"])
def test_an_attribute_may_not_take_a_canonical_name(entity, column):
    frame = local.lazy(pl.DataFrame({"user_id": ["a"], column: ["x"]}))
    people = CheckedTable("people", "users", frame, {column: "category"})
    with pytest.raises(ConfigError, match=rf"'tables\.people\.attributes' names '{column}', .*rename the column"):
        seen_by(entity, Tables({"people": people}))


def test_tags_need_the_table_that_has_them(tables):
    with pytest.raises(DataError, match=r"there are no tags of 'films' .* give its table of items"):
        seen_by("films.tags", Tables({"ratings": tables["ratings"]}))


def test_the_role_of_tables_that_describe_the_entities():
    assert [role_of(entity) for entity in ("users", "items", "films.tags")] == ["users", "items", None]


@given(st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("xyz")), max_size=12))
def test_seen_twice_from_items_events_are_as_before(pairs):
    frame = pl.DataFrame(pairs, schema={"user_id": pl.String, "item_id": pl.String}, orient="row")
    tables = Tables({"e": CheckedTable("e", "events", local.lazy(frame))})
    again = seen_by("items", seen_by("items", tables))["e"].frame
    assert Counter(local.collect(again.select("user_id", "item_id")).rows()) == Counter(pairs)
