from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from coterie.errors import StoreError
from coterie.report.tables import tables, write_tables
from tests.report.rendered import contents, parsed, source

PAGE = """<section id="one"><div class="scroll" aria-label="Sales, in a table"><table><caption>x</caption>
<tr><th>City<small>and land</small></th><th colspan="2">Sold</th></tr>
<tr><td><a href="#x">Rio &amp;
 Co</a></td><td>1,234</td><td>\u22120.50</td></tr>
<tr><td>=1+1</td><td>1.60\u00a0×</td><td>–</td></tr>
<tr><td><ul><li>a</li><li>b</li></ul></td><td data-value="0.123">12%</td><td>12%<i aria-hidden="true">no</i></td></tr>
</table></div><p><table><caption>Größe</caption><tr><th>a</th></tr></table></p></section>
<table><caption>Größe</caption><tr><th>a</th></tr></table><table><caption>Gr ße</caption><tr><th>a</th></tr></table>"""


def test_cells_by_hand():
    table = tables(PAGE)[0]
    assert table.header == ("City and land", "Sold", "")
    assert table.rows == (
        ("Rio & Co", "1234", "-0.50"),
        ("=1+1", "1.60", ""),
        ("a; b", "0.123", "12%"),
    )
    assert table.to_csv().splitlines()[2] == "'=1+1,1.60,"


def test_files_are_named_after_where_a_table_stands_and_never_twice():
    assert [table.name for table in tables(PAGE)] == ["one-sales", "one-gr-e", "gr-e", "gr-e-2"]


@pytest.mark.parametrize("name", ["whole", "bare", "hostile"])
def test_every_table_of_the_page_is_a_file(name: str, tmp_path: Path):
    files = write_tables(tmp_path / "new" / "tables", source(name))
    assert len(files) == len(set(files)) == len(parsed(name).all("table"))
    for file in files:
        rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
        assert len({len(row) for row in rows}) == 1, file.name


def test_the_groups_are_written_exactly():
    groups = next(table for table in tables(source("whole")) if table.name == "groups-the-groups")
    first = contents("whole").segments[0]
    assert groups.header[:3] == ("Group", "People", "Share")
    assert groups.rows[0][:3] == (f"{first.id} {first.name}", str(first.size), str(first.share))


def test_a_file_in_the_way_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot make the folder '.*file': File exists; choose another"):
        write_tables(tmp_path / "file", source("bare"))
