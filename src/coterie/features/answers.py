"""What users answered, as one matrix: traits from a table of users or of events in, (n, m) numbers out, NaN unknown.

Three ways of writing lead here: one attribute a trait, one attribute that holds all traits of a user as text such as
``{'1': 2.0, '2': 4.5}`` (kind "traits"), and one event an answer (item = trait, value = score).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.errors import ConfigError, nearest, shown
from coterie.features.aligning import (
    ENTITY,
    EVENTS_SEEN,
    columns_of,
    on_index,
    one_row_each,
    require_columns,
    users_of,
)
from coterie.features.contract import Ids
from coterie.features.weighting import totals
from coterie.tables import CheckedTable, Tables
from coterie.tables.trait_cells import sorted_naturally, taken_apart
from coterie.terms import EVENTS, ITEM, USER, USERS, VALUE

Floats = npt.NDArray[np.float64]

_CELL: Final = "_cell"  # int64, the place of a user's trait in the matrix, row after row


@dataclass(frozen=True, slots=True)
class Answers:
    """Where a block's answers stand.

    Args:
        table: of role "users" or "events". where: the block in the config, for messages.
        column: the attribute that holds all traits of a user; None: one attribute or one event a trait.
    """

    table: str
    where: str
    column: str | None

    def traits(self, tables: Tables, ids: Ids, columns: Sequence[str] | None) -> tuple[str, ...]:
        """Give the traits that a block is made of: those asked for, else all that the table has for ``ids``.

        Raises:
            ConfigError: the table cannot hold traits, or not those asked for.
        """
        table = self._table(tables)
        if table.role == USERS and self.column is None:
            return _number_attributes(table, columns, self.where)
        return self._found(table, self._long(table, ids), columns)

    def read(self, tables: Tables, ids: Ids, columns: Sequence[str] | None) -> tuple[tuple[str, ...], Floats]:
        """Give ``traits``, and the ``matrix`` of these, by reading the table once.

        Raises:
            ConfigError: the table cannot hold traits, or not those asked for.
            DataError: a table of users has several rows of one user.
        """
        table = self._table(tables)
        if table.role == USERS and self.column is None:
            names = _number_attributes(table, columns, self.where)
            return names, self.matrix(tables, ids, names)
        long = self._long(table, ids)
        found = self._found(table, long, columns)
        return found, _averaged(long, len(ids), found)

    def matrix(self, tables: Tables, ids: Ids, traits: Sequence[str]) -> Floats:
        """Give the (n, m) answers of ``ids``, NaN where there is none; several answers to one trait are averaged.

        Raises:
            ModelError: the table lacks a column that the fit had.
            DataError: a table of users has several rows of one user.
        """
        table = self._table(tables)
        if table.role == EVENTS:
            require_columns(table, [VALUE], self.where)
        if table.role == EVENTS or self.column is not None:
            return _averaged(self._long(table, ids), len(ids), traits)
        require_columns(table, traits, self.where)
        rows = one_row_each(table, ids, *(nw.col(name).cast(nw.Float64) for name in traits))
        raw: Floats = rows.select(traits).fill_null(np.nan).to_numpy().astype(np.float64)
        return np.where(np.isfinite(raw), raw, np.nan)

    def users(self, tables: Tables) -> Ids:
        """Give the sorted ids of the table's users."""
        return users_of(self._table(tables))

    def _table(self, tables: Tables) -> CheckedTable:
        table = tables[self.table]
        if table.role not in {USERS, EVENTS}:
            raise ConfigError(f"'{self.where}' needs a table of role 'users' or 'events', got '{table.name}' of items")
        if table.role == EVENTS and self.column is not None:
            raise ConfigError(
                f"'{self.where}.column' is for a table of users; '{table.name}' holds events: take it out"
            )
        return table

    def _found(self, table: CheckedTable, long: pl.DataFrame, columns: Sequence[str] | None) -> tuple[str, ...]:
        found = sorted_naturally(long[ITEM].unique().to_list())
        for name in columns or ():
            if name not in found:
                raise ConfigError(
                    f"'{self.where}.columns' names {shown(name)}, no trait in '{table.name}'{nearest(name, found)}"
                )
        return tuple(dict.fromkeys(columns)) if columns is not None else found

    def _long(self, table: CheckedTable, ids: Ids) -> pl.DataFrame:
        """Collect one row an answer: position of the user, trait, value, times; in no order."""
        if self.column is not None:
            return self._from_cells(table, ids, self.column)
        if VALUE not in columns_of(table):
            raise ConfigError(f"'{self.where}' needs scores, and the table '{table.name}' has no 'value'")
        known = table.frame.select(USER, ITEM, VALUE).filter(nw.col(VALUE).is_finite())
        grouped = known.group_by(USER, ITEM, VALUE).agg(nw.len().alias(EVENTS_SEEN))
        return local.collect(on_index(grouped, ids))

    def _from_cells(self, table: CheckedTable, ids: Ids, column: str) -> pl.DataFrame:
        kind = table.attributes.get(column)
        if kind is None:
            raise ConfigError(
                f"'{self.where}.column' names {shown(column)}, no attribute of '{table.name}'"
                f"{nearest(column, table.attributes)}"
            )
        if kind != "traits":
            raise ConfigError(
                f"'{self.where}.column' names '{column}' of kind '{kind}'; "
                f'declare it with tables.{table.name}.attributes = {{ {column} = "traits" }}'
            )
        rows = one_row_each(table, ids, nw.col(column))
        return taken_apart(rows, ENTITY, column).with_columns(pl.lit(1, dtype=pl.Int64).alias(EVENTS_SEEN))


def _averaged(long: pl.DataFrame, n: int, traits: Sequence[str]) -> Floats:
    """(n, m) means of answers, added up in order of value: exact to the bit in any order of rows."""
    m = len(traits)
    index = pl.DataFrame({ITEM: pl.Series(list(traits), dtype=pl.String), "_trait": np.arange(m, dtype=np.int64)})
    at = (pl.col(ENTITY).cast(pl.Int64) * m + pl.col("_trait")).alias(_CELL)
    placed = long.join(index, on=ITEM, how="inner").select(at, VALUE, EVENTS_SEEN).sort(_CELL, VALUE)
    cell: npt.NDArray[Any] = placed[_CELL].to_numpy()
    times: Floats = placed[EVENTS_SEEN].cast(pl.Float64).to_numpy()
    answers = totals(cell, times, n * m)
    sums = totals(cell, times * placed[VALUE].to_numpy(), n * m)
    return np.where(answers > 0, sums / np.where(answers > 0, answers, 1.0), np.nan).reshape(n, m)


def _number_attributes(table: CheckedTable, columns: Sequence[str] | None, where: str) -> tuple[str, ...]:
    numbers = [name for name, kind in table.attributes.items() if kind == "number"]
    for name in columns or ():
        if name not in table.attributes:
            raise ConfigError(
                f"'{where}.columns' names {shown(name)}, no attribute of '{table.name}'"
                f"{nearest(name, table.attributes)}"
            )
        if name not in numbers:
            raise ConfigError(f"'{where}.columns' names '{name}' of kind '{table.attributes[name]}'; expected numbers")
    if not numbers:
        raise ConfigError(
            f"the table '{table.name}' has no number for '{where}'; declare some in tables.{table.name}.attributes"
        )
    return tuple(dict.fromkeys(columns)) if columns is not None else tuple(numbers)
