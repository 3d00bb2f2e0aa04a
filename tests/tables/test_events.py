"""Events: every rule, every policy for duplicates, on both backends."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, ClassVar

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Table
from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.sources.contract import RawTable
from coterie.tables import rules
from coterie.tables.events import Known, check_events
from coterie.terms import ITEM, TIME, USER, VALUE
from tests.tables.backends import BACKENDS, Backend, open_backend, rows_of

NOW_S = 1_000_000_000.0
NOBODY = Known()


def table(**changed: Any) -> Table:
    given = {"role": "events", "source": "x", "user": "who", "item": "what", "value": "stars"}
    return Table.model_validate({**given, "time": {"column": "when", "unit": "s"}, "range": [1, 5], **changed})


def check(raw: RawTable, config: Table, known: Known = NOBODY):
    return check_events("ratings", config, raw, known=known, now_s=NOW_S)


def counted(checked) -> dict[tuple[str, str], int]:
    return {(count.rule, count.column): count.rows for count in checked.counts}


def test_by_hand(backend):
    rows = {
        "_row": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "who": ["1", " 2 ", "", None, "3", "3", "3", "3", "-1", "4"],
        "what": ["a", "b", "a", "a", "", "b", "c", "d", "a", "e"],
        "stars": ["5", "4.5", "3", "3", "3", "abc", "9", "nan", "3", ""],
        "when": ["100", "200", "1", "1", "1", "1", "1", "1", "1", "9999999999"],
        "note": [f"n{n}" for n in range(10)],
    }
    checked = check(backend.raw(rows), table())
    assert rows_of(checked.table.frame, USER, ITEM, VALUE, TIME) == [("1", "a", 5.0, 100.0), ("2", "b", 4.5, 200.0)]
    assert checked.table.frame.collect_schema().names() == [USER, ITEM, VALUE, TIME]
    assert rows_of(checked.rejects, "_row", "who", "note", "_column", "_reason") == [
        (3, "", "n2", "who", "null key"),
        (4, None, "n3", "who", "null key"),
        (5, "3", "n4", "what", "null key"),
        (6, "3", "n5", "stars", "not a number"),
        (7, "3", "n6", "stars", "out of range"),
        (8, "3", "n7", "stars", "not finite"),
        (9, "-1", "n8", "who", "negative id"),
        (10, "4", "n9", "stars", "missing"),
    ]
    assert checked.read == 10
    examples = {(count.rule, count.column): count.example for count in checked.counts}
    assert examples["not a number", "stars"] == "abc"
    assert examples["null key", "who"] == ""
    assert counted(checked)["null key", "who"] == 2
    assert all(count.counts_as_reject for count in checked.counts)


def test_the_rejects_hold_the_sources_columns_and_types(backend):
    rows = pl.DataFrame({"who": [1, -1], "what": [7, 7], "stars": [3, 3], "when": [1, 1]})
    checked = check(backend.raw(rows), table())
    assert local.collect(checked.rejects).schema == {**rows.schema, "_column": pl.String, "_reason": pl.String}
    assert rows_of(checked.table.frame) == [("1", "7", 3.0, 1.0)]


def test_typed_sources(backend):
    rows = {
        "who": [1.0, 2.0, math.nan, 1.5],
        "what": [1, 2, 3, 4],
        "stars": [3.0, math.inf, 3.0, 3.0],
        "when": [dt.datetime(2000, 1, 1)] * 4,
    }
    checked = check(backend.raw(rows), table(time="when"))
    assert rows_of(checked.table.frame) == [("1", "1", 3.0, 946684800.0)]
    assert counted(checked) == {("not finite", "stars"): 1, ("null key", "who"): 1, ("not an id", "who"): 1}


def test_times(backend):
    days = ["2000-01-01", "2000-02-30", "", "2050-01-01", "1950-01-01"]
    rows = {"who": ["1"] * 5, "what": list("abcde"), "stars": ["3"] * 5, "when": days}
    checked = check(backend.raw(rows), table(time="when"))
    assert rows_of(checked.table.frame, ITEM, TIME) == [("a", 946684800.0), ("e", -631152000.0)]
    assert counted(checked) == {("not a date", "when"): 1, ("missing", "when"): 1, ("future date", "when"): 1}


def test_events_need_neither_value_nor_time(backend):
    rows = {"who": ["1", "2"], "what": ["a", "a"]}
    checked = check(backend.raw(rows), Table(role="events", source="x", user="who", item="what"))
    assert rows_of(checked.table.frame) == [("1", "a"), ("2", "a")]
    assert checked.table.frame.collect_schema().names() == [USER, ITEM]
    assert checked.counts == ()


def test_a_source_may_use_canonical_names(backend):
    rows = {"item_id": ["u1"], "user_id": ["i1"], "time_s": ["2"], "value": ["1"]}
    config = table(user="item_id", item="user_id", value="time_s", time={"column": "value", "unit": "s"})
    assert rows_of(check(backend.raw(rows), config).table.frame) == [("u1", "i1", 2.0, 1.0)]


class TestUnknown:
    ROWS: ClassVar = {
        "who": ["1", "9", "1", "9", "8"],
        "what": ["a", "a", "z", "z", ""],
        "stars": ["3"] * 5,
        "when": ["1"] * 5,
    }

    def known(self, backend: Backend, **changed: Any) -> Known:
        return Known(users=backend.frame({USER: ["1", "2"]}), items=backend.frame({ITEM: ["a"]}), **changed)

    def test_rejected(self, backend):
        checked = check(backend.raw(self.ROWS), table(), self.known(backend))
        assert rows_of(checked.table.frame, USER, ITEM) == [("1", "a")]
        assert counted(checked) == {("unknown user", "who"): 2, ("unknown item", "what"): 1, ("null key", "what"): 1}
        assert {count.rule: count.example for count in checked.counts}["unknown item"] == "z"

    def test_kept_and_counted(self, backend):
        checked = check(backend.raw(self.ROWS), table(), self.known(backend, rejects=False))
        assert rows_of(checked.table.frame, USER, ITEM) == [("1", "a"), ("1", "z"), ("9", "a"), ("9", "z")]
        assert checked.table.frame.collect_schema().names() == [USER, ITEM, VALUE, TIME]
        counts = {count.rule: (count.rows, count.counts_as_reject) for count in checked.counts}
        assert counts["unknown user, kept"] == (2, False)
        assert counts["unknown item, kept"] == (2, False)

    def test_an_unknown_event_supersedes_nothing(self, backend):
        rows = {"who": ["1", "1"], "what": ["a", "z"], "stars": ["3", "4"], "when": ["1", "2"]}
        checked = check(backend.raw(rows), table(duplicates="last"), self.known(backend))
        assert rows_of(checked.table.frame, USER, ITEM) == [("1", "a")]


class TestDuplicates:
    ROWS: ClassVar = {
        "_row": [1, 2, 3, 4, 5, 6, 7],
        "who": ["1", "1", "1", "1", "2", "3", "1"],
        "what": ["a", "a", "a", "a", "a", "a", "b"],
        "stars": ["2", "5", "1", "4", "3", "x", "2"],
        "when": ["10", "20", "30", "30", "1", "1", "1"],
    }
    OTHERS = (("1", "b", 2.0, 1.0), ("2", "a", 3.0, 1.0))

    @pytest.mark.parametrize(
        ("policy", "kept", "superseded"),
        [
            ("last", ("1", "a", 4.0, 30.0), [1, 2, 3]),  # of equal times the larger value
            ("first", ("1", "a", 2.0, 10.0), [2, 3, 4]),
            ("max", ("1", "a", 5.0, 20.0), [1, 3, 4]),
            ("min", ("1", "a", 1.0, 30.0), [1, 2, 4]),
        ],
    )
    def test_one_stays_by_a_declared_policy(self, backend, policy, kept, superseded):
        checked = check(backend.raw(self.ROWS), table(duplicates=policy))
        assert rows_of(checked.table.frame) == sorted([kept, *self.OTHERS])
        given_up = checked.rejects.filter(nw.col("_reason") == rules.SUPERSEDED)
        assert [row for (row,) in rows_of(given_up, "_row")] == superseded
        (count,) = (count for count in checked.counts if count.rule == rules.SUPERSEDED)
        assert (count.rows, count.counts_as_reject, count.column, count.example) == (3, False, "", "1 / a")

    def test_the_others_are_rejected_without_a_policy(self, backend):
        checked = check(backend.raw(self.ROWS), table())
        assert rows_of(checked.table.frame) == sorted([("1", "a", 4.0, 30.0), *self.OTHERS])
        assert counted(checked)["duplicate", ""] == 3
        assert all(count.counts_as_reject for count in checked.counts)

    def test_all_stay_in_a_log(self, backend):
        checked = check(backend.raw(self.ROWS), table(duplicates="keep"))
        assert local.collect(checked.table.frame).height == 6
        assert counted(checked) == {("not a number", "stars"): 1}

    @pytest.mark.parametrize(("policy", "value"), [("mean", 3.0), ("sum", 12.0)])
    def test_rows_are_merged(self, backend, policy, value):
        checked = check(backend.raw(self.ROWS), table(duplicates=policy))
        assert rows_of(checked.table.frame) == sorted([("1", "a", value, 30.0), *self.OTHERS])
        (count,) = (count for count in checked.counts if count.rule == rules.MERGED)
        assert (count.rows, count.counts_as_reject) == (3, False)
        assert local.collect(checked.rejects).height == 1

    def test_merged_without_time(self, backend):
        config = Table(role="events", source="x", user="who", item="what", value="stars", duplicates="sum")
        rows = {"who": [1, 1], "what": [1, 1], "stars": [1, 2]}
        assert rows_of(check(backend.raw(rows), config).table.frame) == [("1", "1", 3.0)]

    @pytest.mark.parametrize("policy", ["max", "min", "reject"])
    def test_without_time(self, backend, policy):
        config = Table(role="events", source="x", user="who", item="what", value="stars", duplicates=policy)
        rows = {"who": [1, 1, 2], "what": [1, 1, 1], "stars": [1, 2, 3]}
        expected = 1.0 if policy == "min" else 2.0
        assert rows_of(check(backend.raw(rows), config).table.frame) == [("1", "1", expected), ("2", "1", 3.0)]

    def test_equal_rows_without_value_and_time(self, backend):
        config = Table(role="events", source="x", user="who", item="what")
        checked = check(backend.raw({"who": [1, 1, 1], "what": [1, 1, 2], "_row": [1, 2, 3]}), config)
        assert rows_of(checked.table.frame) == [("1", "1"), ("1", "2")]
        assert rows_of(checked.rejects, "_row", "_reason") == [(1, "duplicate")]


class TestAttributes:
    KINDS: ClassVar = {"attributes": {"seconds": "number", "genre": "category"}, "ranges": {"seconds": [0, 100]}}
    ROWS: ClassVar = {
        "_row": [1, 2, 3, 4, 5, 6],
        "who": ["1", "1", "1", "2", "2", ""],
        "what": ["a", "a", "b", "a", "b", "a"],
        "stars": ["1", "3", "2", "2", "2", "2"],
        "when": ["10", "20", "1", "1", "1", "1"],
        "seconds": ["30", "50", "x", "999", "", "x"],
        "genre": ["news", "news", " sport ", None, "", "news"],
    }
    COLUMNS = (USER, ITEM, "seconds", "genre")
    OTHERS = (("1", "b", None, "sport"), ("2", "a", None, None), ("2", "b", None, None))

    def test_bad_cells_become_unknown_and_are_counted(self, backend):
        checked = check(backend.raw(self.ROWS), table(duplicates="keep", **self.KINDS))
        assert checked.table.frame.collect_schema().names() == [USER, ITEM, VALUE, TIME, "seconds", "genre"]
        assert dict(checked.table.attributes) == self.KINDS["attributes"]
        kept = [("1", "a", 30.0, "news"), ("1", "a", 50.0, "news"), *self.OTHERS]
        assert rows_of(checked.table.frame, *self.COLUMNS) == sorted(kept, key=str)
        assert rows_of(checked.rejects, "_row", "_column", "_reason") == [
            (3, "seconds", "not a number, cell blanked"),
            (4, "seconds", "out of range, cell blanked"),
            (6, "who", "null key"),  # its own bad cell is not counted: the row is out
        ]
        assert {count.rule: count.counts_as_reject for count in checked.counts} == {
            "not a number, cell blanked": False,
            "out of range, cell blanked": False,
            "null key": True,
        }

    @pytest.mark.parametrize(
        ("policy", "seconds"), [("last", 50.0), ("first", 30.0), ("max", 50.0), ("min", 30.0), ("reject", 50.0)]
    )
    def test_the_row_that_stays_keeps_its_own(self, backend, policy, seconds):
        checked = check(backend.raw(self.ROWS), table(duplicates=policy, **self.KINDS))
        expected = [("1", "a", seconds, "news"), *self.OTHERS]
        assert rows_of(checked.table.frame, *self.COLUMNS) == sorted(expected, key=str)

    @pytest.mark.parametrize(("policy", "value", "seconds"), [("sum", 4.0, 80.0), ("mean", 2.0, 40.0)])
    def test_merged_numbers_go_the_way_of_the_value(self, backend, policy, value, seconds):
        checked = check(backend.raw(self.ROWS), table(duplicates=policy, **self.KINDS))
        expected = [("1", "a", seconds, "news"), *self.OTHERS]
        assert rows_of(checked.table.frame, *self.COLUMNS) == sorted(expected, key=str)
        assert rows_of(checked.table.frame, VALUE, TIME)[-1] == (value, 20.0)
        assert counted(checked)["merged", ""] == 1

    def test_a_contradicted_category_is_blanked_and_counted(self, backend):
        rows = self.ROWS | {"genre": ["news", "sport", "sport", None, "", "news"]}
        checked = check(backend.raw(rows), table(duplicates="sum", **self.KINDS))
        assert rows_of(checked.table.frame, *self.COLUMNS)[0] == ("1", "a", 80.0, None)
        (count,) = (count for count in checked.counts if count.column == "genre")
        assert (count.rule, count.rows, count.counts_as_reject) == ("conflicting duplicate, cell blanked", 1, False)

    def test_a_category_that_one_event_tells_is_the_pairs(self, backend):
        rows = self.ROWS | {"genre": [None, "sport", "sport", None, "", "news"], "seconds": ["", "7", "", "", "", ""]}
        checked = check(backend.raw(rows), table(duplicates="mean", **self.KINDS))
        assert ("1", "a", 7.0, "sport") in rows_of(checked.table.frame, *self.COLUMNS)

    @pytest.mark.parametrize("column", [USER, ITEM, VALUE, TIME, "_row"])
    def test_names_that_collide(self, backend, column):
        rows = self.ROWS | {column: ["1"] * 6}
        with pytest.raises(ConfigError, match=rf"'tables\.ratings\.attributes' names '{column}', .* coterie's own"):
            check(backend.raw(rows), table(attributes={column: "category"}))

    def test_names_of_other_roles_are_free(self, backend):
        rows = self.ROWS | {"title": list("abcdef"), "state": list("abcdef")}
        config = table(duplicates="keep", attributes={"title": "category", "state": "category"})
        assert ("1", "a", "a") in rows_of(check(backend.raw(rows), config).table.frame, USER, "title", "state")

    def test_strangers_are_counted_beside_attributes(self, backend):
        known = Known(users=backend.frame({USER: ["1"]}), rejects=False)
        checked = check(backend.raw(self.ROWS), table(duplicates="keep", **self.KINDS), known)
        assert counted(checked)["unknown user, kept", "who"] == 2
        assert checked.table.frame.collect_schema().names()[-1] == "genre"

    def test_a_missing_column_is_named(self, backend):
        with pytest.raises(ConfigError, match=r"'tables\.ratings\.attributes' names the column 'secnds', which is not"):
            check(backend.raw(self.ROWS), table(attributes={"secnds": "number"}))

    @pytest.mark.parametrize("policy", ["mean", "sum"])
    def test_merged_numbers_have_the_same_bits_in_every_order(self, policy):
        tenths = [0.1 * number for number in range(1, 40)]
        config = Table.model_validate(
            {"role": "events", "source": "x", "user": "u", "item": "i", "value": "v", "duplicates": policy}
            | {"attributes": {"s": "number"}}
        )

        def merged(order):
            frame = pl.LazyFrame({"u": ["a"] * 39, "i": ["x"] * 39, "v": [1] * 39, "s": order})
            raw = RawTable(nw.from_native(frame), "x", "x")
            return local.collect(check_events("e", config, raw, known=Known(), now_s=0.0).table.frame)["s"].to_list()

        assert merged(tenths) == merged(tenths[::-1]) == merged(tenths[20:] + tenths[:20])


@pytest.mark.parametrize(
    ("rows", "changed", "error", "message"),
    [
        ({"who": [], "what": [], "stars": [], "when": []}, {}, DataError, r"table 'ratings' at 'memory' has no rows"),
        ({"who": ["1"]}, {}, ConfigError, r"'tables\.ratings\.item' names the column 'what', which is not there"),
        ({"who": [1], "what": [1], "star": [1], "when": [1]}, {}, ConfigError, r"value' .* did you mean 'star'\?"),
        ({"who": [1], "what": [1], "stars": [1]}, {}, ConfigError, r"'tables\.ratings\.time' names the column 'when'"),
        ({"who": [1], "what": [1], "stars": [1], "when": [1]}, {"time": "when"}, ConfigError, r"say what they count"),
        ({"who": ["1"], "_reason": ["x"]}, {}, DataError, r"has a column '_reason', a name that checks write"),
    ],
)
def test_what_cannot_be_checked(backend, rows, changed, error, message):
    frame = pl.DataFrame(rows, schema=None if rows["who"] else dict.fromkeys(rows, pl.String))
    with pytest.raises(error, match=message):
        check(backend.raw(frame), table(**changed))


EVENT = st.tuples(
    st.sampled_from(["1", "2", " 1", "", "-1", "9"]),
    st.sampled_from(["a", "b", "c", "z"]),
    st.sampled_from(["1", "2.5", "4", "x", "7", "nan", ""]),
    st.sampled_from(["1", "2", "3", "x", "1e12"]),
)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(EVENT, min_size=1, max_size=25),
    st.sampled_from(["last", "first", "max", "min", "mean", "sum", "keep", "reject"]),
    st.randoms(use_true_random=False),
)
def test_order_changes_nothing_and_no_row_is_lost(events, policy, random):
    rows = [(number, *event) for number, event in enumerate(events)]
    shuffled = random.sample(rows, len(rows))
    known = Known(
        users=local.lazy(pl.DataFrame({USER: ["1", "2"]})), items=local.lazy(pl.DataFrame({ITEM: ["a", "b", "c"]}))
    )
    config = table(duplicates=policy)
    one, other = (
        check(
            RawTable(
                local.lazy(pl.DataFrame(order, schema=["_row", "who", "what", "stars", "when"], orient="row")), "", ""
            ),
            config,
            known,
        )
        for order in (rows, shuffled)
    )
    assert one.counts == other.counts
    for frame, same in ((one.table.frame, other.table.frame), (one.rejects, other.rejects)):
        assert rows_of(frame) == rows_of(same)
    out = rules.rejected_rows(one.counts, "ratings") + rules.cleaned_rows(one.counts, "ratings")
    assert one.read == len(events) == local.collect(one.table.frame).height + out
    assert rules.cleaned_rows(one.counts, "ratings") == 0 or policy not in {"keep", "reject"}


@settings(max_examples=8, deadline=None)
@given(
    st.lists(EVENT, min_size=1, max_size=20), st.sampled_from(["last", "first", "max", "min", "mean", "sum", "reject"])
)
def test_both_backends_agree(tmp_path_factory, events, policy):
    rows = pl.DataFrame(
        [(number, *event) for number, event in enumerate(events)],
        schema=["_row", "who", "what", "stars", "when"],
        orient="row",
    )
    answers = []
    for name in BACKENDS:
        opened = open_backend(name, tmp_path_factory.mktemp(name))
        known = Known(users=opened.frame({USER: ["1", "2"]}), items=opened.frame({ITEM: ["a", "b", "c"]}))
        checked = check(opened.raw(rows), table(duplicates=policy), known)
        answers.append((rows_of(checked.table.frame), rows_of(checked.rejects), checked.counts))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("policy", ["mean", "sum"])
def test_merged_values_have_the_same_bits_in_every_order(policy):
    values = [0.1 * number for number in range(1, 40)]
    config = Table(role="events", source="x", user="u", item="i", value="v", duplicates=policy)

    def merged(order):
        frame = pl.LazyFrame({"u": ["a"] * 39, "i": ["x"] * 39, "v": order})
        raw = RawTable(nw.from_native(frame), "x", "x")
        return local.collect(check_events("e", config, raw, known=Known(), now_s=0.0).table.frame)["value"].to_list()

    assert merged(values) == merged(values[::-1]) == merged(values[20:] + values[:20])
