"""One file of a source as a lazy frame with its fingerprint: what the readers of each kind give back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import polars as pl

from coterie.errors import FormatError, shown
from coterie.terms import COLUMN, FILE, REASON, ROW

RESERVED = (ROW, FILE, REASON, COLUMN)


@dataclass(frozen=True, slots=True)
class Part:
    """One file.

    Args:
        frame: its rows; a column ``_row`` where the kind has lines.
        columns: its own columns, in order, without ``_row``.
        digest: the fingerprint of its contents.
        name: how messages call it.
    """

    frame: pl.LazyFrame
    columns: tuple[str, ...]
    digest: str
    name: str


def check_names(columns: tuple[str, ...], name: str) -> None:
    """Refuse names that stand twice, and names that Coterie adds itself.

    Raises:
        FormatError: names the column.
    """
    twice = sorted(column for column, count in Counter(columns).items() if count > 1)
    if twice:
        listed = ", ".join(shown(column) for column in twice[:3])
        raise FormatError(
            f"{shown(name)} has columns of the same name: {listed}; rename one, or set format.columns to other names"
        )
    for column in columns:
        if column in RESERVED:
            raise FormatError(f"{shown(name)} has a column {shown(column)}, a name that Coterie adds itself; rename it")


def numbered(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Give the row numbers the type that ``coterie.terms`` says."""
    return frame.with_columns(pl.col(ROW).cast(pl.Int64))
