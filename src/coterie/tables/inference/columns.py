"""What the values of one column look like: numbers, times, flags, text to split; how many differ.

Looks at the first rows of a file only. Nothing here knows what other columns hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

import polars as pl

from coterie.tables.inference import names

ColumnKind = Literal["flag", "integer", "number", "time", "text", "list", "other", "empty"]
_MOST_NUMBERS: Final = 60  # more different numbers than any scale has, slips included
_SLIP_SHARE: Final = 0.002
_NUMERIC_SHARE: Final = 0.98  # the rest is for the checks to reject
_SPLIT_SHARE: Final = 0.2
# Seconds from 1990 to 2040; milliseconds and microseconds are as many times larger.
_UNIX_S: Final = (631_152_000, 2_208_988_800)
_UNITS: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}
_ISO: Final = r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?([Zz]|[+-]\d{2}(:?\d{2})?))?)?$"
_DATES: Final = ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y", "%Y%m%d")
_CLOCKS: Final = ("", " %H:%M:%S", " %H:%M")
_URL: Final = r"^(?i:https?://|www\.)"
_US_ZIP: Final = r"^\d{5}(-\d{4})?$"
# A separator of tags, and the share of differing parts above which it rather belongs to prose.
_SPLITS: Final = {"|": 1.0, ";": 0.6, ",": 0.4}


@dataclass(frozen=True, slots=True)
class TimeLook:
    """How times are written: numbers in a unit since 1970, text in a format, or ISO (neither).

    Args:
        also: another format that fits just as well, or "".
    """

    unit: str | None = None
    format: str | None = None
    also: str = ""


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """One column of the first rows.

    Args:
        name: its name, given or made up. place: 1-based position.
        kind: what most of its values are; "list" of texts, "other" for what no table can use.
        n_rows: rows looked at. n_values: those with a value.
        distinct: its different values as text.
        low, high: of its numbers; 0 where it has none.
        is_whole: all its numbers are whole.
        grades: its numbers, where there are few, but for those that only one row in 500 has: a slip of the keyboard is
            no part of a scale.
        is_boolean: true and false, which are neither numbers nor ids.
        time: how it would be read as times, or None.
        split: the separator that cuts it into tags, or "".
        us_zip_share: share of values like US zip codes.
        is_url: most values are web addresses. mean_length: characters a value.
    """

    name: str
    place: int
    kind: ColumnKind
    n_rows: int
    n_values: int
    distinct: frozenset[str]
    low: float = 0.0
    high: float = 0.0
    is_whole: bool = False
    grades: tuple[float, ...] = ()
    is_boolean: bool = False
    time: TimeLook | None = None
    split: str = ""
    us_zip_share: float = 0.0
    is_url: bool = False
    mean_length: float = 0.0

    @property
    def n_distinct(self) -> int:
        """How many different values there are."""
        return len(self.distinct)

    @property
    def is_unique(self) -> bool:
        """Every row has a value of its own."""
        return self.n_rows > 1 and self.n_distinct == self.n_values == self.n_rows

    @property
    def is_numeric(self) -> bool:
        """Its values are numbers."""
        return self.kind in {"flag", "integer", "number"} and not self.is_boolean

    @property
    def can_be_key(self) -> bool:
        """Its values could name users or items."""
        return self.kind in {"integer", "text", "flag"} and not self.split and not self.is_boolean


def look_at_column(name: str, place: int, values: pl.Series) -> ColumnLook:
    """Look at the values of one column.

    Args:
        name: its name. place: 1-based. values: of any type; text of a CSV file is looked through for what it means.
    """
    n_rows = len(values)
    if values.dtype.is_nested() or values.dtype in {pl.Binary, pl.Object, pl.Time, pl.Duration}:
        kind: ColumnKind = "list" if values.dtype == pl.List(pl.String) else "other"
        return ColumnLook(name, place, kind, n_rows, n_rows - values.null_count(), frozenset())
    text = _as_text(values).drop_nulls()
    distinct = frozenset(text.unique().to_list())
    if not distinct:
        return ColumnLook(name, place, "empty", n_rows, 0, distinct)
    if values.dtype.is_temporal():
        return ColumnLook(name, place, "time", n_rows, len(text), distinct, time=TimeLook())
    numbers = text.cast(pl.Float64, strict=False).drop_nulls()
    numbers = numbers.filter(numbers.is_finite())
    if len(numbers) >= _NUMERIC_SHARE * len(text):
        look = _numeric(name, place, n_rows, text, numbers)
        if values.dtype == pl.Boolean:
            return replace(look, kind="flag", is_boolean=True)
        return look if look.time or values.dtype != pl.String else replace(look, time=_dates_in_digits(text))
    return _textual(name, place, n_rows, text, distinct)


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype.is_float() and (whole := values.drop_nulls()).is_finite().all() and (whole == whole.floor()).all():
        values = values.cast(pl.Int64, strict=False)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    if values.dtype == pl.Boolean:
        values = values.cast(pl.Int8)
    text = values.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def _numeric(name: str, place: int, n_rows: int, text: pl.Series, numbers: pl.Series) -> ColumnLook:
    distinct = frozenset(text.unique().to_list())
    low, high = _number(numbers.min()), _number(numbers.max())
    is_whole = bool((numbers == numbers.floor()).all())
    kind: ColumnKind = "flag" if distinct == {"0", "1"} else "integer" if is_whole else "number"
    return ColumnLook(
        name,
        place,
        kind,
        n_rows,
        len(text),
        distinct,
        low,
        high,
        is_whole,
        _grades(numbers),
        time=_unix(low, high) if is_whole else None,
        us_zip_share=_share(text.str.contains(_US_ZIP)),
        mean_length=_mean(text.str.len_chars()),
    )


def _grades(numbers: pl.Series) -> tuple[float, ...]:
    counts = numbers.alias("number").value_counts(name="n")  # the column may be called "n" itself
    if counts.height > _MOST_NUMBERS:
        return ()
    shared = counts.filter(pl.col("n") >= _SLIP_SHARE * len(numbers))
    return tuple(sorted(shared["number"].to_list()))


def _textual(name: str, place: int, n_rows: int, text: pl.Series, distinct: frozenset[str]) -> ColumnLook:
    time = _written_time(text)
    return ColumnLook(
        name,
        place,
        "time" if time else "text",
        n_rows,
        len(text),
        distinct,
        time=time,
        split="" if time else _split(name, text),
        us_zip_share=_share(text.str.contains(_US_ZIP)),
        is_url=_share(text.str.contains(_URL)) > 0.5,
        mean_length=_mean(text.str.len_chars()),
    )


def _unix(low: float, high: float) -> TimeLook | None:
    for unit, times in _UNITS.items():
        if _UNIX_S[0] * times <= low and high <= _UNIX_S[1] * times:
            return TimeLook(unit=unit)
    return None


def _dates_in_digits(text: pl.Series) -> TimeLook | None:
    if not text.str.contains(r"^(19|20)\d{6}$").all():
        return None
    return TimeLook(format="%Y%m%d") if text.str.to_date("%Y%m%d", strict=False).is_not_null().all() else None


def _written_time(text: pl.Series) -> TimeLook | None:
    if _share(text.str.contains(_ISO)) >= _NUMERIC_SHARE:
        return TimeLook()
    fitting = [date + clock for date in _DATES for clock in _CLOCKS if _fits(text, date + clock)]
    return TimeLook(format=fitting[0], also=fitting[1] if len(fitting) > 1 else "") if fitting else None


def _fits(text: pl.Series, pattern: str) -> bool:
    shape = re.sub(r"%([a-zA-Z])", lambda match: _width(match.group(1)), pattern.replace(".", r"\."))
    if _share(text.str.contains(f"^{shape}$")) < _NUMERIC_SHARE:
        return False
    read = text.str.to_datetime if "%H" in pattern else text.str.to_date
    return _share(read(pattern, strict=False).is_not_null()) >= _NUMERIC_SHARE


def _width(directive: str) -> str:
    return {"Y": r"\d{4}", "b": "[A-Za-z]{3}"}.get(directive, r"\d{2}")


def _split(name: str, text: pl.Series) -> str:
    is_hinted = bool(names.words(name) & names.TAGS)
    for separator, most_differing in _SPLITS.items():
        has = text.str.contains(separator, literal=True)
        if _share(has) < (0.05 if is_hinted else _SPLIT_SHARE):
            continue
        parts = text.str.split(separator).explode().str.strip_chars()
        is_short = _mean(parts.str.len_chars()) <= 30
        if is_short and (is_hinted or parts.n_unique() <= most_differing * len(parts)):
            return separator
    return ""


def _share(mask: pl.Series) -> float:
    return _number(mask.mean())


def _mean(numbers: pl.Series) -> float:
    return _number(numbers.mean())


def _number(value: object) -> float:
    """Give one of Polars' wide-typed aggregates as what it is here; 0 of no rows."""
    return float(value) if isinstance(value, int | float) else 0.0
