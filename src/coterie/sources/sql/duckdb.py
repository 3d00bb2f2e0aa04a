"""DuckDB files, through DuckDB's own client, opened so that nothing can be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from coterie import plugins
from coterie.sources.sql.address import Address
from coterie.sources.sql.refusals import Way, missing, refused
from coterie.sources.sql.spool import BATCH

EXTRA: Final = "duckdb"


def read(address: Address, statement: str) -> Iterator[pl.DataFrame]:
    """Read rows as Arrow. Extensions are not fetched, and files beside the database are not opened."""
    client = plugins.require("duckdb", extra=EXTRA)
    assert address.path is not None
    if not address.path.is_file():
        raise missing(address)
    connection = None
    try:
        connection = client.connect(
            str(address.path), read_only=True, config={"threads": 1, "enable_external_access": "false"}
        )
        relation = connection.sql(statement)
        if relation is None:
            raise refused(address, ValueError("the statement gives no rows"), "write")
        reader = relation.to_arrow_reader(BATCH)
        yield _frame(reader.schema.empty_table())
        for batch in reader:
            yield _frame(batch)
    except client.Error as error:
        raise refused(address, error, _way(error)) from error
    finally:
        if connection is not None:
            connection.close()


def _frame(batch: Any) -> pl.DataFrame:
    found = pl.from_arrow(batch)
    assert isinstance(found, pl.DataFrame)
    enums = [name for name, kind in found.schema.items() if kind in (pl.Categorical, pl.Enum)]
    return found.with_columns(pl.col(enums).cast(pl.String))


def _way(error: BaseException) -> Way:
    said = str(error)
    if "Table with name" in said:
        return "table"
    return "column" if "Referenced column" in said else ""
