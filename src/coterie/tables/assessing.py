"""A source's rows beside their canonical cells and the first rule that each row breaks.

The assessed frame keeps the source's own columns as they are, so that a rejected row can be shown as it came. Canonical
columns stand beside them under names of their own, since a source may call its columns what it likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
from narwhals.stable.v2.dtypes import DType

from coterie.engines import local
from coterie.errors import DataError
from coterie.sources.contract import RawTable
from coterie.tables.cells import Cell, staged
from coterie.tables.types import CheckedTable, RuleCount
from coterie.terms import COLUMN, FILE, REASON, ROW

_PREFIX: Final = "__coterie_"
_OWN: Final = frozenset({COLUMN, REASON})


@dataclass(frozen=True, slots=True)
class Checked:
    """A table after its checks.

    Args:
        table: what is good of it, at hand.
        rejects: the source's columns as they were, ``_column`` and ``_reason``; one row a rejected or superseded row
            and one a blanked cell.
        counts: what each rule did. read: the source's rows.
    """

    table: CheckedTable
    rejects: nw.LazyFrame[Any]
    counts: tuple[RuleCount, ...]
    read: int


def beside(canonical: str) -> str:
    """Give the name under which a canonical column stands beside the source's own."""
    return f"{_PREFIX}{canonical}"


def fault_of(canonical: str) -> str:
    """Give the name of the column that holds the fault of a canonical cell."""
    return f"{_PREFIX}fault_{canonical}"


def refuse_own_names(name: str, raw: RawTable) -> None:
    """Make sure that a source does not use the names of columns that a check adds.

    Raises:
        DataError: it does.
    """
    for column in raw.frame.collect_schema().names():
        if column in _OWN or column.startswith(_PREFIX):
            raise DataError(
                f"table '{name}': the source has a column '{column}', a name that checks write themselves; rename it"
            )


def refuse_empty(name: str, raw: RawTable, read: int) -> None:
    """Make sure that there is a row.

    Raises:
        DataError: there is none.
    """
    if not read:
        raise DataError(f"table '{name}' at '{raw.location}' has no rows; expected at least one; look into the source")


def assess(
    raw: nw.LazyFrame[Any], cells: Mapping[str, Cell], deciding: Sequence[str], more: Sequence[nw.Expr] = ()
) -> nw.LazyFrame[Any]:
    """Add canonical cells, their faults, and the first fault that decides on the row.

    Args:
        raw: the source's rows.
        cells: by canonical name.
        deciding: canonical names whose fault rejects the row, in the order in which they are looked at.
        more: other columns to add.
    """
    frame = staged(raw, cells.values()).with_columns(
        *(cell.value.alias(beside(name)) for name, cell in cells.items()),
        *(cell.fault.alias(fault_of(name)) for name, cell in cells.items()),
        *more,
    )
    faults = [(fault_of(name), cells[name].column) for name in deciding]
    return frame.with_columns(
        nw.coalesce(*(nw.col(fault) for fault, _ in faults)).alias(REASON),
        nw.coalesce(*(nw.when(~nw.col(fault).is_null()).then(nw.lit(column)) for fault, column in faults)).alias(
            COLUMN
        ),
    )


def good_rows(assessed: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Give the rows that no rule rejects."""
    return assessed.filter(nw.col(REASON).is_null())


def bad_rows(assessed: nw.LazyFrame[Any], originals: Sequence[str]) -> nw.LazyFrame[Any]:
    """Give the rejected rows as they came, with column and reason."""
    return assessed.filter(~nw.col(REASON).is_null()).select(*originals, COLUMN, REASON)


def because(rows: nw.LazyFrame[Any], originals: Sequence[str], rule: str, column: str = "") -> nw.LazyFrame[Any]:
    """Give rows as they came, all with one reason."""
    return rows.select(*originals, nw.lit(column).alias(COLUMN), nw.lit(rule).alias(REASON))


def canonical(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Give canonical columns under their own names."""
    return frame.select(*(nw.col(beside(name)).alias(name) for name in names))


def sortable(schema: Mapping[str, DType], columns: Sequence[str]) -> list[str]:
    """Give the columns by which rows can be ordered on every backend, the line number first, in a fixed order."""
    plain = [name for name in columns if not schema[name].is_nested() and schema[name] != nw.Object]
    return sorted(plain, key=lambda name: (name not in {ROW, FILE}, name))


def contested(
    assessed: nw.LazyFrame[Any],
    keys: Sequence[str],
    order: Sequence[str],
    won: str,
    among: nw.LazyFrame[Any] | None = None,
) -> nw.LazyFrame[Any]:
    """Give the good rows whose key is not theirs alone, and whether they win it.

    Args:
        assessed: rows with canonical columns beside the source's own.
        keys: columns that are to be unique.
        order: columns; the row that is last by them wins, whatever the order of rows is.
        won: name of the added column.
        among: the keys that are shared, where they are known, as rows at hand.
    """
    good = good_rows(assessed)
    if among is None:
        shared = good.group_by(*keys).agg(nw.len().alias(f"{_PREFIX}rows")).filter(nw.col(f"{_PREFIX}rows") > 1)
        rows = good.join(shared.select(*keys), on=list(keys), how="semi")
    else:
        rows = local.here(good).join(among, on=list(keys), how="semi")
    return rows.with_columns(nw.col(keys[0]).is_last_distinct().over(*keys, order_by=list(order)).alias(won))


def has_duplicates(frame: nw.LazyFrame[Any], keys: Sequence[str]) -> bool:
    """Say whether rows at hand share a key."""
    repeated = frame.group_by(*keys).agg(rows=nw.len()).filter(nw.col("rows") > 1).select(n=nw.len())
    return bool(local.collect(repeated).item())


def stacked(frames: Sequence[nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    """Give the rows of several frames of one schema, at hand."""
    return local.lazy(local.collect(nw.concat(list(frames), how="vertical")))
