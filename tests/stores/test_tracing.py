"""Which files hold an id."""

from __future__ import annotations

import gzip
import json

import numpy as np
import polars as pl
import pytest

from coterie.stores.tracing import held_in, is_telling, traces

NAME = "fan-001<&é"


def packed(folder):
    np.save(folder / "a.npy", np.array(["x", NAME, NAME + "2"]))
    np.savez_compressed(folder / "b.npz", ids=np.array([NAME]), n=np.arange(3))
    pl.DataFrame({"user_id": [NAME, "x"], "n": [1, 2]}).write_parquet(folder / "c.parquet", compression="zstd")
    (folder / "d.json").write_text(json.dumps({"body": [{"exemplars": [NAME]}]}))
    (folder / "e.csv.gz").write_bytes(gzip.compress(f"user_id\n{NAME}\n".encode()))
    (folder / "f.html").write_text("<p>fan-001&lt;&amp;é</p>")
    (folder / "g.bin").write_bytes(b"\x00\x00" + NAME.encode("utf-16-le") + b"\x00\x00")
    return 7


def test_it_is_found_in_every_kind_of_file(tmp_path):
    assert len(traces(tmp_path, [NAME])) == 0
    n = packed(tmp_path)
    assert [trace.file.name[0] for trace in traces(tmp_path, [NAME])] == list("abcdefg")[:n]


def test_a_longer_id_is_another_user(tmp_path):
    np.save(tmp_path / "a.npy", np.array(["user-12", "user-1234"]))
    (tmp_path / "b.csv").write_text("user_id\nuser-1234\nxuser-12\n")
    (tmp_path / "c.json").write_text('["user-1234"]')
    assert [trace.file.name for trace in traces(tmp_path, ["user-12"])] == ["a.npy"]
    assert traces(tmp_path, ["user-123"]) == ()


def test_skipped_files_are_not_looked_at(tmp_path):
    (tmp_path / "mine.csv").write_text(NAME)
    assert traces(tmp_path, [NAME], [tmp_path / "mine.csv"]) == ()


def test_a_damaged_file_is_read_as_bytes():
    assert held_in(b"not a zip fan-0001", "x.npz", ["fan-0001"]) == {"fan-0001"}
    assert held_in(b"not a zip", "x.npz", ["fan-0001"]) == set()


@pytest.mark.parametrize(("name", "telling"), [("12", False), ("12345", False), ("123456", True), ("u-12", True)])
def test_short_numbers_tell_nothing(name, telling):
    assert is_telling(name) == telling
