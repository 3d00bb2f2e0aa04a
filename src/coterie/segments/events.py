"""What a table of events says of segments: per user how much, per segment which items, tags and values.

Numbered events are counted some users at a time, into one cell a user and one a segment and item or tag. The sums are
of whole numbers, and a user's values are added up in the order of their items, so nothing depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.engines import local
from coterie.features.aligning import placed
from coterie.features.contract import Ids
from coterie.parallel import default_threads, map_in_order
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.statistics import RatioSums
from coterie.tables.coded import Coded, Codes, Numbers
from coterie.tables.types import CheckedTable, Tables, events_of
from coterie.terms import ITEM, TAG, TITLE

MOST_VALUES = 10  # of so many distinct values each has its own list of top items

AT_ONCE = 4_000_000  # events counted at once

_ITEMS = "_items"
_USERS, _Y, _YY, _YN = _SUMS = ("users", "y", "yy", "yn")
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """Positive events by segment and key, an item or a tag; only keys of at least ``min_users`` users.

    Args:
        labels: (m,) titles or tags.
        users: (k, m) users of the segment with such an event. users_all: (m,) of all.
        inside, overall: sums for ratios, of (k, m) and (1, m).
    """

    labels: tuple[str, ...]
    users: npt.NDArray[np.int64]
    users_all: npt.NDArray[np.int64]
    inside: RatioSums
    overall: RatioSums


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """How often which item was given which value.

    Args:
        values: (v,) ascending; None where events have no value, or too many: then v is 1.
        items: (m,) sorted ids; named: their titles.
        events: (k + 1, v, m), noise last; users: users behind them, None where each event is of another user.
        takers: (k + 1, m) users with a positive event.
    """

    values: Floats | None
    items: Ids
    named: tuple[str, ...]
    events: Counts
    users: Counts | None
    takers: Counts


@dataclass(frozen=True, slots=True)
class EventCounts:
    """One table of events, counted.

    Args:
        table: its name.
        events: (n,) events of each member; positive: those of them that are positive.
        values: (n,) sum of each member's values, None where events have no value; valued: (n,) events that have one.
        items, tags: tags is None where items have none.
        scored: events by segment, value and item.
    """

    table: str
    events: npt.NDArray[np.int64]
    positive: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64] | None
    valued: npt.NDArray[np.int64]
    items: KeyCounts
    tags: KeyCounts | None
    scored: Scored


def count_events(tables: Tables, table: CheckedTable, members: Members, options: ProfileOptions) -> EventCounts:
    """Count the events of the members; events of others are left out."""
    events = events_of(table)
    place = placed(np.arange(len(events.users), dtype=np.int32), events.users, members.ids)
    values = _few_values(events, place)
    titles, tags = _titles(tables), incidence(tables, events.items, options)
    sums = _Sums(members, len(events.items), values, 0 if tags is None else len(tags.labels))

    def one(users: tuple[int, int]) -> _Sums:
        some = _Some.of(events.between(*users), place, members, options)
        return _Sums(members, len(events.items), values, 0 if tags is None else len(tags.labels)).add(some, tags)

    for counted in map_in_order(one, some_at_a_time(events), threads=default_threads()):
        sums.merge(counted)
    named = _named(events.items, titles)
    positive = sums.positive
    return EventCounts(
        table=table.name,
        events=sums.events,
        positive=positive,
        values=sums.values if events.value is not None else None,
        valued=sums.valued,
        items=_key_counts(sums.by_item, named, positive, members, options),
        tags=None if tags is None else _key_counts(sums.by_tag, tags.labels, positive, members, options),
        scored=Scored(
            values, events.items, named, sums.top, sums.top - sums.again if sums.repeats else None, sums.by_item[_USERS]
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Some:
    """Some members' events, one entry each, by user and item; and their pairs.

    Args:
        member: (e,) place among the members. row: (e,) their label, the last row of a grid for noise.
        item: (e,). positive: (e,) whether positive. value: (e,) NaN where there is none; None where events have none.
        first: (p,) event with which a pair begins. y: (p,) positive events of the pair.
    """

    member: Codes
    row: Codes
    item: Codes
    positive: npt.NDArray[np.bool_]
    value: Numbers | None
    first: npt.NDArray[np.int64]
    y: npt.NDArray[np.int64]

    @classmethod
    def of(cls, events: Coded, place: Codes, members: Members, options: ProfileOptions) -> _Some:
        member, item, value, first = place[events.user], events.item, events.value, events.is_first
        kept = member >= 0
        if not kept.all():
            member, item, first = member[kept], item[kept], first[kept]
            value = None if value is None else value[kept]
        positive = np.ones(len(member), np.bool_)
        if value is not None and options.positive_from is not None:
            positive = value >= options.positive_from
        begins = np.flatnonzero(first)
        y = np.add.reduceat(positive.astype(np.int64), begins) if len(begins) else np.empty(0, np.int64)
        row = (members.labels % (members.n_segments + 1)).astype(np.int32)[member]
        return cls(member, row, item, positive, value, begins, y)


class _Sums:
    """What is counted of some events after the others.

    Attributes:
        events, positive, valued, values: (n,) of each member. by_item, by_tag: grids of (k + 1, m), noise last, of
            users with a positive event, and of y, y * y and y * n over them. top: (k + 1, values, m) events, noise
            last; again: those of them beyond the first that a user gave an item with that value. repeats: whether there
            are such.
    """

    def __init__(self, members: Members, n_items: int, few_values: Floats | None, n_tags: int) -> None:
        n, k = len(members.ids), members.n_segments
        self.events, self.positive, self.valued = (np.zeros(n, np.int64) for _ in range(3))
        self.values = np.zeros(n)
        self._few_values = few_values
        self.by_item = {name: np.zeros((k + 1, n_items), np.int64) for name in _SUMS}
        self.by_tag = {name: np.zeros((k + 1, n_tags), np.int64) for name in _SUMS}
        self.top = np.zeros((k + 1, 1 if few_values is None else len(few_values), n_items), np.int64)
        self.again, self.repeats = np.zeros((1, 1, 1), np.int64), False

    def merge(self, other: _Sums) -> None:
        """Add what was counted of other events."""
        for mine, theirs in zip(self._parts(), other._parts(), strict=True):
            np.add(mine, theirs, out=mine)
        if other.repeats:
            self.again, self.repeats = self.again + other.again, True

    def _parts(self) -> list[npt.NDArray[Any]]:
        per_member = [self.events, self.positive, self.valued, self.values]
        return [*per_member, self.top, *self.by_item.values(), *self.by_tag.values()]

    def add(self, some: _Some, tags: Incidence | None) -> _Sums:
        """Count some events; all of a member's come at once."""
        n = len(self.events)
        self.events += np.bincount(some.member, minlength=n)
        self.positive += np.bincount(some.member[some.positive], minlength=n)
        if some.value is not None:
            known = ~np.isnan(some.value)
            self.valued += np.bincount(some.member[known], minlength=n)
            self.values += np.bincount(some.member[known], some.value[known], n)
        liked = some.y > 0
        at = some.first[liked]
        _add(self.by_item, some.row[at], some.item[at], some.y[liked], self.positive[some.member[at]])
        self._add_top(some)
        if tags is not None:
            member, tag, y = tags.tagged(some.member[at], some.item[at], some.y[liked])
            rows = np.full(n, -1, np.int32)
            rows[some.member] = some.row
            _add(self.by_tag, rows[member], tag, y, self.positive[member])
        return self

    def _add_top(self, some: _Some) -> None:
        _, n_values, m = self.top.shape
        if self._few_values is None or some.value is None:
            which, known = np.zeros(len(some.row), np.int64), np.ones(len(some.row), np.bool_)
        else:
            few = self._few_values.astype(some.value.dtype)  # else every value would be widened to compare
            which, known = np.minimum(np.searchsorted(few, some.value), n_values - 1), ~np.isnan(some.value)
        cells = ((some.row.astype(np.int64) * n_values + which) * m + some.item)[known]
        self.top += np.bincount(cells, minlength=self.top.size).reshape(self.top.shape)
        if len(some.first) < len(some.row):
            # A user counts once in a cell, however often.
            pairs = np.repeat(np.arange(len(some.first)), np.diff(some.first, append=len(some.row)))[known]
            order = np.lexsort((cells, pairs))
            same = (np.diff(cells[order]) == 0) & (np.diff(pairs[order]) == 0)
            again = cells[order][1:][same]
            self.again = self.again + np.bincount(again, minlength=self.top.size).reshape(self.top.shape)
            self.repeats = True


def _add(grids: Mapping[str, Counts], row: Codes, key: Codes, y: Counts, n: Counts) -> None:
    """Add pairs of a member and key to grids of (k + 1, m): y is theirs, n the member's total."""
    shape = grids[_Y].shape
    cells = row.astype(np.int64) * shape[1] + key
    for name, weights in ((_USERS, None), (_Y, y), (_YY, y * y), (_YN, y * n)):
        summed = np.bincount(cells, weights, shape[0] * shape[1])  # whole numbers: exact in float64
        grids[name][...] += summed.astype(np.int64).reshape(shape)


def some_at_a_time(events: Coded) -> Iterator[tuple[int, int]]:
    """Give ranges of users with about ``AT_ONCE`` events each."""
    first = 0
    while first < len(events.users):
        last = int(np.searchsorted(events.indptr, events.indptr[first] + AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), len(events.users))
        yield first, last
        first = last


def _few_values(events: Coded, place: Codes) -> Floats | None:
    """Give the sorted values of the members' events where they are few enough to have lists of their own."""
    found: set[float] = set()
    for users in some_at_a_time(events):
        some = events.between(*users)
        if some.value is None:
            return None
        found |= set(pl.Series(some.value[place[some.user] >= 0]).drop_nans().unique().to_list())
        if len(found) > MOST_VALUES:
            return None
    return np.array(sorted(found)) if found else None


@dataclass(frozen=True, slots=True, eq=False)
class Incidence:
    """Which items have which tags: (m, t) of ones, and the sorted (t,) tags."""

    matrix: sp.csr_array
    labels: tuple[str, ...]

    @classmethod
    def of(cls, pairs: pl.DataFrame, items: Ids) -> Incidence:
        """Args: distinct pairs of an item and tag, without blanks."""
        known = pairs.filter(pl.col(ITEM).is_in(pl.Series(items.tolist(), dtype=pl.String).implode()))
        labels = known[TAG].unique().sort()
        rows = np.searchsorted(items, np.array(known[ITEM].to_list(), np.str_))
        columns = labels.search_sorted(known[TAG]).to_numpy() if known.height else np.empty(0, np.int64)
        cells = (np.ones(known.height, np.int64), (rows, columns))
        return cls(sp.csr_array(cells, shape=(len(items), labels.len())), tuple(labels.to_list()))

    def tagged(self, member: Codes, item: Codes, y: Counts) -> tuple[Codes, Codes, Counts]:
        """Give pairs of a member and tag with the sum of y over the items that have it."""
        first = int(member.min(initial=0))
        n = int(member.max(initial=0)) - first + 1
        of_tags = sp.coo_array(sp.csr_array((y, (member - first, item)), shape=(n, self.matrix.shape[0])) @ self.matrix)
        return (of_tags.row + first).astype(np.int32), of_tags.col.astype(np.int32), of_tags.data


def incidence(tables: Tables, items: Ids, options: ProfileOptions) -> Incidence | None:
    """Give which items have which tags, of tags that enough items have; None where items have none."""
    tagged = _tags(tables, options.min_items)
    return None if tagged is None else Incidence.of(tagged, items)


def _named(items: Ids, titles: pl.DataFrame | None) -> tuple[str, ...]:
    """Give each item its title; one without is called by its id."""
    if titles is None:
        return tuple(items.tolist())
    listed = pl.DataFrame({ITEM: pl.Series(items.tolist(), dtype=pl.String)})
    found = listed.join(titles, on=ITEM, how="left", maintain_order="left")
    return tuple(found.select(pl.coalesce(TITLE, ITEM)).to_series().to_list())


def _titles(tables: Tables) -> pl.DataFrame | None:
    """One title an item that has one; of several the first in the alphabet."""
    frames = [
        local.here(table.frame.select(ITEM, TITLE))
        for table in tables.items
        if TITLE in table.frame.collect_schema().names()
    ]
    if not frames:
        return None
    return local.collect(nw.concat(frames).filter(~nw.col(TITLE).is_null()).group_by(ITEM).agg(nw.col(TITLE).min()))


def _tags(tables: Tables, min_items: int) -> pl.DataFrame | None:
    frames = [local.here(table.tags.select(ITEM, TAG)) for table in tables.items if table.tags is not None]
    if not frames:
        return None
    pairs = nw.concat(frames).filter(~nw.col(TAG).is_null()).unique()
    if min_items == 1:
        return local.collect(pairs)
    common = pairs.group_by(TAG).agg(nw.len().alias(_ITEMS)).filter(nw.col(_ITEMS) >= min_items)
    return local.collect(pairs.join(common.select(TAG), on=TAG, how="semi"))


def _key_counts(
    sums: Mapping[str, Counts],
    labels: tuple[str, ...],
    positive: Counts,
    members: Members,
    options: ProfileOptions,
) -> KeyCounts:
    """Give the keys of at least ``min_users`` users, in the order of their id.

    Args:
        sums: grids of (k + 1, m), noise last. labels: (m,).
    """
    kept = np.flatnonzero(sums[_USERS].sum(axis=0) >= max(options.min_users, 1))
    grids = {name: grid[:, kept] for name, grid in sums.items()}
    inside, overall = _ratio_sums(grids, positive, members)
    users = grids[_USERS]
    named = tuple(labels[place] for place in kept.tolist())
    return KeyCounts(named, users[: members.n_segments], users.sum(axis=0), inside, overall)


def _ratio_sums(
    grids: dict[str, npt.NDArray[np.int64]], positive: npt.NDArray[np.int64], members: Members
) -> tuple[RatioSums, RatioSums]:
    k = members.n_segments
    rows = members.labels.astype(np.int64) % (k + 1)
    n, nn, users = (
        np.bincount(rows, weights, minlength=k + 1)[:, None] for weights in (positive, positive**2.0, positive > 0)
    )
    sums = [grids[_Y], grids[_YY], grids[_YN], n, nn, users]
    floats = [np.asarray(part, dtype=np.float64) for part in sums]
    return RatioSums(*(part[:k] for part in floats)), RatioSums(*(part.sum(axis=0, keepdims=True) for part in floats))
