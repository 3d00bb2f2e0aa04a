"""The commands when all goes well: what they print, where, and how they end."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

import coterie
from coterie import project as projects
from coterie.cli import main
from tests.projects import quick_sample

COMMANDS = ["demo", "init", "check", "run", "segments", "score"]
PROGRAM = [sys.executable, "-c", "from coterie.cli import main; main()"]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys) -> Callable[..., Answer]:
    """Call the command line in this process."""

    def run(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Answer(stopped.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def folder(sample_run) -> Path:
    return sample_run.folder.parents[1]


def parsed(text: str):
    """JSON that knows no NaN."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def new_ratings(folder: Path, users: list[str], to: Path) -> Path:
    rows = pl.read_csv(folder / "ratings.csv", infer_schema=False).filter(pl.col("user_id").is_in(users))
    rows.with_columns(user_id="new-" + pl.col("user_id")).write_csv(to)
    return to


def test_the_version_is_said(call):
    assert call("--version") == Answer(0, f"coterie {coterie.__version__}\n", "")


def test_help_names_every_command(call):
    answer = call("--help")
    assert (answer.code, answer.err) == (0, "")
    assert all(name in answer.out for name in COMMANDS)


@pytest.mark.parametrize("arguments", [(), ("segments",)])
def test_a_bare_call_shows_the_help(call, arguments):
    answer = call(*arguments)
    assert answer.code == 2
    assert "Usage: coterie" in answer.out
    assert len(answer.out.splitlines()) > 5
    assert "error:" not in answer.err


@pytest.mark.parametrize("command", [*COMMANDS, "segments show"])
def test_every_command_has_its_help(call, command):
    answer = call(*command.split(), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"Usage: coterie {command}" in answer.out


def test_check_says_what_it_found_and_changes_nothing(call, folder):
    before = state_of(folder)
    answer = call("check", "--config", folder)
    assert (answer.code, answer.err) == (0, "")
    for name in ("ratings (events)", "people (users)", "titles (items)", "are in order"):
        assert name in answer.out
    assert state_of(folder) == before


def test_check_in_json(call, folder):
    before = state_of(folder)
    answer = call("check", "--config", folder / "coterie.toml", "--json")
    assert (answer.code, answer.err) == (0, "")
    found = parsed(answer.out)
    assert {table["name"]: table["role"] for table in found["tables"]} == {
        "ratings": "events", "people": "users", "titles": "items"
    }  # fmt: skip
    assert found["looked_at"] == 1000
    assert state_of(folder) == before


def test_init_then_run_with_progress_on_stderr(call, folder, tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    for name in ("ratings", "people", "titles"):
        (tables / f"{name}.csv").write_bytes((folder / f"{name}.csv").read_bytes())
    config = tables / "coterie.toml"
    answer = call("init", tables, "--config", config)
    assert (answer.code, answer.err) == (0, "")
    assert "coterie run" in answer.out
    told = json.loads(call("init", tables, "--config", tables / "again.toml", "--json").out)
    assert told["tables"]["ratings"]["role"] == "events"
    read = "ratings.csv: events (user 'user_id', item 'item_id', value 'rating', time 'timestamp')"
    assert {read, "titles.csv: items (item 'item_id', title 'title')"} <= set(answer.out.splitlines())
    text = config.read_text()
    assert "\n[clustering]\n" in text
    settings = "[clustering]\nk = [4, 5]\nstarts = 3\n[evaluation]\nsplits = 2\nbootstraps = 4\nseeds = 2\n"
    config.write_text(text[: text.index("\n[clustering]\n") + 1] + settings)
    answer = call("run", "--config", config)
    assert answer.code == 0, answer.err
    assert answer.err.startswith("✓ open the sources")
    assert "✓ check and clean the tables" in answer.err
    assert "\n\n" not in answer.err
    assert "check and clean the tables" not in answer.out
    assert "s-1" in answer.out
    said = " ".join(answer.out.split())
    (events,) = [table for table in coterie.open_run(tables).manifest.inputs if table.table == "ratings"]
    assert f"; {events.rejected:,} of {events.read:,} rows of 'ratings' rejected (see rejects/ beside the" in said
    assert f"; cleaning took out {events.cleaned:,} of {events.read:,} rows of 'ratings'" in said
    assert answer.out.strip().splitlines()[-1].startswith("report ")
    assert coterie.open_run(tables).report.is_file()


def test_run_in_json_is_pure_and_complete(call, tmp_path):
    answer = call("run", "--config", quick_sample(tmp_path), "--threads", "2", "--json")
    assert answer.code == 0, answer.err
    found = parsed(answer.out)
    run = coterie.open_run(tmp_path)
    assert found["run"] == run.id
    assert found["k"] == len(found["segments"]) == len(run.segments)
    assert found["agreement"] == 1.0
    assert Path(found["report"]).is_file()


def test_segments_are_shown_from_inside_a_run_too(call, sample_run, monkeypatch):
    monkeypatch.chdir(sample_run.folder)
    assert call("segments", "show").code == 0


def test_all_segments(call, sample_run, folder):
    answer = call("segments", "show", "--project", folder)
    assert (answer.code, answer.err) == (0, "")
    assert f"run {sample_run.id}" in answer.out
    assert all(segment.id in answer.out for segment in sample_run.segments)
    found = parsed(call("segments", "show", "--project", folder, "--json").out)
    assert [segment["id"] for segment in found["segments"]] == [segment.id for segment in sample_run.segments]


def test_one_segment(call, sample_run, folder):
    segment, profile = sample_run.segment("s-1")
    answer = call("segments", "show", "s-1", "--project", folder, "--run", sample_run.id)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("s-1 ")
    assert f"{segment.size:,} users" in answer.out
    told = " ".join(answer.out.split())
    assert all(claim.text in told for claim in sample_run.persona("s-1").claims)
    assert min(mark.p_adjusted for mark in profile.marks) < 1e-6
    assert "< 0.001" in answer.out
    assert not re.search(r" 0$|\de-\d", answer.out, re.MULTILINE), "no p-value is 0, nor known to a hundred digits"
    found = parsed(call("segments", "show", "s-1", "--project", folder, "--json").out)
    assert found["segment"]["size"] == segment.size
    assert found["profile"]["sentences"] == list(profile.sentences)


def test_a_segment_or_run_that_there_is_not(call, folder):
    answer = call("segments", "show", "s-99", "--project", folder)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: unknown segment 's-99'; ")
    assert len(answer.err.splitlines()) == 1
    answer = call("segments", "show", "--project", folder, "--run", "nothing")
    assert (answer.code, answer.out) == (2, "")
    assert "'nothing'" in answer.err


def test_scores_on_the_screen_are_csv(call, sample_run, folder, tmp_path):
    users = sample_run.assignments().head(5)
    new = new_ratings(folder, users["user_id"].to_list(), tmp_path / "new.csv")
    answer = call("score", new, "--project", folder)
    assert answer.code == 0
    assert "5 of 5 users have a segment" in answer.err
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert [row["user_id"] for row in rows] == sorted(f"new-{user}" for user in users["user_id"])
    assert {row["user_id"]: row["segment_id"] for row in rows} == {
        f"new-{user}": segment for user, segment in users.select("user_id", "segment_id").iter_rows()
    }


def test_scores_and_what_was_refused_go_into_files(call, sample_run, folder, tmp_path):
    new = new_ratings(folder, sample_run.assignments()["user_id"].head(5).to_list(), tmp_path / "new.csv")
    item = pl.read_csv(new, infer_schema=False)["item_id"][0]
    with new.open("a") as file:
        file.write(f"new-x,{item},lots,1700000000\n")
    answer = call("score", new, "--project", folder, "--out", tmp_path / "out.csv")
    assert (answer.code, answer.out) == (0, "")
    assert "1 x not a number in 'rating'" in answer.err
    assert pl.read_csv(tmp_path / "out.csv").height >= 5
    rejects = pl.read_csv(tmp_path / "out.rejects.ratings.csv", infer_schema=False)
    assert rejects["_reason"].to_list().count("not a number") == 1


def test_scores_and_rejects_hold_nothing_that_a_spreadsheet_would_run(call, sample_run, folder, tmp_path):
    new = new_ratings(folder, sample_run.assignments()["user_id"].head(2).to_list(), tmp_path / "new.csv")
    new.write_text(new.read_text().replace("new-", "=new-"))
    item = pl.read_csv(new, infer_schema=False)["item_id"][0]
    with new.open("a") as file:
        file.write(f"@x,{item},=1+1,1700000000\n")
    assert call("score", new, "--project", folder, "--out", tmp_path / "out.csv").code == 0
    users = pl.read_csv(tmp_path / "out.csv")["user_id"].to_list()
    assert len(users) >= 2
    assert all(user.startswith("'=new-") for user in users if user != "'@x")
    rejects = pl.read_csv(tmp_path / "out.rejects.ratings.csv", infer_schema=False)
    assert rejects.row(0, named=True)["rating"] == "'=1+1"


def test_scores_appear_whole_or_not_at_all(call, sample_run, folder, tmp_path, monkeypatch):
    new = new_ratings(folder, sample_run.assignments()["user_id"].head(5).to_list(), tmp_path / "new.csv")

    def full(self, data):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    (tmp_path / "out").mkdir()
    answer = call("score", new, "--project", folder, "--out", tmp_path / "out" / "scores.csv")
    assert answer.code == 1
    assert "cannot write" in answer.err
    assert "No space left on device" in answer.err
    assert list((tmp_path / "out").iterdir()) == []


def test_scores_in_json(call, folder, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id,rating,timestamp\nada,never-seen,5,1700000000\n")
    answer = call("score", tmp_path / "new.csv", "--project", folder, "--json")
    assert answer.code == 0
    user = {"user_id": "ada", "segment_id": None, "strength": 0.0, "distance": None, "by": "none", "confidence": None}
    assert parsed(answer.out)["users"] == [user]
    assert "0 of 1 users have a segment" in answer.err
    both = call("score", tmp_path / "new.csv", "--project", folder, "--json", "--out", tmp_path / "out.csv")
    assert parsed(both.out) == parsed(answer.out)
    assert pl.read_csv(tmp_path / "out.csv")["user_id"].to_list() == ["ada"]


def test_a_demo_needs_nothing(call, tmp_path):
    answer = call("demo", tmp_path / "demo", "--users", "300", "--json")
    assert answer.code == 0, answer.err
    found = parsed(answer.out)
    assert found["k"] >= 2
    assert {"coterie.toml", "ratings.csv", "people.csv", "titles.csv", "runs"} <= {
        path.name for path in (tmp_path / "demo").iterdir()
    }


def test_debug_shows_where_an_error_comes_from(call, tmp_path):
    plain = call("run", "--config", tmp_path / "nowhere.toml")
    debug = call("--debug", "run", "--config", tmp_path / "nowhere.toml")
    assert (plain.code, debug.code) == (2, 2)
    assert "Traceback" not in plain.err
    assert "Traceback (most recent call last)" in debug.err
    assert debug.err.endswith(plain.err)


def test_ctrl_c_ends_with_one_line(call, folder, monkeypatch):
    def stopped(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(projects, "run", stopped)
    answer = call("run", "--config", folder, "--json")
    assert answer == Answer(130, "", "error: stopped; nothing half written was left\n")


def test_a_fault_of_coterie_is_said_in_one_line(call, folder, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("of\nsomething")

    monkeypatch.setattr(projects, "run", broken)
    answer = call("run", "--config", folder, "--json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: an unexpected ZeroDivisionError: of something; this is a fault of Coterie")
    assert len(answer.err.splitlines()) == 1


def test_a_secret_is_in_no_error_and_no_file(call, tmp_path, monkeypatch):
    config = quick_sample(tmp_path)
    secret = "swordfish"
    monkeypatch.setenv("COTERIE_TEST_PLACE", secret)
    config.write_text(config.read_text().replace('"ratings.csv"', '"${COTERIE_TEST_PLACE}/ratings.csv"'))
    answer = call("run", "--config", config)
    assert answer.code == 1
    assert "${COTERIE_TEST_PLACE}/ratings.csv" in answer.err
    assert secret not in answer.out + answer.err
    (tmp_path / secret).mkdir()
    (tmp_path / "ratings.csv").rename(tmp_path / secret / "ratings.csv")
    answer = call("run", "--config", config)
    assert answer.code == 0, answer.err
    assert secret not in answer.out + answer.err
    for path in coterie.open_run(tmp_path).folder.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("arguments", [["segments", "show"], ["segments", "show", "--json"], ["--help"]])
def test_a_reader_who_leaves_early_gets_no_traceback(folder, arguments):
    taken, given = os.pipe()
    os.close(taken)  # nobody will read a line
    try:
        done = subprocess.run(
            [*PROGRAM, *arguments], cwd=folder, stdout=given, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(given)
    assert done.stderr == ""
    assert done.returncode == 1
