"""The same rows on every backend that the tables code must answer alike on.

A folder of tests gets the ``backend`` fixture by naming it in its ``conftest.py``; its tests run once a backend:

    from tests.tables.backends import backend

    __all__ = ["backend"]

    def test_something(backend):
        raw = backend.raw({"user": ["1", "2"], "item": ["a", "b"]})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest

from coterie.engines import local
from coterie.sources.contract import RawTable

_NUMBERS = count()


@dataclass(frozen=True)
class Backend:
    """Turns rows into frames of one backend; frames of one backend join with each other."""

    name: str
    folder: Path
    connection: duckdb.DuckDBPyConnection | None = None

    def frame(self, rows: pl.DataFrame | Mapping[str, Sequence[Any]]) -> nw.LazyFrame[Any]:
        """Give rows as a lazy frame; a mapping is read with Polars' types."""
        polars = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows)
        if self.connection is None:
            return nw.from_native(polars.lazy())
        name = f"rows_{next(_NUMBERS)}"
        path = self.folder / f"{name}.parquet"  # needs no further package, unlike Arrow tables
        polars.write_parquet(path)
        # A table, since DuckDB trusts a Parquet file's statistics, which leave NaN out, and then finds no NaN in it.
        self.connection.read_parquet(str(path)).create(name)
        return nw.from_native(self.connection.table(name))

    def raw(self, rows: pl.DataFrame | Mapping[str, Sequence[Any]], location: str = "memory") -> RawTable:
        """Give rows as a source gives them."""
        return RawTable(self.frame(rows), location, "0")


BACKENDS = ("polars", "duckdb")


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()  # once, since it takes longer than most tests


def open_backend(name: str, folder: Path) -> Backend:
    """Open a backend by name; ``folder`` is for its files."""
    return Backend(name, folder, _connection() if name == "duckdb" else None)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Each backend in turn."""
    return open_backend(request.param, tmp_path)


def rows_of(frame: nw.LazyFrame[Any], *columns: str) -> list[tuple[Any, ...]]:
    """Give a frame's rows, sorted, blanks first; of all columns or some."""
    collected = local.collect(frame.select(*columns) if columns else frame)
    return sorted(collected.rows(), key=lambda row: [(cell is not None, str(type(cell)), cell) for cell in row])


def cells_of(frame: nw.LazyFrame[Any], **expressions: nw.Expr) -> dict[str, list[Any]]:
    """Give what expressions make of a frame with a column ``n`` that orders its rows."""
    return local.collect(frame.select("n", **expressions)).sort("n").drop("n").to_dict(as_series=False)
