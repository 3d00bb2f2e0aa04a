"""Frozen parts come back bit by bit, and never run what a file says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coterie import frozen
from coterie.errors import ModelError, StoreError
from coterie.frozen import Frozen

PART = Frozen("kmeans", {"k": 3, "names": ["a", "é"]}, {"centres": np.array([[0.1, np.nan]], np.float32)})


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_a_part_comes_back_as_it_was(tmp_path):
    arrays = {
        "centres": np.array([[0.1, -0.0], [np.nan, np.inf]], np.float32),
        "items": np.array(["é", "a\x00b", "longer text", ""]),
        "counts": np.arange(6, dtype=np.int64).reshape(2, 3).T,
        "empty": np.empty((0, 4)),
        "one": np.array(3),
    }
    frozen.save(Frozen("svd", {"dims": 4, "share": 0.1 + 0.2}, arrays), tmp_path / "deep" / "er", "embedder")
    found = frozen.load(tmp_path / "deep" / "er", "embedder")
    assert (found.kind, found.meta) == ("svd", {"dims": 4, "share": 0.1 + 0.2})
    assert found.arrays.keys() == arrays.keys()
    assert all(same(found.arrays[name], arrays[name]) for name in arrays)


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.uint64, np.bool_, np.dtype("<U5")]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0),
    )
)
def test_any_array_of_numbers_or_text_comes_back_bit_by_bit(tmp_path_factory, array):
    folder = tmp_path_factory.getbasetemp() / "frozen"
    frozen.save(Frozen("x", {}, {"a": array}), folder, "part")
    assert same(frozen.load(folder, "part").arrays["a"], array)


@pytest.mark.parametrize(
    "array",
    [np.array(["a", None], object), np.zeros(1, [("a", "O")]), np.array(["a"], np.dtypes.StringDType())],
    ids=["objects", "in a structure", "text of any width"],
)
def test_what_could_only_be_pickled_is_refused(tmp_path, array):
    with pytest.raises(ModelError, match="array 'a' of 'x' holds objects; frozen arrays are numbers or text"):
        frozen.save(Frozen("x", {}, {"b": np.zeros(1), "a": array}), tmp_path, "part")
    assert not list(tmp_path.iterdir())


def test_a_pickled_array_is_not_loaded(tmp_path):
    frozen.save(PART, tmp_path, "part")
    np.savez(tmp_path / "part.npz", a=np.array([print], object))
    with pytest.raises(ModelError, match=r"the frozen part 'part' in '.*' cannot be read: .*; run `coterie run` again"):
        frozen.load(tmp_path, "part")


@pytest.mark.parametrize("suffix", ["json", "npz"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise"])
def test_a_damaged_file_is_refused(tmp_path, suffix, damage):
    frozen.save(PART, tmp_path, "part")
    file = tmp_path / f"part.{suffix}"
    whole = file.read_bytes()
    file.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "noise": b"PK\x03\x04noise"}.get(damage, b""))
    if damage == "missing":
        file.unlink()
    with pytest.raises(ModelError, match=r"the frozen part 'part' in '.*' cannot be read: .*; run `coterie run` again"):
        frozen.load(tmp_path, "part")


def test_a_changed_byte_is_noticed(tmp_path):
    frozen.save(PART, tmp_path, "part")
    file = tmp_path / "part.npz"
    whole = bytearray(file.read_bytes())
    place = whole.index(PART.arrays["centres"].tobytes())
    whole[place] ^= 1
    file.write_bytes(whole)
    with pytest.raises(ModelError, match="cannot be read: Bad CRC-32"):
        frozen.load(tmp_path, "part")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, r"is 'coterie\.frozen 2', this Coterie reads 'coterie\.frozen 1'; run again"),
        ({"schema": "other"}, r"is 'other 1', this Coterie reads 'coterie\.frozen 1'"),
        ({"meta": None}, "is damaged: it has no head"),
    ],
)
def test_another_version_or_schema_is_refused(tmp_path, change, message):
    frozen.save(PART, tmp_path, "part")
    file = tmp_path / "part.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ModelError, match=message):
        frozen.load(tmp_path, "part")


def test_a_list_in_place_of_the_head_is_refused(tmp_path):
    frozen.save(PART, tmp_path, "part")
    (tmp_path / "part.json").write_text("[]")
    with pytest.raises(ModelError, match="is damaged: it has no head"):
        frozen.load(tmp_path, "part")


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(StoreError, match=r"cannot write the frozen part 'part' to '.*': No space left on device; free"):
        frozen.save(PART, tmp_path, "part")
