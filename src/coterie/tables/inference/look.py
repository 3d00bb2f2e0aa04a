"""What a file is: kind, separator, header, encoding, and what its first rows hold.

Reads the first mebibyte of each file (and goes through more of it only to see whether all of it is UTF-8). A file that
is no table is skipped with a reason, never with an error: a data folder has a README and a list of genres in it too.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import polars as pl

from coterie.config import Format
from coterie.errors import CoterieError, FormatError, shown
from coterie.sources.csv_lines import UTF8_MARK, Layout, Utf8Check, prove
from coterie.sources.packing import FileAt, blocks, first_bytes
from coterie.sources.parts import check_names
from coterie.sources.places import Kind
from coterie.sources.sniffing import records_of, sniff_separator
from coterie.tables.inference import header
from coterie.tables.inference.columns import ColumnLook, look_at_column

Encoding = Literal["utf-8", "latin-1"]
HEAD_BYTES: Final = 2**20
HEAD_ROWS: Final = 50_000
_ENCODING_BYTES: Final = 2**28  # how far into a file its encoding is looked at
_NO_TABLES: Final = frozenset(
    {".md", ".rst", ".toml", ".py", ".ipynb", ".r", ".yaml", ".yml", ".html", ".htm", ".xml", ".sql", ".pdf"}
    | {".png", ".jpg", ".jpeg", ".svg", ".sh", ".log", ".lock"}
)
_PACKED_BEGINNINGS: Final = {b"PK": "a zip or a spreadsheet", b"\x1f\x8b": "packed", b"SQLite": "a SQLite database"}


@dataclass(frozen=True, slots=True)
class FileLook:
    """One file that is a table.

    Args:
        path: where it is. format: how it is to be read, as it will stand in the config.
        has_names: its columns have names of their own; else they are column_1, column_2 ...
        columns: what its columns hold. is_whole: the rows looked at are all there are.
        n_bytes: its size on disk.
        notes: what is uncertain about the format, in sentences.
    """

    path: Path
    format: Format
    has_names: bool
    columns: tuple[ColumnLook, ...]
    is_whole: bool
    n_bytes: int
    rows: pl.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows looked at."""
        return self.rows.height

    def column(self, name: str) -> ColumnLook:
        """Give a column by its name."""
        return next(column for column in self.columns if column.name == name)


class NoTableError(Exception):
    """A file is no table; the text says why. Never leaves this package."""


def look_at(path: Path) -> FileLook:
    """Look at one file.

    Raises:
        NoTableError: it is no table, with the reason.
    """
    file = FileAt(path, path.name)
    if path.suffix.lower() in _NO_TABLES:
        raise NoTableError(f"a {path.suffix} file is no table")
    if "${" in path.name:
        raise NoTableError("its name contains '${', which a config reads as a variable; rename it")
    try:
        raw = first_bytes(file, HEAD_BYTES)
        look = _looked(file, raw)
        check_names(tuple(column.name for column in look.columns), path.name)
    except CoterieError as error:
        raise NoTableError(str(error)) from error
    return look


def _looked(file: FileAt, raw: bytes) -> FileLook:
    if not raw.removeprefix(UTF8_MARK).strip():
        raise NoTableError("it is empty")
    kind = _kind(raw)
    if kind == "parquet":
        frame = _polars(lambda: pl.scan_parquet(file.path, glob=False).head(HEAD_ROWS + 1).collect())
        return _typed(file, kind, frame.head(HEAD_ROWS), is_whole=frame.height <= HEAD_ROWS)
    is_whole = len(raw) < HEAD_BYTES
    if kind == "jsonl":
        lines = raw if is_whole else raw[: raw.rfind(b"\n") + 1]
        frame = _polars(lambda: pl.read_ndjson(io.BytesIO(lines), infer_schema_length=None))
        return _typed(file, kind, frame, is_whole=is_whole)
    return _text(file, raw, is_whole=is_whole)


def _kind(raw: bytes) -> Kind:
    if raw.startswith(b"PAR1"):
        return "parquet"
    for beginning, what in _PACKED_BEGINNINGS.items():
        if raw.startswith(beginning):
            raise NoTableError(f"it is {what}, expected CSV, Parquet or JSON lines")
    if b"\0" in raw:
        raise NoTableError("it is not text and not Parquet")
    if not raw.lstrip().startswith((b"{", b"[")):
        return "csv"
    try:
        is_object = isinstance(json.loads(raw.lstrip().split(b"\n", 1)[0]), dict)
    except ValueError:
        is_object = False
    if is_object:
        return "jsonl"
    raise NoTableError("it is JSON, but not JSON lines with one object a line")


def _polars(read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    try:
        return read()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise NoTableError(f"it cannot be read: {shown(error)}") from error


def _typed(file: FileAt, kind: Kind, frame: pl.DataFrame, *, is_whole: bool) -> FileLook:
    if not frame.height:
        raise NoTableError("it has no rows")
    return FileLook(file.path, Format(kind=kind), True, _columns(frame), is_whole, file.path.stat().st_size, frame)


def _text(file: FileAt, raw: bytes, *, is_whole: bool) -> FileLook:
    encoding: Encoding = "utf-8" if _is_utf8(file) else "latin-1"
    text = raw.removeprefix(UTF8_MARK).decode(encoding, errors="ignore")
    if not is_whole:
        text = text[: text.rfind("\n") + 1]
    separator = sniff_separator(text)
    if separator is None:
        if "::" in text.split("\n", 1)[0]:
            raise NoTableError("its columns are separated by '::', but a separator is one character; replace it")
        raise NoTableError("no separator cuts its lines into the same number of columns, two or more")
    quote, notes = _quote(raw, separator, encoding, file.name)
    found = records_of(text, separator, quote, HEAD_ROWS)
    if not is_whole and quote and '"' in text:
        found = found[:-1]  # a quoted field may have been cut
    if encoding == "latin-1":
        notes = (*notes, "not all of the file is UTF-8, so it is taken for latin-1")
    settings = Format(kind="csv", separator=separator, encoding=encoding, quote=quote or "")
    has_header, is_sure = header.look_for(found)
    names_line = found[0] if has_header else []
    frame = _frame(found[1:] if has_header else found, names_line)
    if not frame.height:
        raise NoTableError("it has a header and no rows")
    if not is_sure:
        says = "is taken for a header" if has_header else "is taken for data"
        notes = (*notes, f"the first line {says}, though its values do not tell; if not, change 'header'")
    settings = settings.model_copy(update={"header": has_header})
    is_all = is_whole and len(found) < HEAD_ROWS
    return FileLook(file.path, settings, has_header, _columns(frame), is_all, file.path.stat().st_size, frame, notes)


def _is_utf8(file: FileAt) -> bool:
    check, left = Utf8Check(file.name), _ENCODING_BYTES
    try:
        for block in blocks(file):
            check.read(block)
            left -= len(block)
            if left <= 0:
                return True
        check.close()
    except FormatError:
        return False
    return True


def _quote(raw: bytes, separator: str, encoding: str, name: str) -> tuple[str | None, tuple[str, ...]]:
    """Say whether quotes are quotes: not if they stand within fields."""
    try:
        prove([raw], Layout(separator, '"', encoding, 0), name)
    except FormatError as error:
        if "in the middle of a field" in str(error):
            return None, ("quotes stand in the middle of fields, so they are taken for text",)
    return '"', ()


def _frame(found: list[list[str]], names_line: list[str]) -> pl.DataFrame:
    """Put records below one another; those of another length are left out, since reading will name them anyway."""
    n_columns = len(names_line) or Counter(len(record) for record in found).most_common(1)[0][0]
    columns = [name or f"column_{place}" for place, name in enumerate(names_line, start=1)]
    columns = columns or [f"column_{place}" for place in range(1, n_columns + 1)]
    if len(set(columns)) < len(columns):
        twice = next(name for name, count in Counter(columns).items() if count > 1)
        raise NoTableError(f"two of its columns are called {shown(twice)}; rename one")
    fitting = [record for record in found if len(record) == n_columns]
    values = zip(*fitting, strict=True) if fitting else [()] * n_columns
    return pl.DataFrame(
        [pl.Series(name, list(cells), dtype=pl.String) for name, cells in zip(columns, values, strict=True)]
    )


def _columns(frame: pl.DataFrame) -> tuple[ColumnLook, ...]:
    return tuple(look_at_column(name, place, frame[name]) for place, name in enumerate(frame.columns, start=1))
