"""Items, users and pages are linked as by hand, whatever the order and the blocks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from coterie.activation.graphs import items as items_module
from coterie.activation.graphs.browsing import Steps, transitions
from coterie.activation.graphs.items import co_likes
from coterie.activation.graphs.users import cloud_like, nearest_users


def planted(n_users=200, n_items=40, seed=1):
    """Users of two tastes, who mostly take items of their own half."""
    rng = np.random.default_rng(seed)
    own = np.arange(n_users)[:, None] % 2 == np.arange(n_items)[None, :] % 2
    return sp.csr_array((rng.random((n_users, n_items)) < np.where(own, 0.4, 0.05)).astype(np.float32))


def ids_of(n):
    return np.array([f"i{at:03}" for at in range(n)])


def edges(found):
    links = found.links
    return {(found.ids[a], found.ids[b]): w for a, b, w in zip(links.start, links.end, links.weight, strict=True)}


def test_items_of_one_taste_are_linked():
    found = co_likes(planted(1000), ids_of(40), min_users=10, min_cell=5)
    same = (found.links.start % 2) == (found.links.end % 2)
    assert same.mean() > 0.97
    assert found.n_over == len(found.links) > 200
    assert found.n_tested == 40 * 39 // 2
    assert (found.links.users % 5 == 0).all()


def test_co_likes_are_counted_as_by_hand():
    taken = planted(60, 12)
    found = co_likes(taken, ids_of(12), min_users=2, min_cell=2, all_edges=True)
    both = (taken.T @ taken).toarray()
    for (one, other), weight in edges(found).items():
        assert weight == both[int(one[1:]), int(other[1:])] // 2 * 2
    assert len(found.links) == (both[np.triu_indices(12, 1)] >= 2).sum() == found.n_enough


def test_items_and_edges_of_few_users_are_left_out_and_said_to_be():
    taken = sp.csr_array(np.r_[np.ones((6, 2)), np.zeros((3, 2))].astype(np.float32))
    taken = sp.csr_array(np.c_[taken.toarray(), np.eye(9, 1, dtype=np.float32)])
    found = co_likes(taken, ids_of(3), min_users=5, min_cell=5, all_edges=True)
    assert edges(found) == {("i000", "i001"): 5.0}
    assert found.left_out == ("1 of 3 items, of fewer than 5 users",)
    assert len(co_likes(taken, ids_of(3), min_users=7, min_cell=7, all_edges=True).links) == 0


def test_blocks_and_the_order_of_users_make_no_difference(monkeypatch):
    taken = planted(1000)
    whole = co_likes(taken, ids_of(40), min_users=10, min_cell=5)
    monkeypatch.setattr(items_module, "_CELLS", 130)
    turned = sp.csr_array(taken[np.random.default_rng(0).permutation(1000)])
    parts = co_likes(turned, ids_of(40), min_users=10, min_cell=5)
    assert len(whole.links) > 200
    assert edges(parts) == edges(whole)
    assert np.allclose(parts.links.expected, whole.links.expected, rtol=1e-12)


def test_of_too_many_items_those_of_most_users_are_compared(monkeypatch):
    monkeypatch.setattr(items_module, "MOST_ITEMS", 10)
    found = co_likes(planted(), ids_of(40), min_users=10, min_cell=5)
    assert len(found.ids) == 10
    assert "30 items that fewer users took than the 10 compared" in found.left_out


def test_nothing_and_one_item_have_no_edges():
    for n in (0, 1):
        found = co_likes(sp.csr_array((3, n), dtype=np.float32), ids_of(n), min_users=2, min_cell=2)
        assert len(found.links) == 0


POINTS = np.array([[1, 0], [2, 0.1], [0, 1], [0.1, 3], [0, 0]], np.float32)


def test_users_are_linked_with_the_nearest_as_by_hand():
    found = nearest_users(POINTS, ids_of(5), k=1)
    assert set(edges(found)) == {("i000", "i001"), ("i002", "i003")}
    assert edges(found)["i000", "i001"] == pytest.approx(2 / np.hypot(2, 0.1), abs=1e-6)
    assert found.left_out == ("1 users at the origin, who have no direction",)


def test_mutual_edges_are_some_of_the_others():
    points = np.random.default_rng(2).standard_normal((60, 4)).astype(np.float32)
    union = edges(nearest_users(points, ids_of(60), k=5))
    mutual = edges(nearest_users(points, ids_of(60), k=5, mutual=True))
    assert 0 < len(mutual) < len(union)
    assert mutual.items() <= union.items()
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    cosine = unit @ unit.T - 2 * np.eye(60)
    near = {(a, b) for a in range(60) for b in np.argsort(-cosine[a])[:5]}
    brute = {(min(p), max(p)) for p in near if cosine[p] > 0}
    assert {(int(a[1:]), int(b[1:])) for a, b in union} == brute


@pytest.mark.parametrize("n", [0, 1])
def test_few_users_have_no_edges(n):
    assert len(nearest_users(np.ones((n, 2), np.float32), ids_of(n), k=3).links) == 0


def test_a_cloud_has_the_spread_of_the_points():
    rng = np.random.default_rng(0)
    points = (rng.standard_normal((4000, 2)) @ np.array([[2, 1], [0, 0.5]]) + [3, -1]).astype(np.float32)
    cloud = cloud_like(points, rng)
    assert np.allclose(np.cov(cloud.T), np.cov(points.T), atol=0.25)
    assert np.allclose(cloud.mean(axis=0), [3, -1], atol=0.15)


def walk(sessions, names="abcd", users=None):
    """Give the steps of sessions told as text."""
    rows = [
        (names.index(one), names.index(other), s, s if users is None else users[s])
        for s, told in enumerate(sessions)
        for one, other in itertools.pairwise(told)
    ]
    start, end, session, user = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Steps(np.array(list(names)), start, end, session, user)


def test_steps_are_counted_and_expected_as_by_hand():
    found = transitions(walk(["abab", "aabd"]), min_users=1, min_cell=1, all_edges=True)
    at = {
        (found.ids[a], found.ids[b]): e for e, (a, b) in enumerate(zip(found.links.start, found.links.end, strict=True))
    }
    assert {pair: found.links.weight[e] for pair, e in at.items()} == {("a", "b"): 3, ("b", "a"): 1, ("b", "d"): 1}
    # abab: leaving a 2, b 1; coming b 2, a 1; of 9 - 2 - 2 pairs apart 4 are ab: 3 x 4 / 5. aabd: leaving a, b; coming
    # b, d; of 4 - 1 pairs apart one is ab: 2 x 1 / 3.
    assert found.links.expected[at["a", "b"]] == pytest.approx(12 / 5 + 2 / 3)
    assert found.links.expected[at["b", "a"]] == pytest.approx(3 / 5)
    assert found.left_out == ("1 steps from a page to itself",)


def test_a_way_that_many_go_is_more_than_chance_and_a_shuffle_is_not():
    rng = np.random.default_rng(4)
    led, shuffled = [], []
    for _ in range(60):
        pairs = rng.permutation(["ab", "cd", "ef"])
        led.append("".join(pairs))
        shuffled.append("".join(rng.permutation(list("abcdef"))))
    found = transitions(walk(led, "abcdef"), min_users=5, min_cell=5)
    assert {pair for pair, weight in edges(found).items() if weight == 60} == {("a", "b"), ("c", "d"), ("e", "f")}
    assert ("b", "a") not in edges(found)
    assert len(transitions(walk(shuffled, "abcdef"), min_users=5, min_cell=5).links) == 0


def test_steps_of_few_users_are_not_told():
    assert len(transitions(walk(["ab"] * 9, users=[0] * 9), min_users=2, min_cell=2, all_edges=True).links) == 0


@given(st.permutations(range(20)), st.integers(0, 5))
def test_the_order_of_steps_makes_no_difference(order, seed):
    rng = np.random.default_rng(seed)
    steps = walk(["".join(rng.choice(list("abcd"), 5)) for _ in range(5)])
    mixed = Steps(steps.pages, *(c[np.array(order)] for c in (steps.start, steps.end, steps.session, steps.user)))
    one, other = (transitions(s, min_users=1, min_cell=1, all_edges=True) for s in (steps, mixed))
    assert one.links.weight.tolist() == other.links.weight.tolist()
    assert np.allclose(one.links.expected, other.links.expected)
