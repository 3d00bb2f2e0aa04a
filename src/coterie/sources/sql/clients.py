"""What speaks to each kind of database: a statement in, batches of rows with their types out.

Every client reads in a read-only transaction, a batch at a time, and servers under a time limit. PostgreSQL is read
through ADBC, which gives Arrow without an object a cell; MySQL and MariaDB through PyMySQL, whose unbuffered cursor
keeps decimals, unsigned numbers and text of any character set as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import polars as pl

from coterie.sources.sql import duckdb, mysql, postgresql, sqlite
from coterie.sources.sql.address import Address, Kind

Client = Callable[[Address, str], Iterator[pl.DataFrame]]
_CLIENTS: Final[Mapping[Kind, Client]] = {
    "mysql": mysql.read,
    "postgresql": postgresql.read,
    "sqlite": sqlite.read,
    "duckdb": duckdb.read,
}


def read(address: Address, statement: str) -> Iterator[pl.DataFrame]:
    """Read a statement's rows as frames of one schema, at least one.

    Raises:
        SourceError: the database cannot be reached, or refuses; says what it said.
        LostConnectionError: the connection was lost amid reading.
        MissingExtraError: the client is not installed.
    """
    return _CLIENTS[address.kind](address, statement)
