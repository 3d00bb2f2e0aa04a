"""What only events have: when, with which values, of which items. Read from their arrays, some at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.explore.columns import Table, columns_of, spread_of, told_apart
from coterie.explore.tails import long_tail
from coterie.explore.types import (
    Activity,
    Column,
    EventsExplored,
    Numbers,
    TopItem,
    TopOfValue,
    Unit,
    Values,
)
from coterie.tables.binning import round_edges
from coterie.tables.census import Census, ScoreCount, distinct_values, item_counts, score_codes, slices
from coterie.tables.coded import Coded
from coterie.tables.suppression import MIN_CELL
from coterie.terms import ITEM, TIME, USER, VALUE, AttributeKind

TOP_ITEMS: Final = 10  # of each value, as in the tables that analysts of ratings make
LOOKED_AT: Final = 200_000  # events whose columns are held against each other
_DAY_S = 86_400
# Days up to which a unit is taken, so that a line has at most some 120 points.
_UNITS: Final[tuple[tuple[int, Unit], ...]] = ((92, "day"), (2 * 366, "week"), (10 * 366, "month"))
_MONDAY = 3  # days from a Monday to 1970-01-01
_CODES: Final[Mapping[Unit, str]] = {"month": "datetime64[M]", "year": "datetime64[Y]"}
Counts = npt.NDArray[np.int64]


def explore_events(events: Coded, titles: Mapping[str, str], min_cell: int = MIN_CELL) -> EventsExplored:
    """Tell of a table of events.

    Args:
        titles: of items that have one, by id. min_cell: users that a figure must be of.
    """
    per_user, per_item = np.diff(events.indptr), item_counts(events)
    return EventsExplored(
        users=int(np.count_nonzero(per_user)),
        items=int(np.count_nonzero(per_item)),
        of_users=long_tail(per_user, min_cell),
        of_items=long_tail(per_item),
        activity=activity(events.time) if events.time_at is not None else None,
        top_items=_top_items(events, per_item, titles),
    )


def event_columns(
    events: Coded, kinds: Mapping[str, AttributeKind], counted: Census, min_cell: int = MIN_CELL
) -> tuple[Column, ...]:
    """Tell of every column of events: keys, value and time, then attributes."""
    n = events.n_events
    columns = [Column(USER, "key", n, 0, counted.users), Column(ITEM, "key", n, 0, counted.items)]
    value, time = events.value, events.time
    if value is not None:
        columns.append(_value_column(value, counted.scores))
    if time is not None:
        known = sum(int(np.count_nonzero(~np.isnan(time[rows]))) for rows in slices(n))
        columns.append(Column(TIME, "time", known, n - known, None))
    if kinds:
        rows, parted = told_apart(events.others, dict(kinds))
        columns += columns_of(Table(rows, parted, pl.Series(events.user), min_cell))
    return tuple(columns)


def looked_at(events: Coded) -> pl.DataFrame:
    """Give the columns that are held against each other, of all events or of evenly spaced ones."""
    places = np.unique(np.linspace(0, events.n_events - 1, min(events.n_events, LOOKED_AT)).astype(np.int64))
    columns = [
        pl.Series(name, np.asarray(part[places], np.float64), nan_to_null=True)
        for name, part in ((VALUE, events.value), (TIME, events.time))
        if part is not None
    ]
    others = events.others[places].get_columns() if events.others.width else []
    return pl.DataFrame([*columns, *others])


def activity(time: npt.NDArray[Any] | None) -> Activity | None:
    """Count events by day, week, month or year, whichever the span asks for; None where no time is known."""
    if time is None or not len(time) or np.isnan(time).all():
        return None
    first, last = (int(np.floor(float(end) / _DAY_S)) for end in (np.nanmin(time), np.nanmax(time)))
    per_day = np.zeros(last - first + 1, np.int64)
    for rows in slices(len(time)):
        part = time[rows].astype(np.float64)
        days = np.floor_divide(part[~np.isnan(part)], _DAY_S).astype(np.int64) - first
        per_day += np.bincount(days, minlength=len(per_day))
    unit = _unit(len(per_day))
    starts, counts = _together(np.arange(first, last + 1), per_day, unit)
    return Activity(
        unit=unit,
        starts=tuple(str(start) for start in starts),
        events=tuple(counts.tolist()),
        first=str(np.datetime64(first, "D")),
        last=str(np.datetime64(last, "D")),
    )


def _unit(n_days: int) -> Unit:
    for most, unit in _UNITS:
        if n_days <= most:
            return unit
    return "year"


def _together(days: Counts, per_day: Counts, unit: Unit) -> tuple[npt.NDArray[np.datetime64], Counts]:
    """Add up days by their unit, and give the first day of each unit; days are without gaps, and so are units."""
    if unit in _CODES:
        units = days.astype("datetime64[D]").astype(_CODES[unit])
        starts, places = np.unique(units, return_inverse=True)
        return starts.astype("datetime64[D]"), np.bincount(places, weights=per_day).astype(np.int64)
    length = 7 if unit == "week" else 1
    numbers = (days + _MONDAY) // length if length == 7 else days
    shift = _MONDAY if length == 7 else 0
    firsts = np.arange(numbers[0], numbers[-1] + 1) * length - shift
    return firsts.astype("datetime64[D]"), np.bincount(numbers - numbers[0], weights=per_day).astype(np.int64)


def _value_column(value: npt.NDArray[Any], scores: tuple[ScoreCount, ...]) -> Column:
    n = len(value)
    if not scores:
        wide = value.astype(np.float64)
        known = wide[~np.isnan(wide)]
        distinct = int(pl.Series(known).n_unique())
        return Column(VALUE, "value", len(known), n - len(known), distinct, spread_of(known, 1))
    known_rows = sum(score.events for score in scores)
    shown = Values(tuple(f"{score.value:g}" for score in scores), tuple(score.events for score in scores), 0)
    return Column(VALUE, "value", known_rows, n - known_rows, len(scores), _spread_of_scores(scores), shown)


def _spread_of_scores(scores: tuple[ScoreCount, ...]) -> Numbers:
    """Say the same as ``spread_of`` from the counts of few different values."""
    values = np.array([score.value for score in scores])
    counts = np.array([score.events for score in scores])
    held, n = np.cumsum(counts), int(counts.sum())
    edges = round_edges(values)

    def at(share: float) -> float:
        place = share * (n - 1)
        below, above = (
            values[np.searchsorted(held, int(end), side="right")] for end in (np.floor(place), np.ceil(place))
        )
        return float(below + (above - below) * (place - np.floor(place)))

    low, lower, median, upper, high = (at(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0))
    mean = float(values @ counts) / n
    binned = np.histogram(np.clip(values, edges[0], edges[-1]), np.array(edges), weights=counts)[0]
    return Numbers(low, lower, median, upper, high, mean, True, edges, tuple(int(count) for count in binned))


def _top_items(events: Coded, per_item: Counts, titles: Mapping[str, str]) -> tuple[TopOfValue, ...]:
    values = distinct_values(events.value)
    if values is None or not len(values):
        top = _most_frequent(per_item, events.items, titles)
        return (TopOfValue(None, top),) if top else ()
    grid = np.zeros(len(values) * len(events.items), np.int64)
    for rows in slices(events.n_events):
        places, is_known = score_codes(events.value[rows], values)  # type: ignore[index]
        cells = places[is_known] * len(events.items) + events.item[rows][is_known]
        grid += np.bincount(cells, minlength=len(grid))
    counted = zip(values.tolist(), grid.reshape(len(values), -1), strict=True)
    lists = ((float(value), _most_frequent(counts, events.items, titles)) for value, counts in counted)
    return tuple(TopOfValue(value, items) for value, items in reversed(list(lists)) if items)


def _most_frequent(counts: Counts, ids: npt.NDArray[np.str_], titles: Mapping[str, str]) -> tuple[TopItem, ...]:
    """Give the items of most events; level ones in the order of their titles, then of their ids."""
    some = np.flatnonzero(counts)
    if len(some) > TOP_ITEMS:
        some = np.flatnonzero(counts >= max(1, np.partition(counts, -TOP_ITEMS)[-TOP_ITEMS]))
    named = [(-int(counts[place]), titles.get(str(ids[place]), str(ids[place])), str(ids[place])) for place in some]
    return tuple(TopItem(title, -count) for count, title, _ in sorted(named)[:TOP_ITEMS])
