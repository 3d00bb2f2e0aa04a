"""CSV files: columns as text, so that the checks can name what is wrong with a cell, or as numbers where all is right.

A plain or gzip file in UTF-8 is scanned lazily by Polars. What Polars cannot stream (a zip, latin-1) is unpacked and
transcoded when the frame is collected and not before, so that a scan holds no rows. The header is read here and not by
Polars, which would silently rename a column that stands twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import polars as pl

from coterie.config import Format
from coterie.errors import ConfigError, FormatError, shown
from coterie.sources.csv_lines import UTF8_MARK, Layout, Proof, prove
from coterie.sources.packing import FileAt, blocks, first_bytes, unpacked_name
from coterie.sources.parts import Part, check_names, numbered
from coterie.sources.sniffing import FirstRecord, first_record, looks_like_separator, sniff_separator
from coterie.terms import ROW

HEAD_BYTES = 2**20
_DIGITS_OF_INT32 = 9  # that any number of so many digits has room in
_SUFFIX_SEPARATORS = {".tsv": "\t", ".tab": "\t", ".psv": "|"}


@dataclass(frozen=True, slots=True)
class _Head:
    """How the file is written and what its columns are called."""

    layout: Layout
    columns: tuple[str, ...]
    n_lines_before: int


def scan_csv(file: FileAt, settings: Format, numbers: Collection[str] = ()) -> Part:
    """Give one CSV file, lazily, every line counted.

    Args:
        numbers: columns that may come as numbers where every cell, written again, would be the same text.

    Raises:
        SourceError: it cannot be read. FormatError: it is empty, or not what the settings say; names the line.
    """
    head = _head(file, settings)
    proof = prove(blocks(file), head.layout, file.name, n_before=head.n_lines_before + int(settings.header))
    if file.packing != "zip" and (settings.encoding == "utf-8" or proof.is_ascii):
        kinds = {name: kind for name, kind in _number_kinds(head, proof).items() if name in numbers}
        frame = pl.scan_csv(file.path, glob=False, schema_overrides=kinds, **_options(head, settings))
    else:
        schema = {ROW: pl.Int64, **dict.fromkeys(head.columns, pl.String)}
        frame = pl.defer(lambda: _read(file, head, settings), schema=schema)
    return Part(numbered(frame), head.columns, proof.digest, file.name)


def check_settings(settings: Format) -> None:
    """Refuse a separator or quote that cannot be one.

    Raises:
        ConfigError: says which, and why.
    """
    for key, character in (("separator", settings.separator), ("quote", settings.quote)):
        if character and (not character.isascii() or character in "\r\n"):
            raise ConfigError(
                f"format.{key} is {character!r}, expected one ASCII character that does not end a line; "
                "write the file with another one"
            )
    if settings.separator and settings.separator == settings.quote:
        raise ConfigError(
            f"format.separator and format.quote are both {settings.quote!r}; "
            "set format.quote = '' if there are no quotes"
        )


def separator_name(separator: str) -> str:
    """Write a separator as it stands in ``coterie.toml``."""
    return {"\t": '"\\t"', "\x01": '"\\u0001"'}.get(separator, f'"{separator}"')


def _read(file: FileAt, head: _Head, settings: Format) -> pl.DataFrame:
    text = io.BytesIO()
    for block in blocks(file):
        text.write(block if settings.encoding == "utf-8" else block.decode("latin-1").encode())
    text.seek(0)
    return pl.read_csv(text, **_options(head, settings)).with_columns(pl.col(ROW).cast(pl.Int64))


def _number_kinds(head: _Head, proof: Proof) -> dict[str, pl.DataType]:
    """Give the type of each column whose text follows from its numbers."""
    found: dict[str, pl.DataType] = {}
    if proof.fields is not None:
        for place, name in enumerate(head.columns):
            if digits := proof.fields.whole(place):
                found[name] = pl.Int32() if digits <= _DIGITS_OF_INT32 else pl.Int64()
            elif proof.fields.is_decimal(place):
                found[name] = pl.Float64()
    return found


def _options(head: _Head, settings: Format) -> dict[str, Any]:
    return {
        "has_header": settings.header,
        "new_columns": list(head.columns),
        "separator": head.layout.separator,
        "quote_char": head.layout.quote,
        "skip_lines": head.n_lines_before,
        "infer_schema": False,
        "null_values": [""],
        "row_index_name": ROW,
        "row_index_offset": 1,
    }


def _head(file: FileAt, settings: Format) -> _Head:
    raw = first_bytes(file, HEAD_BYTES)
    if not raw.removeprefix(UTF8_MARK).strip(b"\r\n"):
        raise FormatError(f"{shown(file.name)} is empty; expected at least a line of data")
    if settings.encoding == "latin-1" and raw.startswith(UTF8_MARK):
        raise FormatError(f"{shown(file.name)} starts with the mark of UTF-8; leave out format.encoding = 'latin-1'")
    if b"\r" in raw and b"\n" not in raw:
        raise FormatError(f"the lines of {shown(file.name)} end in '\\r' alone; save it with lines that end in '\\n'")
    text = raw.removeprefix(UTF8_MARK).decode(settings.encoding, errors="replace")
    quote = settings.quote or None
    separator = settings.separator or _separator(file, text, quote)
    first = _first(file, text, separator, quote)
    if len(raw) == HEAD_BYTES and not first.has_end:
        raise FormatError(
            f"the first line of {shown(file.name)} does not end within {HEAD_BYTES:,} bytes; is it a CSV file?"
        )
    columns = tuple(_columns(file, first, settings, separator))
    check_names(columns, file.name)
    return _Head(Layout(separator, quote, settings.encoding, len(columns)), columns, first.n_lines_before)


def _separator(file: FileAt, text: str, quote: str | None) -> str:
    by_name = _SUFFIX_SEPARATORS.get(PurePath(unpacked_name(file)).suffix.lower())
    return by_name or sniff_separator(text, quote) or ","


def _first(file: FileAt, text: str, separator: str, quote: str | None) -> FirstRecord:
    try:
        first = first_record(text, separator, quote)
    except csv.Error as error:
        raise FormatError(
            f"the first line of {shown(file.name)} cannot be read as CSV: {error}; "
            "check format.separator and format.quote"
        ) from error
    if first is None:  # _head saw a byte that is not a line end
        raise FormatError(f"{shown(file.name)} is empty; expected at least a line of data")
    return first


def _columns(file: FileAt, first: FirstRecord, settings: Format, separator: str) -> Iterator[str]:
    n_fields = len(first.fields)
    if settings.columns is not None and len(settings.columns) != n_fields:
        looks_like = looks_like_separator(first.fields[0], separator) if n_fields == 1 else None
        hint = f"it looks like format.separator = {separator_name(looks_like)}" if looks_like else "make them equal"
        raise FormatError(
            f"format.columns names {len(settings.columns)} columns, but the first line of {shown(file.name)} "
            f"has {n_fields}; {hint}"
        )
    for place, field in enumerate(first.fields, start=1):
        if settings.columns is not None:
            yield settings.columns[place - 1]
        else:
            yield field if settings.header and field else f"column_{place}"
