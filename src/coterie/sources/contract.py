"""The contract of a source: a place and a format in, a lazy frame out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import narwhals.stable.v2 as nw

from coterie.config import Table


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as its source has it.

    Args:
        frame: the source's own columns; where the format has no types in text, or as numbers where each, written
            again, gives the text that stands there. Where the format has line numbers there
            is a column ``_row`` (1-based line of data), where the source is many files a column ``_file``.
        location: where it came from, with secrets masked.
        fingerprint: changes whenever the content does; equal content gives an equal one.
    """

    frame: nw.LazyFrame[Any]
    location: str
    fingerprint: str


class Source(Protocol):
    """A place that rows come from.

    A source is made from the table's config and the folder that relative paths stand in. ``scan`` reads as little as
    it can (header and types); rows are read when the frame is collected.
    """

    @classmethod
    def accepts(cls, location: str) -> bool:
        """Say whether this source reads such a location (a path, a glob, a URL with its scheme)."""

    def __init__(self, config: Table, folder: Path) -> None: ...

    def scan(self) -> RawTable:
        """Give the lazy table.

        Raises:
            SourceError: it cannot be reached or read.
            FormatError: it can be read, but not as the config says.
        """
