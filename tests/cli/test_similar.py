"""``coterie similar`` from the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tests.cli.test_watch import said


@pytest.fixture
def project(sample_run):
    return sample_run.folder.parent.parent


def test_similar_says_who_and_why(project, capsys):
    code, out, _ = said(capsys, "similar", "7", "--k", "2", "--project", project)
    assert code == 0
    assert "most like 7, in s-" in out
    assert "items of both" in out
    code, out, _ = said(capsys, "similar", "7", "--k", "2", "--by", "taste", "--project", project, "--json")
    found = json.loads(out)
    assert (code, found["by"], len(found["alike"])) == (0, ["taste"], 2)


def test_similar_for_somebody_never_seen(project, capsys, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id,rating,timestamp\nme,3,5,1720000000\nme,4,5,1720000000\n")
    code, out, _ = said(capsys, "similar", "me", "--events", tmp_path / "new.csv", "--k", "1", "--project", project)
    assert code == 0
    assert "most like me" in out
    code, _, err = said(capsys, "similar", "--all", "--events", "new.csv", "--out", "x.csv", "--project", project)
    assert (code, "are of a USER never seen" in err) == (2, True)


def test_similar_items(project, capsys):
    code, out, _ = said(capsys, "similar", "--items", "3", "--k", "2", "--project", project)
    assert code == 0
    assert "taken up by the" in out
    assert "times chance" in out.replace("\n", " ")


def test_all_against_all_is_written(project, capsys, tmp_path):
    out_file = tmp_path / "similar.parquet"
    code, out, _ = said(capsys, "similar", "--all", "--k", "3", "--out", out_file, "--project", project)
    assert code == 0
    assert f"wrote {out_file}" in out
    assert pl.read_parquet(out_file)["rank"].unique().to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "nothing is asked about; name one user"),
        (("7", "--items", "3"), "'USER' and '--items' is asked about"),
        (("--all",), "'--all' writes a table; name its file"),
        (("7", "--out", "x.csv"), "'--out' is for '--all'"),
        (("7", "--approximate"), "'--approximate' is for '--all'"),
        (("7", "--shrinkage", "2"), "'--shrinkage' is for '--items'"),
        (("--items", "3", "--by", "taste"), "leave '--by' out"),
        (("70000",), "unknown user '70000'"),
    ],
)
def test_misuse_is_said_in_one_line(project, capsys, given, message):
    code, _, err = said(capsys, "similar", *given, "--project", project)
    assert code == 2
    assert message in err
