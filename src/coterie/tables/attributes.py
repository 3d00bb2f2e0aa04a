"""Attributes: columns that describe users, items or single events, each of a declared kind.

An attribute that cannot be read, or lies outside its range, never costs its row: the cell becomes null, is counted
under the rule's name with ", cell blanked", and stands in the rejects with its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import narwhals.stable.v2 as nw
from narwhals.stable.v2.dtypes import DType

from coterie.config import Table
from coterie.errors import ConfigError, shown
from coterie.tables import rules
from coterie.tables.cells import Cell, number, text, traits
from coterie.terms import (
    COLUMN,
    EVENTS,
    FILE,
    ITEM,
    REASON,
    ROW,
    STATE,
    TAG,
    TIME,
    TITLE,
    USER,
    VALUE,
    AttributeKind,
)

_OF_ENTITIES: Final = frozenset({USER, ITEM, TITLE, TAG, ROW, FILE})
_OF_EVENTS: Final = frozenset({USER, ITEM, VALUE, TIME, ROW, FILE})


def attribute_kinds(name: str, table: Table) -> Mapping[str, AttributeKind]:
    """Give the kind of each attribute that a table has once it is checked, ``state`` among them.

    Raises:
        ConfigError: two attributes, or an attribute and a canonical column, would have one name.
    """
    zips = [column for column, kind in table.attributes.items() if kind == "us_zip"]
    for column in table.attributes:
        if column in (_OF_EVENTS if table.role == EVENTS else _OF_ENTITIES):
            raise ConfigError(
                f"'tables.{name}.attributes' names '{column}', which is a name of coterie's own; "
                "rename the column or leave it out"
            )
    if zips and (STATE in table.attributes or len(zips) > 1):
        other = STATE if STATE in table.attributes else zips[1]
        raise ConfigError(
            f"'tables.{name}.attributes' has a us_zip, '{zips[0]}', from which '{STATE}' is derived, and also "
            f"{shown(other)}, which would take the same name; leave one out or make the zip a category"
        )
    return {**table.attributes, STATE: "category"} if zips else dict(table.attributes)


def attribute_cells(table: Table, schema: Mapping[str, DType]) -> dict[str, Cell]:
    """Give the cell of each attribute.

    Raises:
        ConfigError: a column's type does not fit its kind.
    """
    return {
        column: _attribute(column, kind, schema[column], table.ranges.get(column))
        for column, kind in table.attributes.items()
    }


def text_cell(column: str, dtype: DType) -> Cell:
    """Give a cell of text, which has no fault."""
    return Cell(column, text(column, dtype), nw.lit(None).cast(nw.String))


def blanked_rows(
    good: nw.LazyFrame[Any], faults: Iterable[tuple[str, str]], originals: Sequence[str]
) -> list[nw.LazyFrame[Any]]:
    """Give for each column the rows that stay with its cell blanked, as they came, with column and reason.

    Args:
        good: assessed rows that no rule rejects. faults: (source's column, column of its fault).
        originals: the source's columns.
    """
    return [
        good.filter(~nw.col(fault).is_null()).select(
            *originals,
            nw.lit(column).alias(COLUMN),
            nw.concat_str([nw.col(fault), nw.lit(rules.BLANKED)]).alias(REASON),
        )
        for column, fault in faults
    ]


def _attribute(column: str, kind: AttributeKind, dtype: DType, limits: tuple[float, float] | None) -> Cell:
    if kind == "number":
        return number(column, dtype, limits=limits)
    if kind == "traits":
        return traits(column, dtype)
    cell = text_cell(column, dtype)
    if kind == "us_zip" and dtype.is_numeric():  # 02138, stored as 2138
        return Cell(column, cell.value.str.zfill(5), cell.fault)
    return cell
