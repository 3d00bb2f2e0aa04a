"""Rows of a database beside, in Parquet: batches in, a lazy frame and a fingerprint of what stands in it out.

A batch at a time is in memory. Files go when the reading is of no use any more.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from coterie.errors import SourceError

Batches = Iterator[pl.DataFrame]
BATCH: Final = 100_000  # rows at once
_WHOLE: Final = 1 << 64


class Spool:
    """Rows as they were read.

    Args:
        batches: frames of one schema, at least one, which may be empty.

    Raises:
        SourceError: there is no room for them. What the batches raise comes through; nothing is left then.
    """

    def __init__(self, batches: Batches) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="coterie-sql-"))
        self._gone = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        try:
            self.rows, self.fingerprint = self._write(batches)
        except pl.exceptions.PolarsError:
            self._gone()
            raise
        except OSError as error:
            self._gone()
            if isinstance(error, SourceError):
                raise
            raise SourceError(
                f"rows cannot be kept in '{self._folder.parent}': {error.strerror or error}; make room, or name "
                "another folder in the environment variable TMPDIR"
            ) from error
        except BaseException:
            self._gone()
            raise

    def _write(self, batches: Batches) -> tuple[int, str]:
        rows, total, schema = 0, 0, ""
        for number, batch in enumerate(batches):
            batch.write_parquet(self._folder / f"part-{number:06}.parquet", compression="lz4")
            rows += batch.height
            if batch.height:  # a sum: the order in which a database gives rows says nothing
                total = (total + int(batch.hash_rows(seed=7).cast(pl.UInt128).sum())) % _WHOLE
            schema = str(batch.schema)
        return rows, hashlib.sha256(f"{schema}|{rows}|{total}".encode()).hexdigest()[:24]

    def frame(self) -> pl.LazyFrame:
        """Give the rows, lazily; what is made of them keeps the files."""
        return register_io_source(self._parts, schema=pl.read_parquet_schema(self._files()[0]))

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("part-*.parquet"))

    def _parts(
        self,
        columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,  # noqa: ARG002 - a part is small enough
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for file in self._files():
            part = pl.scan_parquet(file)
            part = part if left is None else part.head(left)
            part = part if predicate is None else part.filter(predicate)
            rows = (part if columns is None else part.select(columns)).collect()
            yield rows
            if left is not None:
                left -= pl.scan_parquet(file).head(left).select(pl.len()).collect().item()
                if not left:
                    return
