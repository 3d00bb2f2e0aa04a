"""Cells that hold all traits of a user, taken apart: ``{'1': 2.0, '2': 4.5}`` in, one row a trait and value out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from coterie.terms import ITEM, VALUE

# One pair of a cell that tables/cells.py found to be good: its name in single quotes, in double quotes or bare.
_PAIR: Final = r"""(?:'([^']*)'|"([^"]*)"|([0-9]+))[ \t\n\r]*:[ \t\n\r]*([-+.0-9eE]+|[A-Za-z]+)"""
_NUMBER: Final = r"[0-9]"
_WRITTEN: Final = "_written"  # text, one pair as it stands in its cell


def taken_apart(rows: pl.DataFrame, key: str, column: str) -> pl.DataFrame:
    """Give one row a trait of each cell: key, trait (``item_id``) and value; those without a number are left out."""
    pairs = rows.select(key, pl.col(column).str.extract_all(_PAIR).alias(_WRITTEN)).explode(_WRITTEN)
    return pairs.join(_read(pairs[_WRITTEN].drop_nulls().unique()), on=_WRITTEN, how="inner").drop(_WRITTEN)


def _read(pairs: pl.Series) -> pl.DataFrame:
    """Read different pairs, of which a quiz has few: as written, trait, value, once each; without unknown values."""
    names = pl.coalesce(pl.col(_WRITTEN).str.extract(_PAIR, group) for group in (1, 2, 3)).str.strip_chars()
    written = pl.col(_WRITTEN).str.extract(_PAIR, 4)
    numbers = pl.when(written.str.contains(_NUMBER)).then(written).cast(pl.Float64)
    return (
        pairs.to_frame(_WRITTEN).with_columns(names.alias(ITEM), numbers.alias(VALUE)).filter(pl.col(VALUE).is_finite())
    )


def sorted_naturally(names: Sequence[str]) -> tuple[str, ...]:
    """Sort names so that "2" comes before "10"."""

    def parts(name: str) -> list[tuple[int, int, str]]:
        found = re.split(r"([0-9]+)", name)
        return [(1, int(part), part) if part.isdigit() and part.isascii() else (0, 0, part) for part in found]

    return tuple(sorted(names, key=parts))


def trait_label(attribute: str, trait: str) -> str:
    """Name a trait for people: one that is called by a number is told by its attribute too."""
    return f"{attribute} {trait}" if trait.isdecimal() else trait
