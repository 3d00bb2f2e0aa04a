"""The columns that a config names, against those that the source has."""

from __future__ import annotations

from collections.abc import Iterator

from coterie.config import Table
from coterie.errors import ConfigError, FormatError, nearest, shown
from coterie.sources.contract import RawTable
from coterie.sources.csv_files import separator_name
from coterie.sources.parts import RESERVED
from coterie.sources.sniffing import looks_like_separator
from coterie.terms import EVENTS, FILE, ROW


def named_columns(config: Table) -> Iterator[tuple[str, str]]:
    """Give (key, column) for every column of the source that the table's config names."""
    for key in ("user", "item", "value", "title"):
        column = getattr(config, key)
        if column is not None:
            yield key, column
    if config.time is not None:
        yield "time", config.time.column
    if config.tags is not None:
        for column in config.tags.columns or (config.tags.column,):
            yield "tags", str(column)
    for column in config.attributes:
        yield "attributes", column


def require_columns(raw: RawTable, config: Table, name: str) -> None:
    """See that the source has every column that the config names.

    Args:
        raw: the scanned table. config: its config. name: its name in the config.

    Raises:
        FormatError: a column is not there; offers the nearest, or the separator if the file was cut by a wrong one.
            Or row numbers are to be ids, and the source has none that tell its rows apart.
        ConfigError: row numbers are asked for where they cannot be ids.
    """
    names = raw.frame.collect_schema().names()
    columns = [column for column in names if column not in RESERVED]
    for key, column in named_columns(config):
        if column == ROW:
            _refuse_rows(raw, config, f"tables.{name}.{key}", names)
        if column in columns or column == ROW:
            continue
        separator = looks_like_separator(columns[0], config.format.separator or "") if len(columns) == 1 else None
        if separator is not None:
            raise FormatError(
                f"{shown(raw.location)} has a single column {shown(columns[0])}, but tables.{name}.{key} names "
                f"{shown(column)}; it looks like format.separator = {separator_name(separator)}"
            )
        raise FormatError(
            f"tables.{name}.{key} names {shown(column)}, which is not a column of {shown(raw.location)}"
            f"{nearest(column, columns)}"
        )


def _refuse_rows(raw: RawTable, config: Table, where: str, names: list[str]) -> None:
    """See that row numbers can be ids: of users or items, each of one row of one file that counts its lines."""
    if config.role == EVENTS or not where.endswith((".user", ".item")):
        raise ConfigError(
            f"'{where}' is '{ROW}', the number of the row, which can only be the id of a table of users or items; "
            "name a column of the source"
        )
    if FILE in names:
        raise FormatError(
            f"'{where}' is '{ROW}', but {shown(raw.location)} is many files, and each counts its own rows; "
            "put them into one file, or give them a column of ids"
        )
    if ROW not in names:
        raise FormatError(
            f"'{where}' is '{ROW}', but the rows of {shown(raw.location)} are not numbered; expected one file of CSV "
            "or JSON lines: write it as such, or give it a column of ids"
        )
