"""The readable columns of users: what a CRM knows of them, as one table; rules, markers and percentiles speak of it.

One row a user: attributes and traits as they are, activity, and the share that each tag has of a user's positive
events. Shares and means are rounded, so that a table in a file has the values that a rule was made on. Names are
distinct without regard to case and fit into 63 bytes, as the strictest of databases wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.engines import local
from coterie.features.aligning import placed
from coterie.features.contract import Ids
from coterie.segments.attributes import NumberColumn, read_categories
from coterie.segments.events import EventCounts, Incidence, incidence, some_at_a_time
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.types import ColumnKind
from coterie.tables.coded import Coded
from coterie.tables.types import Tables, events_of
from coterie.terms import SEGMENT, TAG, USER

MOST_TAGS = 60  # those of most users
DIGITS = 4
LONGEST = 63  # bytes of a name in PostgreSQL
_NUL = "\0"  # which no database takes in text


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One readable column.

    Args:
        name: in the table. label: for people. column: as marks call it.
        values: (n,) float64 with NaN for unknown; of categories text with None.
    """

    name: str
    label: str
    kind: ColumnKind
    column: str
    values: npt.NDArray[Any]

    @property
    def is_part(self) -> bool:
        """Whether it is a share in [0, 1]."""
        return self.kind == "tag"

    def take(self, rows: npt.NDArray[np.intp]) -> Column:
        """Give the column of some users."""
        return Column(self.name, self.label, self.kind, self.column, self.values[rows])


@dataclass(frozen=True, slots=True)
class Read:
    """What profiling has read and counted already."""

    numbers: Sequence[NumberColumn]
    events: Sequence[EventCounts]


def readable_columns(
    tables: Tables, members: Members, rows: npt.NDArray[np.intp], read: Read, options: ProfileOptions
) -> tuple[Column, ...]:
    """Give the readable columns of some members.

    Args:
        rows: (s,) places of the members, ascending.
    """
    ids = members.ids[rows]
    found = [*_of_numbers(read.numbers, rows), *_of_categories(tables, ids), *_flags(tables, ids)]
    for counts in read.events:
        found += _of_activity(counts, rows, several=len(read.events) > 1)
    if read.events:
        found += _of_tags(tables, read.events[0], members, rows, options)
    return _named_apart(found)


def as_table(ids: Ids, columns: Iterable[Column]) -> pl.DataFrame:
    """Give columns as a table with the ids; unknown is null."""
    made: list[pl.Series] = [pl.Series(USER, ids.tolist(), dtype=pl.String)]
    for column in columns:
        if column.kind == "category":
            made.append(pl.Series(column.name, column.values.tolist(), dtype=pl.String))
        else:
            made.append(pl.Series(column.name, column.values, dtype=pl.Float64).fill_nan(None))
    return pl.DataFrame(made)


def sampled(members: Members, options: ProfileOptions, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Give the places of all members, or of as many as a sample has, ascending."""
    n = len(members.ids)
    if n <= options.sample:
        return np.arange(n)
    return np.sort(rng.choice(n, options.sample, replace=False))


def _of_numbers(numbers: Sequence[NumberColumn], rows: npt.NDArray[np.intp]) -> Iterator[Column]:
    for number in numbers:
        yield Column(number.column, _words(number.column), "number", number.column, number.values[rows])


def _of_categories(tables: Tables, ids: Ids) -> Iterator[Column]:
    for found in read_categories(tables, ids):
        values = np.array(found.values.to_list(), dtype=object)
        if not any(value is not None and _NUL in value for value in values):
            yield Column(found.column, _words(found.column), "category", found.column, values)


def _flags(tables: Tables, ids: Ids) -> Iterator[Column]:
    """Give 1 and 0 for what several of may be said of one: the tags of items, where items are what is segmented."""
    for table in tables.users:
        if table.tags is None:
            continue
        pairs = local.collect(table.tags.select(USER, TAG).unique()).drop_nulls()
        known = pairs.filter(pl.col(USER).is_in(pl.Series(ids.tolist(), dtype=pl.String).implode()))
        counted = known.group_by(TAG).len().sort(["len", TAG], descending=[True, False])
        for tag in counted[TAG].to_list()[:MOST_TAGS]:
            its = np.array(known.filter(pl.col(TAG) == tag)[USER].sort().to_list(), dtype=np.str_)
            values = np.zeros(len(ids))
            values[np.searchsorted(ids, its)] = 1.0
            yield Column(f"{TAG} {tag}", f"{TAG} {tag}", "flag", tag, values)


def _of_activity(counts: EventCounts, rows: npt.NDArray[np.intp], *, several: bool) -> Iterator[Column]:
    where = f" in {counts.table}" if several else ""
    yield Column(f"events{where}", f"events{where}", "activity", "events", counts.events[rows].astype(np.float64))
    if counts.values is not None:
        valued = counts.valued[rows]
        means = np.divide(counts.values[rows], valued, out=np.full(len(rows), np.nan), where=valued > 0)
        yield Column(f"mean value{where}", f"mean value{where}", "activity", "mean value", np.round(means, DIGITS))


def _of_tags(
    tables: Tables, counts: EventCounts, members: Members, rows: npt.NDArray[np.intp], options: ProfileOptions
) -> Iterator[Column]:
    """Give the share that each of the most frequent tags has of the users' positive events."""
    events = events_of(tables[counts.table])
    tags = incidence(tables, events.items, options)
    if tags is None or counts.tags is None:
        return
    frequent = np.argsort(-counts.tags.users_all, kind="stable")[:MOST_TAGS]
    wanted = sorted(counts.tags.labels[at] for at in frequent)
    places = np.searchsorted(tags.labels, wanted)
    shares = _tag_counts(events, members.ids[rows], Incidence(tags.matrix[:, places], tuple(wanted)), options)
    positive = counts.positive[rows]
    for at, tag in enumerate(wanted):
        share = np.divide(shares[:, at], positive, out=np.full(len(rows), np.nan), where=positive > 0)
        yield Column(f"share of {tag}", f"share of {tag}", "tag", tag, np.round(share, DIGITS))


def _tag_counts(events: Coded, ids: Ids, tags: Incidence, options: ProfileOptions) -> npt.NDArray[np.float64]:
    """Give (n, t) positive events of users with each tag."""
    place = placed(np.arange(len(events.users), dtype=np.int32), events.users, ids)
    found = np.zeros((len(ids), len(tags.labels)))
    for first, last in some_at_a_time(events):
        some = events.between(first, last)
        kept = place[some.user] >= 0
        if some.value is not None and options.positive_from is not None:
            kept &= some.value >= options.positive_from
        user, item = place[some.user[kept]], some.item[kept]
        if len(user):
            low, high = int(user.min()), int(user.max()) + 1
            pairs = sp.csr_array((np.ones(len(user)), (user - low, item)), shape=(high - low, len(events.items)))
            found[low:high] += (pairs @ tags.matrix).toarray()
    return found


def _named_apart(columns: Iterable[Column]) -> tuple[Column, ...]:
    taken = {USER.lower(), SEGMENT.lower()}
    named = []
    for column in columns:
        name = _cut(column.name, LONGEST)
        number = 2
        while name.lower() in taken:
            name, number = f"{_cut(column.name, LONGEST - 6)} ({number})", number + 1
        taken.add(name.lower())
        named.append(Column(name, column.label, column.kind, column.column, column.values))
    return tuple(named)


def _cut(name: str, limit: int) -> str:
    return name.replace(_NUL, "").encode("utf-8", "replace")[:limit].decode("utf-8", "ignore") or "column"


def _words(column: str) -> str:
    return column.replace("_", " ")
