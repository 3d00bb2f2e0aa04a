"""The report as PDF: by the browser that is there, and an error of one line where there is none."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from coterie.errors import MissingProgramError, StoreError
from coterie.report.printing import find_chromium, write_pdf
from tests.report.rendered import source
from tests.report.test_browser import chromium  # noqa: F401  # a fixture


def program(folder: Path, body: str) -> Path:
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "report.pdf"


def test_it_prints(chromium: str, target: Path, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    monkeypatch.setenv("CHROMIUM", chromium)
    write_pdf(target, source("whole"))
    printed = target.read_bytes()
    assert printed.startswith(b"%PDF")
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 60
    assert b"/StructTreeRoot" in printed, "it can be read out"
    assert [path.name for path in target.parent.iterdir()] == ["report.pdf"]


def test_without_chromium_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        MissingProgramError, match=r"Chromium, which is missing; install it \(`apt-get install chromium"
    ):
        find_chromium()


def test_a_variable_that_names_no_program_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(
        MissingProgramError, match="the variable CHROMIUM names '/nowhere/chromium', which is no program"
    ):
        find_chromium()


def test_the_variable_goes_first_and_the_browser_is_kept_from_the_network(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
):
    said = tmp_path / "said"
    body = (
        f'echo "$@" > {said}; for one in "$@"; do case "$one" in --print-to-pdf=*) echo x > "${{one#*=}}";; esac; done'
    )
    monkeypatch.setenv("CHROMIUM", str(program(tmp_path, body)))
    write_pdf(target, "<p>page</p>")
    assert target.read_text() == "x\n"
    told = said.read_text()
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in told
    assert ("--no-sandbox" in told) == (os.geteuid() == 0)
    profile = re.search(r"--user-data-dir=(\S+)/profile", told)
    assert profile is not None
    assert not Path(profile[1]).exists(), "its profile is thrown away"


def test_a_browser_that_prints_nothing_is_told_with_what_it_said(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CHROMIUM", str(program(tmp_path, "echo first >&2; echo 'no memory' >&2; exit 1")))
    with pytest.raises(StoreError, match="printed no PDF; it said: 'no memory'"):
        write_pdf(target, "<p>page</p>")
    assert list(target.parent.iterdir()) == []


def test_a_browser_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
):
    child = tmp_path / "child"
    monkeypatch.setenv("CHROMIUM", str(program(tmp_path, f"sleep 60 & echo $! > {child}; wait")))
    with pytest.raises(StoreError, match="printed no PDF within 1 seconds and was ended"):
        write_pdf(target, "<p>page</p>", patience_s=1)
    state = Path(f"/proc/{child.read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"
