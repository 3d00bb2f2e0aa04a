from __future__ import annotations

import numpy as np
import pytest

from coterie.errors import ConfigError, DataError
from coterie.segments.members import Members, ProfileOptions
from tests.segments.samples import members_of


def members(ids, labels, segment_ids, distance=None):
    far = np.zeros(len(ids)) if distance is None else np.array(distance)
    return Members(np.array(ids, dtype=np.str_), np.array(labels, dtype=np.int32), segment_ids, far)


def test_sizes_leave_noise_out():
    found = members_of({"a": 1, "b": 0, "c": -1, "d": 0})
    assert found.sizes.tolist() == [2, 1]
    assert found.frame().rows() == [("a", 1), ("b", 0), ("c", -1), ("d", 0)]
    assert found.use_of("ratings") == "basis"
    assert found.use_of("people") == "descriptor"


def test_nobody_is_allowed():
    assert members([], [], ()).frame().height == 0


def test_lengths_must_meet():
    with pytest.raises(DataError, match="one label and one distance an id, got 2 ids, 1 labels and 2 distances"):
        members(["a", "b"], [0], ("s-1",))


@pytest.mark.parametrize("ids", [["b", "a"], ["a", "a"]])
def test_ids_must_be_sorted_without_repeats(ids):
    with pytest.raises(DataError, match=f"got 'a' after '{ids[0]}'; sort them together with their labels"):
        members(ids, [0, 0], ("s-1",))


@pytest.mark.parametrize("labels", [[0, 2], [0, 0], [0, -2]])
def test_labels_and_segments_must_meet(labels):
    with pytest.raises(DataError, match=r"2 segments need the labels 0 to 1, each at least once, got"):
        members(["a", "b"], labels, ("s-1", "s-2"))


@pytest.mark.parametrize("fdr", [0, 1, -0.1])
def test_fdr_is_a_share(fdr):
    with pytest.raises(ConfigError, match=f"'fdr' is a share between 0 and 1, got {fdr}"):
        ProfileOptions(fdr=fdr)


@pytest.mark.parametrize(("name", "lowest"), [("min_cell", 2), ("min_users", 2), ("top_items", 1), ("exemplars", 0)])
def test_options_have_floors(name, lowest):
    with pytest.raises(ConfigError, match=f"'{name}' must be at least {lowest}, got {lowest - 1}"):
        ProfileOptions(**{name: lowest - 1})
