"""Figures of what the tables hold: their rows are the record's, and each can be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from coterie import plots
from coterie.config import Clean
from coterie.engines import local
from coterie.explore import explore
from coterie.explore.types import Activity, Exploration, TableExplored
from coterie.plots.associations import associations
from coterie.plots.cleaning import before_after, values_before_after
from coterie.plots.columns import column_spread
from coterie.plots.longtail import long_tail, lorenz
from coterie.plots.missing import missing
from coterie.plots.timeline import timeline
from coterie.plots.topitems import top_items
from coterie.tables import CheckedTable, Tables
from coterie.tables.cleaning import clean
from coterie.terms import ITEM, TIME, USER, VALUE, Noun
from tests.plots.charts import find, layers, mark_of, rows_of


@pytest.fixture(scope="module")
def found() -> Exploration:
    rng = np.random.default_rng(2)
    rows = pl.DataFrame(
        {
            USER: [f"u{n}" for n in rng.integers(0, 30, 200)],
            ITEM: [f"<b>'{n}'\\" for n in rng.integers(0, 12, 200)],
            VALUE: rng.integers(1, 6, 200).astype(float),
            TIME: rng.integers(0, 60, 200) * 86_400.0,
        }
    )
    people = pl.DataFrame(
        {
            USER: [f"u{n}" for n in range(30)],
            "age": [None if n % 5 == 0 else 20.0 + n for n in range(30)],
            "born": [None if n % 5 == 0 else 2000.0 - n for n in range(30)],
            "town": ["a" if n < 20 else "b" for n in range(30)],
        }
    )
    kinds = {"age": "number", "born": "number", "town": "category"}
    tables = Tables(
        {
            "ratings": CheckedTable("ratings", "events", local.lazy(rows)),
            "people": CheckedTable("people", "users", local.lazy(people), kinds),
        }
    )
    cleaned = clean(tables, Clean(min_events_per_user=6))
    return explore(cleaned.tables, cleaned.counts, {"ratings": 200, "people": 30}, cleaned.account)


@pytest.fixture
def ratings(found) -> TableExplored:
    return found.tables[0]


@pytest.fixture
def people(found) -> TableExplored:
    return found.tables[1]


def test_lorenz_curves_are_those_of_the_record(ratings):
    _, straight = find(lorenz(ratings.events), "line")
    assert straight == [{"share": 0, "events": 0}, {"share": 1, "events": 1}]
    body = plots.spec(lorenz(ratings.events))
    _, curves = layers(body)
    assert curves["encoding"]["strokeDash"]["field"] == "of", "colour does not stand alone"
    drawn = [row for row in rows_of(body, curves) if row["who"] == "users"]
    told = [(row["share"], row["events"]) for row in drawn]
    assert told == [(point.share, point.of_events) for point in ratings.events.of_users.lorenz]


def test_the_long_tail_is_drawn_by_rank(ratings):
    _, rows = find(long_tail(ratings.events), "line")
    items = [(row["rank"], row["events"]) for row in rows if row["who"] == "items"]
    assert items == [(point.rank, point.events) for point in ratings.events.of_items.ranked]


def test_values_stand_side_by_side(found):
    record = found.cleaned("ratings")
    _, rows = find(values_before_after(record), "bar")
    told = {(row["value"], row["when"]): row["events"] for row in rows}
    assert {value: n for (value, when), n in told.items() if when == "before cleaning"} == {
        f"{score.value:g}": score.events for score in record.before.scores
    }
    assert sum(n for (_, when), n in told.items() if when == "after cleaning") == record.after.events < 200


def test_before_and_after_is_a_table(found):
    _, rows = find(before_after(found.cleaned("ratings")), "text")
    told = {(row["measure"], row["of"]): row["text"] for row in rows}
    assert told["events", "before"] == "200"
    assert told["events", "change"].startswith("−")


@pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
def test_time_is_an_area(unit):
    record = Activity(unit, ("2020-01-06", "2020-01-13"), (3, 4), "2020-01-07", "2020-01-14")
    _, rows = find(timeline(record), "area")
    assert [row["events"] for row in rows] == [3, 4]


def test_top_items_stand_under_their_value(ratings):
    _, rows = find(top_items(ratings.events.top_items), "bar")
    assert [row["events"] for row in rows][:10] == [item.events for item in ratings.events.top_items[0].items]
    assert len(rows) == sum(len(top.items) for top in ratings.events.top_items)
    _, heads = next(text for text in _texts(top_items(ratings.events.top_items)) if "text" in text[1][0])
    assert [head["text"] for head in heads] == [f"value {top.value:g}" for top in ratings.events.top_items]


def _texts(chart):
    body = plots.spec(chart)
    return [(layer, rows_of(body, layer)) for layer in layers(body) if mark_of(layer) == "text"]


def test_patterns_of_missing_cells(people):
    _, rows = find(missing(people), "rect")
    gone = {(row["pattern"], row["column"].split()[0]) for row in rows if row["is"] == "missing"}
    assert gone == {(1, "age"), (1, "born")}


def test_columns_that_carry_the_same_are_marked(people):
    _, rows = find(associations(people), "rect")
    told = {frozenset((row["x"], row["y"])): row["text"] for row in rows}
    assert told[frozenset(("age", "born"))] == "−1.00!"
    assert len(told) == people.associations.n_pairs


def test_bars_that_were_put_together_keep_their_area(people):
    age = next(column for column in people.columns if column.name == "age")
    _, rows = find(column_spread(age), "bar")
    narrow = min(row["high"] - row["low"] for row in rows)
    assert sum(row["share"] * (row["high"] - row["low"]) / narrow for row in rows) == pytest.approx(1)
    assert sum(row["rows"] for row in rows) == pytest.approx(age.known, abs=5 * len(rows) / 2)  # each is rounded


def test_what_cannot_be_drawn_is_not(people, ratings):
    key = people.columns[0]
    assert column_spread(key) is None
    assert column_spread(next(column for column in ratings.columns if column.kind == "value")) is None


def test_every_plot_of_the_catalogue_is_drawn(found):
    shown = plots.Shown(decision=None, exploration=found)  # type: ignore[arg-type]
    for plot in plots.EXPLORED:
        assert plots.svg(plot.picture(shown, width=500)).startswith("<svg"), plot.name


def test_nothing_is_drawn_of_nothing():
    for exploration in (None, Exploration((), (), ())):
        shown = plots.Shown(decision=None, exploration=exploration)  # type: ignore[arg-type]
        assert [plot.name for plot in plots.EXPLORED if plot.draw(shown) is not None] == []


def test_users_stay_users_where_films_are_segmented(found):
    """These tell of the tables as they are declared."""
    plain = plots.Shown(decision=None, exploration=found)  # type: ignore[arg-type]
    films = replace(plain, entity=Noun("film", "films"), counterpart=Noun("user", "users"))
    for plot in plots.EXPLORED:
        assert films.said(f"{plot.title} {plot.note}") == f"{plot.title} {plot.note}", plot.name
        assert plots.spec(plot.draw(films)) == plots.spec(plot.draw(plain)), plot.name
