"""Small files that a config names, such as reviewed merges of tags: what they say is put in place of their names."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coterie.errors import ConfigError

Part = Mapping[str, Any]


def with_each(raw: Part, section: str, change: Callable[[str, Part], Part]) -> Part:
    """Give a raw config whose every part of a section is changed; what is no table stays, for the models to refuse.

    Args:
        raw: the config as it is parsed. section: such as "features".
        change: from a part's name and itself to a new part.
    """
    parts = raw.get(section)
    if not isinstance(parts, Mapping):
        return raw
    changed = {name: change(name, part) if isinstance(part, Mapping) else part for name, part in parts.items()}
    return {**raw, section: changed}


def read_text(path: Path, *, what: str, missing: str) -> str:
    """Give what stands in a file, in UTF-8 with or without a byte-order mark.

    Args:
        what: the file, for the message that it cannot be read. missing: the message that it is not there.

    Raises:
        ConfigError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(missing) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what} cannot be read: {error}") from error


def csv_rows(text: str, *, restval: str | None = None) -> csv.DictReader[str]:
    """Give the rows of a CSV text with a header; a quoted cell may hold the end of a line."""
    return csv.DictReader(io.StringIO(text, newline=""), restval=restval)
