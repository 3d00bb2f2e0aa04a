"""The pass over CSV bytes: blocks of any size say the same, and the csv module agrees about what is ragged."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import FormatError
from coterie.sources.csv_lines import Layout, prove

fields = st.text(st.sampled_from('ab,\n"é \r'), max_size=5)
tables = st.lists(st.lists(fields, min_size=2, max_size=4), min_size=1, max_size=6)


def blocks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def outcome(data: bytes, size: int, n_fields: int) -> str:
    try:
        return prove(blocks(data, size), Layout(",", '"', "utf-8", n_fields), "x").digest
    except FormatError as error:
        return str(error)


@given(tables, st.integers(1, 7), st.sampled_from(["\n", "\r\n"]))
def test_ragged_lines_are_found_whatever_the_blocks(table, size, end):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    data = out.getvalue().encode()
    whole = outcome(data, max(len(data), 1), len(table[0]))
    assert outcome(data, size, len(table[0])) == whole
    ragged = [record for record in table if len(record) != len(table[0])]
    assert ("expected" in whole) == bool(ragged)
    if ragged:
        first = next(place for place, record in enumerate(table) if len(record) != len(table[0]))
        lines_before = sum(field.count("\n") for record in table[:first] for field in record) + first
        assert whole.startswith(f"line {lines_before + 1} of 'x' has {len(table[first])} fields")


@given(st.text(st.sampled_from('a,"\n'), max_size=12), st.integers(1, 5))
def test_any_bytes_give_one_answer_whatever_the_blocks(text, size):
    data = text.encode()
    assert outcome(data, size, 2) == outcome(data, max(len(data), 1), 2)


def test_ascii_is_told(tmp_path):
    layout = Layout(",", None, "latin-1", 1)
    assert prove([b"abc\n"], layout, "x").is_ascii
    assert not prove([b"abc\n", b"\xe9\n"], layout, "x").is_ascii


def test_a_character_cut_by_a_block_is_whole():
    layout = Layout(",", '"', "utf-8", 1)
    assert prove(blocks("é\né\n".encode(), 1), layout, "x").digest == prove(["é\né\n".encode()], layout, "x").digest


def test_a_quote_closed_at_the_end_of_a_block():
    with pytest.raises(FormatError, match="line 1 of 'x' has a quote in the middle of a field"):
        prove([b'"a"', b"b,c\n"], Layout(",", '"', "utf-8", 2), "x")


CELLS = st.one_of(
    st.integers(0, 10**20).map(str),
    st.floats(0, 10**10).map(lambda number: str(round(number, 4))),
    st.from_regex(r"[0-9.]{0,6}", fullmatch=True),
    st.sampled_from(["", "-1", "+1", " 1", "1 ", "1e5", "nan", "007", "00", "0", "4.50", "4.5", "0.0", ".5", "5."]),
)


@given(st.lists(CELLS, min_size=1, max_size=6), st.integers(1, 9))
def test_columns_are_called_numbers_only_where_numbers_give_the_same_text(cells, size):
    data = ("name,other\n" + "".join(f"{cell},x\n" for cell in cells)).encode()
    fields = prove(blocks(data, size), Layout(",", '"', "utf-8", 2), "a.csv", n_before=1).fields
    written = pl.Series([cell for cell in cells if cell], dtype=pl.String)
    assert fields.whole(1) == 0
    assert not fields.is_decimal(1)
    if fields.whole(0):
        kind = pl.Int32 if fields.whole(0) <= 9 else pl.Int64
        assert written.cast(kind).cast(pl.String).to_list() == written.to_list()
    if fields.is_decimal(0):
        assert written.cast(pl.Float64).cast(pl.String).to_list() == written.to_list()


@pytest.mark.parametrize(
    ("cells", "whole", "is_decimal"),
    [
        (["1", "20", ""], 2, False),
        (["0", "1234567890"], 10, False),
        (["3.5", "4.0", ""], 0, True),
        (["3.5", "4"], 0, False),
        (["01"], 0, False),
        (["1234567890123456789"], 0, False),
        (["", ""], 0, False),
        (["3.50"], 0, False),
        (["3.14159"], 0, False),
    ],
)
def test_what_columns_hold(cells, whole, is_decimal):
    data = "".join(f"x,{cell}\r\n" for cell in cells).encode()
    fields = prove([data], Layout(",", '"', "utf-8", 2), "a.csv").fields
    assert (fields.whole(1), fields.is_decimal(1)) == (whole, is_decimal)


def test_a_quote_ends_the_looking():
    assert prove([b'a,"b"\n1,2\n'], Layout(",", '"', "utf-8", 2), "a.csv").fields is None
