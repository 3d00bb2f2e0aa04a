"""MySQL and MariaDB, through PyMySQL: cells come as text and are cast by the types that the server names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from coterie import plugins
from coterie.sources.sql.address import Address
from coterie.sources.sql.refusals import Way, lost, refused
from coterie.sources.sql.spool import BATCH

EXTRA: Final = "sql"
CONNECT_S: Final = 10
_UNSIGNED: Final = 32  # of a column's flags
_BYTES: Final = 63  # the character set of what is no text
_MOST_DIGITS: Final = 38  # of Arrow's decimals; wider ones stay text

# Codes of types in the protocol: "Column Definition Packet" of MariaDB's documentation.
_WHOLE: Final = frozenset({1, 2, 3, 8, 9, 13})
_FLOAT: Final = frozenset({4, 5})
_DECIMAL: Final = frozenset({0, 246})
_DATE, _TIMESTAMP, _DATETIME, _BIT = 10, 7, 12, 16
_TEXT: Final = frozenset({249, 250, 251, 252, 253, 254, 247, 248, 15})

_LOST: Final = frozenset({0, 2006, 2013, 2055, 1053, 1927, 1317, 1079})
_WAYS: Final[dict[int, Way]] = {
    1044: "right", 1045: "login", 1049: "database", 1054: "column", 1064: "syntax", 1142: "right", 1143: "right",
    1146: "table", 1698: "login", 1969: "time", 3024: "time", 2003: "reach", 2005: "reach", 1792: "write",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: int
    flags: int
    charset: int
    length: int
    scale: int

    def cast(self, cells: pl.Series) -> pl.Series:
        """Give text cells the column's type; dates that are none, such as 0000-00-00, are null, as they mean."""
        if self.type in _WHOLE:
            return cells.cast(pl.UInt64 if self.flags & _UNSIGNED and self.type == 8 else pl.Int64)
        if self.type in _FLOAT:
            return cells.cast(pl.Float64)
        if self.type in _DECIMAL:
            digits = self.length - (self.scale > 0) - (not self.flags & _UNSIGNED)
            return cells.cast(pl.Decimal(digits, self.scale)) if digits <= _MOST_DIGITS else cells
        if self.type == _DATE:
            return cells.str.to_date("%Y-%m-%d", strict=False)
        if self.type in {_DATETIME, _TIMESTAMP}:
            read = cells.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
            return read.dt.replace_time_zone("UTC") if self.type == _TIMESTAMP else read
        return cells

    def series(self, cells: Sequence[Any]) -> pl.Series:
        if self.type == _BIT:
            numbers = [None if cell is None else int.from_bytes(_as_bytes(cell), "big") for cell in cells]
            return pl.Series(self.name, numbers, dtype=pl.UInt64)
        if self.type in _TEXT and self.charset == _BYTES:
            return pl.Series(self.name, cells, dtype=pl.Binary)
        return self.cast(pl.Series(self.name, cells, dtype=pl.String))


def read(address: Address, statement: str) -> Iterator[pl.DataFrame]:
    """Read rows through an unbuffered cursor, in a read-only transaction."""
    client = plugins.require("pymysql", extra=EXTRA)
    cursors = plugins.require("pymysql.cursors", extra=EXTRA)
    encoders = plugins.require("pymysql.converters", extra=EXTRA).encoders  # for what is sent; what comes stays text
    try:
        connection = client.connect(
            host=address.host, port=address.port, user=address.user, password=address.password, database=address.name,
            charset="utf8mb4", connect_timeout=CONNECT_S, read_timeout=address.timeout_s + CONNECT_S, conv=encoders,
            cursorclass=cursors.SSCursor,
        )  # fmt: skip
    except (client.MySQLError, OSError, RuntimeError) as error:
        raise refused(address, error, _way(error, "reach")) from error
    try:
        cursor = connection.cursor()
        for setting in ("SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'", "START TRANSACTION READ ONLY"):
            cursor.execute(setting)
        _limit(cursor, address.timeout_s, client)
        cursor.execute(statement)
        if cursor.description is None:
            raise refused(address, ValueError("the statement gives no rows"), "write")
        columns = [
            _Column(field.name, field.type_code, field.flags, field.charsetnr, field.length, field.scale)
            for field in cursor._result.fields
        ]
        yield _frame((), columns)
        while rows := cursor.fetchmany(BATCH):
            yield _frame(rows, columns)
    except client.MySQLError as error:
        raise lost(address, error) if _code(error) in _LOST else refused(address, error, _way(error, "")) from error
    except OSError as error:
        raise lost(address, error) from error
    finally:
        _hang_up(connection)


def _hang_up(connection: Any) -> None:
    """Close without reading what is left of the rows, which a polite end would do first."""
    left = connection._result
    if left is not None:
        left.unbuffered_active = False
    if connection.open:
        connection._force_close()


def _limit(cursor: Any, timeout_s: int, client: Any) -> None:
    """Limit a statement: MariaDB counts seconds, MySQL milliseconds under another name."""
    try:
        cursor.execute(f"SET SESSION max_statement_time = {timeout_s:d}")
    except client.MySQLError:
        cursor.execute(f"SET SESSION max_execution_time = {timeout_s * 1000:d}")


def _frame(rows: Sequence[Sequence[Any]], columns: Sequence[_Column]) -> pl.DataFrame:
    cells: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pl.DataFrame([column.series(its) for column, its in zip(columns, cells, strict=True)])


def _as_bytes(cell: str | bytes) -> bytes:
    return cell if isinstance(cell, bytes) else cell.encode("latin-1")


def _code(error: BaseException) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def _way(error: BaseException, otherwise: Way) -> Way:
    code = _code(error)
    return otherwise if code is None else _WAYS.get(code, otherwise)
