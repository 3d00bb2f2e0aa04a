"""Rows of a table brought onto the entity index: ids in, lazy frames that carry the entity's row number out.

A table may live in any backend; its aggregates are made there, and only they are brought here to meet the index.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError, shown
from coterie.features.contract import Ids
from coterie.tables import CheckedTable, Tables
from coterie.tables.coded import Coded, Codes
from coterie.tables.types import events_of
from coterie.terms import EVENTS, USER, Role

ENTITY = "_entity"  # int32, the entity's position in the ids that were asked for
EVENTS_SEEN = "_events"  # int64, events behind one row of an aggregate
IS_KNOWN = "_is_known"  # bool, whether a table has a row of the entity


def table_of(tables: Tables, name: str, role: Role, where: str) -> CheckedTable:
    """Give a block's table.

    Raises:
        UnknownNameError: there is no such table.
        ConfigError: it has another role than the block can read.
    """
    table = tables[name]
    if table.role != role:
        raise ConfigError(f"'{where}' needs a table of role '{role}', got '{name}' of role '{table.role}'")
    return table


def columns_of(table: CheckedTable) -> tuple[str, ...]:
    """Give the columns of a table's frame."""
    return tuple(table.frame.collect_schema().names())


def require_columns(table: CheckedTable, needed: Collection[str], where: str) -> None:
    """Refuse a table that lacks what the fit had.

    Raises:
        ModelError: names the first missing column.
    """
    missing = sorted(set(needed) - set(columns_of(table)))
    if missing:
        raise ModelError(
            f"'{where}' was fitted with the column '{missing[0]}', which the table '{table.name}' does not have now; "
            "give it that column or fit again"
        )


def users_of(table: CheckedTable) -> Ids:
    """Give the sorted ids of the users with at least one row."""
    if table.role == EVENTS:
        return events_of(table).users
    return as_ids(local.collect(table.frame.select(USER).unique())[USER])


def items_of(table: CheckedTable, ids: Ids) -> Ids:
    """Give the sorted ids of the items that some users have an event of."""
    events = events_among(table, ids)
    at = placed(events.user, events.users, ids)
    item = events.item if at is events.user else events.item[at >= 0]
    return events.items[np.bincount(item, minlength=len(events.items)) > 0]


def events_among(table: CheckedTable, ids: Ids) -> Coded:
    """Give the events of a table from the first to the last of some users, others between them among these.

    Args:
        ids: (n,) sorted.
    """
    events = events_of(table)
    if not len(ids):
        return events.between(0, 0)
    first, last = np.searchsorted(events.users, [ids[0], ids[-1]])
    return events.between(int(first), int(last) + 1)


def placed(codes: Codes, known: Ids, ids: Ids) -> Codes:
    """Give the (e,) places among ``ids`` of what has a place among ``known``; -1 where it has none. Both are sorted."""
    if len(known) == len(ids) and bool((known == ids).all()):
        return codes
    at = np.minimum(np.searchsorted(ids, known), max(len(ids) - 1, 0))
    found = ids[at] == known if len(ids) else np.zeros(len(known), np.bool_)
    return np.where(found, at, -1).astype(np.int32)[codes]


def as_ids(values: pl.Series) -> Ids:
    """Give text as sorted ids without repeats."""
    return np.array(values.unique().sort().to_list(), dtype=np.str_)


def index_frame(ids: Ids, key: str = USER, position: str = ENTITY) -> nw.LazyFrame[Any]:
    """Give the frame (id, position) that rows are joined with."""
    positions = np.arange(len(ids), dtype=np.int32)
    return local.lazy(pl.DataFrame({key: pl.Series(ids.tolist(), dtype=pl.String), position: positions}))


def on_index(frame: nw.LazyFrame[Any], ids: Ids) -> nw.LazyFrame[Any]:
    """Keep the rows of ``ids`` and give each its entity's position in place of its id."""
    return local.here(frame).join(index_frame(ids), on=USER, how="inner").drop(USER)


def one_row_each(table: CheckedTable, ids: Ids, *wanted: nw.Expr) -> pl.DataFrame:
    """Collect one row an id, in the order of ``ids``, with ``IS_KNOWN``; all null where the table does not know it.

    Raises:
        DataError: a user has several rows.
    """
    described = table.frame.select(USER, *wanted, nw.lit(True).alias(IS_KNOWN))
    joined = index_frame(ids).join(local.here(described), on=USER, how="left")
    rows = local.collect(joined.with_columns(nw.col(IS_KNOWN).fill_null(False))).sort(ENTITY)
    if rows.height > len(ids):
        twice = rows.filter(pl.col(ENTITY).is_duplicated())[USER][0]
        raise DataError(
            f"the table '{table.name}' has several rows of the user {shown(twice)}, and attributes need one; "
            f"set tables.{table.name}.duplicates to 'first', 'last' or 'reject'"
        )
    return rows
