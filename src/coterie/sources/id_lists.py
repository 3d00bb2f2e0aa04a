"""Lists of ids: a file of seeds or exclusions in, its ids in order out.

A file has one id a line, or is a table with a column of ids. Which column that is is never guessed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from coterie.errors import ConfigError, SourceError, shown
from coterie.spreadsheet import as_meant
from coterie.terms import ITEM, USER

HEADS: Final = (USER, ITEM, "id", "user", "item")


def read_ids(path: Path, columns: Iterable[str] = ()) -> tuple[str, ...]:
    """Give the ids of a file, as often as they stand there; blank ones are "".

    Args:
        path: CSV (.csv, .txt or no ending), tab-separated (.tsv) or Parquet (.parquet).
        columns: names, beside "user_id" and the like, that the column of ids may have.

    Raises:
        SourceError: the file cannot be read, or holds no id.
        ConfigError: it has several columns, and none of them is called so.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {shown(path)}; expected a file of ids, one a line")
    heads = tuple(dict.fromkeys([*columns, *HEADS]))
    header, rows = _parquet(path) if path.suffix.lower() == ".parquet" else _text(path)
    at = next((header.index(name) for name in heads if name in header), None)
    if at is None and len(header) > 1:
        raise ConfigError(
            f"the file {shown(path.name)} has the columns {', '.join(shown(name) for name in header[:8])}; expected "
            f"one called {shown(heads[0])}; call the column of ids so"
        )
    if at is None and path.suffix.lower() != ".parquet":
        rows = [header, *rows]  # a single column without a header
    ids = tuple(as_meant(row[at or 0].strip()) if len(row) > (at or 0) else "" for row in rows)
    if not any(ids):
        raise SourceError(f"the file {shown(path.name)} holds no id; expected one a line")
    return ids


def _text(path: Path) -> tuple[list[str], Sequence[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = [row for row in csv.reader(opened, delimiter="\t" if path.suffix.lower() == ".tsv" else ",") if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise SourceError(f"the ids in {shown(path)} cannot be read: {why}; expected text in UTF-8") from error
    if not rows:
        raise SourceError(f"the file {shown(path.name)} holds no id; expected one a line")
    return [name.strip() for name in rows[0]], rows[1:]


def _parquet(path: Path) -> tuple[list[str], Sequence[list[str]]]:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"the ids in {shown(path)} cannot be read: {error}; expected Parquet") from error
    texts = frame.select(pl.col(name).cast(pl.String, strict=False).fill_null("") for name in frame.columns)
    return frame.columns, [list(row) for row in texts.iter_rows()]
