"""The profile of every segment: tables and members in, ``SegmentProfile`` records out.

Segments are compared with everybody, noise among them; tests leave the segment out of the other side. Where several
tables hold events, marks come from each of them; top items and activity from the first that segments were formed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.randomness import generator
from coterie.segments import distributions
from coterie.segments.attributes import CategoryColumn, NumberColumn, count_categories, read_numbers, titles_of
from coterie.segments.calendar import calendars
from coterie.segments.columns import Column, Read, as_table, readable_columns, sampled
from coterie.segments.distinctive import distinctive
from coterie.segments.events import EventCounts, count_events
from coterie.segments.lists import ItemLists, item_lists
from coterie.segments.markers import markers, percentiles
from coterie.segments.marks import Family, families, marks_of
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.neighbours import neighbours
from coterie.segments.rules import find_rule, halves
from coterie.segments.sentences import sentences, surest_items_first
from coterie.segments.suppression import Mask
from coterie.segments.types import Calendar, Histogram, Marker, Neighbour, Percentile, Rule, SegmentProfile
from coterie.tables.types import Tables, events_of

__all__ = ["Members", "ProfileOptions", "profile_segments", "users_table"]

_DEFAULT = ProfileOptions()


@dataclass(frozen=True, slots=True)
class _Counted:
    """Everything that the tables say of the members, and (n,) what they are called."""

    names: npt.NDArray[np.str_]
    events: tuple[EventCounts, ...]
    main: EventCounts | None
    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]
    families: tuple[Family, ...]

    @property
    def items(self) -> Family | None:
        """Comparisons of the items of the main events."""
        own = (family for family in self.families if self.main is not None and family.table == self.main.table)
        return next((family for family in own if family.kind == "item"), None)

    @property
    def read(self) -> Read:
        """What readable columns are made from, the main events first."""
        others = [counts for counts in self.events if counts is not self.main]
        return Read(self.numbers, others if self.main is None else [self.main, *others])


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of all segments, one entry each."""

    histograms: tuple[tuple[Histogram | None, ...], ...]
    hidden: tuple[Mask, ...]
    lists: ItemLists | None
    calendars: tuple[Calendar | None, ...]
    markers: tuple[tuple[Marker, ...], ...]
    percentiles: tuple[tuple[Percentile, ...], ...]
    neighbours: tuple[Neighbour | None, ...]
    rules: tuple[Rule | None, ...]


def profile_segments(
    tables: Tables, members: Members, options: ProfileOptions = _DEFAULT
) -> tuple[SegmentProfile, ...]:
    """Profile every segment, in the order of ``members.segment_ids``.

    Raises:
        DataError: a table of users describes a member twice.
    """
    counted = _count(tables, members, options)
    told = _tell(tables, counted, members, options)
    return tuple(_profile(counted, told, label, members, options) for label in range(members.n_segments))


def users_table(tables: Tables, members: Members, options: ProfileOptions = _DEFAULT) -> pl.DataFrame:
    """Give the table that rules speak of: one row a member, sorted, with all readable columns.

    Raises:
        DataError: a table of users describes a member twice.
    """
    counted = _count(tables, members, options)
    rows = np.arange(len(members.ids))
    return as_table(members.ids, readable_columns(tables, members, rows, counted.read, options))


def _count(tables: Tables, members: Members, options: ProfileOptions) -> _Counted:
    events = tuple(count_events(tables, table, members, options) for table in tables.events)
    numbers, categories = read_numbers(tables, members), count_categories(tables, members)
    compared = families(events, numbers, categories, members, options)
    return _Counted(titles_of(tables, members), events, _main(events, members), numbers, categories, compared)


def _tell(tables: Tables, counted: _Counted, members: Members, options: ProfileOptions) -> _Told:
    k, main = members.n_segments, counted.main
    rng = generator(options.seed, "profile")
    rows = sampled(members, options, rng)
    columns, labels = readable_columns(tables, members, rows, counted.read, options), members.labels[rows]
    return _Told(
        histograms=tuple(distributions.histograms(column, members, options) for column in counted.numbers),
        hidden=tuple(column.hidden(options.min_cell) for column in counted.categories),
        lists=None if main is None else item_lists(main.scored, options),
        calendars=(None,) * k if main is None else calendars(events_of(tables[main.table]), members, options),
        markers=markers(columns, labels, counted.items, options, k),
        percentiles=percentiles(columns, labels, options, k),
        neighbours=neighbours(counted.families, members, options),
        rules=_rules(columns, labels, members, options, rng),
    )


def _rules(
    columns: Sequence[Column], labels: npt.NDArray[Any], members: Members, options: ProfileOptions,
    rng: np.random.Generator,
) -> tuple[Rule | None, ...]:  # fmt: skip
    parts = halves(len(labels), rng)
    return tuple(
        find_rule(columns, labels == label, parts, options, members.noun) for label in range(members.n_segments)
    )


def _main(events: Sequence[EventCounts], members: Members) -> EventCounts | None:
    on_basis = [counts for counts in events if counts.table in members.basis_tables]
    return next(iter([*on_basis, *events]), None)


def _profile(counted: _Counted, told: _Told, label: int, members: Members, options: ProfileOptions) -> SegmentProfile:
    marks = marks_of(counted.families, label, options)
    distinct = () if counted.items is None else distinctive(counted.items, label)
    numbers = (of_all[label] for of_all in told.histograms)
    shares = (
        distributions.shares(column, label, hidden, options)
        for column, hidden in zip(counted.categories, told.hidden, strict=True)
    )
    return SegmentProfile(
        segment_id=members.segment_ids[label],
        marks=marks,
        top_items=() if told.lists is None else told.lists.top[label],
        numbers=tuple(histogram for histogram in numbers if histogram is not None),
        shares=tuple(share for share in shares if share is not None),
        exemplars=distributions.exemplars(members, counted.names, label, options),
        activity=None if counted.main is None else distributions.activity(counted.main, label, members, options),
        sentences=sentences(surest_items_first(marks, distinct), members.noun),
        distinctive=distinct,
        scores=None if told.lists is None else told.lists.grids[label],
        percentiles=told.percentiles[label],
        calendar=told.calendars[label],
        markers=told.markers[label],
        neighbour=told.neighbours[label],
        rule=told.rules[label],
    )
