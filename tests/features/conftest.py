"""Tables of the same rows in two backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest

from coterie.engines import local
from coterie.tables import CheckedTable

MakeTable = Callable[..., CheckedTable]


@pytest.fixture(scope="session")
def connection() -> duckdb.DuckDBPyConnection:
    """One database for all tests: opening one takes longer than most tests."""
    return duckdb.connect(config={"threads": 1})


@pytest.fixture(params=["polars", "duckdb"])
def make_table(request: pytest.FixtureRequest, connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> MakeTable:
    """Give a function (name, role, columns, attributes, tags) that makes a checked table in one of the backends."""
    number = count()

    def framed(columns: Mapping[str, Any] | pl.DataFrame) -> nw.LazyFrame[Any]:
        frame = pl.DataFrame(columns)
        if request.param == "polars":
            return local.lazy(frame)
        path = tmp_path / f"{next(number)}.parquet"
        frame.write_parquet(path)
        return nw.from_native(connection.read_parquet(str(path)))

    def made(
        name: str,
        role: Any,
        columns: Mapping[str, Any] | pl.DataFrame,
        *,
        attributes: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> CheckedTable:
        return CheckedTable(name, role, framed(columns), attributes or {}, None if tags is None else framed(tags))

    return made
