"""Times: what is read, what is refused, and that Python's own calendar agrees."""

from __future__ import annotations

import datetime as dt
import math

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.config import Time
from coterie.engines import local
from coterie.errors import ConfigError
from coterie.tables import rules
from coterie.tables.cells import staged
from coterie.tables.dates import days_from_civil, time_cell
from tests.tables.backends import Backend, cells_of

NOW_S = 4e11  # far off, so that years up to 9999 are not in the future
UTC = dt.UTC


def read(frame: nw.LazyFrame, time: Time, now_s: float = NOW_S) -> dict[str, list[object]]:
    cell = time_cell(time, frame.collect_schema()["t"], now_s=now_s)
    return cells_of(staged(frame, [cell]), value=cell.value, fault=cell.fault)


def column(backend: Backend, values: list[object], dtype: pl.DataType | None = None) -> nw.LazyFrame:
    return backend.frame(pl.DataFrame({"n": range(len(values)), "t": pl.Series(values, dtype=dtype, strict=False)}))


ISO = {
    "1970-01-01": 0,
    "1969-12-31 23:59:59": -1,
    "2000-02-29T12:30": 951827400,
    "2000-02-29t12:30:45": 951827445,
    " 2000-02-29 12:30:45.25 ": 951827445.25,
    "2000-02-29T12:30:45,5Z": 951827445.5,
    "2000-02-29T12:30:45z": 951827445,
    "2000-02-29T14:30:45+02:00": 951827445,
    "2000-02-29T07:00:45.123456789-0530": 951827445.123456789,
    "2000-02-29 13:30:45+01": 951827445,
    "2000-02-29 13:30:45 +01:00": 951827445,
    "0001-01-01": -62135596800,
    "9999-12-31": 253402214400,
}
NO_DATES = [
    "2023-02-30", "2023-02-29", "1900-02-29", "2023-04-31", "2023-13-01", "2023-00-10", "2023-01-00", "0000-01-01",
    "2023-01-01T24:00", "2023-01-01T10:60", "2023-01-01T10:00:60", "2023-01-01T10", "2023-1-1", "01/02/2023",
    "20230101", "abc", "881250949", "2023-01-01T10:00:00+24:00", "2023-01-01Z", "2023-01-01T10:00:00.",
    "२०२३-01-01",
]  # fmt: skip


def test_iso_dates(backend):
    got = read(column(backend, list(ISO)), Time(column="t"))
    assert got["fault"] == [None] * len(ISO)
    assert dict(zip(ISO, got["value"], strict=True)) == pytest.approx(ISO, abs=1e-6)


def test_what_is_no_date(backend):
    faults = dict(zip(NO_DATES, read(column(backend, NO_DATES), Time(column="t"))["fault"], strict=True))
    assert faults == dict.fromkeys(NO_DATES, rules.NOT_A_DATE)


def test_blank_is_no_fault_here(backend):
    assert read(column(backend, ["", None], pl.String()), Time(column="t"))["fault"] == [None, None]


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1000), ("us", 1_000_000)])
def test_numbers_in_a_unit(backend, unit, factor):
    seconds = 881250949
    assert read(column(backend, [seconds * factor, -factor]), Time(column="t", unit=unit))["value"] == [seconds, -1.0]
    got = read(column(backend, [str(seconds * factor), "x", "nan", ""]), Time(column="t", unit=unit))
    assert got["value"] == [seconds, None, None, None]
    assert got["fault"] == [None, rules.NOT_A_NUMBER, rules.NOT_FINITE, None]
    got = read(column(backend, [math.nan, math.inf]), Time(column="t", unit=unit))
    assert got["fault"] == [rules.NOT_FINITE] * 2


def test_more_than_a_day_ahead_is_the_future(backend):
    got = read(column(backend, ["1970-01-02", "1970-01-02T00:00:01", "1700-01-01"]), Time(column="t"), now_s=0.0)
    assert got["value"] == [86400.0, None, -8520336000.0]
    assert got["fault"] == [None, rules.FUTURE_DATE, None]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Madrid"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_typed_timestamps(backend, zone, unit):
    moment = dt.datetime(2021, 7, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    times = pl.Series([moment, None]).dt.convert_time_zone(zone or "UTC")
    times = (times.dt.replace_time_zone(None) if zone is None else times).cast(pl.Datetime(unit, zone))
    got = read(backend.frame(pl.DataFrame({"n": [0, 1], "t": times})), Time(column="t"))
    assert got == {"value": [moment.timestamp(), None], "fault": [None, None]}


def test_the_zone_of_a_session_changes_nothing(tmp_path):
    opened = Backend("duckdb", tmp_path, duckdb.connect())
    opened.connection.execute("set TimeZone = 'Asia/Kolkata'")
    moment = dt.datetime(2021, 7, 1, 12, tzinfo=UTC)
    assert read(column(opened, [moment]), Time(column="t"))["value"] == [moment.timestamp()]
    opened.connection.close()


def test_typed_dates(backend):
    assert read(column(backend, [dt.date(1970, 1, 2), dt.date(1969, 12, 31)]), Time(column="t"))["value"] == [
        86400,
        -86400,
    ]


@pytest.mark.parametrize(
    ("layout", "written", "moment"),
    [
        ("%d-%b-%Y", "01-Jan-1995", dt.datetime(1995, 1, 1, tzinfo=UTC)),
        ("%d.%m.%y %H:%M", "29.02.68 23:59", dt.datetime(2068, 2, 29, 23, 59, tzinfo=UTC)),
        ("%m/%d/%y", "12/31/69", dt.datetime(1969, 12, 31, tzinfo=UTC)),
        ("%Y%m%dT%H%M%S.%f%z", "20210701T120000.250000+0200", dt.datetime(2021, 7, 1, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("[%Y^%m]\\%d%%", "[2021^07]\\01%", dt.datetime(2021, 7, 1, tzinfo=UTC)),
    ],
)
def test_formats(backend, layout, written, moment):
    got = read(column(backend, [written, f"{written}0", f"x{written}", None]), Time(column="t", format=layout))
    assert got["value"] == [moment.timestamp(), None, None, None]
    assert got["fault"] == [None, rules.NOT_A_DATE, rules.NOT_A_DATE, None]


def test_a_format_refuses_days_and_months_that_are_not(backend):
    got = read(column(backend, ["31-Apr-2020", "01-Foo-2020", "29-Feb-2020"]), Time(column="t", format="%d-%b-%Y"))
    assert got["fault"] == [rules.NOT_A_DATE, rules.NOT_A_DATE, None]


@pytest.mark.parametrize(
    ("time", "values", "message"),
    [
        (Time(column="t"), [5], r"the time column 't' holds numbers; say what they count: .*unit = \"s\""),
        (Time(column="t", format="%Y"), ["x"], r"the time format '%Y' needs one year .*, one month .* and %d"),
        (
            Time(column="t", format="%Y-%m-%d %p"),
            ["x"],
            r"'%Y-%m-%d %p' '%p' is not understood; expected %Y, .*each once",
        ),
        (Time(column="t", format="%Y-%m-%d%"), ["x"], r"'%' is not understood"),
        (Time(column="t", format="%d%d%m%Y"), ["x"], r"'%d' stands twice"),
        (Time(column="t", unit="s"), [dt.date(2020, 1, 1)], r"'t' is a date already \(date\); leave out its 'unit'"),
        (Time(column="t", unit="s"), [True], r"'t' holds boolean; expected numbers"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(backend, time, values, message):
    with pytest.raises(ConfigError, match=message):
        read(column(backend, values), time)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.dates(), min_size=1, max_size=30))
def test_days_agree_with_pythons_calendar(days):
    frame = local.lazy(
        pl.DataFrame(
            {
                "n": range(len(days)),
                "y": [d.year for d in days],
                "m": [d.month for d in days],
                "d": [d.day for d in days],
            }
        )
    )
    got = cells_of(frame, days=days_from_civil(nw.col("y"), nw.col("m"), nw.col("d")))
    assert got["days"] == [day.toordinal() - dt.date(1970, 1, 1).toordinal() for day in days]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.datetimes(timezones=st.timezones() | st.none()), min_size=1, max_size=20))
def test_what_python_writes_is_read_back(moments):
    moments = [m if m.tzinfo is None or m.utcoffset().seconds % 60 == 0 else m.replace(tzinfo=UTC) for m in moments]
    frame = local.lazy(pl.DataFrame({"n": range(len(moments)), "t": [moment.isoformat() for moment in moments]}))
    epoch = dt.datetime(1970, 1, 1, tzinfo=UTC)
    expected = [((m if m.tzinfo else m.replace(tzinfo=UTC)) - epoch).total_seconds() for m in moments]
    assert read(frame, Time(column="t"))["value"] == pytest.approx(expected, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(alphabet="0123456789-:T +Z.", max_size=25), min_size=1, max_size=20))
def test_no_text_ends_the_plan(written):
    frame = local.lazy(pl.DataFrame({"n": range(len(written)), "t": written}))
    got = read(frame, Time(column="t"))
    assert all(
        (v is None) == (f is not None or not w.strip())
        for v, f, w in zip(got["value"], got["fault"], written, strict=True)
    )
