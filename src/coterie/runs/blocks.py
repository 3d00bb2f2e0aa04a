"""Tables too long to be in memory whole, written block after block."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from coterie.errors import StoreError, shown
from coterie.spreadsheet import csv_of_frame


def write_blocks(path: Path, rows: Iterator[pl.DataFrame], schema: Mapping[str, Any]) -> None:
    """Write blocks of rows as CSV or Parquet, by the name's end, beside the place and rename them there.

    No reader sees half a table.

    Args:
        schema: of every block.

    Raises:
        StoreError: the place cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".csv":
            with beside.open("w", encoding="utf-8", newline="") as opened:
                opened.write(csv_of_frame(pl.DataFrame(schema=dict(schema))))
                for block in rows:
                    opened.write(csv_of_frame(block).split("\n", 1)[1])
        else:
            _streamed(rows, schema).sink_parquet(beside, compression="zstd")
        beside.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot write {shown(path)}: {error}; free some space or choose another --out") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _streamed(rows: Iterator[pl.DataFrame], schema: Mapping[str, Any]) -> pl.LazyFrame:
    """Give blocks as a plan that is written while they come."""

    def source(
        _columns: list[str] | None, _predicate: pl.Expr | None, _n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        yield from rows

    return register_io_source(source, schema=dict(schema))
