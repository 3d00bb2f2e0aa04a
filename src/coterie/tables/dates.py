"""Dates as they are written to seconds since 1970, by arithmetic alone.

Every backend reads dates by a dialect of its own, and ends the plan at the first one that it cannot read. So text is
matched against a pattern, cut at fixed places, and counted up; nothing depends on a backend, a locale or this machine's
time zone. A time without a zone is UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import narwhals.stable.v2 as nw
from narwhals.stable.v2.dtypes import DType

from coterie.config import Time
from coterie.errors import ConfigError, shown
from coterie.tables import rules
from coterie.tables.cells import Cell, number, rule_where, text

DAY_S: Final = 86_400.0
UNIT_S: Final[Mapping[str, float]] = {"s": 1.0, "ms": 1e3, "us": 1e6}
_ISO: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?( ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?))?)?$"
)
# Columns between the text and the seconds, under names that no source uses.
_WRITTEN, _GOOD, _CLOCK, _BARE, _OFFSET, _FRACTION, _AHEAD, _SECONDS, _FAULT = (
    f"__coterie_time_{name}"
    for name in ("written", "good", "clock", "bare", "offset", "fraction_text", "ahead_s", "s", "fault")
)
_FIELDS: Final[Mapping[str, str]] = {
    name: f"__coterie_time_{name}" for name in ("year", "month", "day", "hour", "minute", "second", "fraction")
}
_ZERO: Final = nw.lit(0).cast(nw.Int64)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class _Directive:
    """A strptime directive that always has the same width."""

    field: str
    width: int
    pattern: str


_DIRECTIVES: Final[Mapping[str, _Directive]] = {
    "Y": _Directive("year", 4, "[0-9]{4}"),
    "y": _Directive("short_year", 2, "[0-9]{2}"),
    "m": _Directive("month", 2, "[0-9]{2}"),
    "b": _Directive("month_name", 3, "[A-Za-z]{3}"),
    "d": _Directive("day", 2, "[0-9]{2}"),
    "H": _Directive("hour", 2, "[0-9]{2}"),
    "M": _Directive("minute", 2, "[0-9]{2}"),
    "S": _Directive("second", 2, "[0-9]{2}"),
    "f": _Directive("microsecond", 6, "[0-9]{6}"),
    "z": _Directive("offset", 5, "[+-][0-9]{4}"),
}


def time_cell(time: Time, dtype: DType, *, now_s: float) -> Cell:
    """Give an event's time as seconds since 1970-01-01 UTC.

    Args:
        time: the column and how it is written.
        dtype: the column's type: a date or timestamp, a number or text.
        now_s: the present, seconds since 1970; a time more than a day later is at fault (a wrong unit shows as that).

    Raises:
        ConfigError: the config's way of writing does not fit the type, or the format is not understood.
    """
    read = _read(time, dtype)
    stages = (*read.stages, {_SECONDS: read.value, _FAULT: read.fault})
    seconds = nw.col(_SECONDS)
    fault = nw.coalesce(nw.col(_FAULT), rule_where((seconds > now_s + DAY_S, rules.FUTURE_DATE)))
    return Cell(time.column, nw.when(seconds <= now_s + DAY_S).then(seconds), fault, stages)


def days_from_civil(year: nw.Expr, month: nw.Expr, day: nw.Expr) -> nw.Expr:
    """Count the days from 1970-01-01 to a date of the proleptic Gregorian calendar, years 1 to 9999.

    Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil: years begin in March, so that
    the leap day is a year's last. His eras of 400 years make division of negative years exact; no year is negative
    here.
    """
    late = month > 2
    year = year - nw.when(late).then(nw.lit(0)).otherwise(nw.lit(1))
    month_from_march = month + nw.when(late).then(nw.lit(-3)).otherwise(nw.lit(9))
    day_of_year = (153 * month_from_march + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719_468


def _read(time: Time, dtype: DType) -> Cell:
    """Read a time without asking whether it is in the future."""
    if dtype.is_temporal():
        return Cell(time.column, _typed(time, dtype), nw.lit(None).cast(nw.String))
    if time.unit is not None:
        cell = number(time.column, dtype)
        return Cell(time.column, cell.value / UNIT_S[time.unit], cell.fault)
    if dtype.is_numeric():
        raise ConfigError(
            f"the time column {shown(time.column)} holds numbers; say what they count: "
            f"time = {{ column = \"{time.column}\", unit = \"s\" }}, or 'ms' or 'us'"
        )
    written = {_WRITTEN: text(time.column, dtype)}
    fields = _iso() if time.format is None else _formatted(time.format)
    value, is_real = _count_up()
    no_date = rule_where((~nw.col(_WRITTEN).is_null() & ~is_real, rules.NOT_A_DATE))
    return Cell(time.column, nw.when(is_real).then(value), no_date, (written, *fields))


def _typed(time: Time, dtype: DType) -> nw.Expr:
    if time.unit is not None or time.format is not None:
        raise ConfigError(
            f"the time column {shown(time.column)} is a date already ({str(dtype).lower()}); "
            "leave out its 'unit' and 'format'"
        )
    column, epoch = nw.col(time.column), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        since = column - nw.lit(epoch.astimezone(ZoneInfo(dtype.time_zone)))
    elif dtype == nw.Date or isinstance(dtype, nw.Datetime):
        since = column.cast(nw.Datetime("us")) - nw.lit(epoch.replace(tzinfo=None))
    else:
        raise ConfigError(f"the time column {shown(time.column)} holds {str(dtype).lower()}; expected dates")
    return since.dt.total_microseconds().cast(nw.Float64) / UNIT_S["us"]


def _iso() -> list[Mapping[str, nw.Expr]]:
    """Cut ISO 8601 into fields, all of them zero where the text is none."""
    good = nw.when(nw.col(_WRITTEN).str.contains(_ISO)).then(nw.col(_WRITTEN))
    clock = nw.col(_CLOCK)
    bare = clock.str.replace_all(r" ?([Zz]|[+-].*)$", "")
    offset = clock.str.replace_all(r"^[^Zz+-]*", "").str.replace_all(r"[Zz:]", "")  # "+0200", "+02" or ""
    fraction = nw.col(_FRACTION)
    parts = {
        "year": nw.col(_GOOD).str.slice(0, 4),
        "month": nw.col(_GOOD).str.slice(5, 2),
        "day": nw.col(_GOOD).str.slice(8, 2),
        "hour": nw.col(_BARE).str.slice(1, 2),
        "minute": nw.col(_BARE).str.slice(4, 2),
        "second": nw.col(_BARE).str.slice(7, 2),
    }
    shrunk = _digits(fraction).cast(nw.Float64) / nw.lit(10.0) ** fraction.str.len_chars().cast(nw.Float64).fill_null(0)
    return [
        {_GOOD: good},
        {_CLOCK: nw.col(_GOOD).str.slice(10)},  # "T12:30:45.25+02:00", or what is there of it
        {_BARE: bare, _OFFSET: offset},
        {_FRACTION: nw.col(_BARE).str.slice(10)},
        {**{_FIELDS[name]: _digits(part) for name, part in parts.items()}, _FIELDS["fraction"]: shrunk, **_ahead()},
    ]


def _formatted(layout: str) -> list[Mapping[str, nw.Expr]]:
    """Cut text of a declared format into fields, all of them zero where it does not fit."""
    pattern, places = _read_layout(layout)
    cut = {name: nw.col(_GOOD).str.slice(start, width) for name, (start, width) in places.items()}
    fields = {name: _digits(cut[name]) if name in cut else _ZERO for name in _FIELDS}
    if "month_name" in cut:
        names, numbers = list(_MONTHS), list(range(1, 13))
        fields["month"] = cut["month_name"].str.to_lowercase().replace_strict(names, numbers, default=0).cast(nw.Int64)
    if "short_year" in cut:  # as POSIX has it: 69 to 99 are of the last century
        short = _digits(cut["short_year"])
        century = nw.when(short >= 69).then(nw.lit(1900)).otherwise(nw.lit(2000))
        fields["year"] = nw.when(~nw.col(_GOOD).is_null()).then(short + century).otherwise(_ZERO)
    fields["fraction"] = _digits(cut["microsecond"]).cast(nw.Float64) / 1e6 if "microsecond" in cut else nw.lit(0.0)
    return [
        {_GOOD: nw.when(nw.col(_WRITTEN).str.contains(pattern)).then(nw.col(_WRITTEN))},
        {_OFFSET: cut.get("offset", nw.lit(""))},
        {**{_FIELDS[name]: field for name, field in fields.items()}, **_ahead()},
    ]


def _read_layout(layout: str) -> tuple[str, Mapping[str, tuple[int, int]]]:
    """Turn a strptime format into a pattern and the (start, width) of each field."""
    pattern, start, places = "", 0, {}
    characters = iter(layout)
    for character in characters:
        code = next(characters, "") if character == "%" else None
        if code is None or code == "%":
            pattern, start = pattern + _literal(character), start + 1
        elif code in _DIRECTIVES and _DIRECTIVES[code].field not in places:
            directive = _DIRECTIVES[code]
            places[directive.field] = (start, directive.width)
            pattern, start = pattern + directive.pattern, start + directive.width
        else:
            fault = "stands twice" if code in _DIRECTIVES else "is not understood"
            raise ConfigError(f"in the time format {shown(layout)} '%{code}' {fault}; expected {_listed()}, each once")
    dates = [len(places.keys() & names) for names in ({"year", "short_year"}, {"month", "month_name"}, {"day"})]
    if dates != [1, 1, 1]:
        raise ConfigError(f"the time format {shown(layout)} needs one year (%Y or %y), one month (%m or %b) and %d")
    return f"^{pattern}$", places


def _listed() -> str:
    return ", ".join(f"%{code}" for code in _DIRECTIVES)


def _literal(character: str) -> str:
    return (
        character
        if character.isalnum() or character == " "
        else f"[{character}]"
        if character not in "[]^\\"
        else f"\\{character}"
    )


def _digits(cell: nw.Expr) -> nw.Expr:
    """Read digits that a pattern has vouched for; what is not there counts zero."""
    return nw.when(cell.str.contains("^[0-9]+$")).then(cell).otherwise(None).cast(nw.Int64).fill_null(0)


def _ahead() -> Mapping[str, nw.Expr]:
    """Read the offset, "+HHMM", "+HH" or nothing, as seconds ahead of UTC; null where no clock shows it."""
    hours, minutes = _digits(nw.col(_OFFSET).str.slice(1, 2)), _digits(nw.col(_OFFSET).str.slice(3, 2))
    size = nw.when((hours <= 23) & (minutes <= 59)).then((hours * 3_600 + minutes * 60).cast(nw.Float64))
    return {_AHEAD: nw.when(nw.col(_OFFSET).str.starts_with("-")).then(-size).otherwise(size)}


def _count_up() -> tuple[nw.Expr, nw.Expr]:
    """Give seconds since 1970 and whether the fields name a moment that exists; 2023-02-30 does not."""
    year, month, day, hour, minute, second, fraction = (nw.col(name) for name in _FIELDS.values())
    is_real = (
        (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= _days_in_month(year, month))
        & (hour <= 23) & (minute <= 59) & (second <= 59) & ~nw.col(_AHEAD).is_null()
    )  # fmt: skip
    whole = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    return whole.cast(nw.Float64) + fraction - nw.col(_AHEAD), is_real


def _days_in_month(year: nw.Expr, month: nw.Expr) -> nw.Expr:
    is_leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    february = nw.when(is_leap).then(nw.lit(29)).otherwise(nw.lit(28))
    thirty = nw.when(month.is_in([4, 6, 9, 11])).then(nw.lit(30)).otherwise(nw.lit(31))
    return nw.when(month == 2).then(february).otherwise(thirty)
