"""What the ends of scales are called: a small table of pairs of opposites in, one mapping from column to pair out.

Ratings between "playful" and "serious" are numbers, but "higher BAP1" says nothing to anybody. A table of scales that
comes with such data is named in the config, ``poles = { file = "scales.csv", columns = ["scale", "left", "right"] }``,
and what it says stands in the config in place of its name, so that the cache and the manifest know how things were
called.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from coterie.errors import ConfigError, nearest, shown
from coterie.named_files import Part, csv_rows, read_text, with_each

KEY: Final = "poles"
EXPECTED: Final = '{ file = "scales.csv", columns = [scale, low, high] }'


def with_poles(raw: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Put what a file of scales says in place of its name, in every table of a raw config.

    Args:
        raw: the config as it is parsed. folder: what the files stand relative to.

    Raises:
        ConfigError: a file cannot be read, or does not have the columns.
    """

    def filled(name: str, table: Part) -> Part:
        if not _names_file(table.get(KEY)):
            return table
        return {**table, KEY: read_poles(table[KEY], table.get("attributes"), folder, f"tables.{name}.{KEY}")}

    return with_each(raw, "tables", filled)


def _names_file(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("file"), str)


def read_poles(asked: Mapping[str, Any], attributes: Any, folder: Path, where: str) -> dict[str, list[str]]:
    """Give [low, high] by column, for those of a file's scales that are attributes of the table.

    Raises:
        ConfigError: the file cannot be read or lacks a column, a scale stands twice, or an end has no name.
    """
    columns = asked.get("columns")
    if set(asked) != {"file", "columns"} or not isinstance(columns, list) or len(columns) != 3:
        raise ConfigError(f"'{where}' is {shown(dict(asked))}; expected {EXPECTED}")
    name = asked["file"]
    path = folder / name
    missing = f"there is no file {shown(path)}, which '{where}' names; correct the path"
    rows = csv_rows(read_text(path, what=f"{shown(path)}, which '{where}' names,", missing=missing))
    for column in columns:
        if column not in (rows.fieldnames or ()):
            known = nearest(str(column), rows.fieldnames or ())
            raise ConfigError(f"'{where}' names the column {shown(column)}, which is not in {shown(name)}{known}")
    known_columns = attributes if isinstance(attributes, Mapping) else {}
    found: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=2):
        scale, low, high = ((row[column] or "").strip() for column in columns)
        if not (scale and low and high):
            raise ConfigError(f"line {number} of {shown(name)} ('{where}') has an empty cell; name both ends")
        if scale in found:
            raise ConfigError(f"{shown(name)} ('{where}') has the scale {shown(scale)} twice; keep one")
        found[scale] = [low, high]
    return {scale: ends for scale, ends in found.items() if scale in known_columns}
