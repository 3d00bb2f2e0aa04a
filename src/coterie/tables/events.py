"""Events: who did what, with which value, when; one row an event.

Raw rows come in; checked ones with canonical columns go out, beside every row that was refused or superseded. A row is
refused for the first rule that it breaks, cells first (user, item, value, time), then unknown users and items, then
duplicates of a user and item. An attribute that cannot be read is blanked and its row stays, as with users and items.
Nothing depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from coterie.config import Table
from coterie.engines import local
from coterie.sources.contract import RawTable
from coterie.tables import rules
from coterie.tables.assessing import (
    Checked,
    assess,
    because,
    beside,
    canonical,
    contested,
    fault_of,
    good_rows,
    refuse_empty,
    refuse_own_names,
    sortable,
    stacked,
)
from coterie.tables.attributes import attribute_cells, attribute_kinds, blanked_rows
from coterie.tables.cells import Cell, check_columns, identifier, number, required
from coterie.tables.coded import Coded, Encoder
from coterie.tables.dates import time_cell
from coterie.tables.merging import merge
from coterie.tables.types import CheckedTable, RuleCount
from coterie.tables.window import Span, within
from coterie.terms import COLUMN, ITEM, REASON, TIME, USER, VALUE

_PAIR: Final = (beside(USER), beside(ITEM))
_WON: Final = beside("won")
_FLIPPED: Final = beside("flipped")
_RULES: Final[Mapping[str, str]] = {USER: rules.UNKNOWN_USER, ITEM: rules.UNKNOWN_ITEM}


@dataclass(frozen=True, slots=True)
class Known:
    """Ids that other tables know, against which events are held.

    Args:
        users, items: frames of one column ``user_id`` or ``item_id`` without repeats, of a backend that joins with the
            events; None where nothing says which there are.
        rejects: whether an event of an unknown one is refused, or kept and counted.
    """

    users: nw.LazyFrame[Any] | None = None
    items: nw.LazyFrame[Any] | None = None
    rejects: bool = True


def newest_event(name: str, table: Table, raw: RawTable, *, now_s: float) -> float | None:
    """Give the time of the newest event whose user, item, value and time are good; None where there is none.

    Args:
        name: the table's name in the config. table: its config. raw: its rows. now_s: as for ``check_events``.

    Raises:
        ConfigError: a column is not there, or its type does not fit its role.
    """
    cells = _cells(name, table, raw, now_s=now_s)
    deciding = [column for column in cells if column in {USER, ITEM, VALUE, TIME}]
    good = good_rows(assess(raw.frame, cells, deciding))
    newest: float | None = local.collect(good.select(nw.col(beside(TIME)).max())).item()
    return newest


def check_events(
    name: str, table: Table, raw: RawTable, *, known: Known, now_s: float, span: Span | None = None
) -> Checked:
    """Check a table of events, batch by batch: only what is good of it is kept, numbered, and what is refused.

    Args:
        name: its name in the config. table: its config. raw: its rows.
        known: users and items that other tables know.
        now_s: the present, seconds since 1970.
        span: of the events that stay; others are counted and left out before duplicates are looked at.

    Raises:
        ConfigError: a column is not there, its type does not fit its role, or names collide.
        DataError: there are no rows, or none of them lies in the span.
    """
    refuse_own_names(name, raw)
    kinds = attribute_kinds(name, table)
    cells = _cells(name, table, raw, now_s=now_s)
    originals = raw.frame.collect_schema().names()
    deciding = [column for column in cells if column not in kinds]
    assessed = _with_unknown(assess(raw.frame, cells, deciding), cells, known)
    asked = _Asked(originals, cells, tuple(kinds), tuple(_ids(known)))
    found = _read(assessed, asked)
    refuse_empty(name, raw, found.read)
    counts = _count_strangers(name, table, found) if not known.rejects else ()
    good = found.coded
    if span is not None:
        good = within(found.coded, span, name)
        counts = (*counts, *_count_outside(name, table, found.coded.n_events - good.n_events))
        assessed = assessed.filter(span.condition(beside(TIME)))
    settled, superseded, merged = _settle(name, table, good, assessed, originals)
    rejects = stacked([local.lazy(found.refused), *superseded])
    counts = (*rules.tally(name, rejects, _key_columns(table)), *counts, *merged)
    return Checked(CheckedTable.of_events(name, settled, kinds), rejects, counts, found.read)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Columns that are read of assessed rows: the source's own, canonical ones, attributes, and of which key's ids
    another table knows."""

    originals: Sequence[str]
    cells: Mapping[str, Cell]
    kinds: tuple[str, ...]
    held_against: tuple[str, ...]

    def columns(self) -> list[nw.Expr]:
        keys = [
            (cell.key if cell.key is not None else nw.col(beside(name))).alias(_kept(name))
            for name, cell in self.cells.items()
        ]
        faults = [nw.col(fault_of(name)) for name in self.kinds]
        strangers = [nw.col(beside(_stranger(key))) for key in self.held_against]
        return [*map(nw.col, self.originals), *keys, *faults, *strangers, nw.col(COLUMN), nw.col(REASON)]


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows read: those that are good, numbered; those refused and those with a blanked cell, as they came; and by key
    how many events are a stranger's, with the first of their ids."""

    read: int
    coded: Coded
    refused: pl.DataFrame
    strangers: Mapping[str, tuple[int, str | None]]


def _read(assessed: nw.LazyFrame[Any], asked: _Asked) -> _Found:
    encoder, refused, read = Encoder(), [], 0
    strangers: dict[str, tuple[int, str | None]] = dict.fromkeys(asked.held_against, (0, None))
    for batch in local.batches(assessed.select(*asked.columns())):
        read += batch.height
        good = batch.filter(pl.col(REASON).is_null())
        if good.height < batch.height:
            refused.append(batch.filter(pl.col(REASON).is_not_null()).select(*asked.originals, COLUMN, REASON))
        refused += [local.collect(rows) for rows in _blanked(good, asked)]
        for key in asked.held_against:
            ids = good.filter(pl.col(beside(_stranger(key))))[_kept(key)].cast(pl.String)
            rows, first = strangers[key]
            strangers[key] = rows + len(ids), pl.Series([first, ids.min()], dtype=pl.String).min()  # type: ignore[assignment]
        encoder.add(good.select(pl.col(_kept(name)).alias(name) for name in asked.cells))
    if not refused:
        refused.append(batch.head(0).select(*asked.originals, COLUMN, REASON))
    return _Found(read, encoder.finish(), pl.concat(refused), strangers)


def _kept(name: str) -> str:
    return beside(f"kept_{name}")


def _blanked(good: pl.DataFrame, asked: _Asked) -> list[nw.LazyFrame[Any]]:
    faults = [(name, fault_of(name)) for name in asked.kinds if good[fault_of(name)].null_count() < good.height]
    return blanked_rows(local.lazy(good), faults, asked.originals)


def _cells(name: str, table: Table, raw: RawTable, *, now_s: float) -> dict[str, Cell]:
    schema = raw.frame.collect_schema()
    user, item = _key_columns(table)
    wanted = [("user", user), ("item", item)]
    wanted += [("value", table.value)] if table.value is not None else []
    wanted += [("time", table.time.column)] if table.time is not None else []
    wanted += [("attributes", column) for column in table.attributes]
    check_columns(f"tables.{name}", schema.names(), wanted)
    cells = {USER: identifier(user, schema[user]), ITEM: identifier(item, schema[item])}
    if table.value is not None:
        cells[VALUE] = required(number(table.value, schema[table.value], limits=table.range))
    if table.time is not None:
        cells[TIME] = required(time_cell(table.time, schema[table.time.column], now_s=now_s))
    return cells | attribute_cells(table, schema)


def _key_columns(table: Table) -> tuple[str, str]:
    if table.user is None or table.item is None:  # the config's own check has seen to it
        raise AssertionError("a table of events names user and item")
    return table.user, table.item


def _ids(known: Known) -> dict[str, nw.LazyFrame[Any]]:
    return {key: ids for key, ids in ((USER, known.users), (ITEM, known.items)) if ids is not None}


def _stranger(key: str) -> str:
    return beside(f"stranger_{key}")


def _with_unknown(assessed: nw.LazyFrame[Any], cells: Mapping[str, Cell], known: Known) -> nw.LazyFrame[Any]:
    """Mark events of users and items that no table knows, and reject them where that is asked."""
    for key, ids in _ids(known).items():
        stranger = beside(_stranger(key))
        listed = ids.select(nw.col(key).alias(beside(key)), nw.lit(False).alias(stranger))
        assessed = assessed.join(listed, on=beside(key), how="left").with_columns(nw.col(stranger).fill_null(True))
        if known.rejects:
            is_new = nw.col(stranger) & nw.col(REASON).is_null()
            assessed = assessed.with_columns(
                nw.when(is_new).then(nw.lit(_RULES[key])).otherwise(nw.col(REASON)).alias(REASON),
                nw.when(is_new).then(nw.lit(cells[key].column)).otherwise(nw.col(COLUMN)).alias(COLUMN),
            )
    return assessed


def _count_strangers(name: str, table: Table, found: _Found) -> tuple[RuleCount, ...]:
    columns = dict(zip((USER, ITEM), _key_columns(table), strict=True))
    return tuple(
        RuleCount(name, f"{_RULES[key]}{rules.KEPT}", columns[key], rows, False, rules.shorten(example))
        for key, (rows, example) in found.strangers.items()
        if rows
    )


def _count_outside(name: str, table: Table, rows: int) -> tuple[RuleCount, ...]:
    column = table.time.column if table.time is not None else ""
    return (RuleCount(name, rules.OUTSIDE, column, rows, counts_as_reject=False),) if rows else ()


def _settle(
    name: str, table: Table, good: Coded, assessed: nw.LazyFrame[Any], originals: list[str]
) -> tuple[Coded, list[nw.LazyFrame[Any]], tuple[RuleCount, ...]]:
    """Apply the policy for several events of one user and item: what stays, rows given up, what merging did."""
    policy = table.duplicates
    level = good.is_shared
    if policy == "keep" or not level.any():
        return good, [], ()
    shared = good.only(level).frame()
    if policy in {"mean", "sum"}:
        merged, counts = merge(name, table, shared)
        return good.with_rows(~level, merged), [], counts
    schema = assessed.collect_schema()
    flip, order = _order(table)
    if flip is not None:
        assessed = assessed.with_columns((-nw.col(beside(flip))).alias(_FLIPPED))
    pairs = shared.select(nw.col(USER).alias(_PAIR[0]), nw.col(ITEM).alias(_PAIR[1])).unique()
    rows = contested(assessed, _PAIR, [*order, *sortable(schema, originals)], _WON, among=pairs)
    rows = local.lazy(local.collect(rows))
    winners = canonical(rows.filter(nw.col(_WON)), shared.collect_schema().names())
    rule = rules.DUPLICATE if policy == "reject" else rules.SUPERSEDED
    return good.with_rows(~level, winners), [because(rows.filter(~nw.col(_WON)), originals, rule)], ()


def _order(table: Table) -> tuple[str | None, list[str]]:
    """Give the column to turn round, if any, and the columns by which the last row is the one to keep.

    Latest, then largest value: where times are equal the larger value stays. ``max`` and ``min`` go by value, then the
    latest.
    """
    time = [beside(TIME)] if table.time is not None else []
    value = [beside(VALUE)] if table.value is not None else []
    match table.duplicates:
        case "first":
            return TIME, [_FLIPPED, *value]
        case "max":
            return None, [*value, *time]
        case "min":
            return VALUE, [_FLIPPED, *time]
        case _:
            return None, [*time, *value]
