"""Statements: a table's name or a query in, what is sent to the database out. Names are quoted by SQLAlchemy."""

from __future__ import annotations

from typing import Any

from coterie import plugins
from coterie.errors import ConfigError, shown
from coterie.sources.sql.address import Kind

_DIALECTS = {"mysql": "mysql", "postgresql": "postgresql", "sqlite": "sqlite", "duckdb": "postgresql"}
EXTRA = "sql"


def whole_table(kind: Kind, name: str) -> str:
    """Give the statement that reads a table, with its name quoted as the database wants it.

    Args:
        name: a table, or ``schema.table``.

    Raises:
        ConfigError: it is no name. MissingExtraError: SQLAlchemy is not installed.
    """
    parts = name.split(".")
    if not all(parts) or len(parts) > 2 or "\0" in name:
        raise ConfigError(f"'table' is {shown(name)}; expected the name of a table, or schema.table")
    sqlalchemy = plugins.require("sqlalchemy", extra=EXTRA)
    sql = plugins.require("sqlalchemy.sql", extra=EXTRA)
    called = sql.quoted_name(parts[-1], quote=True)
    schema = sql.quoted_name(parts[0], quote=True) if len(parts) == 2 else None
    statement = sqlalchemy.select(sqlalchemy.literal_column("*")).select_from(sqlalchemy.table(called, schema=schema))
    return str(statement.compile(dialect=_dialect(kind)))


def _dialect(kind: Kind) -> Any:
    return plugins.require(f"sqlalchemy.dialects.{_DIALECTS[kind]}", extra=EXTRA).dialect(paramstyle="named")
