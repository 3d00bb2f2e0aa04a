"""SQLite files, through Python's own module, opened so that nothing can be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from coterie.sources.sql.address import Address
from coterie.sources.sql.refusals import Way, missing, refused
from coterie.sources.sql.spool import BATCH

_LOOKED_AT: Final = BATCH


def read(address: Address, statement: str) -> Iterator[pl.DataFrame]:
    """Read rows. A cell has its own type in SQLite: a column is what all its cells are, else text."""
    assert address.path is not None
    if not address.path.is_file():
        raise missing(address)
    connection = None
    try:
        connection = sqlite3.connect(f"{address.path.resolve().as_uri()}?mode=ro", uri=True)
        kinds = _kinds(connection, statement)
        cursor = connection.execute(statement)
        names = [described[0] for described in cursor.description]
        yield _frame((), names, kinds)
        while rows := cursor.fetchmany(BATCH):
            yield _frame(rows, names, kinds)
    except sqlite3.Error as error:
        raise refused(address, error, _way(error)) from error
    finally:
        if connection is not None:
            connection.close()


def _kinds(connection: sqlite3.Connection, statement: str) -> list[type[pl.DataType]]:
    """Look at every cell's type, for nothing in SQLite keeps a column to one."""
    cursor = connection.execute(statement)
    if cursor.description is None:
        raise sqlite3.OperationalError("the statement gives no rows; expected a SELECT")
    seen: list[set[type]] = [set() for _ in cursor.description]
    while rows := cursor.fetchmany(_LOOKED_AT):
        for held, cells in zip(seen, zip(*rows, strict=True), strict=True):
            held.update(map(type, cells))
    return [_kind(held - {type(None)}) for held in seen]


def _kind(held: set[type]) -> type[pl.DataType]:
    if held == {int}:
        return pl.Int64
    if held and held <= {int, float}:
        return pl.Float64
    return pl.Binary if held == {bytes} else pl.String


def _frame(rows: Sequence[Sequence[Any]], names: Sequence[str], kinds: Sequence[type[pl.DataType]]) -> pl.DataFrame:
    cells: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pl.DataFrame([_series(*column) for column in zip(names, cells, kinds, strict=True)])


def _series(name: str, cells: Sequence[Any], kind: type[pl.DataType]) -> pl.Series:
    if kind == pl.String:
        cells = [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for cell in cells]
        cells = [cell if cell is None or isinstance(cell, str) else repr(cell) for cell in cells]
    return pl.Series(name, cells, dtype=kind(), strict=False) if kind == pl.Float64 else pl.Series(name, cells, kind())


def _way(error: sqlite3.Error) -> Way:
    said = str(error)
    if "no such table" in said:
        return "table"
    return "column" if "no such column" in said else ""
