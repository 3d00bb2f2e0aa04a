"""PostgreSQL, through ADBC: Arrow as the driver makes it of the server's binary copy, batch after batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from coterie import plugins
from coterie.sources.sql.address import Address
from coterie.sources.sql.refusals import Way, lost, refused

EXTRA: Final = "sql"
CONNECT_S: Final = 10
_MOST_DIGITS: Final = 38
_BATCH_BYTES: Final = 8 << 20
# Classes and codes of SQLSTATE: appendix A of PostgreSQL's documentation.
_LOST: Final = ("08", "57P0")
_WAYS: Final[dict[str, Way]] = {
    "28": "login", "3D000": "database", "42P01": "table", "3F000": "table", "42703": "column", "42601": "syntax",
    "57014": "time", "42501": "right", "25006": "write",
}  # fmt: skip


def read(address: Address, statement: str) -> Iterator[pl.DataFrame]:
    """Read rows in a read-only transaction."""
    driver = plugins.require("adbc_driver_postgresql.dbapi", extra=EXTRA)
    try:
        connection = driver.connect(_uri(address))
    except (driver.Error, OSError) as error:
        raise refused(address, error, _way(error) or "reach") from error
    begun = False
    try:
        with connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(f"SET LOCAL statement_timeout = {address.timeout_s * 1000:d}")
            cursor.execute(statement)
            reader = cursor.fetch_record_batch()
            begun = True
            yield _frame(reader.schema.empty_table())
            for batch in reader:
                yield _frame(batch)
    except (driver.Error, OSError) as error:
        state = getattr(error, "sqlstate", None) or ""
        if "statement timeout" in str(error):
            raise refused(address, error, "time") from error
        is_gone = state.startswith(_LOST) or (not state and (begun or "connection" in str(error)))
        raise lost(address, error) if is_gone else refused(address, error, _way(error)) from error
    finally:
        _close(connection, driver)


def _close(connection: Any, driver: Any) -> None:
    try:
        connection.close()
    except (driver.Error, OSError):  # it is gone already, which was said
        return


def _uri(address: Address) -> str:
    user = quote(address.user, safe="") + (f":{quote(address.password, safe='')}" if address.password else "")
    host = f"[{address.host}]" if ":" in address.host else address.host
    where = f"{user}@{host}" if user else host
    return f"postgresql://{where}:{address.port}/{quote(address.name, safe='')}?connect_timeout={CONNECT_S}"


def _frame(batch: Any) -> pl.DataFrame:
    """Give a batch as a frame; what Arrow has no type for is text, numerics of known digits are decimals."""
    columns = [_series(field, batch.column(place)) for place, field in enumerate(batch.schema)]
    return pl.DataFrame(columns)


def _series(field: Any, cells: Any) -> pl.Series:
    if getattr(field.type, "extension_name", None) is None:
        try:
            return pl.Series(field.name, pl.from_arrow(cells))
        except (pl.exceptions.PolarsError, ValueError):  # intervals
            return pl.Series(field.name, [None if cell is None else str(cell) for cell in cells.to_pylist()], pl.String)
    storage = cells.combine_chunks().storage if hasattr(cells, "combine_chunks") else cells.storage
    read = pl.Series(field.name, pl.from_arrow(storage))
    described = field.metadata or {}
    if described.get(b"POSTGRESQL:type") == b"numeric":
        return _decimal(read, int(described.get(b"POSTGRESQL:typmod", b"-1")))
    return read


def _decimal(cells: pl.Series, modifier: int) -> pl.Series:
    """Cast numerics by their declared digits; without any they stay text, which loses nothing."""
    digits, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    if modifier < 4 or digits > _MOST_DIGITS or scale > digits:
        return cells
    return cells.cast(pl.Decimal(digits, scale), strict=False)  # NaN and the infinities are null


def _way(error: BaseException) -> Way:
    state = getattr(error, "sqlstate", None) or ""
    found = next((way for code, way in _WAYS.items() if state.startswith(code)), "")
    if not state and "password" in str(error):
        return "login"
    return "database" if not state and "does not exist" in str(error) else found
