"""Why two are alike: what both took up, which tags both prefer, and which of their attributes are near.

The tables of a run go in, once; then for any two a handful of reasons, the most telling first. A reason tells most
where both have it and few others do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.features.aligning import one_row_each
from coterie.features.answers import Answers
from coterie.features.contract import Ids
from coterie.tables import CheckedTable, Tables
from coterie.tables.coded import Coded
from coterie.tables.types import events_of
from coterie.terms import ITEM, TAG, TITLE, USER

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
ASIDE: Final = 0.5  # standard deviations from the mean from which a number says something of somebody
APART: Final = 1.0  # standard deviations between two numbers up to which they are near
FEWEST_TAGGED: Final = 5  # of somebody's items, from which shares of tags say something
PREFERRED: Final = 1.2  # times the share of all, from which a tag is preferred
COMMON: Final = 0.75  # share of all from which it tells nothing that two have the same value

Poles = Mapping[tuple[str, str], tuple[str, str]]
Items = tuple[Whole, Floats | None]  # places of items, ascending, each once; the mean of their values


@dataclass(frozen=True, slots=True)
class SharedItem:
    """An item that both took up.

    Args:
        item, title: its id, and its name where the tables have one.
        own, other: values of both; None where events have none.
        share: of all that have it; None where they are too few to be told of.
        weight: how much both took it up, from 0 to 1, times how rare it is, ln(all / those that have it).
    """

    item: str
    title: str
    own: float | None
    other: float | None
    share: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class SharedTag:
    """A tag that both take up more than others do.

    Args:
        own, other, overall: shares of the items taken up that have it: of one, the other, all.
    """

    tag: str
    own: float
    other: float
    overall: float


@dataclass(frozen=True, slots=True)
class SharedAttribute:
    """An attribute that both have, or a number of which both have much or little.

    Args:
        name: its column, "table: column". kind: what it is. own, other: as text.
        overall: the mean of all of a number; the share of all that have a category's value, None where they are too few
            to be told of.
        low, high: what the ends of the scale are called; "" where they have no names.
    """

    name: str
    kind: Literal["number", "category"]
    own: str
    other: str
    overall: float | None
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why two are alike; the most telling first.

    Args:
        n_own, n_other, n_shared: items that one, the other, and both took up.
    """

    n_own: int
    n_other: int
    n_shared: int
    items: tuple[SharedItem, ...]
    tags: tuple[SharedTag, ...]
    attributes: tuple[SharedAttribute, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """One table of events: who has which item, and how much.

    Args:
        places: (n,) row among the events' users of each id, -1 where there is none. spread: lowest and highest value.
        held: (m,) users of each item.
    """

    events: Coded
    places: Whole
    spread: tuple[float, float] | None
    held: Whole
    tags: Whole  # (m, t) as pairs: see tag_items
    tag_items: Whole
    tag_names: tuple[str, ...]
    overall: Floats
    newcomer: Items | None = None

    def of(self, at: int) -> Items:
        """Give the items of one; of the newcomer, who comes after all others, those that the run knows."""
        if at == len(self.places):
            return self.newcomer if self.newcomer is not None else (np.zeros(0, np.int64), None)
        found, values = _items_of(self.events, int(self.places[at]))
        return found, None if self.spread is None else values


class Ground:
    """What reasons are found in.

    Args:
        tables: as what is compared sees them. ids: (n,) sorted. min_cell: fewer than so many are not told of.
        poles: names of a scale's ends by table and column.
        newcomer: somebody's tables and id, who comes after all others, at place n; None for nobody.
    """

    def __init__(
        self,
        tables: Tables,
        ids: Ids,
        *,
        min_cell: int,
        poles: Poles | None = None,
        newcomer: tuple[Tables, str] | None = None,
    ) -> None:
        self._ids, self._min_cell, self._poles = ids, min_cell, poles or {}
        self._titles, self._names = _titles(tables.items, ITEM), _titles(tables.users, USER)
        self._taken = [_taken(table, tables, ids) for table in tables.events]
        self._described = [found for table in tables.users for found in _described(table, tables, ids)]
        if newcomer is not None:
            self._taken = [
                _with_newcomer(taken, table.name, *newcomer)
                for taken, table in zip(self._taken, tables.events, strict=True)
            ]
            own = {
                (column.table, column.name): column
                for table in newcomer[0].users
                for column in _described(table, newcomer[0], np.array([newcomer[1]]), few=True)
            }
            self._described = [column.with_one_of(own.get((column.table, column.name))) for column in self._described]

    def between(self, own: int, other: int, *, most: int = 5) -> Reasons:
        """Say why the one at one place among the ids and the one at another are alike."""
        items: list[SharedItem] = []
        tags: list[SharedTag] = []
        counts = np.zeros(3, np.int64)
        for taken in self._taken:
            one, two = taken.of(own), taken.of(other)
            both = np.intersect1d(one[0], two[0], assume_unique=True)
            counts += [len(one[0]), len(two[0]), len(both)]
            items += self._items(taken, one, two, both)
            tags += _tags(taken, one[0], two[0])
        items.sort(key=lambda found: (-found.weight, found.item))
        tags.sort(key=lambda found: (-_telling(found), found.tag))
        found = sorted(self._attributes(own, other), key=lambda pair: (-pair[0], pair[1].name))
        n_own, n_other, n_shared = counts.tolist()
        described = tuple(attribute for _, attribute in found[:most])
        return Reasons(n_own, n_other, n_shared, tuple(items[:most]), tuple(tags[:most]), described)

    def title(self, item: str) -> str:
        """Give an item's name; its id where it has none."""
        return self._titles.get(item, item)

    def name(self, one: str) -> str:
        """Give the name of what is compared; "" where it has none."""
        return self._names.get(one, "")

    def _items(self, taken: _Taken, one: Items, two: Items, both: Whole) -> Iterator[SharedItem]:
        n = len(self._ids)
        values = [None if v is None else v[np.searchsorted(items, both)] for items, v in (one, two)]
        for at, item in enumerate(both.tolist()):
            held = int(taken.held[item])
            own, other = (None if v is None else float(v[at]) for v in values)
            liked = _liked(_scaled(own, taken.spread), _scaled(other, taken.spread))
            name = str(taken.events.items[item])
            share = held / n if held >= self._min_cell else None
            yield SharedItem(name, self.title(name), own, other, share, liked * math.log(max(n / max(held, 1), 1)))

    def _attributes(self, own: int, other: int) -> Iterator[tuple[float, SharedAttribute]]:
        for column in self._described:
            name = f"{column.table}: {column.name}"
            if isinstance(column, _Number):
                x, y = (column.values[at] for at in (own, other))
                a, b = ((value - column.mean) / column.spread for value in (x, y))
                if a * b > 0 and min(abs(a), abs(b)) >= ASIDE and abs(a - b) <= APART:
                    ends = self._poles.get((column.table, column.name), ("", ""))
                    yield (
                        min(abs(a), abs(b)) - abs(a - b) / 2,
                        SharedAttribute(name, "number", f"{x:g}", f"{y:g}", float(column.mean), *ends),
                    )
            elif column.codes[own] == column.codes[other] >= 0:
                held = int(column.held[column.codes[own]])
                value = column.values[column.codes[own]]
                share = held / len(self._ids)
                shown = share if held >= self._min_cell else None
                if share < COMMON:
                    yield -math.log(share) / 2, SharedAttribute(name, "category", value, value, shown)


@dataclass(frozen=True, slots=True, eq=False)
class _Number:
    table: str
    name: str
    values: Floats
    mean: float
    spread: float

    def with_one_of(self, other: _Number | _Category | None) -> _Number:
        """Give the column with the first value of another at its end."""
        value = other.values[:1] if isinstance(other, _Number) else np.array([np.nan])
        return replace(self, values=np.append(self.values, value))


@dataclass(frozen=True, slots=True, eq=False)
class _Category:
    table: str
    name: str
    values: tuple[str, ...]
    codes: Whole
    held: Whole

    def with_one_of(self, other: _Number | _Category | None) -> _Category:
        """Give the column with the first value of another at its end."""
        value = other.values[0] if isinstance(other, _Category) and other.values else None
        code = self.values.index(value) if value in self.values else -1
        return replace(self, codes=np.append(self.codes, code))


def _scaled(value: float | None, spread: tuple[float, float] | None) -> float:
    """Give a value's place between the lowest and the highest, in [0, 1]; 1 where there are none."""
    if value is None or spread is None:
        return 1.0
    return (value - spread[0]) / (spread[1] - spread[0])


def _liked(own: float, other: float) -> float:
    """Give how much both took something up, of values in [0, 1]: little where they disagree."""
    return math.sqrt(own * other) * (1 - abs(own - other))


def _telling(tag: SharedTag) -> float:
    least = min(tag.own, tag.other)
    return least * math.log(least / tag.overall)


def _tags(taken: _Taken, one: Whole, two: Whole) -> Iterator[SharedTag]:
    if not taken.tag_names or min(len(one), len(two)) < FEWEST_TAGGED:
        return
    shares = [
        np.bincount(taken.tags[np.isin(taken.tag_items, items)], minlength=len(taken.tag_names)) / len(items)
        for items in (one, two)
    ]
    more = (np.minimum(*shares) >= PREFERRED * taken.overall) & (taken.overall > 0)
    for tag in np.flatnonzero(more).tolist():
        yield SharedTag(taken.tag_names[tag], float(shares[0][tag]), float(shares[1][tag]), float(taken.overall[tag]))


def _titles(tables: Sequence[CheckedTable], key: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in tables:
        if TITLE in table.frame.collect_schema().names():
            rows = local.collect(table.frame.select(key, TITLE)).drop_nulls()
            found |= dict(zip(rows[key].to_list(), rows[TITLE].to_list(), strict=True))
    return found


def _taken(table: CheckedTable, tables: Tables, ids: Ids) -> _Taken:
    events = events_of(table)
    at = np.minimum(np.searchsorted(events.users, ids), max(len(events.users) - 1, 0))
    is_here = events.users[at] == ids if len(events.users) else np.zeros(len(ids), np.bool_)
    places = np.where(is_here, at, -1).astype(np.int64)
    value = events.value
    known = None if value is None else value[np.isfinite(value)]
    spread = None
    if known is not None and len(known) and known.max() > known.min():
        spread = float(known.min()), float(known.max())
    pairs = events.is_first & np.isin(events.user, places[places >= 0])
    held = np.bincount(events.item[pairs], minlength=len(events.items)).astype(np.int64)
    tag_items, tags, names = _tags_of(tables, events)
    overall = np.bincount(tags, held[tag_items], len(names)) / max(int(held.sum()), 1)
    return _Taken(events, places, spread, held, tags, tag_items, names, overall)


def _items_of(events: Coded, place: int) -> Items:
    """Give the items of one user, by the place among the users; none at -1."""
    if place < 0:
        return np.zeros(0, np.int64), None
    here = slice(int(events.indptr[place]), int(events.indptr[place + 1]))
    distinct, which = np.unique(events.item[here].astype(np.int64), return_inverse=True)
    if events.value is None:
        return distinct, None
    value = np.asarray(events.value[here], np.float64)
    counts = np.maximum(np.bincount(which, np.isfinite(value)), 1)
    return distinct, np.bincount(which, np.nan_to_num(value)) / counts


def _with_newcomer(taken: _Taken, name: str, tables: Tables, one: str) -> _Taken:
    if name not in tables.by_name:
        return taken
    events = events_of(tables[name])
    at = int(np.searchsorted(events.users, one))
    is_there = at < len(events.users) and events.users[at] == one
    found, values = _items_of(events, at if is_there else -1)
    names = events.items[found]
    places = np.minimum(np.searchsorted(taken.events.items, names), max(len(taken.events.items) - 1, 0))
    known = taken.events.items[places] == names
    values = None if values is None or taken.spread is None else values[known]
    return replace(taken, newcomer=(places[known].astype(np.int64), values))


def _tags_of(tables: Tables, events: Coded) -> tuple[Whole, Whole, tuple[str, ...]]:
    """Give the pairs of an item's place and a tag's, and the names of tags."""
    parts = [local.collect(table.tags.select(ITEM, TAG)) for table in tables.items if table.tags is not None]
    rows = pl.concat(parts).unique() if parts else pl.DataFrame(schema={ITEM: pl.String, TAG: pl.String})
    rows = rows.filter(pl.col(ITEM).is_in(events.items.tolist())).sort(ITEM, TAG)
    names = np.unique(np.array(rows[TAG].to_list(), np.str_))
    items = np.searchsorted(events.items, np.array(rows[ITEM].to_list(), np.str_))
    tags = np.searchsorted(names, np.array(rows[TAG].to_list(), np.str_))
    return items.astype(np.int64), tags.astype(np.int64), tuple(names.tolist())


def _described(table: CheckedTable, tables: Tables, ids: Ids, *, few: bool = False) -> Iterator[_Number | _Category]:
    """Give the columns of a table of users; of ``few`` ids also those in which these do not differ."""
    kinds = {c: k for c, k in table.attributes.items() if k in {"number", "category"}}
    if kinds:
        rows = one_row_each(table, ids, *(nw.col(column) for column in kinds))
        for column, kind in kinds.items():
            if kind == "number":
                values = rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
                yield from _number(table.name, column, values, few=few)
            else:
                yield _category(table.name, column, rows[column].cast(pl.String))
    for column in (name for name, kind in table.attributes.items() if kind == "traits"):
        names, values = Answers(table.name, f"tables.{table.name}", column).read(tables, ids, None)
        for number, name in enumerate(names):
            yield from _number(table.name, name, values[:, number], few=few)


def _number(table: str, name: str, values: Floats, *, few: bool) -> Iterator[_Number]:
    known = values[np.isfinite(values)]
    if len(known) and (few or known.std() > 0):
        yield _Number(table, name, values, float(known.mean()), float(known.std()))


def _category(table: str, name: str, cells: pl.Series) -> _Category:
    values = tuple(sorted(cells.drop_nulls().unique().to_list()))
    place = {value: at for at, value in enumerate(values)}
    codes = np.array([place.get(cell, -1) for cell in cells.to_list()], np.int64)
    held = np.bincount(codes[codes >= 0], minlength=len(values)).astype(np.int64)
    return _Category(table, name, values, codes, held)
