"""The same rows in every kind of database."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pymysql

from tests.sources.sql import servers

KINDS = ("mysql", "postgresql", "sqlite", "duckdb")


def connect_mysql(url: str) -> pymysql.Connection[Any]:
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user="root", database=parts.path[1:], charset="utf8mb4"
    )


def fill(url: str, folder: Path, statements: Sequence[str]) -> None:
    """Run statements on a database, which is made where it is a file."""
    kind = url.partition("://")[0]
    if kind == "mysql":
        with connect_mysql(url) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
    elif kind == "postgresql":
        servers.execute(url, *statements)
    elif kind == "sqlite":
        with sqlite3.connect(folder / url.removeprefix("sqlite:///")) as database:
            for statement in statements:
                database.execute(statement)
        database.close()
    else:
        with duckdb.connect(str(folder / url.removeprefix("duckdb:///"))) as file:
            for statement in statements:
                file.execute(statement)


def literal(cell: Any) -> str:
    if cell is None:
        return "NULL"
    return str(cell) if isinstance(cell, int | float) else "'" + str(cell).replace("'", "''") + "'"


def inserts(table: str, rows: Sequence[Sequence[Any]]) -> list[str]:
    """Give statements that insert rows, some hundred at a time."""
    return [
        f"INSERT INTO {table} VALUES "
        + ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows[first : first + 500])
        for first in range(0, len(rows), 500)
    ]
