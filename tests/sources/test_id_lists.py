"""Lists of ids are read, and never guessed."""

from __future__ import annotations

import polars as pl
import pytest

from coterie.errors import ConfigError, SourceError
from coterie.sources.id_lists import read_ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("7\n8\n", ("7", "8")),
        ("user_id\n7\n 8 \n", ("7", "8")),
        ("why,user_id\nasked,7\nasked,\n", ("7", "")),
        ("member,why\n7,a\n", ("7",)),
        ("\ufeffuser_id\n'=1\n", ("=1",)),
    ],
)
def test_one_id_a_line_or_a_column_of_ids(tmp_path, text, ids):
    path = tmp_path / "ids.csv"
    path.write_text(text, encoding="utf-8")
    assert read_ids(path, ["member"]) == ids


def test_parquet_and_tabs(tmp_path):
    pl.DataFrame({"user_id": [3, 4], "other": ["a", None]}).write_parquet(tmp_path / "ids.parquet")
    assert read_ids(tmp_path / "ids.parquet") == ("3", "4")
    (tmp_path / "ids.tsv").write_text("id\tx\n5\t1\n")
    assert read_ids(tmp_path / "ids.tsv") == ("5",)


def test_what_cannot_be_read(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text("userid,name\n7,a\n")
    with pytest.raises(ConfigError, match="has the columns 'userid', 'name'; expected one called 'user_id'; call the"):
        read_ids(path)
    path.write_text("")
    with pytest.raises(SourceError, match="holds no id; expected one a line"):
        read_ids(path)
    path.write_text("user_id\n")
    with pytest.raises(SourceError, match="holds no id"):
        read_ids(path)
    with pytest.raises(SourceError, match="there is no file"):
        read_ids(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(SourceError, match="expected Parquet"):
        read_ids(tmp_path / "bad.parquet")
    path.write_bytes(b"\xff\xfe7")
    with pytest.raises(SourceError, match="expected text in UTF-8"):
        read_ids(path)
