"""Users and items: keys, blanked cells, duplicates, titles, tags, states."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Table
from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.sources.contract import RawTable
from coterie.tables import rules
from coterie.tables.attributes import attribute_kinds
from coterie.tables.entities import check_entities, known_ids
from coterie.terms import ITEM, STATE, TAG, TITLE, USER
from tests.tables.backends import rows_of


def users(**changed: Any) -> Table:
    given = {"role": "users", "source": "x", "user": "id"}
    kinds = {"age": "number", "job": "category", "zip": "us_zip"}
    return Table.model_validate({**given, "attributes": kinds, "ranges": {"age": [0, 120]}, **changed})


def items(**changed: Any) -> Table:
    return Table.model_validate({"role": "items", "source": "x", "item": "id", "title": "name", **changed})


def counted(checked) -> dict[tuple[str, str], tuple[int, bool]]:
    return {(count.rule, count.column): (count.rows, count.counts_as_reject) for count in checked.counts}


def test_the_number_of_the_row_is_the_id_where_asked_for(backend):
    rows = {"_row": [2, 1, 3, 10], "age": ["24", "24", "", "x"]}
    asked = Table.model_validate({"role": "users", "source": "x", "user": "_row", "attributes": {"age": "number"}})
    checked = check_entities("people", asked, backend.raw(rows))
    assert rows_of(checked.table.frame) == [("1", 24.0), ("10", None), ("2", 24.0), ("3", None)]
    assert rows_of(checked.rejects, "_row", "_column", "_reason") == [(10, "age", "not a number, cell blanked")]


def test_users_by_hand(backend):
    rows = {
        "_row": [1, 2, 3, 4, 5, 6],
        "id": ["1", "2", "", "3", "4", "-1"],
        "age": ["24", "abc", "5", "233", "", "5"],
        "job": [" writer ", "", "x", None, "artist", "x"],
        "zip": ["02138", "T8H1N", "1", "99501-0001", None, "1"],
    }
    checked = check_entities("people", users(), backend.raw(rows))
    assert rows_of(checked.table.frame) == [
        ("1", 24.0, "writer", "02138", "MA"),
        ("2", None, None, "T8H1N", None),
        ("3", None, None, "99501-0001", "AK"),
        ("4", None, "artist", None, None),
    ]
    assert checked.table.frame.collect_schema().names() == [USER, "age", "job", "zip", STATE]
    assert checked.table.attributes == {"age": "number", "job": "category", "zip": "us_zip", STATE: "category"}
    assert rows_of(checked.rejects, "_row", "age", "_column", "_reason") == [
        (2, "abc", "age", "not a number, cell blanked"),
        (3, "5", "id", "null key"),
        (4, "233", "age", "out of range, cell blanked"),
        (6, "5", "id", "negative id"),
    ]
    assert counted(checked) == {
        ("not a number, cell blanked", "age"): (1, False),
        ("out of range, cell blanked", "age"): (1, False),
        ("null key", "id"): (1, True),
        ("negative id", "id"): (1, True),
    }
    assert checked.read == 6


def test_one_row_with_nothing_but_a_key(backend):
    checked = check_entities("people", users(attributes={}, ranges={}), backend.raw({"id": [7]}))
    assert rows_of(checked.table.frame) == [("7",)]
    assert checked.table.tags is None


def test_integers_as_categories_and_zip_codes(backend):
    rows = {"id": [1.0, 2.0], "age": [1, 2], "job": [3.0, None], "zip": [2138, 94043]}
    checked = check_entities("people", users(), backend.raw(rows))
    assert rows_of(checked.table.frame) == [("1", 1.0, "3", "02138", "MA"), ("2", 2.0, None, "94043", "CA")]


class TestDuplicates:
    ROWS: ClassVar = {
        "_row": [1, 2, 3, 4, 5],
        "id": ["1", "1", " 1", "2", "2"],
        "age": ["24", "24.0", "30", None, "5"],
        "job": ["a", "a", "a", None, None],
        "zip": [None] * 5,
    }

    def test_equal_rows_collapse_and_others_conflict(self, backend):
        rows = pl.DataFrame(self.ROWS, schema_overrides={"zip": pl.String})
        checked = check_entities("people", users(), backend.raw(rows))
        # the row that is last in the order of its cells stays, so that a blank gives way
        assert rows_of(checked.table.frame, USER, "age") == [("1", 30.0), ("2", 5.0)]
        assert rows_of(checked.rejects, "_row", "_reason") == [(row, rules.CONFLICT) for row in (1, 2, 4)]

    def test_equal_rows_are_counted_but_no_rejects(self, backend):
        rows = pl.DataFrame(self.ROWS, schema_overrides={"zip": pl.String}).filter(pl.col("_row") <= 2)
        checked = check_entities("people", users(), backend.raw(rows))
        assert rows_of(checked.table.frame, USER, "age") == [("1", 24.0)]
        assert counted(checked) == {(rules.REPEATED, ""): (1, False)}
        assert rows_of(checked.rejects) == []


class TestItems:
    def test_tags_to_split_and_titles(self, backend):
        rows = {
            "id": [1, 2, 3, 4],
            "name": ["Heat", " ", None, "Up"],
            "tags": ["Crime| Drama |", "", None, "(no genres listed)|Drama|Drama"],
        }
        checked = check_entities("films", items(tags={"column": "tags"}), backend.raw(rows))
        assert rows_of(checked.table.frame) == [("1", "Heat"), ("2", "2"), ("3", "3"), ("4", "Up")]
        assert checked.table.frame.collect_schema().names() == [ITEM, TITLE]
        assert checked.table.tags.collect_schema().names() == [ITEM, TAG]
        assert rows_of(checked.table.tags) == [
            ("1", "Crime"),
            ("1", "Drama"),
            ("4", "(no genres listed)"),
            ("4", "Drama"),
        ]

    def test_a_separator_is_taken_literally(self, backend):
        rows = {"id": [1], "name": ["x"], "tags": ["a.b, c"]}
        checked = check_entities("films", items(tags={"column": "tags", "split": ", "}), backend.raw(rows))
        assert rows_of(checked.table.tags) == [("1", "a.b"), ("1", "c")]

    def test_lists(self, backend):
        rows = {"id": [1, 2, 3], "name": ["x", "y", "z"], "tags": [["a", " b "], [], None]}
        checked = check_entities("films", items(tags={"column": "tags"}), backend.raw(rows))
        assert rows_of(checked.table.tags) == [("1", "a"), ("1", "b")]

    def test_one_hot(self, backend):
        rows = {
            "id": ["1", "2", "3"],
            "name": ["x", "y", "z"],
            "Film-Noir": ["1", "0", ""],
            "War": [1, 0, None],
            "Sci|Fi": [False, True, None],
            "Odd": ["1", "maybe", "true"],
        }
        config = items(tags={"columns": ["Film-Noir", "War", "Sci|Fi", "Odd"]}, attributes={"War": "category"})
        checked = check_entities("films", config, backend.raw(rows))
        assert rows_of(checked.table.tags) == [
            ("1", "Film-Noir"), ("1", "Odd"), ("1", "War"), ("2", "Sci|Fi"), ("3", "Odd"),
        ]  # fmt: skip
        assert rows_of(checked.table.frame) == [("1", "x", "1"), ("2", "y", "0"), ("3", "z", None)]
        assert counted(checked) == {("not a flag, cell blanked", "Odd"): (1, False)}
        assert rows_of(checked.rejects, "id", "Odd") == [("2", "maybe")]

    def test_one_row_a_tag_is_no_conflict(self, backend):
        rows = {"id": [1, 1, 1, 2], "name": ["x", "x", "w", "y"], "tags": ["a", "b|a", "c", "d"]}
        checked = check_entities("films", items(tags={"column": "tags"}), backend.raw(rows))
        assert rows_of(checked.table.frame) == [("1", "x"), ("2", "y")]
        assert rows_of(checked.table.tags) == [("1", "a"), ("1", "b"), ("2", "d")]
        assert counted(checked) == {(rules.CONFLICT, ""): (1, True), (rules.REPEATED, ""): (1, False)}

    def test_only_keys_and_tags(self, backend):
        config = Table(role="items", source="x", item="id", tags={"column": "tag"})
        checked = check_entities("tags", config, backend.raw({"id": ["1", "1", "2"], "tag": ["a", "b", ""]}))
        assert rows_of(checked.table.frame) == [("1",), ("2",)]
        assert rows_of(checked.table.tags) == [("1", "a"), ("1", "b")]

    def test_known_ids_join_on_the_sources_backend(self, backend):
        raw = backend.raw({"id": ["1", " 1", "2", ""], "name": list("abcd")})
        config = items()
        ids = known_ids(check_entities("films", config, raw), config, raw)
        assert ids.implementation == raw.frame.implementation
        assert rows_of(ids) == [("1",), ("2",)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"attributes": {"zip": "us_zip", "state": "category"}}, r"has a us_zip, 'zip', .*'state', which would take"),
        ({"attributes": {"zip": "us_zip", "zip2": "us_zip"}}, r"has a us_zip, 'zip', .*'zip2'"),
        ({"attributes": {"user_id": "text"}}, r"'tables\.people\.attributes' names 'user_id', which is a name of"),
        ({"attributes": {"_row": "text"}}, r"names '_row'"),
    ],
)
def test_names_that_collide(changed, message):
    with pytest.raises(ConfigError, match=message):
        attribute_kinds("people", users(**{"ranges": {}, **changed}))


@pytest.mark.parametrize(
    ("config", "rows", "error", "message"),
    [
        (users(), {"id": [1]}, ConfigError, r"'tables\.people\.attributes' names the column 'age', which is not there"),
        (users(user="idd"), {"id": [1]}, ConfigError, r"'tables\.people\.user' .*did you mean 'id'"),
        (items(), {"id": [1]}, ConfigError, r"'tables\.people\.title' names the column 'name'"),
        (items(tags={"column": "t"}), {"id": [1], "name": [1]}, ConfigError, r"'tables\.people\.tags\.column' names"),
        (items(tags={"columns": ["t"]}), {"id": [1], "name": [1]}, ConfigError, r"people\.tags\.columns' names"),
        (items(tags={"column": "t"}), {"id": [1], "name": [1], "t": [1]}, ConfigError, r"tags column 't' holds int64"),
        (items(), {"id": [1], "name": [[1]]}, ConfigError, r"'name' holds list.*expected text"),
        (items(), {"id": [], "name": []}, DataError, r"table 'people' at 'memory' has no rows"),
    ],
)
def test_what_cannot_be_checked(backend, config, rows, error, message):
    with pytest.raises(error, match=message):
        check_entities(
            "people",
            config,
            backend.raw(pl.DataFrame(rows, schema=None if rows["id"] else dict.fromkeys(rows, pl.String))),
        )


ROW = st.tuples(
    st.sampled_from(["1", "2", " 1", "3", "", "-1"]),
    st.sampled_from(["1", "2", "200", "x", ""]),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["02138", "x", ""]),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=15), st.randoms(use_true_random=False))
def test_order_changes_nothing_and_no_row_is_lost(people, random):
    rows = [(number, *row) for number, row in enumerate(people)]
    one, other = (
        check_entities(
            "people",
            users(),
            RawTable(local.lazy(pl.DataFrame(order, schema=["_row", "id", "age", "job", "zip"], orient="row")), "", ""),
        )
        for order in (rows, random.sample(rows, len(rows)))
    )
    assert one.counts == other.counts
    assert rows_of(one.table.frame) == rows_of(other.table.frame)
    assert rows_of(one.rejects) == rows_of(other.rejects)
    kept = local.collect(one.table.frame)
    assert kept[USER].is_unique().all()
    out = rules.rejected_rows(one.counts, "people") + rules.cleaned_rows(one.counts, "people")
    assert one.read == len(people) == kept.height + out
