"""Parquet and JSON lines: files that know their types."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from coterie.errors import FormatError, shown
from coterie.sources.csv_lines import Utf8Check
from coterie.sources.packing import FileAt, blocks, digest, opened
from coterie.sources.parts import Part, check_names, numbered
from coterie.terms import ROW


def scan_parquet(file: FileAt) -> Part:
    """Give one Parquet file, lazily; it has no line numbers.

    Raises:
        SourceError: it cannot be read. FormatError: it is damaged or not Parquet.
    """
    if file.packing != "plain":
        raise FormatError(f"{shown(file.name)} is packed Parquet, which cannot be read in place; unpack it")
    found = digest(blocks(file))
    try:
        frame = pl.scan_parquet(file.path, glob=False)
        columns = tuple(frame.collect_schema().names())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FormatError(
            f"{shown(file.name)} is damaged or not Parquet ({_first_line(error)}); write it again or set format.kind"
        ) from error
    check_names(columns, file.name)
    return Part(frame, columns, found, file.name)


def scan_jsonl(file: FileAt) -> Part:
    """Give one file of JSON lines, lazily; types are those that fit all of its lines, a missing key is null.

    Raises:
        SourceError: it cannot be read.
        FormatError: it is empty, not UTF-8, or a line is not a JSON object; names the line.
    """
    found = digest(_checked(file))
    source = file.path if file.packing != "zip" else b"".join(blocks(file))
    try:
        schema = pl.scan_ndjson(source, infer_schema_length=None).collect_schema()
        frame = pl.scan_ndjson(source, schema=schema, row_index_name=ROW, row_index_offset=1)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _faulty_line(file) or FormatError(
            f"{shown(file.name)} is not JSON lines ({_first_line(error)}); expected one object a line"
        ) from error
    check_names(tuple(schema.names()), file.name)
    return Part(numbered(frame), tuple(schema.names()), found, file.name)


def _checked(file: FileAt) -> Iterator[bytes]:
    text = Utf8Check(file.name, advice="JSON lines are UTF-8; save the file as UTF-8")
    is_empty = True
    for block in blocks(file):
        text.read(block)
        is_empty = is_empty and not block.strip()
        yield block
    text.close()
    if is_empty:
        raise FormatError(f"{shown(file.name)} is empty; expected at least a line of data")


def _faulty_line(file: FileAt) -> FormatError | None:
    """Find the line that stopped Polars; entered only once it has failed, so a plain loop will do."""
    with opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                is_fine = not line.strip() or isinstance(json.loads(line), dict)
            except ValueError:
                is_fine = False
            if not is_fine:
                return FormatError(
                    f"line {number:,} of {shown(file.name)} is not a JSON object: {shown(line.decode().strip())}; "
                    "expected one object a line"
                )
    return None


def _first_line(error: BaseException) -> str:
    return shown(str(error).splitlines()[0] if str(error) else type(error).__name__)
