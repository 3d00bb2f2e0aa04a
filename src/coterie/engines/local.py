"""The one-machine engine: lazy frames in, Polars frames and Parquet files out.

Tables code never collects by itself; it ends here, so that another engine can take this one's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from coterie.errors import StoreError

BATCH: Final = 500_000  # rows of a batch, at most


def collect(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    """Execute a lazy plan of any backend and give its rows, in no particular order."""
    native = frame.to_native()
    if not isinstance(native, pl.LazyFrame) and hasattr(native, "__arrow_c_stream__"):
        return pl.DataFrame(native)  # Arrow's stream interface; the way through Narwhals would need pyarrow
    collected: pl.DataFrame = frame.collect(backend="polars").to_native()
    return collected


def batches(frame: nw.LazyFrame[Any]) -> Iterator[pl.DataFrame]:
    """Execute a lazy plan and give its rows some at a time, in no particular order; at least once, if without rows.

    A Polars plan is streamed, so that its rows are never all at hand; another backend's are.
    """
    native = frame.to_native()
    if not isinstance(native, pl.LazyFrame):
        yield collect(frame)
        return
    is_empty = True
    for batch in native.collect_batches(chunk_size=BATCH, maintain_order=False):
        is_empty = False
        yield batch
    if is_empty:
        yield pl.DataFrame(schema=native.collect_schema())


def here(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give a frame that joins with rows at hand: a Polars plan as it is, another backend's plan executed."""
    return frame if isinstance(frame.to_native(), pl.LazyFrame) else lazy(collect(frame))


def collect_all(frames: list[nw.LazyFrame[Any]]) -> list[pl.DataFrame]:
    """Execute several plans; Polars plans share the parts they have in common."""
    natives = [frame.to_native() for frame in frames]
    if natives and all(isinstance(native, pl.LazyFrame) for native in natives):
        return list(pl.collect_all(natives))
    return [collect(frame) for frame in frames]


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write rows as compressed Parquet.

    Raises:
        StoreError: the disk is full or not writable; Polars gives that a name of its own.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, compression="zstd")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"cannot write '{path}': {error}; free some space or choose another folder") from error


def scan_parquet(path: Path) -> nw.LazyFrame[Any]:
    """Open a Parquet file that ``write_parquet`` wrote, lazily."""
    return nw.from_native(pl.scan_parquet(path))


def lazy(frame: pl.DataFrame) -> nw.LazyFrame[Any]:
    """Give rows at hand as a lazy frame."""
    return nw.from_native(frame.lazy())
