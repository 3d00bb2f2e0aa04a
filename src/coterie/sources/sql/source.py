"""A table or a query of a database as a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl

from coterie.config import Format, Table
from coterie.errors import ConfigError, shown
from coterie.secrets import masked
from coterie.sources.contract import RawTable
from coterie.sources.sql.address import KINDS, Address, address_of, scheme_of
from coterie.sources.sql.clients import read
from coterie.sources.sql.refusals import LostConnectionError
from coterie.sources.sql.spool import Spool
from coterie.sources.sql.statements import whole_table


class SQLSource:
    """A table or a query of MySQL, MariaDB, PostgreSQL, SQLite or DuckDB.

    ``scan`` reads all rows once, a batch at a time, into files of its own that go with the frame. A connection that is
    lost amid reading is tried once more, from the first row on; of what the lost one read nothing is used.

    Args:
        config: the table; ``source`` is the URL, and ``table`` or ``query`` says what is read.
        folder: what the path of a file is relative to.

    Raises:
        ConfigError: neither or both of ``table`` and ``query`` are given, or ``format``, or the URL is none.
    """

    def __init__(self, config: Table, folder: Path) -> None:
        where = shown(masked(config.source))
        if (config.table is None) == (config.query is None):
            given = "both are" if config.table is not None else "neither is"
            raise ConfigError(f"{where} is a database: give either 'table' or 'query'; {given} given")
        if config.format != Format():
            raise ConfigError(f"'format' is for files, but {where} is a database; leave it out")
        self._config = config
        self._folder = Path(folder)

    @classmethod
    def accepts(cls, location: str) -> bool:
        """Say yes to the URLs of databases."""
        return scheme_of(location) in KINDS

    def scan(self) -> RawTable:
        """Give the table, as its database has it now.

        Raises:
            SourceError: the database cannot be reached, or refuses; says what it said.
            SecretError: a variable of the URL is not set. MissingExtraError: a client is not installed.
        """
        address = address_of(self._config.source, self._folder)
        statement = self._config.query or whole_table(address.kind, self._config.table or "")
        spool = _kept(address, statement, read)
        return RawTable(nw.from_native(spool.frame()), masked(self._config.source), spool.fingerprint)


def _kept(address: Address, statement: str, client: Callable[[Address, str], Iterator[pl.DataFrame]]) -> Spool:
    try:
        return Spool(client(address, statement))
    except LostConnectionError:
        return Spool(client(address, statement))
