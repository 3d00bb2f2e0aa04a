from __future__ import annotations

import csv
import io
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.spreadsheet import as_meant, csv_of_frame, csv_of_rows, harmless

OPENERS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
TEXTS = st.text() | st.builds(
    "".join, st.lists(st.sampled_from([*OPENERS, "'", "1", ".", "e", "x", ";", " "]), max_size=8)
)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("opener", OPENERS)
def test_what_begins_a_formula_gets_an_apostrophe(opener: str):
    assert harmless(f"{opener}cmd|' /C calc'!A0") == f"'{opener}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "a=b", "1-2", "'", "'tis", " =1", "-1", "+3", "-0.42", "-1e-05", "-.5", "7"])
def test_other_text_and_numbers_stay_as_they_are(text: str):
    assert harmless(text) == text


@pytest.mark.parametrize("text", ["-1+1", "--1", "-", "+", "-1\n", "-٣", "-1,2", "-inf"])
def test_what_is_not_quite_a_number_is_no_number(text: str):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;=1", "a;'=1"),
        ("a; =1", "a; '=1"),
        ("=a;@b", "'=a;'@b"),
        ("a;'=1", "a;''=1"),
        (";;-2", ";;'-2"),
        ("a;b", "a;b"),
    ],
)
def test_what_a_semicolon_cuts_off_cannot_run_either(text: str, cell: str):
    assert harmless(text) == cell
    assert as_meant(cell) == text
    assert csv_of_frame(pl.DataFrame({"name": [text]})) == csv_of_rows(["name"], [[text]])


@given(TEXTS)
def test_every_text_is_read_back_and_none_runs(text: str):
    cell = harmless(text)
    assert as_meant(cell) == text
    if cell.startswith(OPENERS):
        float(cell)
    assert not re.search(r";[ \t]*[=+\-@]", cell)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_rows_and_frames_write_the_same_cells(texts: list[str]):
    rows, frame = csv_of_rows(["name"], [[text] for text in texts]), csv_of_frame(pl.DataFrame({"name": texts}))
    cells = [[harmless(text)] if text else [] for text in texts]
    assert [row if row != [""] else [] for row in read(frame)][1:] == cells
    assert [row if row != [""] else [] for row in read(rows)][1:] == cells


def test_numbers_and_gaps_are_no_text():
    frame = pl.DataFrame({"=n": [-1.5, None], "text": pl.Series(["-a", None], dtype=pl.Categorical)})
    assert csv_of_frame(frame) == "'=n,text\n-1.5,'-a\n,\n"
    assert csv_of_rows(["=n", "text"], [(-1.5, "-a"), (None, None)]) == "'=n,text\n-1.5,'-a\n,\n"


def test_an_empty_frame_is_its_header():
    assert csv_of_frame(pl.DataFrame(schema={"user_id": pl.String, "x": pl.Float64})) == "user_id,x\n"
