"""All tables together: accounts of rows, order, limits, scoring, and real data."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Config, parse_config
from coterie.engines import local
from coterie.errors import ConfigError, DataError, RejectedError, UnknownNameError
from coterie.sources.contract import RawTable
from coterie.tables.build import BuiltTables, build_for_scoring, build_tables
from coterie.terms import ITEM, STATE, USER
from tests.tables.backends import open_backend, rows_of

NOW_S = 1_000_000_000.0
RATINGS = {
    "who": ["1", "1", "2", "3", "9", "1", "2"],
    "what": ["a", "b", "a", "b", "a", "z", "b"],
    "stars": ["5", "4", "3", "2", "5", "5", "8"],
    "when": ["1", "2", "3", "4", "5", "6", "7"],
}
PEOPLE = {"id": ["1", "2", "3", "4"], "zip": ["99501", "94043", "10001", "96813"], "age": ["1", "2", "x", "4"]}
FILMS = {"id": ["a", "b"], "name": ["A", "B"], "tags": ["x|y", "y"]}


def config(clean: dict[str, Any] | None = None, **ratings: Any) -> Config:
    time = {"column": "when", "unit": "s"}
    columns = {"user": "who", "item": "what", "value": "stars", "time": time, "range": [1, 5], "duplicates": "last"}
    return parse_config(
        {
            "tables": {
                "ratings": {"role": "events", "source": "x", **columns, **ratings},
                "people": {
                    "role": "users", "source": "x", "user": "id", "attributes": {"age": "number", "zip": "us_zip"},
                },
                "films": {"role": "items", "source": "x", "item": "id", "title": "name", "tags": {"column": "tags"}},
            },
            "clean": {"max_reject_share": 0.5, **(clean or {})},
            "features": {"taste": {"kind": "interactions", "from": "ratings"}},
        }
    )  # fmt: skip


def raw(backend, **changed: Any) -> dict[str, RawTable]:
    rows = {"ratings": RATINGS, "people": PEOPLE, "films": FILMS, **changed}
    return {name: backend.raw(table) for name, table in rows.items() if table is not None}


def assert_accounts_balance(built: BuiltTables) -> None:
    for name, read in built.read.items():
        assert read == built.kept[name] + built.rejected[name] + built.cleaned[name], name


def test_by_hand(backend):
    built = build_tables(config({"drop_users": "state in ['AK', 'HI']"}), raw(backend), now_s=NOW_S)
    assert [table.name for table in built.tables] == ["ratings", "people", "films"]
    assert rows_of(built.tables["ratings"].frame, USER, ITEM) == [("2", "a"), ("3", "b")]
    assert rows_of(built.tables["people"].frame, USER, STATE) == [("2", "CA"), ("3", "NY")]
    assert built.read == {"ratings": 7, "people": 4, "films": 2}
    assert built.kept == {"ratings": 2, "people": 2, "films": 2}
    assert built.rejected == {"ratings": 3, "people": 0, "films": 0}
    assert built.cleaned == {"ratings": 2, "people": 2, "films": 0}
    assert {(count.table, count.rule, count.column, count.rows) for count in built.counts} == {
        ("ratings", "unknown user", "who", 1),
        ("ratings", "unknown item", "what", 1),
        ("ratings", "out of range", "stars", 1),
        ("ratings", "drop_users", "", 2),
        ("people", "not a number, cell blanked", "age", 1),
        ("people", "drop_users", "", 2),
    }
    assert rows_of(built.rejects["ratings"], "who", "_reason") == [
        ("1", "unknown item"), ("2", "out of range"), ("9", "unknown user"),
    ]  # fmt: skip
    assert rows_of(built.rejects["films"]) == []
    assert built.over_limit is None
    built.raise_if_over_limit()
    assert_accounts_balance(built)


def test_unknown_ones_are_kept_where_that_is_declared(backend):
    built = build_tables(config(unknown="keep"), raw(backend), now_s=NOW_S)
    assert local.collect(built.tables["ratings"].frame).height == 6
    assert {count.rule: count.rows for count in built.counts if count.rule.endswith(", kept")} == {
        "unknown user, kept": 1,
        "unknown item, kept": 1,
    }
    assert_accounts_balance(built)


def test_without_tables_of_users_and_items_nobody_is_unknown(backend):
    whole = config()
    alone = whole.model_copy(update={"tables": {"ratings": whole.tables["ratings"]}})
    built = build_tables(alone, raw(backend, people=None, films=None), now_s=NOW_S)
    assert built.rejected == {"ratings": 1}


def test_several_tables_of_users_know_together(backend):
    whole = config()
    tables = {**whole.tables, "more": whole.tables["people"]}
    more = {"id": ["9", "1"], "zip": ["", ""], "age": ["1", "1"]}
    built = build_tables(whole.model_copy(update={"tables": tables}), raw(backend, more=more), now_s=NOW_S)
    assert "unknown user" not in {count.rule for count in built.counts}
    assert ("9", "a") in rows_of(built.tables["ratings"].frame, USER, ITEM)


def test_backends_may_be_mixed(backend, tmp_path_factory):
    other = open_backend("duckdb", tmp_path_factory.mktemp("other"))
    mixed = {**raw(backend), "people": other.raw(PEOPLE), "films": open_backend("polars", other.folder).raw(FILMS)}
    built = build_tables(config(), mixed, now_s=NOW_S)
    assert built.rejected["ratings"] == 3


class TestTooManyRejects:
    def test_the_rejects_can_still_be_written(self, backend):
        built = build_tables(config({"max_reject_share": 0.2, "min_events_per_user": 99}), raw(backend), now_s=NOW_S)
        assert built.over_limit == (
            "table 'ratings': 3 of 7 rows (42.9%) were rejected, more than clean.max_reject_share = 0.2 allows; most "
            "often (1) 'out of range' in column 'stars', for example '8'; fix the source or its entry "
            "'tables.ratings', or raise max_reject_share"
        )
        assert local.collect(built.rejects["ratings"]).height == 3
        with pytest.raises(RejectedError, match=r"^table 'ratings': 3 of 7 rows"):
            built.raise_if_over_limit()
        assert_accounts_balance(built)

    def test_duplicates_ask_for_a_policy(self, backend):
        rows = {"who": ["1"] * 4, "what": ["a"] * 4, "stars": ["1"] * 4, "when": ["1"] * 4}
        built = build_tables(config(duplicates="reject"), raw(backend, ratings=rows), now_s=NOW_S)
        assert "'duplicate', for example '1 / a'; say what to do with them in 'tables.ratings.dup" in built.over_limit

    def test_unknown_users_ask_for_their_table(self, backend):
        rows = {"who": ["8"], "what": ["a"], "stars": ["1"], "when": ["1"]}
        built = build_tables(config(), raw(backend, ratings=rows), now_s=NOW_S)
        assert "'unknown user' in column 'who', for example '8'; complete the table" in built.over_limit
        assert "set 'tables.ratings.unknown' to \"keep\"" in built.over_limit

    def test_nothing_left_is_too_many_whatever_is_allowed(self, backend):
        people = {"id": ["", " "], "zip": ["1", "2"], "age": ["1", "2"]}
        built = build_tables(config({"max_reject_share": 1}, unknown="keep"), raw(backend, people=people), now_s=NOW_S)
        assert "table 'people': 2 of 2 rows (100.0%) were rejected, and none is left" in built.over_limit

    def test_blanked_cells_are_no_rejects(self, backend):
        people = {"id": ["1", "2"], "zip": ["1", "2"], "age": ["x", "y"]}
        built = build_tables(
            config({"max_reject_share": 0.5}, unknown="keep"), raw(backend, people=people), now_s=NOW_S
        )
        assert built.over_limit is None


class TestScoring:
    def test_new_users_need_be_in_no_table(self, backend):
        rows = {"who": ["new"], "what": ["a"], "stars": ["5"], "when": ["1"]}
        strict = config({"min_events_per_user": 50, "min_users_per_item": 50, "drop_users": "age > 0"})
        built = build_for_scoring(strict, raw(backend, ratings=rows), now_s=NOW_S)
        assert rows_of(built.tables["ratings"].frame, USER, ITEM) == [("new", "a")]
        assert local.collect(built.tables["people"].frame).height == 4
        assert built.over_limit is None

    def test_unknown_items_are_counted(self, backend):
        built = build_for_scoring(config(), raw(backend, people=None), now_s=NOW_S)
        assert [table.name for table in built.tables] == ["ratings", "films"]
        counts = {count.rule: (count.rows, count.example) for count in built.counts}
        assert counts == {"out of range": (1, "8"), "unknown item, kept": (1, "z")}
        assert_accounts_balance(built)

    def test_tables_may_be_absent(self, backend):
        built = build_for_scoring(config(), raw(backend, ratings=None, films=None), now_s=NOW_S)
        assert built.read == {"people": 4}
        built = build_for_scoring(config(), raw(backend, people=None, films=None), now_s=NOW_S)
        assert built.kept == {"ratings": 6}

    def test_the_same_limit_holds(self, backend):
        built = build_for_scoring(config({"max_reject_share": 0}), raw(backend), now_s=NOW_S)
        assert "table 'ratings': 1 of 7 rows (14.3%)" in built.over_limit

    def test_an_unknown_table_is_refused(self, backend):
        with pytest.raises(UnknownNameError, match=r"unknown table 'rating'; did you mean 'ratings'\?"):
            build_for_scoring(config(), {"rating": backend.raw(RATINGS)})

    def test_empty_tables_are_refused(self, backend):
        empty = pl.DataFrame(schema=dict.fromkeys(RATINGS, pl.String))
        with pytest.raises(DataError, match=r"table 'ratings' at 'memory' has no rows"):
            build_for_scoring(config(), {"ratings": backend.raw(empty)})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"people": {"duplicates": "keep"}},
            r"'tables\.people\.duplicates' is for tables of role 'events', not 'users'",
        ),
        ({"films": {"unknown": "keep"}}, r"'tables\.films\.unknown' is for tables of role 'events', not 'items'"),
        ({"people": {"attributes": {"zip": "us_zip", "state": "text"}}}, r"'state', which would take the same name"),
    ],
)
def test_settings_without_effect_are_refused(backend, changed, message):
    body = config().model_dump(by_alias=True)
    for name, settings_ in changed.items():
        body["tables"][name].update(settings_)
    with pytest.raises(ConfigError, match=message):
        build_tables(parse_config(body), raw(backend), now_s=NOW_S)


def test_a_condition_is_read_before_any_row(backend):
    with pytest.raises(ConfigError, match=r"names the column 'sttae', .* did you mean 'state'"):
        build_tables(config({"drop_users": "sttae == 'AK'"}), {"ratings": backend.raw(RATINGS)})


def test_every_table_of_the_config_is_needed(backend):
    with pytest.raises(DataError, match=r"the table 'people' of the config was not read"):
        build_tables(config(), raw(backend, people=None))


def test_now_is_the_clocks_unless_given(backend):
    late = {**RATINGS, "when": ["1", "2", "3", "4", "5", "6", str(10**12)]}
    built = build_tables(config(range=[1, 9]), raw(backend, ratings=late))
    assert "future date" in {count.rule for count in built.counts}


EVENT = st.tuples(
    st.sampled_from(["1", "2", "3", "7", ""]),
    st.sampled_from(["a", "b", "z"]),
    st.sampled_from(["1", "5", "x"]),
    st.sampled_from("123"),
)
PERSON = st.tuples(st.sampled_from(["1", "2", "3", "-1"]), st.sampled_from(["99501", "x"]), st.sampled_from(["1", "y"]))


@settings(max_examples=8, deadline=None)
@given(
    st.lists(EVENT, min_size=1, max_size=25),
    st.lists(PERSON, min_size=1, max_size=6),
    st.sampled_from(["last", "mean", "keep", "reject"]),
    st.randoms(use_true_random=False),
)
def test_order_changes_nothing_and_accounts_balance(events, people, policy, random):
    def build(events_, people_) -> BuiltTables | str:
        frames = {
            "ratings": pl.DataFrame(events_, schema=list(RATINGS), orient="row"),
            "people": pl.DataFrame(people_, schema=list(PEOPLE), orient="row"),
            "films": pl.DataFrame(FILMS),
        }
        given_raw = {name: RawTable(local.lazy(frame), "", "") for name, frame in frames.items()}
        cleaning = {"max_reject_share": 0.9, "min_events_per_user": 2, "drop_users": "state is not None"}
        try:
            return build_tables(config(cleaning, duplicates=policy), given_raw, now_s=NOW_S)
        except DataError as error:
            return str(error)

    one = build(events, people)
    other = build(random.sample(events, len(events)), random.sample(people, len(people)))
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert_accounts_balance(one)
    assert (one.counts, one.read, one.kept, one.over_limit) == (other.counts, other.read, other.kept, other.over_limit)
    for table in one.tables:
        assert rows_of(table.frame) == rows_of(other.tables[table.name].frame)
        assert rows_of(one.rejects[table.name]) == rows_of(other.rejects[table.name])


def test_movielens_100k(backend, ml_100k):
    def read(name: str, separator: str, columns: list[str]) -> RawTable:
        text = (ml_100k / name).read_bytes().decode("latin-1").encode()
        options = {"has_header": False, "new_columns": columns, "infer_schema": False, "quote_char": None}
        return backend.raw(pl.read_csv(text, separator=separator, **options))

    genres = [f"genre_{number}" for number in range(19)]
    body = config().model_dump(by_alias=True)
    body["tables"]["films"]["tags"] = {"columns": genres}
    body["tables"]["people"]["attributes"] = {"age": "number", "job": "category", "zip": "us_zip"}
    body["clean"] = {"min_events_per_user": 20, "min_users_per_item": 5, "drop_users": "state in ['AK', 'HI']"}
    rows = {
        "ratings": read("u.data", "\t", list(RATINGS)),
        "people": read("u.user", "|", ["id", "age", "sex", "job", "zip"]),
        "films": read("u.item", "|", ["id", "name", "released", "video", "url", *genres]),
    }
    built = build_tables(parse_config(body), rows, now_s=NOW_S)
    assert built.read == {"ratings": 100_000, "people": 943, "films": 1682}
    assert built.rejected == {"ratings": 0, "people": 0, "films": 0}
    assert built.cleaned["people"] == 7
    assert_accounts_balance(built)
    kept = local.collect(built.tables["ratings"].frame)
    assert kept.group_by(USER).len()["len"].min() >= 20
    assert kept.group_by(ITEM).len()["len"].min() >= 5
    assert local.collect(built.tables["films"].tags).height == 2893  # ones in the nineteen columns of u.item
