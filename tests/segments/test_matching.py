from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.segments.matching import Gone, Partition, Rules, first, match, says_enough, unknown


def partition(groups: dict[str, range | list[int]], points: np.ndarray | None = None) -> Partition:
    """Users "u-000" ... by segment; the group "" is noise."""
    label_of = {name: place for place, name in enumerate(name for name in groups if name)}
    label_of[""] = -1
    labels = {f"u-{user:03}": label_of[name] for name, users in groups.items() for user in users}
    ids = sorted(labels)
    names = tuple(name for name in groups if name)
    return Partition(np.array(ids, dtype=np.str_), np.array([labels[i] for i in ids], np.int32), names, points)


def ids_of(previous: Partition, current: Partition) -> list[str]:
    return [heir.id for heir in match(previous, current).heirs]


def test_permuted_labels_keep_their_ids():
    old = partition({"s-1": range(60), "s-2": range(60, 90), "s-3": range(90, 100)})
    new = partition({"a": range(90, 100), "b": range(60), "c": range(60, 90)})
    lineage = match(old, new)
    assert [(heir.id, heir.change, heir.score) for heir in lineage.heirs] == [
        ("s-3", "kept", 1.0), ("s-1", "kept", 1.0), ("s-2", "kept", 1.0)
    ]  # fmt: skip
    assert lineage.gone == ()
    assert (lineage.evidence, lineage.n_common) == ("members", 100)


def test_the_score_is_the_jaccard_of_common_users_by_hand():
    old = partition({"s-1": range(10), "s-2": range(10, 20), "": [20]})
    # Of s-1 eight stay and two go, one comes from noise, and 20 newcomers do not count: 8 / (10 + 9 - 8).
    new = partition({"a": [*range(8), 20, *range(100, 120)], "b": range(8, 20)})
    heir = match(old, new).heirs[0]
    assert (heir.id, heir.change) == ("s-1", "kept")
    assert heir.score == 8 / 11


def test_ten_percent_more_users_change_nothing():
    old = partition({"s-4": range(50), "s-9": range(50, 90)})
    new = partition({"a": [*range(50), *range(100, 106)], "b": [*range(50, 90), *range(106, 109)]})
    assert ids_of(old, new) == ["s-4", "s-9"]


def test_a_split_segment_leaves_its_id_to_the_largest_part():
    old = partition({"s-1": range(60), "s-2": range(60, 100)})
    new = partition({"a": range(60, 100), "b": range(35), "c": range(35, 60)})
    lineage = match(old, new)
    assert [(heir.id, heir.change, heir.parents) for heir in lineage.heirs] == [
        ("s-2", "kept", ("s-2",)), ("s-1", "split", ("s-1",)), ("", "split", ("s-1",))
    ]  # fmt: skip
    assert lineage.heirs[1].score == pytest.approx(35 / 60)
    assert not any(heir.needs_review for heir in lineage.heirs)


def test_a_split_in_three_is_shown_to_a_human():
    old = partition({"s-1": range(60), "s-2": range(60, 90)})
    new = partition({"a": range(60, 90), "b": range(24), "c": range(24, 42), "d": range(42, 60)})
    b, c, d = match(old, new).heirs[1:]
    assert (b.id, b.change, b.score, b.resembles) == ("s-1", "split", 24 / 60, "s-1")
    assert (c.id, d.id) == ("", "")
    assert not c.needs_review


def test_merged_segments_leave_the_id_of_the_largest_and_point_to_it():
    old = partition({"s-1": range(40), "s-2": range(40, 100), "s-3": range(100, 140)})
    new = partition({"a": range(100), "b": range(100, 140)})
    lineage = match(old, new)
    assert lineage.heirs[0].id == "s-2"
    assert (lineage.heirs[0].change, lineage.heirs[0].parents) == ("merged", ("s-2", "s-1"))
    assert lineage.gone == (Gone("s-1", "merged", "s-2", 0.4),)


def test_a_segment_that_is_in_no_cluster_is_retired_and_newcomers_are_born():
    old = partition({"s-1": range(50), "s-2": range(50, 80)})
    new = partition({"a": range(50), "b": range(200, 230)})
    lineage = match(old, new)
    assert [(heir.id, heir.change, heir.score) for heir in lineage.heirs] == [("s-1", "kept", 1.0), ("", "born", 0.0)]
    assert lineage.gone == (Gone("s-2", "retired", "", 0.0),)


def test_a_scattered_segment_is_retired():
    old = partition({"s-1": range(40), "s-2": range(40, 80), "s-3": range(80, 120), "s-4": range(120, 132)})
    new = partition(
        {"a": [*range(40), *range(120, 124)], "b": [*range(40, 80), *range(124, 128)], "c": range(80, 120),
         "": range(128, 132)}
    )  # fmt: skip
    lineage = match(old, new)
    assert [heir.id for heir in lineage.heirs] == ["s-1", "s-2", "s-3"]
    assert [(gone.id, gone.change) for gone in lineage.gone] == [("s-4", "retired")]


def test_a_doubtful_pair_gets_a_new_id_and_a_question():
    # 40 of 100 old members stay, among 40 that were noise: Jaccard 40 / 140; the other 60 are noise now.
    old = partition({"s-1": range(100), "s-2": range(100, 200), "": range(200, 240)})
    new = partition({"a": range(100, 200), "b": [*range(40), *range(200, 240)], "": range(40, 100)})
    heir = match(old, new).heirs[1]
    assert (heir.id, heir.change, heir.resembles) == ("", "born", "s-1")
    assert heir.score == pytest.approx(40 / 140)
    assert heir.needs_review
    assert not match(old, new, Rules(ask=0.3)).heirs[1].needs_review


def test_nearness_decides_between_parts_that_are_level():
    old = partition({"s-1": range(20), "s-2": range(20, 40)})
    points = np.zeros((40, 2))
    points[8:20, 1] = 1.0  # twelve of the twenty: the four that are noise now pull the old centre to the second part
    points[20:, 0] = 9.0
    parts = {"a": range(8), "b": range(8, 16), "c": range(20, 40), "": range(16, 20)}
    heirs = match(old, partition(parts, points)).heirs
    assert [heir.id for heir in heirs] == ["", "s-1", "s-2"]
    # The old centre is at 0.6, the parts are at 0 and 1, one apart.
    assert [heir.distance for heir in heirs] == pytest.approx([0.6, 0.4, 0.0])
    assert [heir.id for heir in match(old, partition(parts)).heirs] == ["s-1", "", "s-2"]


def test_exactly_level_parts_fall_to_the_one_that_holds_the_smallest_id():
    old = partition({"s-1": range(20)})
    assert ids_of(old, partition({"a": range(10, 20), "b": range(10)})) == ["", "s-1"]
    assert ids_of(old, partition({"b": range(10), "a": range(10, 20)})) == ["s-1", ""]


def test_without_users_in_common_there_is_not_enough_to_say():
    old = partition({"s-1": range(50), "s-2": range(50, 100)})
    assert says_enough(old, partition({"a": range(5), "b": range(50, 55)}))
    assert not says_enough(old, partition({"a": range(5), "b": range(50, 54)}))
    assert not says_enough(old, partition({"a": range(200, 300)}))


def test_where_nothing_is_known_everything_is_born_and_retired():
    lineage = unknown(2, ("s-1", "s-2", "s-3"))
    assert [heir.change for heir in lineage.heirs] == ["born", "born"]
    assert [gone.id for gone in lineage.gone] == ["s-1", "s-2", "s-3"]
    assert (lineage.evidence, first(3).evidence) == ("nothing", "first")
    assert len(first(3).heirs) == 3


def test_a_current_run_without_segments_retires_all():
    lineage = match(partition({"s-1": range(9)}), partition({"": range(9)}))
    assert lineage.heirs == ()
    assert [gone.change for gone in lineage.gone] == ["retired"]


@pytest.mark.parametrize(
    ("ids", "labels", "message"),
    [
        (["a"], [0, 0], "one label an id, got 1 ids and 2 labels"),
        (["b", "a"], [0, 0], "sorted and without repeats, got 'a' after 'b'"),
        (["a", "a"], [0, 0], "sorted and without repeats, got 'a' after 'a'"),
        (["a", "b"], [0, 1], "labels of a partition of 1 go from -1 to 0, got 0 to 1"),
    ],
)
def test_what_is_no_partition_is_refused(ids, labels, message):
    with pytest.raises(DataError, match=message):
        Partition(np.array(ids, dtype=np.str_), np.array(labels, np.int32), ("s-1",))


def test_points_are_one_a_user():
    with pytest.raises(DataError, match="one point an id, got 3 points, 2 ids"):
        Partition(np.array(["a", "b"]), np.zeros(2, np.int32), ("s-1",), np.zeros((3, 2)))


labelings = st.integers(1, 6).flatmap(lambda k: st.lists(st.integers(-1, k - 1), min_size=12, max_size=60))


def _of(labels: list[int], prefix: str) -> Partition:
    found, ids = np.array(labels, np.int32), np.array([f"u-{user:03}" for user in range(len(labels))])
    return Partition(ids, found, tuple(f"{prefix}-{place + 1}" for place in range(max(found.max() + 1, 0))))


@given(labelings, st.randoms(use_true_random=False))
def test_any_relabelling_keeps_every_id(labels, random):
    old = _of(labels, "s")
    order = list(range(len(old.names)))
    random.shuffle(order)
    new = Partition(old.ids, np.array([order[i] if i >= 0 else -1 for i in labels], np.int32), old.names)
    heirs = match(old, new).heirs
    for place, name in enumerate(old.names):
        if place in labels:
            heir = heirs[order[place]]
            assert (heir.id, heir.change, heir.score) == (name, "kept", 1.0)


@given(labelings, labelings, st.randoms(use_true_random=False))
def test_no_order_of_clusters_or_names_changes_who_is_who(one, other, random):
    n = min(len(one), len(other))
    old, new = _of(one[:n], "s"), _of(other[:n], "c")
    plain = match(old, new)
    to, was = list(range(len(new.names))), list(range(len(old.names)))
    random.shuffle(to)
    random.shuffle(was)
    shuffled_new = Partition(new.ids, np.array([to[i] if i >= 0 else -1 for i in new.labels], np.int32), new.names)
    names = tuple(old.names[was.index(place)] for place in range(len(was)))
    shuffled_old = Partition(old.ids, np.array([was[i] if i >= 0 else -1 for i in old.labels], np.int32), names)
    again = match(shuffled_old, shuffled_new)
    assert [again.heirs[to[place]] for place in range(len(to))] == list(plain.heirs)
    assert set(again.gone) == set(plain.gone)


@given(labelings, labelings)
def test_an_id_is_kept_once_or_gone(one, other):
    n = min(len(one), len(other))
    old, new = _of(one[:n], "s"), _of(other[:n], "c")
    lineage = match(old, new)
    kept = [heir.id for heir in lineage.heirs if heir.id]
    assert sorted([*kept, *(gone.id for gone in lineage.gone)]) == sorted(old.names)
    assert all(0 <= heir.score <= 1 for heir in lineage.heirs)
    assert all(gone.into in kept for gone in lineage.gone if gone.change == "merged")
