from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import is_valid_linkage, linkage
from sklearn.metrics import adjusted_rand_score

from coterie.clustering.hierarchy import LINKAGES
from coterie.clustering.merging import cut, merge_weighted


def test_ward_with_weights_by_hand():
    # 0 (3 rows), 1 (1 row), 5 (2 rows). First 0 and 1 at sqrt(2 * 3 * 1 / 4) * 1, mean 1/4; then 5 at
    # sqrt(2 * 4 * 2 / 6) * 4.75.
    tree = merge_weighted(np.array([[0.0], [1.0], [5.0]]), np.array([3.0, 1.0, 2.0]), "ward")
    assert tree[:, :2].tolist() == [[0, 1], [2, 3]]
    assert tree[:, 2] == pytest.approx([1.5**0.5, (16 / 6) ** 0.5 * 4.75])
    assert tree[:, 3].tolist() == [2, 3]


def test_average_with_weights_by_hand():
    tree = merge_weighted(np.array([[0.0], [1.0], [5.0]]), np.array([3.0, 1.0, 2.0]), "average")
    assert tree[:, 2] == pytest.approx([1, (3 * 5 + 1 * 4) / 4])


@pytest.mark.parametrize("method", LINKAGES)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000), m=st.integers(2, 30))
def test_single_rows_merge_as_in_scipy(method, seed, m):
    points = np.random.default_rng(seed).normal(size=(m, 3))
    tree = merge_weighted(points, np.ones(m), method)
    expected = linkage(points, method)
    assert is_valid_linkage(tree)
    assert tree[:, [0, 1, 3]].tolist() == expected[:, [0, 1, 3]].tolist()
    assert tree[:, 2] == pytest.approx(expected[:, 2])


@pytest.mark.parametrize("method", LINKAGES)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1_000), sizes=st.lists(st.integers(1, 6), min_size=2, max_size=12))
def test_a_point_of_seven_rows_merges_as_seven_equal_rows_do(method, seed, sizes):
    points = np.random.default_rng(seed).normal(size=(len(sizes), 2))
    tree = merge_weighted(points, np.array(sizes, float), method)
    rows = linkage(np.repeat(points, sizes, axis=0), method)
    assert tree[:, 2] == pytest.approx(rows[-len(tree) :, 2])
    k = min(3, len(sizes))
    assert adjusted_rand_score(np.repeat(cut(tree, k), sizes), cut(rows, k)) == 1


@pytest.mark.parametrize("k", range(1, 7))
def test_a_cut_gives_exactly_k_also_where_heights_are_equal(k):
    tree = linkage(np.arange(6.0)[:, None], "complete")
    assert sorted(set(cut(tree, k).tolist())) == list(range(k))


def test_a_cut_undoes_the_last_merges():
    tree = linkage(np.array([[0.0], [1.0], [10.0], [12.0], [30.0]]), "average")
    assert adjusted_rand_score(cut(tree, 3), [0, 0, 1, 1, 2]) == 1
    assert adjusted_rand_score(cut(tree, 2), [0, 0, 0, 0, 1]) == 1


def test_equal_points_merge_first():
    tree = merge_weighted(np.array([[1.0], [0.0], [1.0], [3.0]]), np.array([1.0, 5.0, 2.0, 1.0]), "ward")
    assert tree[0].tolist() == [0, 2, 0, 2]
