"""Who went where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from coterie.activation.migration import migration
from coterie.errors import DataError
from coterie.segments.matching import Partition
from coterie.terms import NOISE


def partition(names: tuple[str, ...], labels: dict[str, int]) -> Partition:
    ids = np.array(sorted(labels), dtype=np.str_)
    return Partition(ids, np.array([labels[user] for user in ids.tolist()], np.int32), names)


def people(prefix: str, n: int) -> list[str]:
    return [f"{prefix}{number:03}" for number in range(n)]


def test_a_case_counted_by_hand():
    before = partition(("s-1", "s-2"), dict.fromkeys(people("a", 30), 0) | dict.fromkeys(people("b", 20), 1))
    after = partition(
        ("s-1", "s-3"),
        dict.fromkeys(people("a", 24), 0) | dict.fromkeys(people("b", 20), 1) | dict.fromkeys(people("c", 7), NOISE),
    )
    found = migration(before, after)
    assert found.users == ((24, 0, 0, 6), (0, 20, 0, 0), (0, 0, 0, 0), (0, 0, 7, 0))
    assert (found.row_totals, found.column_totals) == ((30, 20, 0, 7), (24, 20, 7, 6))
    assert (found.n_users, found.n_both, found.stayed, found.adjusted_rand) == (57, 44, 1.0, 1.0)
    assert [(change.segment, change.change) for change in found.changes] == [("s-1", "kept"), ("s-3", "kept")]


def test_few_who_moved_are_not_shown_nor_told_by_the_others():
    before = partition(("s-1", "s-2"), dict.fromkeys(people("a", 30), 0) | dict.fromkeys(people("b", 30), 1))
    labels = dict.fromkeys(people("a", 30), 0) | dict.fromkeys(people("b", 30), 1) | {"a000": 1}
    found = migration(before, partition(("s-1", "s-2"), labels))
    assert found.users[0][:2] == (None, None)
    assert found.users[1][1] is None
    assert found.is_least


def test_a_split_and_a_merger_are_named():
    before = partition(
        ("s-1", "s-2", "s-3"), {u: i for i, p in enumerate("abc") for u in people(p, 40 if p == "a" else 20)}
    )
    labels = {u: int(u > "a019") for u in people("a", 40)} | {u: 2 for p in "bc" for u in people(p, 20)}
    changes = {c.segment: c.change for c in migration(before, partition(("s-1", "s-4", "s-2"), labels)).changes}
    assert changes["s-1"] == changes["s-4"] == "split"
    assert "merged" in {changes["s-2"], changes["s-3"]}


def test_the_same_model_needs_no_matching():
    before = partition(("s-1", "s-2"), {u: int(u > "a014") for u in people("a", 30)})
    after = partition(("s-1", "s-2"), {u: int(u > "a004") for u in people("a", 30)})
    found = migration(before, after, same_segments=True)
    assert (found.stayed, found.changes) == (20 / 30, ())


def test_nobody_in_common_leaves_nothing_to_tell():
    before = partition(("s-1",), dict.fromkeys(people("a", 9), 0))
    found = migration(before, partition(("s-1",), dict.fromkeys(people("b", 9), 0)))
    assert (found.n_both, found.stayed, found.adjusted_rand, found.changes) == (0, None, None, ())


def test_nobody_at_all_is_an_error():
    with pytest.raises(DataError, match="there are no users to compare; expected some in either run"):
        migration(partition((), {}), partition((), {}))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=60))
def test_the_adjusted_rand_index_is_that_of_scikit_learn(pairs):
    names = ("s-1", "s-2", "s-3")
    ids = people("u", len(pairs))
    before = partition(names, {u: one for u, (one, _) in zip(ids, pairs, strict=True)})
    after = partition(names, {u: other for u, (_, other) in zip(ids, pairs, strict=True)})
    expected = adjusted_rand_score([one for one, _ in pairs], [other for _, other in pairs])
    assert migration(before, after).adjusted_rand == pytest.approx(expected)
