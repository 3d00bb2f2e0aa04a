"""``coterie lookalike`` from the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tests.cli.test_watch import said


@pytest.fixture
def project(sample_run):
    return sample_run.folder.parent.parent


@pytest.fixture
def seeds(sample_run, tmp_path):
    path = tmp_path / "seeds.csv"
    members = sample_run.assignments().filter(pl.col("segment_id") == "s-2")["user_id"].to_list()
    path.write_text("\n".join(["user_id", *members[:25], "no-such"]) + "\n")
    return path


def test_it_says_how_well_hidden_seeds_are_found_and_writes(project, seeds, capsys, tmp_path):
    out_file, plot = tmp_path / "audience.parquet", tmp_path / "reach.svg"
    asked = ("lookalike", seeds, "--reach", "10%", "--out", out_file, "--plot", plot, "--project", project)
    code, out, _ = said(capsys, *asked)
    assert code == 0
    assert "users like 25 seeds" in out
    assert "rejected: seed 'no-such': not in the run" in out
    assert "by classifier" in out
    assert "at random" in out
    assert f"wrote {out_file}" in out
    assert pl.read_parquet(out_file).height == pytest.approx(0.1 * 275, abs=1)
    assert plot.read_text().startswith("<svg")
    assert (tmp_path / "reach.similarity.svg").read_text().startswith("<svg")
    assert (tmp_path / "audience.rejects.csv").exists()


def test_it_answers_in_json(project, seeds, capsys):
    code, out, _ = said(capsys, "lookalike", seeds, "--reach", "12", "--project", project, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["users"], found["n_seeds"], found["rejects"][0]["seed"]) == (12, 25, "no-such")
    assert {one["by"] for one in found["hidden"]["recalls"]} == {"classifier", "centroid", "activity", "segment"}


def test_three_seeds_have_a_plot_too(project, capsys, tmp_path):
    (tmp_path / "few.csv").write_text("7\n8\n9\n")
    code, out, _ = said(capsys, "lookalike", tmp_path / "few.csv", "--plot", tmp_path / "r.png", "--project", project)
    assert code == 0
    assert "3 seeds are too few to hide some" in " ".join(out.split())


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (("--reach", "many"), 2, "'--reach' is 'many'; expected how many users, such as 500"),
        (("--reach", "200%"), 2, "expected a whole number of users >= 1, or a share"),
        (("--reach", "5", "--floor", "0.3"), 2, "a reach and a floor are given"),
        (("--ranked-by", "size"), 2, "'--ranked-by' is 'size'"),
        (("--exclude", "none.csv"), 1, "there is no file 'none.csv'"),
        (("--out", "a.xlsx"), 2, "expected .parquet or .csv"),
        (("--plot", "a.pdf"), 2, "expected .svg or .png"),
        (("--by", "tast"), 2, "unknown feature 'tast'"),
    ],
)
def test_misuse_is_said_in_one_line(project, seeds, capsys, given, code, message):  # noqa: PLR0917
    got, _, err = said(capsys, "lookalike", seeds, *given, "--project", project)
    assert (got, message in err) == (code, True), err
