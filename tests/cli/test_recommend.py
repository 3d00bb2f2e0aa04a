"""``coterie recommend`` from the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

import coterie
from coterie.cli import main
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recommended")
    coterie.run(quick_sample(folder), threads=1)
    return folder


def said(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in ("recommend", *arguments)])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_a_user_a_segment_and_an_item_get_lists(project, capsys):
    code, out, _ = said(capsys, "1", "--project", project, "--by", "itemitem")
    assert code == 0
    assert "by itemitem" in out
    assert "since they like" in out
    code, out, _ = said(capsys, "--segment", "s-1", "--project", project)
    assert (code, "times all" in out) == (0, True)
    code, out, _ = said(capsys, "--like", "7", "--project", project)
    assert (code, out.startswith("like 7")) == (0, True)


def test_json_and_settings(project, capsys):
    code, out, _ = said(capsys, "1", "--project", project, "--json", "-n", 2, "--set", "penalty=50")
    found = json.loads(out)
    assert (code, len(found["items"]), found["by"]) == (0, 2, "ease")


def test_everybody_is_written_with_progress(project, capsys, tmp_path):
    out_file = tmp_path / "all.csv"
    code, out, err = said(capsys, "--all", "--out", out_file, "--project", project, "-n", 1)
    assert code == 0
    assert "rows for" in out
    assert "lists for everybody" in err
    assert pl.read_csv(out_file).columns == ["user_id", "rank", "item_id", "title", "score", "by"]
    some = tmp_path / "ids.txt"
    some.write_text("item_id\n7\n8\n")
    said(capsys, "--all", "--out", out_file, "--project", project, "--available", some, "--with-seen")
    assert set(pl.read_csv(out_file)["item_id"]) <= {7, 8}


def test_an_evaluation_is_shown_with_intervals(project, capsys):
    how = ("--evaluate", "--by", "segment", "--split", "temporal", "--project", project)
    code, out, err = said(capsys, *how)
    assert code == 0
    for told in ("NDCG@10", "random", "RMSE", "Wilcoxon with Holm", "do segments pay?", "s-1"):
        assert told in out
    assert "popularity" in err
    found = json.loads(said(capsys, *how, "--json")[1])
    assert [one["name"] for one in found["judged"]] == ["random", "popularity", "segment"]


@pytest.mark.parametrize(
    ("arguments", "message", "exits"),
    [
        ([], "nothing is asked about; name one user", 2),
        (["1", "--like", "3"], "'USER' and '--like' is asked about", 2),
        (["--all"], "name its file with '--out recommendations.csv'", 2),
        (["1", "--out", "x.csv"], "'--out' is for '--all'", 2),
        (["--segment", "s-1", "--by", "ease"], "a segment's list goes by its own popularity", 2),
        (["--like", "7", "--with-seen"], "'--with-seen' is for users", 2),
        (["1", "--split", "random"], "'--split' is for '--evaluate'", 2),
        (["1", "--evaluate"], "leave 'USER' out", 2),
        (["--evaluate", "--set", "penalty=3"], "name it with '--by'", 2),
        (["--evaluate", "--split", "tmporal"], "did you mean 'temporal'?", 2),
        (["1", "--set", "penalty"], "expected NAME=VALUE", 2),
        (["1", "--set", "penalty=x"], "'recommender.penalty' is 'x'; expected a number", 2),
        (["1", "--set", "pen=3"], "unknown key 'pen' in recommender", 2),
        (["1", "--by", "eaze"], "did you mean 'ease'?", 2),
        (["1", "--available", "none.txt"], "the items in 'none.txt' cannot be read", 1),
        (["1", "--events", "none.csv"], "none.csv", 1),
    ],
)
def test_each_mistake_is_one_line(project, capsys, arguments, message, exits):
    code, out, err = said(capsys, *arguments, "--project", project)
    assert message in err
    assert (code, out) == (exits, "")


def test_a_list_of_no_item_is_refused(project, capsys, tmp_path):
    (tmp_path / "ids.txt").write_text("item_id\n")
    assert (
        "holds no id; expected one a line"
        in said(capsys, "1", "--available", tmp_path / "ids.txt", "--project", project)[2]
    )


def test_events_without_a_column_are_refused(project, capsys, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,rating,timestamp\n1,5,1\n")
    code, _, err = said(capsys, "1", "--events", tmp_path / "new.csv", "--project", project)
    assert (code, "item_id" in err) == (1, True)
