"""Ids, numbers, flags and text: values, faults, and what types they come from."""

from __future__ import annotations

import math

import narwhals.stable.v2 as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError
from coterie.tables import rules
from coterie.tables.cells import BLANKS, check_columns, flag, identifier, number, required, text
from tests.tables.backends import Backend, cells_of


def column(backend: Backend, values: list[object], dtype: pl.DataType | None = None) -> nw.LazyFrame:
    return backend.frame(pl.DataFrame({"n": range(len(values)), "c": pl.Series(values, dtype=dtype, strict=False)}))


def read(frame: nw.LazyFrame, make, **options) -> dict[str, list[object]]:
    cell = make("c", frame.collect_schema()["c"], **options)
    return cells_of(frame, value=cell.value, fault=cell.fault)


class TestIdentifier:
    def test_text_is_stripped_and_blank_is_a_null_key(self, backend):
        got = read(
            column(backend, ["196", " 7\t", "", "  ", None, "\u00a0x\ufeff", "-1", "-0", "-b", "1.0", "-2.0"]),
            identifier,
        )
        assert got["value"] == ["196", "7", None, None, None, "x", "-1", "-0", "-b", "1.0", "-2.0"]
        null, negative = rules.NULL_KEY, rules.NEGATIVE_ID
        assert got["fault"] == [None, None, null, null, null, None, negative, None, None, None, negative]

    def test_whole_floats_are_written_as_integers(self, backend):
        got = read(column(backend, [196.0, None, math.nan, 1.5, math.inf, -1.0, 2.0**60]), identifier)
        assert got["value"][:3] == ["196", None, None]
        null, odd = rules.NULL_KEY, rules.NOT_AN_ID
        assert got["fault"] == [None, null, null, odd, odd, rules.NEGATIVE_ID, odd]

    @pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt8, pl.Int32])
    def test_integers_become_text(self, backend, dtype):
        got = read(column(backend, [196, None, 0], dtype), identifier)
        assert got == {"value": ["196", None, "0"], "fault": [None, rules.NULL_KEY, None]}

    def test_negative_integers_are_nobody(self, backend):
        assert read(column(backend, [-1, 1]), identifier)["fault"] == [rules.NEGATIVE_ID, None]

    def test_decimals_and_categories_serve_as_keys(self, backend):
        assert read(column(backend, ["5"]).select("n", nw.col("c").cast(nw.Decimal(10, 2))), identifier)["value"] == [
            "5"
        ]
        assert read(column(backend, ["a"], pl.Categorical()), identifier)["value"] == ["a"]

    @pytest.mark.parametrize("values", [[True], [[1]]])
    def test_other_types_are_refused(self, backend, values):
        with pytest.raises(ConfigError, match=r"the column 'c' holds .*; expected ids, as text or whole numbers"):
            read(column(backend, values), identifier)


class TestNumber:
    def test_text(self, backend):
        written = [
            "1",
            " 2.5 ",
            "+.5",
            "5.",
            "-1e3",
            "",
            None,
            "abc",
            "1,5",
            "nan",
            "-Inf",
            "infinity",
            "1e999",
            "٣",
            "0x1",
        ]
        got = read(column(backend, written), number)
        assert got["value"] == [1.0, 2.5, 0.5, 5.0, -1000.0] + [None] * 10
        no, finite = rules.NOT_A_NUMBER, rules.NOT_FINITE
        assert got["fault"] == [None] * 7 + [no, no, finite, finite, finite, finite, no, no]

    def test_floats(self, backend):
        got = read(column(backend, [1.5, math.nan, math.inf, -math.inf, None]), number)
        assert got["value"] == [1.5, None, None, None, None]
        assert got["fault"] == [None, *[rules.NOT_FINITE] * 3, None]

    def test_limits_are_inclusive(self, backend):
        got = read(column(backend, ["0", "1", "5", "5.5", None]), number, limits=(1, 5))
        assert got["value"] == [None, 1.0, 5.0, None, None]
        assert got["fault"] == [rules.OUT_OF_RANGE, None, None, rules.OUT_OF_RANGE, None]

    def test_no_rows(self, backend):
        assert read(column(backend, [], pl.String()), number) == {"value": [], "fault": []}

    def test_true_and_false_are_no_numbers(self, backend):
        with pytest.raises(ConfigError, match=r"the column 'c' holds boolean; expected numbers"):
            read(column(backend, [True]), number)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20))
    def test_a_number_written_and_read_back_is_the_same(self, values):
        frame = local.lazy(pl.DataFrame({"n": range(len(values)), "c": [repr(value) for value in values]}))
        got = read(frame, number)
        for value, back, fault in zip(values, got["value"], got["fault"], strict=True):
            assert (back, fault) == ((value, None) if math.isfinite(value) else (None, rules.NOT_FINITE))

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.text(max_size=8), min_size=1, max_size=20))
    def test_no_text_ends_the_plan(self, values):
        frame = local.lazy(pl.DataFrame({"n": range(len(values)), "c": values}))
        got = read(frame, number)
        for written, value, fault in zip(values, got["value"], got["fault"], strict=True):
            assert (value is None) == (fault is not None or not written.strip(BLANKS))


def test_required_makes_a_blank_a_fault_and_keeps_other_faults(backend):
    frame = column(backend, ["1", None, "x"])
    cell = required(number("c", frame.collect_schema()["c"]))
    assert cells_of(frame, fault=cell.fault)["fault"] == [None, rules.MISSING, rules.NOT_A_NUMBER]


class TestFlag:
    def test_text(self, backend):
        got = read(column(backend, ["1", "0", "True", "false", "", None, "yes", "2", "1.0"]), flag)
        assert got["value"] == [True, False, True, False, False, False, False, False, True]
        assert got["fault"] == [*[None] * 6, rules.NOT_A_FLAG, rules.NOT_A_FLAG, None]

    def test_numbers(self, backend):
        got = read(column(backend, [1.0, 0.0, None, 2.0, math.nan]), flag)
        assert got == {"value": [True, *[False] * 4], "fault": [None, None, None, rules.NOT_A_FLAG, rules.NOT_A_FLAG]}

    def test_booleans(self, backend):
        assert read(column(backend, [True, False, None]), flag)["value"] == [True, False, False]


def test_text_of_other_types(backend):
    frame = backend.frame({"n": [0, 1], "flag": [True, None], "whole": [3.0, math.nan], "odd": [0.5, 2.0]})
    schema = frame.collect_schema()
    got = cells_of(frame, **{name: text(name, schema[name]) for name in ("flag", "whole", "odd")})
    assert got == {"flag": ["true", None], "whole": ["3", None], "odd": ["0.5", "2"]}


def test_lists_are_no_text(backend):
    with pytest.raises(ConfigError, match=r"'c' holds list.*expected text, numbers, dates or true/false"):
        frame = column(backend, [["a"]])
        text("c", frame.collect_schema()["c"])


def test_a_missing_column_offers_the_nearest():
    with pytest.raises(
        ConfigError, match=r"'tables\.r\.user' names the column 'usr_id', which is not there; did you mean 'user_id'\?"
    ):
        check_columns("tables.r", ["user_id", "x"], [("item", "x"), ("user", "usr_id")])
