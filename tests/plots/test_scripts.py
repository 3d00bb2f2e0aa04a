from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
import vl_convert

from coterie.plots import scripts

MADE = "vegaEmbed;\r\nvega; // é\n"


@pytest.fixture
def made(monkeypatch, tmp_path: Path):
    """Calls that put scripts together, with a cache folder of their own."""
    calls = []

    def bundle(snippet):
        calls.append(snippet)
        return MADE

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    monkeypatch.setattr(scripts.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return calls


def asked_anew() -> str:
    scripts.drawing_scripts.cache_clear()
    try:
        return scripts.drawing_scripts()
    finally:
        scripts.drawing_scripts.cache_clear()


def test_they_are_put_together_once_and_kept(made, tmp_path: Path):
    assert [asked_anew() for _ in range(3)] == [MADE] * 3
    assert len(made) == 1
    (kept,) = (tmp_path / "caches" / "coterie").iterdir()
    assert metadata.version("vl-convert-python") in kept.name


@pytest.mark.parametrize("damage", [b"", b"\xff", b"alert(1)", None])
def test_a_damaged_file_is_made_again(made, tmp_path: Path, damage):
    asked_anew()
    (kept,) = (tmp_path / "caches" / "coterie").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] if damage is None else damage)
    assert asked_anew() == asked_anew() == MADE
    assert len(made) == 2


def test_a_folder_that_cannot_be_written_does_no_harm(made, tmp_path: Path):
    (tmp_path / "caches").write_text("a file where the folder would be")
    assert asked_anew() == MADE


def test_a_user_without_a_home_gets_them_too(made, monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(scripts.Path, "home", homeless)
    assert asked_anew() == MADE
    assert len(made) == 1
