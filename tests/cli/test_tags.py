"""``coterie tags review`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coterie.cli import main

CONFIG = """
[tables.courses]
role = "items"
source = "courses.csv"
item = "id"
tags = { column = "tags" }

[tables.interests]
role = "events"
source = "interests.csv"
user = "user"
item = "tag"
unknown = "keep"

[tables.people]
role = "users"
source = "people.csv"
user = "user"

[features.interests]
kind = "tags"
from = "interests"
vocabulary = "tags-review.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "coterie.toml").write_text(CONFIG)
    (tmp_path / "courses.csv").write_text("id,tags\n1,node-js|mvc\n2,mvc\n3,node-js\n")
    (tmp_path / "interests.csv").write_text("user,tag\n1,nodejs\n1,mvc5\n2,mvc\n3,mvc\n3,mvc5\n")
    (tmp_path / "people.csv").write_text("user\n1\n")
    return tmp_path


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, captured.err


def test_proposals_are_written_shown_and_kept_once_decided(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["tags", "review", "courses", "interests", "--config", str(folder)]
    code, out, _ = told(asked, capsys)
    assert code == 0
    assert "4 tags: 1 proposals wait for yes or no; 1 differ in" in " ".join(out.split())
    file = folder / "tags-review.csv"
    text = file.read_text()
    assert "nodejs,node-js,1.000,same but for punctuation; 0 of 1 carriers" in text
    lines = [line + "no" if line.startswith("mvc5,") else line for line in text.splitlines()]
    file.write_text("\n".join(lines) + "\n")
    code, out, _ = told([*asked, "--json"], capsys)
    answer = json.loads(out)
    assert code == 0
    assert (answer["tags"], {(line["tag"], line["decision"]) for line in answer["lines"]}) == (
        4,
        {("nodejs", "auto"), ("mvc5", "no")},
    )
    assert sorted(file.read_text().splitlines()) == sorted(lines)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["interest"], 2, "unknown table 'interest'; did you mean 'interests'"),
        (["people"], 2, "the table 'people' of role 'users' has no tags; expected events, or items with"),
        (["interests", "--meaning", "nowhere"], 1, "there is no model at 'nowhere'"),
        (["interests", "--file", "no/such/folder.csv"], 1, "cannot write 'no/such/folder.csv': No such file"),
    ],
)
def test_what_cannot_be_reviewed_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, expected: str
) -> None:
    got, _, err = told(["tags", "review", *arguments, "-c", str(folder / "coterie.toml")], capsys)
    assert (got, expected in err) == (code, True), err
