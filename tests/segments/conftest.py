"""The same rows in two backends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest

from coterie.engines import local
from coterie.tables import Tables
from tests.segments.samples import Rows, tables_of

MakeTables = Callable[[Rows], Tables]


@pytest.fixture(scope="session")
def database() -> duckdb.DuckDBPyConnection:
    """One database for all tests: opening one takes longer than most tests."""
    return duckdb.connect(config={"threads": 1})


@pytest.fixture(params=["polars", "duckdb"])
def make_tables(request: pytest.FixtureRequest, database: duckdb.DuckDBPyConnection, tmp_path: Path) -> MakeTables:
    """Give a function that makes checked tables of rows in one of the backends."""
    number = count()

    def framed(rows: pl.DataFrame) -> nw.LazyFrame[Any]:
        if request.param == "polars":
            return local.lazy(rows)
        path = tmp_path / f"{next(number)}.parquet"
        rows.write_parquet(path)
        return nw.from_native(database.read_parquet(str(path)))

    return lambda rows: tables_of(rows, framed)
