"""FileSource: formats, what is wrong with a file, and the contract of every source."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import Table
from coterie.engines import local
from coterie.errors import ConfigError, SecretError, SourceError
from coterie.sources import RawTable
from coterie.sources.files import FileSource
from tests.contracts.source_contract import SourceContract


def table(source: str = "a.csv", **settings) -> Table:
    return Table.model_validate({"role": "items", "item": "a", "source": source, "format": settings})


def scan(folder: Path, source: str = "a.csv", **settings) -> RawTable:
    return FileSource(table(source, **settings), folder).scan()


def read(folder: Path, source: str = "a.csv", **settings) -> pl.DataFrame:
    frame = local.collect(scan(folder, source, **settings).frame)
    return frame.sort([column for column in ("_file", "_row") if column in frame.columns])


def rows(folder: Path, source: str = "a.csv", **settings) -> list[tuple]:
    return read(folder, source, **settings).rows()


def put(folder: Path, content: bytes | str, name: str = "a.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(**members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return data.getvalue()


class TestPlainCsv(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        put(tmp_path, "a,b\n1,x\n2,y\n")
        return FileSource(table(), tmp_path)

    @pytest.fixture
    def changed(self, source, tmp_path):
        put(tmp_path, "a,b\n1,x\n2,z\n")
        return source


class TestLatinCsv(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        put(tmp_path, "a,b\n1,é\n".encode("latin-1"))
        return FileSource(table(encoding="latin-1"), tmp_path)

    @pytest.fixture
    def changed(self, source, tmp_path):
        put(tmp_path, "a,b\n1,è\n".encode("latin-1"))
        return source


class TestManyCsv(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        put(tmp_path, "a,b\n1,x\n2,y\n", "days/1.csv")
        put(tmp_path, "b,a\nz,3\n", "days/2.csv")
        return FileSource(table("days"), tmp_path)

    @pytest.fixture
    def changed(self, source, tmp_path):
        (tmp_path / "days" / "2.csv").rename(tmp_path / "days" / "3.csv")
        return source


class TestParquet(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        pl.DataFrame({"a": [1, 2]}).write_parquet(tmp_path / "a.parquet")
        return FileSource(table("a.parquet"), tmp_path)

    @pytest.fixture
    def changed(self, source, tmp_path):
        pl.DataFrame({"a": [1, 3]}).write_parquet(tmp_path / "a.parquet")
        return source


class TestJsonLines(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        put(tmp_path, '{"a": 1}\n\n{"a": 2, "b": "x"}\n', "a.jsonl")
        return FileSource(table("a.jsonl"), tmp_path)

    @pytest.fixture
    def changed(self, source, tmp_path):
        put(tmp_path, '{"a": 1}\n', "a.jsonl")
        return source


# What can be read


def test_csv_is_text_with_row_numbers_and_nulls(tmp_path):
    put(tmp_path, 'a,b\n01,x\n,""\n')
    frame = read(tmp_path)
    assert frame.rows() == [(1, "01", "x"), (2, None, None)]
    assert frame.schema == {"_row": pl.Int64, "a": pl.String, "b": pl.String}


@pytest.mark.parametrize("separator", [",", "\t", "|", ";", ":", "~", "\x01", " "])
def test_any_separator_that_is_given(tmp_path, separator):
    put(tmp_path, f"a{separator}b\n1{separator}2\n", "a.dat")
    assert rows(tmp_path, "a.dat", kind="csv", separator=separator) == [(1, "1", "2")]


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ";"), ("a.csv", "|"), ("a.tsv", "\t"), ("a.txt", "\t")])
def test_a_separator_that_is_left_out_is_looked_up(tmp_path, name, separator):
    put(tmp_path, f"a{separator}b\n1{separator}x, y\n", name)
    assert rows(tmp_path, name) == [(1, "1", "x, y")]


@pytest.mark.parametrize("tags", ["a|b|c", "a;b;c;d", "a\t|b\t|c"])
def test_what_stands_between_the_tags_of_a_cell_is_no_separator(tmp_path, tags):
    put(tmp_path, "i,g\n" + "".join(f"{n},{tags}\n" for n in range(30)), "a.csv")
    assert rows(tmp_path, "a.csv")[0] == (1, "0", tags)


def test_one_column_of_tags_has_no_separator(tmp_path):
    put(tmp_path, "g\n" + "a|b|c\n" * 30, "a.csv")
    assert rows(tmp_path, "a.csv")[0] == (1, "a|b|c")


def test_a_separator_of_all_but_a_short_header_is_told_from_one_within_fields(tmp_path):
    put(tmp_path, "a;b\n" + "r1;1;x, y, z, u\n" * 30, "a.csv")
    assert fault(tmp_path).startswith("line 2 of 'a.csv' has 3 fields, expected 2; ")


def test_one_column_has_no_separator(tmp_path):
    put(tmp_path, "a\n1\n2\n")
    assert rows(tmp_path) == [(1, "1"), (2, "2")]


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({"header": False}, ["column_1", "column_2"]),
        ({"header": False, "columns": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_without_a_header(tmp_path, settings, columns):
    put(tmp_path, "1,2\n3,4\n")
    frame = read(tmp_path, **settings)
    assert frame.columns == ["_row", *columns]
    assert frame.rows() == [(1, "1", "2"), (2, "3", "4")]


def test_columns_beside_a_header_replace_its_names(tmp_path):
    put(tmp_path, "x,x\n1,2\n")
    frame = read(tmp_path, columns=["a", "b"])
    assert (frame.columns, frame.rows()) == (["_row", "a", "b"], [(1, "1", "2")])


def test_a_header_field_without_a_name(tmp_path):
    put(tmp_path, ",a\n0,1\n")
    assert read(tmp_path).columns == ["_row", "column_1", "a"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,2\n",
        b'\xef\xbb\xbf"a","b"\n1,2',
        b"a,b\r\n1,2\r\n",
        b"\n\r\na,b\n1,2\n",
    ],
    ids=["mark", "mark, quoted, no last newline", "crlf", "blank lines before"],
)
def test_ways_to_write_the_same(tmp_path, content):
    put(tmp_path, content)
    assert read(tmp_path).columns == ["_row", "a", "b"]
    assert rows(tmp_path) == [(1, "1", "2")]


def test_blank_lines_before_data_without_header(tmp_path):
    put(tmp_path, "\n\n1,2\n3,4\n")
    assert rows(tmp_path, header=False, columns=["a", "b"]) == [(1, "1", "2"), (2, "3", "4")]


def test_quoted_newlines_separators_and_quotes(tmp_path):
    put(tmp_path, 'a,"b\nc"\n1,"x,\r\n""y"""\n2,z\n')
    frame = read(tmp_path)
    assert frame.columns == ["_row", "a", "b\nc"]
    assert frame.rows() == [(1, "1", 'x,\r\n"y"'), (2, "2", "z")]


def test_quotes_are_text_where_the_config_says_so(tmp_path):
    put(tmp_path, 'a,b\n1,5" disk\n2,"x\n')
    assert rows(tmp_path, quote="") == [(1, "1", '5" disk'), (2, "2", '"x')]


def test_a_blank_line_stays_as_a_row_of_nulls_for_the_checks(tmp_path):
    put(tmp_path, "a,b\n1,2\n\n3,4\n\r\n")
    assert rows(tmp_path) == [(1, "1", "2"), (2, None, None), (3, "3", "4"), (4, None, None)]


def test_a_header_alone_gives_no_rows(tmp_path):
    put(tmp_path, "a,b\n")
    assert rows(tmp_path) == []


def test_a_very_long_cell_is_read(tmp_path):
    put(tmp_path, "a,b\n" + "x" * 10_000_000 + ",1\n")
    assert read(tmp_path)["a"].str.len_bytes().to_list() == [10_000_000]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("packing", ["", ".gz", ".zip"])
def test_encodings_and_packings_agree(tmp_path, encoding, packing):
    text = 'a|b\n1|Amélie "et"\n2|\n'.replace('"et"', "et")
    data = text.encode(encoding)
    packed = {"": data, ".gz": gzip.compress(data, mtime=0)}.get(packing)
    if packed is None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("inner.csv", data)
        packed = out.getvalue()
    put(tmp_path, packed, f"a.csv{packing}")
    assert rows(tmp_path, f"a.csv{packing}", encoding=encoding) == [(1, "1", "Amélie et"), (2, "2", None)]


def test_packing_leaves_the_fingerprint(tmp_path):
    put(tmp_path, "a\n1\n")
    put(tmp_path, gzip.compress(b"a\n1\n", mtime=0), "a.csv.gz")
    assert scan(tmp_path).fingerprint == scan(tmp_path, "a.csv.gz").fingerprint


def test_a_zip_of_another_name_is_of_the_kind_of_what_is_in_it(tmp_path):
    put(tmp_path, zipped(inner__jsonl='{"a": 1}\n'), "a.zip")
    assert rows(tmp_path, "a.zip") == [(1, 1)]


def test_latin_1_rows_are_not_read_before_they_are_wanted(tmp_path):
    path = put(tmp_path, "a\né\n".encode("latin-1"))
    frame = scan(tmp_path, encoding="latin-1").frame
    path.write_bytes("a\nè\n".encode("latin-1"))
    assert local.collect(frame).rows() == [(1, "è")]


def test_json_lines_keep_their_types(tmp_path):
    lines = [{"a": 1, "b": "x"}, {"a": 2.5}, {"b": None, "c": ["t"]}]
    put(tmp_path, "\n".join(map(json.dumps, lines)), "a.jsonl")
    assert rows(tmp_path, "a.jsonl") == [(1, 1.0, "x", None), (2, 2.5, None, None), (3, None, None, ["t"])]


@pytest.mark.parametrize("packing", [".gz", ".zip"])
def test_packed_json_lines(tmp_path, packing):
    data = zipped(a__jsonl='{"a": 1}\n') if packing == ".zip" else gzip.compress(b'{"a": 1}\n', mtime=0)
    put(tmp_path, data, f"a.jsonl{packing}")
    assert rows(tmp_path, f"a.jsonl{packing}") == [(1, 1)]


def test_parquet_keeps_its_types_and_has_no_row_numbers(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    frame.write_parquet(tmp_path / "a.parquet")
    assert read(tmp_path, "a.parquet").equals(frame)


# Many files


def test_a_folder_and_a_glob_number_rows_per_file(tmp_path):
    put(tmp_path, "a,b\n1,x\n2,y\n", "days/1.csv")
    put(tmp_path, "b,a\nz,3\n", "days/2.csv")
    put(tmp_path, "not data", "days/README")
    put(tmp_path, "", "days/_SUCCESS")
    expected = [(1, "1", "x", "1.csv"), (2, "2", "y", "1.csv"), (1, "3", "z", "2.csv")]
    assert rows(tmp_path, "days") == expected
    assert rows(tmp_path, "days/*.csv") == expected
    assert rows(tmp_path, str(tmp_path / "days" / "?.csv")) == expected


def test_a_glob_over_folders_names_the_files_by_folder(tmp_path):
    put(tmp_path, "a\n1\n", "x/part-0")
    put(tmp_path, "a\n2\n", "y/part-0")
    assert rows(tmp_path, "*/part-*", kind="csv") == [(1, "1", "x/part-0"), (1, "2", "y/part-0")]


def test_a_file_whose_name_looks_like_a_glob(tmp_path):
    put(tmp_path, "a\n1\n", "a[1].csv")
    put(tmp_path, "a\n2\n", "a1.csv")
    assert rows(tmp_path, "a[1].csv") == [(1, "1")]


def test_files_of_json_lines_may_differ_in_their_keys(tmp_path):
    put(tmp_path, '{"a": 1}\n', "x/1.jsonl")
    put(tmp_path, '{"a": 2.5, "b": "t"}\n', "x/2.jsonl")
    frame = read(tmp_path, "x")
    assert frame.select("_row", "a", "b", "_file").rows() == [(1, 1.0, None, "1.jsonl"), (1, 2.5, "t", "2.jsonl")]


def test_a_folder_of_parquet(tmp_path):
    (tmp_path / "x").mkdir()
    pl.DataFrame({"a": [1]}, schema={"a": pl.Int32}).write_parquet(tmp_path / "x/1.parquet")
    pl.DataFrame({"a": [2]}, schema={"a": pl.Int64}).write_parquet(tmp_path / "x/2.parquet")
    assert rows(tmp_path, "x") == [(1, "1.parquet"), (2, "2.parquet")]


def test_the_fingerprint_of_many_does_not_mind_where_the_folder_stands(tmp_path):
    for place in ("p", "q"):
        put(tmp_path, "a\n1\n", f"{place}/1.csv")
        put(tmp_path, "a\n2\n", f"{place}/2.csv")
    assert scan(tmp_path, "p").fingerprint == scan(tmp_path, "q").fingerprint


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"x/1.csv": "a\n1\n", "x/2.jsonl": '{"a": 1}\n'},
            r"'x' holds files of several kinds: '1.csv' is csv, '2.jsonl'",
        ),
        ({"x/1.csv": "a,b\n1,2\n", "x/2.csv": "a,c\n1,2\n"}, r"'1.csv' has a column 'b' and '2.csv' does not"),
        ({"x/README": "hello"}, r"the folder 'x' has no file with a suffix of a known kind \(.csv, .tsv"),
        ({"x/1.jsonl": '{"a": 1}\n', "x/2.jsonl": '{"a": [1]}\n'}, "have columns of types that do not go together"),
    ],
)
def test_many_files_that_do_not_go_together(tmp_path, files, message):
    for name, text in files.items():
        put(tmp_path, text, name)
    with pytest.raises(SourceError, match=message):
        scan(tmp_path, "x")


# What cannot be read


def fault(folder: Path, source: str = "a.csv", **settings) -> str:
    with pytest.raises(SourceError) as error:
        scan(folder, source, **settings)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def test_a_missing_file_offers_the_nearest(tmp_path):
    put(tmp_path, "a\n1\n", "ratings.csv")
    assert fault(tmp_path, "rating.csv") == (
        f"there is no file 'rating.csv' in '{tmp_path}'; did you mean 'ratings.csv'?"
    )


def test_a_missing_file_in_an_empty_or_missing_folder(tmp_path):
    put(tmp_path, "", "coterie.toml")  # a config is no data
    assert fault(tmp_path) == f"there is no file 'a.csv' in '{tmp_path}', nor another '.csv' file; check 'source'"
    assert "its folder does not exist" in fault(tmp_path, "x/a.csv")
    assert "no file matches 'x/*.csv'" in fault(tmp_path, "x/*.csv")


def test_an_unreadable_file(tmp_path, monkeypatch):
    put(tmp_path, "a\n1\n")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert fault(tmp_path) == "'a.csv' may not be read; give yourself the right with: chmod u+r"


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_an_empty_file(tmp_path, name, content):
    put(tmp_path, gzip.compress(content, mtime=0) if name.endswith(".gz") else content, name)
    assert fault(tmp_path, name) == f"'{name}' is empty; expected at least a line of data"


def with_method(packed: bytes, method: int) -> bytes:
    """Say of a stored file that it is packed by another method."""
    local, central = packed.index(b"PK\x03\x04") + 8, packed.index(b"PK\x01\x02") + 10
    data = bytearray(packed)
    data[local : local + 2] = data[central : central + 2] = method.to_bytes(2, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.zip", with_method(zipped(a="1"), 9), "is packed in a way that is not read here"),
        ("a.csv.zip", with_method(zipped(a="1" * 99), 14), "is a damaged zip file"),
        ("a.zip", zipped(), "is a zip with no file in it; expected exactly one"),
        ("a.csv.zip", zipped(a="1", b="2"), "is a zip of 2 files ('a', 'b' ...), expected exactly one"),
        ("a.csv.zip", b"PK nonsense", "is a damaged zip file"),
        ("a.csv.gz", gzip.compress(b"a,b\n" * 9999, mtime=0)[:40], "is a damaged gzip file"),
        ("a.csv.gz", b"a\n1\n", "is not gzip, though its name ends in .gz"),
        ("a.csv.gz", b"\x1f\x8b nonsense", "is a damaged gzip file"),
        ("a.parquet", b"PAR1 nonsense", "is damaged or not Parquet"),
        ("a.parquet", b"", "is damaged or not Parquet"),
        ("a.parquet.gz", b"", "is packed Parquet, which cannot be read in place; unpack it"),
        ("a.jsonl", b"\n", "is empty; expected at least a line of data"),
        ("a.jsonl", b'{"a": 1}\n\n{"a": \n', "line 3 of 'a.jsonl' is not a JSON object: '{\"a\":'"),
        ("a.jsonl", b'[{"a": 1}]\n', "line 1 of 'a.jsonl' is not a JSON object"),
        ("a.jsonl", b'{"a": "\xe9"}\n', "'a.jsonl' is not UTF-8: line 1 holds the byte 0xE9; JSON lines are UTF-8"),
        ("a.jsonl", b'{"_row": 1}\n', "has a column '_row', a name that Coterie adds itself"),
        ("a.data", b"a\n", "the name of 'a.data' does not tell what it is; set format.kind to 'csv', 'parquet'"),
    ],
)
def test_a_damaged_file(tmp_path, name, content, message):
    put(tmp_path, content, name)
    assert message in fault(tmp_path, name)


def test_bytes_that_are_not_utf_8_are_named_by_line(tmp_path):
    put(tmp_path, "a,b\n1,x\n2,Amélie\n".encode("latin-1"))
    assert fault(tmp_path) == (
        "'a.csv' is not UTF-8: line 3 holds the byte 0xE9; set format.encoding = 'latin-1', or save the file as UTF-8"
    )
    put(tmp_path, "a,é\n1,x\n".encode("latin-1"))
    assert "line 1 holds the byte 0xE9" in fault(tmp_path)
    put(tmp_path, "a\n1\né".encode()[:-1])
    assert "line 3 holds the byte 0xC3" in fault(tmp_path)


def test_utf_16_and_lines_that_end_in_a_return(tmp_path):
    put(tmp_path, "a,b\n1,2\n".encode("utf-16"))
    assert "is UTF-16, expected UTF-8" in fault(tmp_path)
    put(tmp_path, b"a,b\r1,2\r")
    assert "end in '\\r' alone" in fault(tmp_path)
    put(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")
    assert "starts with the mark of UTF-8; leave out format.encoding" in fault(tmp_path, encoding="latin-1")


def test_a_line_of_another_length_is_named(tmp_path):
    put(tmp_path, 'a,b\n1,"x\ny"\n2\n')
    assert fault(tmp_path) == (
        "line 4 of 'a.csv' has 1 field, expected 2; mend the lines, or check format.separator and format.quote"
    )
    put(tmp_path, "a,b\n1,2,3\n4,5\n6,7,8\n9\n9\n")
    assert fault(tmp_path).startswith(
        "line 2 of 'a.csv' has 3 fields, expected 2; so have 3 more, such as line 4 and 5; mend"
    )


def test_a_stray_quote_is_named(tmp_path):
    put(tmp_path, 'a,b\n1,2\n3,5" disk\n')
    assert "line 3 of 'a.csv' has a quote in the middle of a field" in fault(tmp_path)
    put(tmp_path, 'a,b\n1,2\n3,"x" y\n')
    assert "line 3 of 'a.csv' has a quote in the middle of a field" in fault(tmp_path)
    put(tmp_path, 'a,b\n1,2\n3,"x\n4,5\n')
    assert "a quote that is never closed, in the record that starts at line 3" in fault(tmp_path)


def test_a_first_line_without_end_gives_a_short_message(tmp_path):
    put(tmp_path, "x" * 10_000_000)
    assert "the first line of 'a.csv'" in fault(tmp_path)
    put(tmp_path, "x," * 5_000_000)
    assert "does not end within 1,048,576 bytes; is it a CSV file?" in fault(tmp_path)


def test_columns_of_the_same_name(tmp_path):
    put(tmp_path, "a,b,a\n1,2,3\n")
    assert "'a.csv' has columns of the same name: 'a'; rename one" in fault(tmp_path)
    put(tmp_path, "a,_row\n1,2\n")
    assert "has a column '_row', a name that Coterie adds itself" in fault(tmp_path)


def test_another_number_of_columns_than_the_config_names(tmp_path):
    put(tmp_path, "1,2\n")
    assert fault(tmp_path, header=False, columns=["a", "b", "c"]) == (
        "format.columns names 3 columns, but the first line of 'a.csv' has 2; make them equal"
    )
    put(tmp_path, "1\t2\n")
    assert fault(tmp_path, separator=",", header=False, columns=["a", "b"]).endswith(
        'it looks like format.separator = "\\t"'
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"separator": "§"}, "format.separator is '§', expected one ASCII character"),
        ({"separator": "\n"}, "format.separator is '\\\\n', expected one ASCII character that does not end a line"),
        ({"quote": "“"}, "format.quote is '“', expected one ASCII character"),
        ({"separator": '"'}, "format.separator and format.quote are both '\"'"),
    ],
)
def test_settings_that_cannot_be(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        FileSource(table(**settings), tmp_path)


def test_csv_settings_do_not_go_with_other_kinds(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(ConfigError, match=r"format.separator belongs to CSV, but 'a.parquet' is parquet; leave it out"):
        scan(tmp_path, "a.parquet", separator=",")


def test_a_query_does_not_go_with_a_file(tmp_path):
    config = Table(role="items", item="a", source="a.csv", query="select 1")
    with pytest.raises(ConfigError, match=r"'query' belongs to a database, but the source 'a.csv' is a file"):
        FileSource(config, tmp_path)


# Secrets


def test_a_secret_is_filled_in_and_never_shown(tmp_path, monkeypatch):
    put(tmp_path, "a\n1\n", "hunter2/a.csv")
    monkeypatch.setenv("PLACE", "hunter2")
    raw = scan(tmp_path, "${PLACE}/a.csv")
    assert raw.location == "${PLACE}/a.csv"
    assert local.collect(raw.frame).rows() == [(1, "1")]
    for source in ("${PLACE}/b.csv", "${PLACE}/*.parquet", "${PLACE}x/a.csv"):
        assert "hunter2" not in fault(tmp_path, source)
    monkeypatch.delenv("PLACE")
    with pytest.raises(SecretError, match="the environment variable 'PLACE' is not set"):
        scan(tmp_path, "${PLACE}/a.csv")
    assert FileSource(table("x:secret@y"), tmp_path)


cells = st.text(st.sampled_from('ab,\n"é \r;'), max_size=5)


@given(
    st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=6)),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "latin-1"]),
)
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, table, end, encoding):
    folder = tmp_path_factory.mktemp("csv")
    with (folder / "a.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["x"] * len(table[0]), *table])
    names = [f"c{place}" for place in range(len(table[0]))]
    found = rows(folder, separator=",", columns=names, encoding=encoding)
    assert found == [(number, *(cell or None for cell in record)) for number, record in enumerate(table, start=1)]


def test_real_ratings(ml_100k):
    frame = read(ml_100k, "u.data", kind="csv", separator="\t", header=False)
    assert frame.shape == (100_000, 5)
    assert frame["_row"].max() == 100_000
    films = read(ml_100k, "u.item", kind="csv", header=False, encoding="latin-1")
    assert films.shape == (1682, 25)
    assert films["column_2"].str.contains("É").any() or films["column_2"].str.contains("é").any()


def test_ids_and_values_of_events_come_as_numbers_where_these_give_the_same_text(tmp_path):
    config = Table(role="events", source="*.csv", user="u", item="i", value="v", attributes={"note": "category"})
    put(tmp_path, b"u,i,v,note\n1,7,3.5,1\n2,8,4.0,2\n", "a.csv")
    rows = FileSource(config, tmp_path).scan().frame
    assert dict(local.collect(rows).schema)["note"] == pl.String
    assert dict(local.collect(rows).schema)["u"] == pl.Int32
    assert dict(local.collect(rows).schema)["v"] == pl.Float64
    put(tmp_path, b"u,i,v,note\n01,12345678901,5.0,x\n", "b.csv")
    both = local.collect(FileSource(config, tmp_path).scan().frame).sort("_file", "_row")
    assert both["u"].to_list() == ["1", "2", "01"]
    assert both["i"].to_list() == ["7", "8", "12345678901"]
    assert both["v"].to_list() == [3.5, 4.0, 5.0]
