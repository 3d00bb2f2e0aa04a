"""The window of events."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from coterie.config import parse_config
from coterie.errors import ConfigError, DataError
from coterie.sources.contract import RawTable
from coterie.tables.build import build_tables
from coterie.tables.types import events_of

DAY = 86_400


def config(**more):
    table = {
        "role": "events", "source": "r.csv", "user": "u", "item": "i", "value": "v",
        "time": {"column": "t", "unit": "s"}, "duplicates": "sum",
    }  # fmt: skip
    return parse_config(
        {
            "tables": {"ratings": table | more.pop("table", {})},
            "features": {"taste": {"kind": "interactions", "from": "ratings"}},
            **more,
        }
    )


def built(events, **window):
    rows = pl.DataFrame(events, schema={"u": pl.String, "i": pl.String, "v": pl.Int64, "t": pl.Int64}, orient="row")
    raw = RawTable(nw.from_native(rows.lazy()), "r.csv", "1")
    return build_tables(config(window=window), {"ratings": raw}, now_s=1_000 * DAY)


EVENTS = [("a", "x", 1, 10 * DAY), ("a", "x", 2, 95 * DAY), ("b", "x", 4, 99 * DAY), ("b", "y", 8, 100 * DAY)]


def test_an_age_counts_back_from_the_newest_event():
    found = built(EVENTS, since="5d")
    events = events_of(found.tables["ratings"])
    assert events.value.tolist() == [2, 4, 8]
    assert (found.span.since_s, found.span.until_s) == (95 * DAY, None)


def test_what_lies_outside_is_counted_and_every_row_accounted_for():
    found = built(EVENTS, since="5d")
    assert [(c.rule, c.column, c.rows) for c in found.counts if c.rule == "outside the window"] == [
        ("outside the window", "t", 1)
    ]
    assert found.read["ratings"] == found.kept["ratings"] + found.rejected["ratings"] + found.cleaned["ratings"]


def test_duplicates_are_put_together_within_the_window_alone():
    assert events_of(built(EVENTS).tables["ratings"]).value.tolist() == [3, 4, 8]
    assert events_of(built(EVENTS, since="1970-01-20").tables["ratings"]).value.tolist() == [2, 4, 8]


def test_the_end_of_a_window_is_not_in_it_and_its_age_counts_from_there():
    found = built(EVENTS, since="5d", until="1970-04-10")  # day 99
    assert events_of(found.tables["ratings"]).value.tolist() == [2]
    assert found.span.since_s == 94 * DAY


def test_the_order_of_rows_makes_no_difference():
    one, other = (events_of(built(rows, since="60d").tables["ratings"]) for rows in (EVENTS, EVENTS[::-1]))
    assert one.value.tolist() == other.value.tolist()


def test_an_empty_window_says_when_events_were():
    told = (
        r"no event of table 'ratings' is in the window, from 1980-01-01 on: its good ones go from 1970-01-11 to "
        r"1970-04-11; choose another window"
    )
    with pytest.raises(DataError, match=told):
        built(EVENTS, since="1980-01-01")


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(ConfigError, match="ends at 1970-02-01, which is not after it begins at 1970-03-01"):
        built(EVENTS, since="1970-03-01", until="1970-02-01")


def test_a_window_needs_times():
    with pytest.raises(ConfigError, match=r"'window' goes by events' times, and 'tables.ratings' names none"):
        config(table={"time": None}).within("90d", None)


def test_a_window_needs_events():
    users = {"role": "users", "source": "p.csv", "user": "u", "attributes": {"age": "number"}}
    without = parse_config({"tables": {"p": users}, "features": {"f": {"kind": "attributes", "from": "p"}}})
    with pytest.raises(ConfigError, match="there is no table of events: take it out"):
        without.within(None, "2024-01-01")


def test_what_is_no_moment_is_refused():
    with pytest.raises(ConfigError, match=r"'window.since'.*expected a date such as 2024-01-31.*got '3x'"):
        config().within("3x", None)


def test_no_window_is_no_change():
    found = config()
    assert found.within(None, None) is found
    assert built(EVENTS).span is None
