"""The whole exploration: on every backend, of small and empty tables, and of MovieLens 100K against a direct count."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from coterie import records
from coterie.config import Clean
from coterie.engines import local
from coterie.explore import SCHEMA, VERSION, Exploration, explore
from coterie.explore.comparing import compared, shown_change, shown_number
from coterie.explore.events import activity, explore_events
from coterie.explore.types import TopItem
from coterie.tables import CheckedTable, Tables, rules
from coterie.tables.census import census, distinct_values
from coterie.tables.cleaning import clean
from coterie.tables.coded import encoded
from coterie.terms import ITEM, TIME, TITLE, USER, VALUE

DAY = 86_400.0


def rating_rows(n_users: int = 12, n_items: int = 6) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    pairs = [(u, i) for u in range(n_users) for i in range(n_items) if (u + i) % 3]
    return pl.DataFrame(
        {
            USER: [f"u{u}" for u, _ in pairs],
            ITEM: [f"i{i}" for _, i in pairs],
            VALUE: rng.integers(1, 6, len(pairs)).astype(float),
            TIME: rng.integers(0, 40, len(pairs)) * DAY,
            "device": ["phone" if u % 2 else "web" for u, _ in pairs],
        }
    )


def given_tables(backend) -> Tables:
    events = CheckedTable("ratings", "events", backend.frame(rating_rows()), {"device": "category"})
    people = pl.DataFrame(
        {
            USER: [f"u{u}" for u in range(12)],
            "age": [20.0 + u for u in range(12)],
            "town": ["a"] * 7 + ["b"] * 4 + ["c"],
        }
    )
    titles = pl.DataFrame({ITEM: ["i0", "i1", "i2"], TITLE: ["Zoo", "Air", "Air"]})
    return Tables(
        {
            "ratings": events,
            "people": CheckedTable("people", "users", backend.frame(people), {"age": "number", "town": "category"}),
            "titles": CheckedTable("titles", "items", backend.frame(titles)),
        }
    )


def test_every_backend_says_the_same(backend):
    polars = local.lazy
    alike = given_tables(backend)
    plain = Tables({t.name: t.with_frame(polars(local.collect(t.frame))) for t in alike})
    assert records.dumps(explore(alike)) == records.dumps(explore(plain))


def test_rows_may_come_in_any_order():
    class Shuffled:
        @staticmethod
        def frame(rows: pl.DataFrame):
            return local.lazy(rows.sample(fraction=1.0, shuffle=True, seed=3))

    class Plain:
        frame = staticmethod(local.lazy)

    assert records.dumps(explore(given_tables(Shuffled))) == records.dumps(explore(given_tables(Plain)))


def test_what_tables_hold(backend):
    found = explore(given_tables(backend))
    ratings, people, titles = found.tables
    rows = rating_rows()
    assert (ratings.rows, ratings.events.users, ratings.events.items) == (rows.height, 12, 6)
    assert [column.name for column in ratings.columns] == [USER, ITEM, VALUE, TIME, "device"]
    device = ratings.columns[-1]
    assert dict(zip(device.values.values, device.values.counts, strict=True)) == dict(
        rows.group_by("device").len().iter_rows()
    )
    assert people.columns[2].values.values == ("a", "(other)"), "neither b, of four, nor c can be told"
    assert [column.kind for column in titles.columns] == ["key", "title"]
    assert found.main_events == ratings


def test_it_is_read_back_as_it_was_written(tmp_path, backend):
    found = explore(given_tables(backend))
    records.write(tmp_path / "e.json", SCHEMA, VERSION, found)
    body = records.read(tmp_path / "e.json", SCHEMA, VERSION)
    assert TypeAdapter(Exploration).validate_python(body) == found


def test_top_items_equal_a_direct_count():
    rows = rating_rows()
    titles = {"i0": "Zoo", "i1": "Air", "i2": "Air"}
    found = explore_events(encoded(local.lazy(rows)), titles)
    assert [top.value for top in found.top_items] == [5.0, 4.0, 3.0, 2.0, 1.0]
    for top in found.top_items:
        counted = rows.filter(pl.col(VALUE) == top.value).group_by(ITEM).len()
        expected = sorted((-n, titles.get(item, item), item) for item, n in counted.iter_rows())
        assert top.items == tuple(TopItem(title, -n) for n, title, _ in expected[:10])


def test_events_without_values_have_one_list():
    found = explore_events(encoded(local.lazy(rating_rows().select(USER, ITEM))), {})
    assert [top.value for top in found.top_items] == [None]
    assert found.activity is None


def test_too_many_values_are_not_scores():
    rows = rating_rows().with_columns(pl.Series(VALUE, np.arange(rating_rows().height, dtype=float) / 7))
    found = explore(Tables({"t": CheckedTable("t", "events", local.lazy(rows))})).tables[0]
    value = found.columns[2]
    assert (value.values, value.numbers.low, value.distinct) == (None, 0.0, rows.height)
    assert value.numbers.median == pytest.approx(rows[VALUE].median())
    assert [top.value for top in found.events.top_items] == [None]


def test_scores_are_spread_as_their_rows_are():
    found = explore(Tables({"t": CheckedTable("t", "events", local.lazy(rating_rows()))})).tables[0].columns[2]
    values = rating_rows()[VALUE].to_numpy()
    told = found.numbers
    assert [told.low, told.lower, told.median, told.upper, told.high] == np.quantile(
        values, [0, 0.25, 0.5, 0.75, 1]
    ).tolist()
    assert told.mean == pytest.approx(values.mean())
    assert sum(told.counts) == len(values)


@pytest.mark.parametrize(("days", "unit", "n"), [(1, "day", 1), (92, "day", 92), (93, "week", 14), (800, "month", 27)])
def test_the_unit_is_chosen_by_the_span(days, unit, n):
    start = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    found = activity(start + np.arange(days) * DAY)
    assert (found.unit, len(found.starts), sum(found.events)) == (unit, n, days)
    assert (found.first, found.starts[0]) == ("2020-01-01", "2019-12-30" if unit == "week" else "2020-01-01")


def test_years_and_gaps_and_times_before_1970():
    found = activity(np.array([datetime(y, 5, 6, tzinfo=UTC).timestamp() for y in (1960, 1960, 1985)]))
    assert (found.unit, found.starts[0], found.starts[-1], found.events[0]) == ("year", "1960-01-01", "1985-01-01", 2)
    assert len(found.starts) == 26
    assert sum(found.events) == 3
    assert activity(np.array([])) is None
    assert activity(np.array([np.nan])) is None


EMPTY = {USER: pl.String, ITEM: pl.String, VALUE: pl.Float64, TIME: pl.Float64}


def test_an_empty_table():
    events = CheckedTable("none", "events", local.lazy(pl.DataFrame(schema=EMPTY)))
    people = CheckedTable(
        "nobody", "users", local.lazy(pl.DataFrame(schema={USER: pl.String, "age": pl.Float64})), {"age": "number"}
    )
    found = explore(Tables({"none": events, "nobody": people}))
    none, nobody = found.tables
    assert (none.rows, none.events.of_users, none.events.top_items, none.events.activity) == (0, None, (), None)
    assert (nobody.rows, nobody.columns[1].numbers) == (0, None)


def test_one_row():
    row = pl.DataFrame({USER: ["1"], ITEM: ["a"], VALUE: [4.0], TIME: [0.0]})
    found = explore(Tables({"one": CheckedTable("one", "events", local.lazy(row))})).tables[0]
    assert (found.events.users, found.events.of_items.gini, found.events.activity.events) == (1, 0.0, (1,))
    assert found.events.top_items[0].items == (TopItem("a", 1),)


def test_before_and_after_cleaning_and_what_each_rule_did():
    pairs = [("1", "a"), ("1", "x"), ("2", "a"), ("2", "x"), ("2", "b"), ("3", "b"), ("3", "c"), ("4", "c"), ("5", "a")]
    rows = pl.DataFrame(pairs, schema={USER: pl.String, ITEM: pl.String}, orient="row").with_columns(value=pl.lit(3.0))
    people = pl.DataFrame({USER: [str(u) for u in range(1, 6)], "age": [30.0, 30.0, 30.0, 30.0, 9.0]})
    tables = Tables(
        {
            "views": CheckedTable("views", "events", local.lazy(rows)),
            "people": CheckedTable("people", "users", local.lazy(people), {"age": "number"}),
        }
    )
    cleaned = clean(tables, Clean(drop_users="age < 18", min_events_per_user=2, min_users_per_item=2))
    found = explore(cleaned.tables, cleaned.counts, {"views": 9, "people": 5}, cleaned.account)
    views = found.cleaned("views")
    assert (views.before.users, views.before.items, views.before.events) == (5, 4, 9)
    assert (views.after.users, views.after.items, views.after.events) == (2, 2, 4)
    assert (views.before.density, views.after.density) == (9 / 20, 1.0)
    assert (views.before.per_user.median, views.after.per_user.median) == (2.0, 2.0)
    assert [(score.value, score.events) for score in (*views.before.scores, *views.after.scores)] == [
        (3.0, 9),
        (3.0, 4),
    ]
    assert {(r.table, r.rule): (r.rows, r.users, r.items, r.outcome) for r in found.rules} == {
        ("views", rules.DROP_USERS): (1, 1, 0, "cleaned"),
        ("people", rules.DROP_USERS): (1, 1, 0, "cleaned"),
        # users 4 then 3 go, with 4's c and 3's b; items c then b go
        ("views", rules.MIN_EVENTS): (2, 2, 0, "cleaned"),
        ("views", rules.MIN_USERS): (2, 0, 2, "cleaned"),
    }
    lines = {line.measure: line for line in compared(views)}
    assert lines["events"].change == pytest.approx(4 / 9 - 1)
    assert found.tables[0].read == 9


def test_a_rule_that_takes_nothing_out_changes_nothing():
    rows = pl.DataFrame({USER: ["1", "2"], ITEM: ["a", "a"]})
    cleaned = clean(Tables({"v": CheckedTable("v", "events", local.lazy(rows))}), Clean(min_users_per_item=2))
    assert cleaned.account.effects == ()
    assert cleaned.account.events[0].before == cleaned.account.events[0].after


def test_a_census_counts_pairs_once():
    rows = pl.DataFrame({USER: ["1", "1", "2"], ITEM: ["a", "a", "a"]})
    counted = census(encoded(local.lazy(rows)))
    assert (counted.events, counted.pairs, counted.density, counted.mean_value) == (3, 2, 1.0, None)
    nothing = census(encoded(local.lazy(pl.DataFrame(schema=EMPTY))))
    assert (nothing.events, nothing.pairs, nothing.density, nothing.per_user) == (0, 0, 0.0, None)


@pytest.mark.parametrize(("values", "expected"), [
    ([2, 1, 2, np.nan], [1, 2]), ([], []), (list(range(20)), list(range(20))), (list(range(21)), None),
])  # fmt: skip
def test_different_values(values, expected):
    found = distinct_values(np.array(values, dtype=np.float32))
    assert expected == (None if found is None else found.tolist())


@pytest.mark.parametrize(("number", "is_share", "told"), [
    (None, False, "–"), (1234.0, False, "1,234"), (65.5, False, "65.50"), (0.063, True, "6.30%"),
    (2e-6, True, "2.0e-06"),
])  # fmt: skip
def test_numbers_for_people(number, is_share, told):
    assert shown_number(number, is_share=is_share) == told


def test_changes_for_people():
    assert [shown_change(change) for change in (None, 0.0, 0.5, -0.25)] == ["", "none", "+50.0%", "−25.0%"]


def test_movielens_top_items_equal_a_direct_group_by(ml_100k):
    names = [USER, ITEM, VALUE, TIME]
    raw = pl.read_csv(ml_100k / "u.data", separator="\t", has_header=False, new_columns=names)
    titles = {}
    for line in (ml_100k / "u.item").read_text(encoding="latin-1").splitlines():
        item, title, *_ = line.split("|")
        titles[item] = title
    rows = raw.with_columns(pl.col(USER, ITEM).cast(pl.String), pl.col(VALUE, TIME).cast(pl.Float64))
    found = explore_events(encoded(local.lazy(rows)), titles)
    assert [top.value for top in found.top_items] == [5.0, 4.0, 3.0, 2.0, 1.0]
    named = raw.with_columns(pl.col(ITEM).cast(pl.String).replace_strict(titles).alias(TITLE))
    for top in found.top_items:
        direct = named.filter(pl.col(VALUE) == top.value).group_by(ITEM, TITLE).len()
        direct = direct.sort(["len", TITLE], descending=[True, False]).head(10)
        assert [(item.title, item.events) for item in top.items] == list(direct.select(TITLE, "len").iter_rows())
    assert found.top_items[0].items[0].title == "Star Wars (1977)"
    assert (found.users, found.items, found.activity.first, found.activity.last) == (
        943,
        1682,
        "1997-09-20",
        "1998-04-22",
    )
