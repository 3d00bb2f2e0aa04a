"""Records on disk: canonical, whole, and refused when they are not what they should be."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie import records
from coterie.config import Project
from coterie.errors import ModelError, StoreError


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    tags: tuple[str, ...]


def test_plain_turns_everything_into_what_json_knows():
    given = {
        "point": Point(math.nan, ("a", "b")),
        "array": np.array([[1.5, np.nan], [np.inf, -np.inf]], np.float32),
        "scalars": [np.int32(3), np.float64(2.5), np.bool_(True), np.str_("x")],
        "set": {"b", "a"},
        "path": Path("a/b"),
        "model": Project(seed=3),
        7: None,
    }
    assert records.plain(given) == {
        "point": {"x": None, "tags": ["a", "b"]},
        "array": [[1.5, None], [None, None]],
        "scalars": [3, 2.5, True, "x"],
        "set": ["a", "b"],
        "path": "a/b",
        "model": {"name": "coterie", "seed": 3, "memory_gb": 4.0, "entity": "users"},
        "7": None,
    }


def test_dumps_is_canonical():
    assert records.dumps({"b": 1, "a": [math.nan, "é"]}) == '{\n "a": [\n  null,\n  "é"\n ],\n "b": 1\n}\n'


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values))
def test_equal_records_give_equal_bytes(record):
    text = records.dumps(record)
    assert text == records.dumps(dict(reversed(record.items())))
    assert records.dumps(json.loads(text)) == text
    assert json.loads(text, parse_constant=pytest.fail) == records.plain(record)


@pytest.fixture
def path(tmp_path) -> Path:
    file = tmp_path / "r.json"
    records.write(file, "coterie.test", 1, {"a": 1})
    return file


def test_what_is_written_is_read_back(path):
    assert records.read(path, "coterie.test", 1) == {"a": 1}
    assert [file.name for file in path.parent.iterdir()] == ["r.json"]


def test_a_name_that_is_no_text_does_no_harm(path):
    records.write(path, "coterie.test", 1, {"file": "caf\udce9.csv"})
    assert records.read(path, "coterie.test", 1) == {"file": "caf\udce9.csv"}


def test_a_full_disk_leaves_the_old_record_and_nothing_beside_it(path, monkeypatch):
    def full(self, data):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match=r"^cannot write '.*r\.json': No space left on device; free some space or"):
        records.write(path, "coterie.test", 1, {"a": 2})
    monkeypatch.undo()
    assert records.read(path, "coterie.test", 1) == {"a": 1}
    assert [file.name for file in path.parent.iterdir()] == ["r.json"]


def test_stopped_while_writing_leaves_nothing_beside_it(path, monkeypatch):
    def stopped(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        records.write(path, "coterie.test", 1, {"a": 2})
    assert [file.name for file in path.parent.iterdir()] == ["r.json"]
    assert records.read(path, "coterie.test", 1) == {"a": 1}


@pytest.mark.parametrize(("place", "why"), [("nowhere/x.json", "No such file"), ("r.json/x.json", "Not a directory")])
def test_a_place_that_cannot_be_written(path, place, why):
    with pytest.raises(StoreError, match=f"^cannot write '.*': {why}"):
        records.write(path.parent / place, "coterie.test", 1, {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read: .*; run `coterie run` again"),
        (b'{"schema": "coterie.test", "ver', "cannot be read: .*; run `coterie run` again"),
        (b"\xff\xfe", "cannot be read: .*; run `coterie run` again"),
        (b"[" * 100_000, "cannot be read: .*; run `coterie run` again"),
        (b"[]", "is not a 'coterie.test' record"),
        (b'{"schema": "coterie.other", "version": 1, "body": 1}', "is not a 'coterie.test' record"),
        (b'{"schema": "coterie.test", "version": 2, "body": 1}', "has version 2, this Coterie reads version 1"),
        (b'{"schema": "coterie.test", "body": 1}', "has version None, this Coterie reads version 1"),
        (b'{"schema": "coterie.test", "version": 1}', "is damaged: it has no body"),
    ],
)
def test_what_is_no_such_record_is_refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"r\.json' {message}"):
        records.read(path, "coterie.test", 1)


def test_a_missing_record_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"the record '.*none\.json' cannot be read: .*No such file"):
        records.read(tmp_path / "none.json", "coterie.test", 1)
