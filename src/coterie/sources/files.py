"""Files as a source: CSV, Parquet or JSON lines; one file, a folder or a glob of them.

Text kinds carry ``_row``, the number of the record in its file (1-based, header and leading blank lines not counted),
and locations that stand for many files carry ``_file``. Files are read, never written.
"""

from __future__ import annotations

import re
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl

from coterie.config import Table
from coterie.errors import ConfigError, FormatError, shown
from coterie.secrets import masked
from coterie.sources.contract import RawTable
from coterie.sources.csv_files import check_settings, scan_csv
from coterie.sources.packing import FileAt, joint_digest
from coterie.sources.parts import Part
from coterie.sources.places import Kind, Place, find
from coterie.sources.typed_files import scan_jsonl, scan_parquet
from coterie.terms import EVENTS, FILE

# A scheme is what a URL starts with; one letter is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+-]+:")


class FileSource:
    """A table in files.

    A CSV line with too few or too many fields stops the scan with the file and the line: filled with nulls it could
    pass the checks as a row of missing attributes, and cut it would lose a field unseen.

    Args:
        config: the table; ``format`` says how its files are written, what it leaves out is looked up in the files.
        folder: what a relative location stands relative to.

    Raises:
        ConfigError: a setting does not go with files, or with the kind of file.
    """

    def __init__(self, config: Table, folder: Path) -> None:
        for key, given in (("table", config.table), ("query", config.query)):
            if given is not None:
                raise ConfigError(
                    f"'{key}' belongs to a database, but the source {shown(masked(config.source))} is a file"
                )
        check_settings(config.format)
        self._config = config
        self._folder = Path(folder)

    @classmethod
    def accepts(cls, location: str) -> bool:
        """Say yes to paths and globs, that is to all that does not start with a scheme."""
        return _SCHEME.match(location) is None

    def scan(self) -> RawTable:
        """Give the table; reads headers and each file's bytes once, rows only when the frame is collected.

        Raises:
            SourceError: a file is missing or cannot be read.
            FormatError: a file is not what the config says; names the file and, in text, the line.
        """
        place = find(self._config, self._folder)
        self._check_kind(place.kind)
        parts = [self._part(file, place.kind) for file in place.files]
        if not place.is_many:
            frame, digest = parts[0].frame, parts[0].digest
        else:
            frame, digest = _together(parts, place), joint_digest((part.name, part.digest) for part in parts)
        return RawTable(nw.from_native(frame), masked(self._config.source), digest)

    def _part(self, file: FileAt, kind: Kind) -> Part:
        if kind == "parquet":
            return scan_parquet(file)
        if kind == "jsonl":
            return scan_jsonl(file)
        return scan_csv(file, self._config.format, _numbers(self._config))

    def _check_kind(self, kind: Kind) -> None:
        stray = sorted(self._config.format.model_fields_set - {"kind"})
        if kind != "csv" and stray:
            raise ConfigError(
                f"format.{stray[0]} belongs to CSV, but {shown(masked(self._config.source))} is {kind}; leave it out"
            )


def _numbers(config: Table) -> frozenset[str]:
    """Give the columns that the checks read as well from numbers as from text: those of events, which are many."""
    time = config.time.column if config.time is not None and config.time.unit is not None else None
    wanted = {config.user, config.item, config.value, time} if config.role == EVENTS else set()
    return frozenset(column for column in wanted if column is not None)


def _together(parts: list[Part], place: Place) -> pl.LazyFrame:
    """Put files below one another: columns by name, and a column that only some files have is an error.

    Only in JSON lines, where a missing key means a missing value, may files differ in their columns.
    """
    first = parts[0]
    for part in parts[1:] if place.kind != "jsonl" else []:
        differing = sorted(set(part.columns) ^ set(first.columns))
        if differing:
            has, lacks = (part, first) if differing[0] in part.columns else (first, part)
            raise FormatError(
                f"{shown(has.name)} has a column {shown(differing[0])} and {shown(lacks.name)} does not; "
                "expected the same columns in all files of a table"
            )
    frames = [part.frame.with_columns(pl.lit(part.name).alias(FILE)) for part in parts]
    if place.kind == "csv":
        frames = _as_written(frames, first.columns)
    together = pl.concat(frames, how="diagonal_relaxed")
    try:
        together.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise FormatError(
            f"the files from {shown(first.name)} to {shown(parts[-1].name)} have columns of types that do not go "
            f"together: {shown(error)}; expected the same types in all files of a table"
        ) from error
    return together


def _as_written(frames: list[pl.LazyFrame], columns: tuple[str, ...]) -> list[pl.LazyFrame]:
    """Give a column that is numbers in one file and text, or other numbers, in another as text in all."""
    schemas = [frame.collect_schema() for frame in frames]
    mixed = [column for column in columns if len({schema[column] for schema in schemas}) > 1]
    return [frame.with_columns(pl.col(mixed).cast(pl.String)) for frame in frames] if mixed else frames
