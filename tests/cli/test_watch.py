"""``coterie compare``, ``coterie forget`` and ``coterie run --since`` from the command line."""

from __future__ import annotations

import json

import pytest

import coterie
from coterie.cli import main
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    config = quick_sample(folder)
    coterie.run(config, threads=1)
    coterie.run(config, since="200d", threads=1)
    return folder


def said(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_compare_says_what_it_found_and_fails_where_that_is_asked(project, capsys):
    code, out, _ = said(capsys, "compare", "--project", project, "--fail-on-drift")
    assert "from \\ to" in out
    assert "formed on have moved" in out
    assert code == (3 if out.split(":")[0].strip() == "retrain" else 0)
    assert said(capsys, "compare", "--project", project)[0] == 0


def test_compare_answers_in_json(project, capsys):
    code, out, _ = said(capsys, "compare", "--project", project, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["verdict"] in {"nothing to do", "look", "retrain"}
    assert found["migration"]["least"] == 5


def test_compare_writes_a_page_a_record_and_pictures(project, capsys, tmp_path):
    said(capsys, "compare", "--project", project, "--out", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"comparison.json", "comparison.html", "migration.svg", "drift.svg"}
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "Who went where" in page
    assert "connect-src" not in page
    assert "default-src &#39;none&#39;" in page


def test_compare_with_data_takes_one_run(project, capsys):
    code, _, err = said(capsys, "compare", "a", "b", "--data", "--project", project)
    assert code == 2
    assert "'--data' compares one run with the tables as they are now" in err
    first = min(path.name for path in (project / "runs").iterdir())
    assert "present tables" in said(capsys, "compare", first, "--data", "--project", project)[1]


def test_a_window_is_told(project, capsys):
    code, out, _ = said(capsys, "segments", "show", "--project", project)
    assert code == 0
    assert "window: events from 20" in out


def test_a_wrong_window_is_misuse(project, capsys):
    code, _, err = said(capsys, "run", "--config", project, "--since", "3x")
    assert code == 2
    assert "expected a date such as 2024-01-31" in err


def test_forget_tells_where_they_are_and_where_they_still_are(project, capsys, tmp_path):
    ids = tmp_path / "ids.csv"
    ids.write_text("user_id,why\n55,asked\n7,asked\n")
    code, out, _ = said(capsys, "forget", "--file", ids, "--project", project, "--dry-run")
    assert code == 0
    assert "2 users would be forgotten" in out
    code, out, _ = said(capsys, "forget", "--file", ids, "--project", project)
    assert code == 0
    assert "2 users forgotten" in out
    assert "Coterie changes no source" in out
    code, _, err = said(capsys, "forget", "55", "--project", project)
    assert code == 1
    assert "'55' is in no run and no score" in err


def test_forget_needs_somebody_and_a_file_that_is_there(project, capsys, tmp_path):
    assert "there is nobody to forget" in said(capsys, "forget", "--project", project)[2]
    assert "cannot be read" in said(capsys, "forget", "--file", tmp_path / "no.csv", "--project", project)[2]
