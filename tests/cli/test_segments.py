"""The commands on the registry of segments."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from coterie.cli import main
from coterie.cli.registry import show_registry
from tests.runs.test_identity import FIRST, LATER, Project


@pytest.fixture
def project(tmp_path) -> Project:
    """Three segments, of which one is retired in a second run and one is new."""
    made = Project(tmp_path)
    made.run(*FIRST)
    made.run(LATER[1], range(60, 88), range(200, 260))
    return made


@pytest.fixture
def call(capsys, project):
    """Call a command on segments of the project; gives the exit code, stdout and stderr."""

    def run(command: str, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["segments", command, *arguments, "--project", str(project.folder)])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


def test_the_list_has_every_segment_there_ever_was(call):
    code, out, err = call("list")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()[1:]]
    assert [(line[0], line[1]) for line in lines] == [
        ("s-1", "active"), ("s-2", "active"), ("s-3", "retired"), ("s-4", "active")
    ]  # fmt: skip
    found = json.loads(call("list", "--json")[1])
    assert [segment["status"] for segment in found["segments"]] == ["active", "active", "retired", "active"]
    assert found["questions"] == []


def test_the_list_says_what_each_is_a_segment_of_where_there_are_several_kinds(project, capsys):
    registry = project.registry
    show_registry(registry, as_json=False)
    assert "users" not in capsys.readouterr().out
    first, *others = registry.entries
    show_registry(replace(registry, entries=(replace(first, entity="films.tags"), *others)), as_json=False)
    found = [line.split()[:2] for line in capsys.readouterr().out.splitlines() if line.startswith("s-")]
    assert found == [["s-1", "films.tags"], ["s-2", "users"], ["s-3", "users"], ["s-4", "users"]]


def test_a_question_comes_with_the_command_that_answers_it(call, project):
    # 20 of the 60 of s-4 stay, among 20 others: Jaccard with s-4 is 20 / 60 on the users in common.
    project.run(LATER[1], range(60, 88), range(200, 220))
    project.run(LATER[1], range(60, 88), range(300, 360))
    project.run(LATER[1], range(60, 68), range(300, 360), range(68, 88))
    asked = json.loads(call("list", "--json")[1])["questions"]
    assert asked == []
    project.run(range(18), range(18, 36), range(36, 58), range(60, 68), range(300, 360), range(68, 88))
    (asked,) = json.loads(call("list", "--json")[1])["questions"]
    assert asked.startswith("is s-1 still what it was? Little of it is left. If so: `coterie segments rename s-1 NAME`")
    assert "? is s-1 still what it was?" in call("list")[1]
    assert call("rename", "s-1", "The first")[0] == 0
    assert json.loads(call("list", "--json")[1])["questions"] == []


def test_a_name_a_colour_and_a_note(call, project):
    code, out, err = call("rename", "s-2", "Night owls", "--colour", "#00ff00", "--note", "agreed")
    assert (code, out, err) == (0, "s-2 Night owls\n", "")
    entry = project.registry.entry("s-2")
    assert (entry.name, entry.colour, entry.notes) == ("Night owls", "#00FF00", ("agreed",))
    assert "Night owls" in call("list")[1]
    assert "s-2 note: agreed" in call("history", "s-2")[1]
    found = json.loads(call("rename", "s-2", "", "--json")[1])
    assert found["segment"]["name"] is None


def test_a_merger_is_pending_until_the_next_run(call, project):
    code, out, err = call("merge", "s-1", "s-2")
    said = "s-2 merged into s-1, from the next run on; to take it back: `coterie segments unmerge s-2`\n"
    assert (code, out, err) == (0, said, "")
    assert json.loads(call("list", "--json")[1])["segments"][1]["pending"] is True
    project.run(LATER[1], range(60, 88), range(200, 260))
    assert json.loads(call("list", "--json")[1])["segments"][1]["pending"] is False
    found = json.loads(call("history", "s-2", "--json")[1])["segments"][0]["history"]
    assert [event["detail"] for event in found[-2:]] == ["s-2 into s-1, by hand", "in s-1 from this run on"]


def test_a_merger_can_be_taken_back_and_says_how(call, project):
    _, out, _ = call("merge", "s-1", "s-2")
    assert "coterie segments unmerge s-2" in " ".join(out.split())
    code, out, err = call("unmerge", "s-2")
    assert (code, err) == (0, "")
    assert "a segment of its own again" in " ".join(out.split())
    call("merge", "s-1", "s-2")
    project.run(LATER[1], range(60, 88), range(200, 260))
    assert project.registry.entry("s-2").status == "merged"
    assert "again from the next run on" in " ".join(call("unmerge", "s-2")[1].split())
    project.run(LATER[1], range(60, 88), range(200, 260))
    assert [project.registry.entry(i).status for i in ("s-1", "s-2")] == ["active", "active"]


def test_a_merger_into_the_second(call, project):
    found = json.loads(call("merge", "s-1", "s-2", "--into", "s-2", "--json")[1])
    assert (found["segment"]["id"], found["segment"]["merged_into"]) == ("s-1", "s-2")


def test_the_history_of_all(call):
    found = json.loads(call("history", "--json")[1])
    kinds = {segment["id"]: [event["kind"] for event in segment["history"]] for segment in found["segments"]}
    assert kinds == {"s-1": ["born", "kept"], "s-2": ["born", "kept"], "s-3": ["born", "retired"], "s-4": ["born"]}
    lines = call("history")[1].splitlines()
    assert len(lines) == 1 + 7


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("rename", "s-33", "x"), 2, "unknown segment 's-33'; did you mean 's-3'?"),
        (("history", "t"), 2, "unknown segment 't'; expected one of 's-1', 's-2', 's-3', 's-4'"),
        (("merge", "s-1", "s-1"), 2, "s-1 cannot be merged with itself; name two segments"),
        (("rename", "s-1"), 2, "nothing to change: give a name, a colour or a note"),
        (("rename", "s-1", "--colour", "red"), 2, "'red' is no colour; expected '#' and six hexadecimal digits"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(call, project, arguments, code, message):
    before = (project.folder / "segments.json").read_bytes()
    got, out, err = call(*arguments)
    assert (got, out) == (code, "")
    assert err.startswith(f"error: {message}")
    assert len(err.splitlines()) == 1
    assert (project.folder / "segments.json").read_bytes() == before


def test_where_there_is_no_run_there_is_nothing_to_list_or_name(capsys, tmp_path):
    for command, code, said in (("list", 0, "no segments yet"), ("rename s-1 x", 1, "there are no segments in")):
        with pytest.raises(SystemExit) as stopped:
            main(["segments", *command.split(), "--project", str(tmp_path)])
        captured = capsys.readouterr()
        assert stopped.value.code == code
        assert said in captured.out + captured.err
    assert list(tmp_path.iterdir()) == []


def test_show_uses_the_name_that_a_segment_has_now(capsys, sample_run, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(sample_run.folder.parents[1], folder)
    for arguments in (["rename", "s-1", "Night owls"], ["show"], ["show", "s-1"]):
        with pytest.raises(SystemExit) as stopped:
            main(["segments", *arguments, "--project", str(folder)])
        assert stopped.value.code == 0
    assert capsys.readouterr().out.count("Night owls") == 3
