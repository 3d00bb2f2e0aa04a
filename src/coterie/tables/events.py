"""Events: who did what, with which value, when; one row an event.

Raw rows come in; checked ones with canonical columns go out, beside every row that was refused or superseded. A row is
refused for the first rule that it breaks, cells first (user, item, value, time), then unknown users and items, then
duplicates of a user and item. Nothing depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.config import Table
from coterie.engines import local
from coterie.sources.contract import RawTable
from coterie.tables import rules
from coterie.tables.assessing import (
    Checked,
    assess,
    bad_rows,
    because,
    beside,
    canonical,
    contested,
    good_rows,
    has_duplicates,
    refuse_empty,
    refuse_own_names,
    sortable,
    stacked,
)
from coterie.tables.cells import Cell, check_columns, identifier, number, required
from coterie.tables.dates import time_cell
from coterie.tables.types import CheckedTable, RuleCount
from coterie.terms import COLUMN, EVENTS, ITEM, REASON, TIME, USER, VALUE

_PAIR: Final = (beside(USER), beside(ITEM))
_WON: Final = beside("won")
_FLIPPED: Final = beside("flipped")
_TIMES: Final = beside("times")
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


def check_events(name: str, table: Table, raw: RawTable, *, known: Known, now_s: float) -> Checked:
    """Check a table of events.

    Args:
        name: its name in the config. table: its config. raw: its rows.
        known: users and items that other tables know.
        now_s: the present, seconds since 1970.

    Raises:
        ConfigError: a column is not there, or its type does not fit its role.
        DataError: there are no rows.
    """
    refuse_own_names(name, raw)
    cells = _cells(name, table, raw, now_s=now_s)
    originals = raw.frame.collect_schema().names()
    assessed = _with_unknown(assess(raw.frame, cells, list(cells)), cells, known)
    strangers = [beside(f"stranger_{key}") for key in _ids(known)]
    kept_columns = [*cells, *(f"stranger_{key}" for key in _ids(known))]
    good, bad = map(
        local.lazy, local.collect_all([canonical(good_rows(assessed), kept_columns), bad_rows(assessed, originals)])
    )
    n_good, n_bad = (local.collect(frame.select(n=nw.len())).item() for frame in (good, bad))
    refuse_empty(name, raw, n_good + n_bad)
    counts = _count_strangers(name, table, good, known) if strangers and not known.rejects else ()
    good = good.select(*cells)
    settled, superseded, merged = _settle(table, good, assessed, originals)
    rejects = stacked([bad, *superseded])
    counts = (*rules.tally(name, rejects, _key_columns(table)), *counts)
    if merged:
        counts = (*counts, RuleCount(name, rules.MERGED, "", merged, counts_as_reject=False))
    return Checked(CheckedTable(name, EVENTS, settled), rejects, counts, n_good + n_bad)


def _cells(name: str, table: Table, raw: RawTable, *, now_s: float) -> dict[str, Cell]:
    schema = raw.frame.collect_schema()
    user, item = _key_columns(table)
    wanted = [("user", user), ("item", item)]
    wanted += [("value", table.value)] if table.value is not None else []
    wanted += [("time", table.time.column)] if table.time is not None else []
    check_columns(f"tables.{name}", schema.names(), wanted)
    cells = {USER: identifier(user, schema[user]), ITEM: identifier(item, schema[item])}
    if table.value is not None:
        cells[VALUE] = required(number(table.value, schema[table.value], limits=table.range))
    if table.time is not None:
        cells[TIME] = required(time_cell(table.time, schema[table.time.column], now_s=now_s))
    return cells


def _key_columns(table: Table) -> tuple[str, str]:
    if table.user is None or table.item is None:  # the config's own check has seen to it
        raise AssertionError("a table of events names user and item")
    return table.user, table.item


def _ids(known: Known) -> dict[str, nw.LazyFrame[Any]]:
    return {key: ids for key, ids in ((USER, known.users), (ITEM, known.items)) if ids is not None}


def _with_unknown(assessed: nw.LazyFrame[Any], cells: Mapping[str, Cell], known: Known) -> nw.LazyFrame[Any]:
    """Mark events of users and items that no table knows, and reject them where that is asked."""
    for key, ids in _ids(known).items():
        stranger = beside(f"stranger_{key}")
        listed = ids.select(nw.col(key).alias(beside(key)), nw.lit(False).alias(stranger))
        assessed = assessed.join(listed, on=beside(key), how="left").with_columns(nw.col(stranger).fill_null(True))
        if known.rejects:
            is_new = nw.col(stranger) & nw.col(REASON).is_null()
            assessed = assessed.with_columns(
                nw.when(is_new).then(nw.lit(_RULES[key])).otherwise(nw.col(REASON)).alias(REASON),
                nw.when(is_new).then(nw.lit(cells[key].column)).otherwise(nw.col(COLUMN)).alias(COLUMN),
            )
    return assessed


def _count_strangers(name: str, table: Table, good: nw.LazyFrame[Any], known: Known) -> tuple[RuleCount, ...]:
    columns = dict(zip((USER, ITEM), _key_columns(table), strict=True))
    counts = []
    for key in _ids(known):
        of_strangers = good.filter(nw.col(f"stranger_{key}"))
        rows, example = local.collect(of_strangers.select(rows=nw.len(), example=nw.col(key).min())).row(0)
        if rows:
            rule = f"{_RULES[key]}{rules.KEPT}"
            counts.append(RuleCount(name, rule, columns[key], rows, False, rules.shorten(example)))
    return tuple(counts)


def _settle(
    table: Table, good: nw.LazyFrame[Any], assessed: nw.LazyFrame[Any], originals: list[str]
) -> tuple[nw.LazyFrame[Any], list[nw.LazyFrame[Any]], int]:
    """Apply the policy for several events of one user and item: what stays, the rows given up, the number merged."""
    policy = table.duplicates
    if policy == "keep" or not has_duplicates(good, (USER, ITEM)):
        return good, [], 0
    if policy in {"mean", "sum"}:
        return _merge(good, policy, has_time=table.time is not None)
    schema = assessed.collect_schema()
    flip, order = _order(table)
    if flip is not None:
        assessed = assessed.with_columns((-nw.col(beside(flip))).alias(_FLIPPED))
    rows = contested(assessed, _PAIR, [*order, *sortable(schema, originals)], _WON)
    rows = local.lazy(local.collect(rows))
    names = local.collect(good.head(0)).columns
    winners = canonical(rows.filter(nw.col(_WON)), names)
    settled = stacked([good.join(winners.select(USER, ITEM), on=[USER, ITEM], how="anti"), winners])
    rule = rules.DUPLICATE if policy == "reject" else rules.SUPERSEDED
    return settled, [because(rows.filter(~nw.col(_WON)), originals, rule)], 0


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


def _merge(
    good: nw.LazyFrame[Any], policy: str, *, has_time: bool
) -> tuple[nw.LazyFrame[Any], list[nw.LazyFrame[Any]], int]:
    """Give one event a user and item: mean or sum of the values, at the latest time."""
    latest = [nw.col(TIME).max()] if has_time else []
    grouped = good.group_by(USER, ITEM, VALUE).agg(nw.len().alias(_TIMES), *latest)
    # Each different value of a pair once and in order: the last bits of a sum must not depend on the order of rows.
    rows = local.collect(grouped).sort(USER, ITEM, VALUE)
    pairs = rows.select(pl.struct(USER, ITEM).rle_id()).to_series().to_numpy()
    sums = np.bincount(pairs, rows[VALUE].to_numpy() * rows[_TIMES].to_numpy())
    counts = np.bincount(pairs, rows[_TIMES].to_numpy())
    times = [pl.col(TIME).max()] if has_time else []
    merged = rows.group_by(USER, ITEM, maintain_order=True).agg(*times)
    values = pl.Series(VALUE, sums / counts if policy == "mean" else sums, dtype=pl.Float64)
    ordered = merged.with_columns(values).select(USER, ITEM, VALUE, *([TIME] if has_time else []))
    return local.lazy(ordered), [], int(counts.sum()) - ordered.height
