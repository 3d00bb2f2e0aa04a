"""Cells as they are written to cells as they are computed with: one expression for the value, one for the fault.

Casts are strict on every backend: one bad cell would end the whole plan. So a cell is matched against a pattern first,
and what does not match is null before it is cast. A fault is the rule's name, or null where the cell is good. Patterns
name ASCII digits, since ``\\d`` means other things to other backends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final

import narwhals.stable.v2 as nw
from narwhals.stable.v2.dtypes import DType

from coterie.errors import ConfigError, nearest, shown
from coterie.tables import rules

# What may stand around a cell: ASCII white space, the no-break space and the byte-order mark.
BLANKS: Final = " \t\n\r\x0b\x0c\u00a0\ufeff"
_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_NOT_FINITE: Final = r"^(?i:[+-]?(nan|inf|infinity))$"
_NEGATIVE: Final = r"^-0*[1-9][0-9]*(\.0*)?$"
# A flat dictionary as Python or JSON writes it: text or whole numbers to numbers or nothing; no escapes.
_NAME: Final = r"""('[^'\\]*'|"[^"\\]*"|[0-9]+)"""
_SCORE: Final = r"([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|None|null|NaN|nan)"
_GAP: Final = r"[ \t\n\r]*"
_TRAIT: Final = f"{_NAME}{_GAP}:{_GAP}{_SCORE}{_GAP}"
_TRAITS: Final = rf"^\{{{_GAP}({_TRAIT}(,{_GAP}{_TRAIT})*(,{_GAP})?)?\}}$"
_LARGEST_EXACT: Final = 2.0**53  # beyond it neighbouring integers are one float64


@dataclass(frozen=True, slots=True)
class Cell:
    """A column on its way from the source to the canonical table.

    Args:
        column: the source's column.
        value: the canonical value; null where there is none or where the cell is at fault.
        fault: the rule that the cell breaks, as text; null where it breaks none.
        stages: columns to add beforehand, one stage after the other, each built on those before it. An expression holds
            no names for its parts, so without stages one that uses a part twice would double with every step.
        key: of an id that the source has as a whole number: that number, whose text ``value`` is.
    """

    column: str
    value: nw.Expr
    fault: nw.Expr
    stages: tuple[Mapping[str, nw.Expr], ...] = ()
    key: nw.Expr | None = None


def staged(frame: nw.LazyFrame[Any], cells: Iterable[Cell]) -> nw.LazyFrame[Any]:
    """Add the columns that cells are built on."""
    for stage in zip_longest(*(cell.stages for cell in cells), fillvalue=MappingProxyType({})):
        frame = frame.with_columns(**{name: part for parts in stage for name, part in parts.items()})
    return frame


def rule_where(*cases: tuple[nw.Expr, str]) -> nw.Expr:
    """Give the rule of the first case that holds, else null."""
    return nw.coalesce(*(nw.when(case).then(nw.lit(rule)) for case, rule in cases), nw.lit(None).cast(nw.String))


def text(column: str, dtype: DType) -> nw.Expr:
    """Give a cell as text without what stands around it; blank is null.

    Whole numbers are written as such, floats too where they are whole (a column of integers with gaps is often stored
    as floats); text stays as it is written.

    Raises:
        ConfigError: the column holds lists or records.
    """
    if dtype.is_nested():
        raise ConfigError(f"the column '{column}' holds {_named(dtype)}; expected text, numbers, dates or true/false")
    cell = nw.col(column)
    if dtype.is_float() or dtype.is_decimal():
        cell = cell.cast(nw.Float64)
        whole = _is_whole(cell)
        integer = nw.when(whole).then(cell).otherwise(None).cast(nw.Int64).cast(nw.String)
        return nw.when(whole).then(integer).when(~cell.is_nan()).then(cell.cast(nw.String))
    trimmed = cell.cast(nw.String).str.strip_chars(BLANKS)
    return nw.when(trimmed != nw.lit("")).then(trimmed)


def identifier(column: str, dtype: DType) -> Cell:
    """Give a key: text, null where it is blank.

    Integers below zero are at fault: -1 is how many systems write "nobody". So are fractions and floats too large to
    tell neighbours apart.

    Raises:
        ConfigError: the column cannot hold ids.
    """
    known = dtype.is_numeric() or dtype in {nw.String, nw.Categorical, nw.Unknown} or isinstance(dtype, nw.Enum)
    if not known:
        raise ConfigError(f"the column '{column}' holds {_named(dtype)}; expected ids, as text or whole numbers")
    if dtype.is_integer():
        cell = nw.col(column)
        fault = rule_where((cell.is_null(), rules.NULL_KEY), (cell < 0, rules.NEGATIVE_ID))
        return Cell(column, cell.cast(nw.String), fault, key=cell)
    value = text(column, dtype)
    cases = [(value.is_null(), rules.NULL_KEY)]
    if dtype.is_float() or dtype.is_decimal():
        cases.append((~_is_whole(nw.col(column).cast(nw.Float64)), rules.NOT_AN_ID))
    cases.append((value.str.contains(_NEGATIVE), rules.NEGATIVE_ID))
    return Cell(column, value, rule_where(*cases))


def number(column: str, dtype: DType, *, limits: tuple[float, float] | None = None) -> Cell:
    """Give a float64, null where the cell is blank.

    Args:
        column: the source's column. dtype: its type.
        limits: lowest and highest good value.

    Raises:
        ConfigError: the column holds neither text nor numbers.
    """
    value, cases = _plain_number(column, dtype)
    if limits is not None:
        cases.append(((value < limits[0]) | (value > limits[1]), rules.OUT_OF_RANGE))
    fault = rule_where(*cases)
    return Cell(column, nw.when(fault.is_null()).then(value), fault)


def flag(column: str, dtype: DType) -> Cell:
    """Give whether a one-hot cell is set: 1 or true; 0, false and blank are not.

    Raises:
        ConfigError: the column holds none of numbers, true/false and text.
    """
    if dtype.is_numeric():
        written = number(column, dtype).value
        is_set, is_unset = written == 1, written == 0
        blank = nw.col(column).is_null()
    else:
        written = text(column, dtype).str.to_lowercase()
        is_set, is_unset = written.is_in(["1", "1.0", "true"]), written.is_in(["0", "0.0", "false"])
        blank = written.is_null()
    good = blank | nw.coalesce(is_set | is_unset, nw.lit(False))
    return Cell(column, nw.coalesce(is_set, nw.lit(False)), rule_where((~good, rules.NOT_A_FLAG)))


def traits(column: str, dtype: DType) -> Cell:
    """Give a flat dictionary from names to numbers as it is written, such as ``{'1': 2.0, '2': 4.5}``; blank is null.

    It is matched, never evaluated. Anything else is at fault: nested values, text for numbers, escapes in names.

    Raises:
        ConfigError: the column holds no text.
    """
    if dtype not in {nw.String, nw.Categorical, nw.Unknown} and not isinstance(dtype, nw.Enum):
        raise ConfigError(f"the column '{column}' holds {_named(dtype)}; expected text such as {{'1': 2.0, '2': 4.5}}")
    written = text(column, dtype)
    fault = rule_where((~written.str.contains(_TRAITS), rules.NOT_TRAITS))
    return Cell(column, nw.when(fault.is_null()).then(written), fault)


def required(cell: Cell) -> Cell:
    """Give a cell whose blank is a fault."""
    blank = cell.value.is_null() & cell.fault.is_null()
    fault = nw.coalesce(cell.fault, rule_where((blank, rules.MISSING)))
    return Cell(cell.column, cell.value, fault, cell.stages)


def check_columns(where: str, got: Sequence[str], wanted: Sequence[tuple[str, str]]) -> None:
    """Make sure that a source has the columns that the config names.

    Args:
        where: the table in the config, "tables.ratings".
        got: the source's columns.
        wanted: (key in the config, column) pairs.

    Raises:
        ConfigError: names the key and the nearest column.
    """
    for key, column in wanted:
        if column not in got:
            raise ConfigError(
                f"'{where}.{key}' names the column {shown(column)}, which is not there{nearest(column, got)}"
            )


def _plain_number(column: str, dtype: DType) -> tuple[nw.Expr, list[tuple[nw.Expr, str]]]:
    if dtype.is_numeric():
        value = nw.col(column).cast(nw.Float64)
        return value, [(~value.is_finite(), rules.NOT_FINITE)]
    if dtype not in {nw.String, nw.Categorical, nw.Unknown} and not isinstance(dtype, nw.Enum):
        raise ConfigError(f"the column '{column}' holds {_named(dtype)}; expected numbers")
    written = text(column, dtype)
    is_number = written.str.contains(_NUMBER)
    value = nw.when(is_number).then(written).otherwise(None).cast(nw.Float64)
    return value, [
        (written.str.contains(_NOT_FINITE), rules.NOT_FINITE),
        (~is_number, rules.NOT_A_NUMBER),
        (~value.is_finite(), rules.NOT_FINITE),  # 1e999
    ]


def _is_whole(value: nw.Expr) -> nw.Expr:
    return value.is_finite() & (value.floor() == value) & (value.abs() <= _LARGEST_EXACT)


def _named(dtype: DType) -> str:
    return str(dtype).lower()
