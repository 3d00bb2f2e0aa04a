"""Events with numbers for ids: in order of user, then item, beside the lists of both ids.

Text is 16 bytes a cell and slow to compare; a number is four. So events are numbered while they are read, batch by
batch, and what goes over all of them (pairs for the features, held-out events, what a segment likes) reads numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie._kernels.rows import pair_order
from coterie.engines import local
from coterie.errors import DataError
from coterie.terms import ITEM, TIME, USER, VALUE

Ids = npt.NDArray[np.str_]
Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]  # float64, or float32 or int32 that hold the same


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Events by user, then item; level ones by all their other columns.

    Args:
        users: (n,) sorted ids. items: (m,) sorted ids.
        indptr: (n + 1,) where each user's events begin. user, item: (e,) places of both.
        value_at, time_at: (e,) narrower than float64 where that loses nothing, NaN for what is missing; None where
            events have none. Those of chosen events are brought together when they are asked for, by ``value`` and
            ``time``: most of what reads chosen events reads neither.
        others: (e,) rows of the other canonical columns; of no height where there are none.
    """

    users: Ids
    items: Ids
    indptr: npt.NDArray[np.int64]
    user: Codes
    item: Codes
    value_at: Numbers | Chosen | None
    time_at: Numbers | Chosen | None
    others: pl.DataFrame

    @property
    def value(self) -> Numbers | None:
        """(e,) values."""
        return _together(self.value_at)

    @property
    def time(self) -> Numbers | None:
        """(e,) times, seconds since 1970."""
        return _together(self.time_at)

    @property
    def n_events(self) -> int:
        """Events."""
        return len(self.user)

    @property
    def is_first(self) -> Rows:
        """(e,) whether an event is the first of its user and item."""
        first = np.ones(self.n_events, np.bool_)
        np.not_equal(self.item[1:], self.item[:-1], out=first[1:])
        begins = self.indptr[:-1]
        first[begins[begins < self.n_events]] = True
        return first

    @property
    def is_shared(self) -> Rows:
        """(e,) whether a user and item have more events than this one."""
        again = ~self.is_first
        again[:-1] |= again[1:]
        return again

    def between(self, first: int, last: int) -> Coded:
        """Give the events of the users from ``first`` to before ``last``, with all ids, without copying."""
        first, last = (min(place, len(self.users)) for place in (first, last))
        if (first, last) == (0, len(self.users)):
            return self
        begin, end = int(self.indptr[first]), int(self.indptr[last])
        indptr = np.clip(self.indptr, begin, end) - begin
        return self._picked(slice(begin, end), indptr)

    def only(self, kept: Rows) -> Coded:
        """Give some of the events, with all ids."""
        return self._picked(kept, _starts(_counts(kept, self.indptr)))

    def take(self, kept: Rows) -> Coded:
        """Give some of the events, and the ids that they have."""
        if kept.all():
            return self
        some = self.only(kept)
        users, user = _compact(self.users, some.user)
        items, item = _compact(self.items, some.item)
        indptr = _starts(np.bincount(user, minlength=len(users)))
        return replace(some, users=users, items=items, user=user, item=item, indptr=indptr)

    def turned(self) -> Coded:
        """Give the same events with users and items exchanged."""
        order, indptr = pair_order(self.item, self.user, len(self.items))
        turned = self._picked(order, indptr)
        return replace(turned, users=self.items, items=self.users, item=self.user[order])

    def with_rows(self, kept: Rows, more: nw.LazyFrame[Any]) -> Coded:
        """Give some of the events and, in place of the others, canonical rows of ids that are known."""
        left, added = self.only(kept), local.collect(more)
        user, item = (
            np.concatenate([codes, np.searchsorted(ids, np.array(added[key].to_list(), np.str_)).astype(np.int32)])
            for codes, key, ids in ((left.user, USER, self.users), (left.item, ITEM, self.items))
        )
        numbers = [
            None if part is None else _narrow(np.concatenate([part.astype(np.float64), _numbers(added[name])]))
            for name, part in ((VALUE, left.value), (TIME, left.time))
        ]
        others = pl.concat([left.others, added.select(left.others.columns)]) if left.others.width else left.others
        order, indptr = pair_order(user, item, len(self.users))
        together = Coded(self.users, self.items, indptr, user, item, numbers[0], numbers[1], others)
        return _levelled(together._picked(order, indptr))

    def frame(self) -> nw.LazyFrame[Any]:
        """Give the canonical columns lazily: ids as text, numbers as float64."""
        schema: dict[str, Any] = {USER: pl.String, ITEM: pl.String}
        numbers = ((VALUE, self.value_at), (TIME, self.time_at))
        schema |= {name: pl.Float64 for name, part in numbers if part is not None}
        return nw.from_native(pl.defer(self._as_text, schema={**schema, **self.others.schema}))

    def _as_text(self) -> pl.DataFrame:
        ids = {USER: (self.users, self.user), ITEM: (self.items, self.item)}
        columns = [
            pl.Series(key, known.tolist(), dtype=pl.String).gather(pl.Series(codes))
            for key, (known, codes) in ids.items()
        ]
        for name, part in ((VALUE, self.value), (TIME, self.time)):
            if part is not None:
                columns.append(pl.Series(name, part.astype(np.float64), nan_to_null=True))
        return pl.DataFrame([*columns, *self.others.get_columns()])

    def _picked(self, rows: Any, indptr: npt.NDArray[np.int64]) -> Coded:
        """Give rows by slice, mask or number."""
        value, time = (None if part is None else _choose(part, rows) for part in (self.value_at, self.time_at))
        others = self.others
        if others.width:
            others = others[rows] if isinstance(rows, slice) else _rows_of(others, rows)
        user = self.user[rows] if isinstance(rows, slice) else _repeated(indptr)
        return replace(
            self, indptr=indptr, user=user, item=self.item[rows], value_at=value, time_at=time, others=others
        )


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Some cells of a column: those of a mask, or by their numbers."""

    column: Numbers
    rows: npt.NDArray[Any]


def _choose(part: Numbers | Chosen, rows: Any) -> Numbers | Chosen:
    if isinstance(rows, slice):
        column: Numbers = _together(part)[rows]  # type: ignore[index]
        return column
    return Chosen(part.column[part.rows] if isinstance(part, Chosen) else part, rows)


def _together(part: Numbers | Chosen | None) -> Numbers | None:
    return part.column[part.rows] if isinstance(part, Chosen) else part


def _rows_of(frame: pl.DataFrame, rows: npt.NDArray[Any]) -> pl.DataFrame:
    return frame.filter(pl.Series(rows)) if rows.dtype == np.bool_ else frame[rows]


Later = Callable[[], Coded]


def encoded(frame: nw.LazyFrame[Any]) -> Coded:
    """Number the events of a frame with canonical columns, in any order."""
    encoder = Encoder()
    for batch in local.batches(frame):
        encoder.add(batch)
    return encoder.finish()


class Encoder:
    """Takes events batch by batch, and gives them coded.

    Ids come as text, or as whole numbers that are written as that text.
    """

    def __init__(self) -> None:
        self._user, self._item = _Keys(), _Keys()
        self._numbers: dict[str, list[Numbers]] = {}
        self._others: list[pl.DataFrame] = []

    def add(self, batch: pl.DataFrame) -> None:
        """Take some events: user, item and other canonical columns.

        Raises:
            DataError: an id is missing.
        """
        self._user.add(batch[USER])
        self._item.add(batch[ITEM])
        for name in {VALUE, TIME} & set(batch.columns):
            self._numbers.setdefault(name, []).append(_narrow(_numbers(batch[name])))
        self._others.append(batch.drop(USER, ITEM, VALUE, TIME, strict=False))

    def finish(self) -> Coded:
        """Give all events that were taken, in order."""
        users, user = self._user.finish()
        items, item = self._item.finish()
        order, indptr = pair_order(user, item, len(users))
        user = _repeated(indptr)
        rows = slice(None) if bool((order[1:] > order[:-1]).all()) else order
        value, time = self._joined(VALUE, rows), self._joined(TIME, rows)
        others = pl.concat(self._others, rechunk=True) if self._others else pl.DataFrame()
        self._others.clear()
        others = _rows_of(others, order) if others.width else pl.DataFrame()
        return _levelled(Coded(users, items, indptr, user, item[rows], value, time, others))

    def _joined(self, name: str, rows: Any) -> Numbers | None:
        parts = self._numbers.pop(name, None)
        if parts is None:
            return None
        kind = parts[0].dtype if len({part.dtype for part in parts}) == 1 else np.dtype(np.float64)
        together = np.empty(sum(map(len, parts)), kind)
        at = 0
        for place, part in enumerate(parts):
            together[at : at + len(part)] = part
            at += len(part)
            parts[place] = part[:0]  # its memory is free from here on
        joined: Numbers = together[rows]
        return joined


class _Keys:
    """Ids of one column, batch by batch: numbers as they are, text by its place in a dictionary that grows."""

    def __init__(self) -> None:
        self._parts: list[pl.Series] = []
        self._categories = pl.Categorical(pl.Categories.random("coterie"))

    def add(self, keys: pl.Series) -> None:
        if keys.null_count():
            raise DataError(f"{keys.null_count():,} events have no '{keys.name}'; expected ids in all of them")
        if not keys.dtype.is_integer():
            keys = keys.cast(pl.String).cast(self._categories)
        self._parts.append(keys)

    def finish(self) -> tuple[Ids, Codes]:
        """Give the sorted ids and the place of each row's."""
        if not self._parts:
            return np.empty(0, np.str_), np.empty(0, np.int32)
        if len({part.dtype for part in self._parts}) > 1:
            self._parts = [part.cast(pl.String).cast(self._categories) for part in self._parts]
        keys = pl.concat(self._parts, rechunk=True)
        self._parts.clear()
        physical = keys.to_physical().to_numpy()
        is_dense = len(physical) > 0 and int(physical.min()) >= 0 and int(physical.max()) <= 4 * len(physical) + 2**20
        if is_dense:
            distinct = np.flatnonzero(np.bincount(physical))
        else:
            distinct, places = np.unique(physical, return_inverse=True)
        firsts = pl.Series(distinct.astype(physical.dtype))
        named = firsts.cat.to(self._categories) if keys.dtype == self._categories else firsts
        ids = np.array(named.cast(pl.String).to_list(), dtype=np.str_)
        order = np.argsort(ids, kind="stable")
        rank = np.empty(len(ids), np.int32)
        rank[order] = np.arange(len(ids), dtype=np.int32)
        if not is_dense:
            return ids[order], rank[places]
        of_key = np.zeros(int(distinct[-1]) + 1, np.int32)
        of_key[distinct] = rank
        return ids[order], of_key[physical]


def _numbers(column: pl.Series) -> npt.NDArray[np.float64]:
    """Give a column as float64, NaN for what is missing."""
    wide: npt.NDArray[np.float64] = column.cast(pl.Float64).to_numpy()
    return wide


def _narrow(numbers: npt.NDArray[np.float64]) -> Numbers:
    """Give numbers in 32 bits where that loses nothing: stars as floats, seconds as integers."""
    with np.errstate(invalid="ignore", over="ignore"):
        single = numbers.astype(np.float32)
        if bool(((single == numbers) | np.isnan(numbers)).all()):
            return single
        whole = numbers.astype(np.int32)
    return whole if bool((whole == numbers).all()) else numbers


def _levelled(coded: Coded) -> Coded:
    """Put events of the same user and item in an order that does not depend on how they came."""
    level = coded.is_shared
    if not level.any():
        return coded
    places = np.flatnonzero(level)
    some = coded.only(level)
    columns = [pl.Series("user", some.user), pl.Series("item", some.item)]
    columns += [pl.Series(name, part) for name, part in (("v", some.value), ("t", some.time)) if part is not None]
    keys = pl.DataFrame([column.alias(str(place)) for place, column in enumerate([*columns, *some.others])])
    order = np.arange(coded.n_events)
    order[places] = places[keys.with_row_index("_row").sort(keys.columns)["_row"].to_numpy()]
    return coded._picked(order, coded.indptr)


def _compact(ids: Ids, codes: Codes) -> tuple[Ids, Codes]:
    present = np.bincount(codes, minlength=len(ids)) > 0
    places = (np.cumsum(present) - 1).astype(np.int32)
    return ids[present], places[codes]


def _counts(kept: Rows, indptr: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count what is kept of each user's events."""
    counts = np.zeros(len(indptr) - 1, np.int64)
    some = np.flatnonzero(np.diff(indptr))  # those of no event would be given the next one's count
    if len(some):
        counts[some] = np.add.reduceat(kept, indptr[some], dtype=np.int64)
    return counts


def _repeated(indptr: npt.NDArray[np.int64]) -> Codes:
    """Give the user of each event."""
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))


def _starts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
