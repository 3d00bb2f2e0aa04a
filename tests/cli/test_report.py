"""``coterie report``: the page and the tables anew from records, and what it refuses."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

from coterie.cli import main


@pytest.fixture
def call(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


@pytest.fixture
def project(sample_run):
    return sample_run.folder.parents[1]


def test_it_says_where_the_report_is(call, sample_run, project):
    assert call("report", "--project", project) == (0, f"{project / 'runs' / sample_run.id / 'report.html'}\n", "")
    assert json.loads(call("report", sample_run.id, "--project", project, "--json")[1])["files"] == []


def test_the_page_made_anew_is_the_page_of_the_run(call, sample_run, project, tmp_path):
    code, out, err = call("report", "--project", project, "--html", tmp_path / "again.html")
    assert (code, out, err) == (0, f"wrote {tmp_path / 'again.html'}\n", "")
    assert (tmp_path / "again.html").read_bytes() == sample_run.report.read_bytes()


def test_segments_are_called_as_people_call_them_now(call, sample_run, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(sample_run.folder.parents[1], folder)
    call("segments", "rename", "s-1", "Soft hearts", "--project", folder)
    call("report", "--project", folder, "--html", tmp_path / "again.html")
    assert "Soft hearts" in (tmp_path / "again.html").read_text(encoding="utf-8")


def test_a_run_of_before_has_no_map_in_a_page_made_anew(call, sample_run, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(sample_run.folder, older)
    (older / "map.json").unlink()
    call("report", "--project", older, "--html", tmp_path / "again.html")
    assert 'id="map"' not in (tmp_path / "again.html").read_text(encoding="utf-8")


def test_all_tables_and_every_mark_become_csv(call, sample_run, project, tmp_path):
    code, out, err = call("report", "--project", project, "--tables", tmp_path / "tables", "--json")
    assert (code, err) == (0, "")
    files = json.loads(out)["files"]
    assert sorted(files) == sorted(str(path) for path in (tmp_path / "tables").iterdir())
    marks = pl.read_csv(tmp_path / "tables" / "marks.csv")
    assert marks.height == sum(len(profile.marks) for profile in sample_run.profiles)
    groups = pl.read_csv(tmp_path / "tables" / "groups-the-groups.csv")
    assert groups["People"].to_list() == [segment.size for segment in sample_run.segments]


def test_without_chromium_nothing_is_written(call, project, tmp_path, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere")
    code, out, err = call("report", "--project", project, "--pdf", tmp_path / "a.pdf", "--html", tmp_path / "a.html")
    assert (code, out) == (1, "")
    assert (
        err == "error: the variable CHROMIUM names '/nowhere', which is no program; expected the path of a Chromium\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_there_is_told(call, project):
    code, _, err = call("report", "nothing", "--project", project)
    assert code == 2
    assert "unknown run 'nothing'" in err
