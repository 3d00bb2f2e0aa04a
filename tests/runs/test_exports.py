"""Users in what commands write: each kind of table, as CSV and as Parquet, and graphs of users."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from coterie.actions.lookalike import REJECTS
from coterie.actions.recommend import COLUMNS as RECOMMENDED
from coterie.actions.similar import COLUMNS as SIMILAR
from coterie.errors import DataError
from coterie.records import write_whole
from coterie.runs import exports
from coterie.spreadsheet import csv_of_frame

ONE = np.array(["1"])
NUMBERS = ("rank", "score", "similarity", "strength", "distance", "confidence", "probability")


def table(header):
    """Three rows: the user 1 first, then two others beside whom every other cell is a 1."""
    columns = {name: ["1", "2", "10"] if name == header[0] else ["2", "1", "1"] for name in header}
    for name in exports.TABLES[header].columns[1:]:
        columns[name] = ["10", "1", "2"]
    return pl.DataFrame(columns).with_columns(pl.col(name).cast(pl.Float64) for name in header if name in NUMBERS)


def write(frame, path):
    write_whole(path, csv_of_frame(frame).encode()) if path.suffix == ".csv" else frame.write_parquet(path)


def read(path):
    return pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)


def users_in(path, users=ONE, *, are_users=True):
    return exports.users_in_table(path, users, users_are_segmented=are_users).tolist()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("header", exports.TABLES, ids="-".join)
def test_rows_go_that_hold_a_user_in_a_column_of_users_and_no_others(tmp_path, header, ending):
    path = tmp_path / f"table{ending}"
    write(table(header), path)
    before = read(path)
    assert users_in(path) == ["1"]
    exports.write(path, ONE)
    is_pair = len(exports.TABLES[header].columns) == 2
    assert read(path).equals(before[2:] if is_pair else before[1:])
    assert users_in(path) == []
    assert users_in(path, np.array(["0", "3"])) == []


@pytest.mark.parametrize("header", exports.TABLES, ids="-".join)
def test_where_no_users_are_segmented_only_tables_that_are_always_of_users_count(tmp_path, header):
    write(table(header), tmp_path / "table.csv")
    found = users_in(tmp_path / "table.csv", are_users=False)
    assert found == ([] if exports.TABLES[header].if_segmented else ["1"])


def test_headers_are_those_of_the_commands():
    assert {tuple(one) for one in (REJECTS, RECOMMENDED, SIMILAR)} <= set(exports.TABLES)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_ids_are_read_back_as_they_were_before_they_were_made_harmless(tmp_path, ending):
    path = tmp_path / f"similar{ending}"
    odd = ["=1+1", "a,b", 'say "x"', "'@me", "plain"]
    columns = {"user_id": odd, "rank": [1] * 5, "similar_id": [*odd[1:], "-x"], "similarity": [0.5] * 5}
    write(pl.DataFrame(columns), path)
    assert users_in(path, np.array(sorted({*odd, "-x", "x"}))) == sorted({*odd, "-x"})
    exports.write(path, np.array(["=1+1", "-x"]))
    assert read(path)["similar_id"].to_list() == (['say "x"', "''@me", "plain"] if ending == ".csv" else odd[2:])


def test_everybody_gone_leaves_a_header(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("user_id,segment_id,strength,distance\n1,s-1,0.5,1.0\n", encoding="utf-8")
    exports.write(path, ONE)
    assert path.read_text(encoding="utf-8") == "user_id,segment_id,strength,distance\n"
    assert users_in(path) == []


@pytest.mark.parametrize("content", [b"", b"\xff\x00\n", b"PAR1 and no more", b"user_id,name\n1,1\n", b"1\n"])
def test_what_is_no_table_of_coteries_holds_nobody(tmp_path, content):
    (tmp_path / "some").write_bytes(content)
    assert users_in(tmp_path / "some") == []


def test_a_damaged_table_is_an_error(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("user_id,segment_id,strength,distance\n1,s-1,0.5,1.0,7,7\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"the table '.*scores.csv' is damaged, so nobody can say whom it holds"):
        users_in(path)


@pytest.mark.parametrize(
    "record",
    [
        {"schema": "coterie.graph", "body": {"kind": "items", "ids": ["1"]}},
        {"schema": "another", "body": {"kind": "users", "ids": ["1"]}},
        {"schema": "coterie.graph", "body": {"kind": "users", "ids": ["10"]}},
        {"schema": "coterie.graph"},
        [],
    ],
)
def test_other_records_are_no_graph_that_holds_the_user(tmp_path, record):
    (tmp_path / "graph.json").write_text(json.dumps(record), encoding="utf-8")
    assert exports.users_in_graph(tmp_path / "graph.json", ONE).tolist() == []


def test_all_that_was_written_with_a_graph_of_users_is_named_its_record_last(tmp_path):
    graph = {"schema": "coterie.graph", "body": {"kind": "users", "ids": ["1", "10"]}}
    (tmp_path / "graph.json").write_text(json.dumps(graph), encoding="utf-8")
    for name in ("nodes.csv", "graph.svg", "notes.txt"):
        (tmp_path / name).touch()
    assert exports.users_in_graph(tmp_path / "graph.json", ONE).tolist() == ["1"]
    files = exports.files_of_graph(tmp_path / "graph.json", {(tmp_path / "graph.svg").resolve()})
    assert [file.name for file in files] == ["nodes.csv", "graph.json"]


def test_runs_the_state_and_what_is_skipped_are_not_looked_at(tmp_path):
    for name in ("runs/a.csv", ".coterie/b.csv", "own.csv", "out/runs/c.csv", "d.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = exports.below(tmp_path, {(tmp_path / "own.csv").resolve()})
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["d.csv", "out/runs/c.csv"]
