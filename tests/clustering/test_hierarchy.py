from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import is_valid_linkage

from coterie import frozen
from coterie.clustering.hierarchy import LINKAGES, MAX_ROWS, Agglomerative, FittedHierarchy
from coterie.errors import DataError
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestAgglomerative(ClustererContract):
    @pytest.fixture(params=LINKAGES)
    def clusterer(self, request):
        return Agglomerative(k=3, linkage=request.param)


class TestCondensed(ClustererContract):
    @pytest.fixture(params=LINKAGES)
    def clusterer(self, request):
        return Agglomerative(k=3, linkage=request.param, condense=20)


def test_the_tree_and_the_rule_by_hand():
    # 0 and 1 merge at 1, 9 and 12 at 3. 6 lies 3 from 9, its nearest row, and 5 from 1, the nearest of the others.
    points = np.array([[0.0], [1.0], [9.0], [12.0], [13.0]], np.float32)
    fitted = Agglomerative(k=2, linkage="complete").fit(points, np.random.default_rng(0))
    assert fitted.fit_labels.tolist() == [1, 1, 0, 0, 0]
    assert fitted.dendrogram.tree[:, 2].tolist() == [1, 1, 4, 13]
    assigned = fitted.assign(np.array([[6.0], [9.0]], np.float32))
    assert assigned.labels.tolist() == [0, 0]
    assert assigned.strength == pytest.approx([1 - 3 / 5, 1])
    assert assigned.distance == pytest.approx([34 / 3 - 6, 34 / 3 - 9])


@pytest.mark.parametrize("condense", [0, 20])
def test_the_tree_is_kept_whole(condense, tmp_path):
    points, _ = three_clouds()
    fitted = Agglomerative(k=3, condense=condense).fit(points, np.random.default_rng(0))
    frozen.save(fitted.to_arrays(), tmp_path, "clusterer")
    loaded = FittedHierarchy.from_arrays(frozen.load(tmp_path, "clusterer")).dendrogram
    m = 120 if condense == 0 else 20
    assert is_valid_linkage(loaded.tree)
    assert loaded.tree.shape == (m - 1, 4)
    assert loaded.tree[-1, 3] == m, "the top holds every representative"
    assert loaded.sizes.sum() == 120, "and these every row"


def test_condensing_starts_above_twice_its_number():
    points, _ = three_clouds()
    rng = np.random.default_rng
    assert len(Agglomerative(k=3, condense=60).fit(points, rng(0)).dendrogram.points) == 120
    assert len(Agglomerative(k=3, condense=59).fit(points, rng(0)).dendrogram.points) == 59


def test_fewer_distinct_points_than_centres_are_each_a_centre():
    points = np.repeat(np.array([[0.0], [1.0], [10.0]], np.float32), [30, 20, 10], axis=0)
    fitted = Agglomerative(k=2, condense=5).fit(points, np.random.default_rng(0))
    assert sorted(fitted.dendrogram.points.ravel().tolist()) == [0, 1, 10]
    assert np.bincount(fitted.fit_labels).tolist() == [50, 10]


@pytest.mark.parametrize("condense", [0, 20])
def test_a_tree_that_is_remembered_is_that_of_its_rows_and_seed(condense):
    def fit(k: int, seed: int, points: np.ndarray) -> FittedHierarchy:
        return Agglomerative(k=k, condense=condense).fit(points, np.random.default_rng(seed))

    one, other = (np.random.default_rng(i).normal(size=(90, 2)).astype(np.float32) for i in (1, 2))
    first = fit(3, 0, one)
    assert fit(5, 0, one).dendrogram.tree is first.dendrogram.tree
    assert not np.array_equal(fit(3, 0, other).dendrogram.tree, first.dendrogram.tree)
    assert np.array_equal(fit(3, 1, one).dendrogram.tree, first.dendrogram.tree) == (condense == 0)
    with pytest.raises(ValueError, match="read-only"):
        first.dendrogram.tree[0] = 0


def test_condensed_and_whole_agree_on_clear_clouds():
    points, truth = three_clouds(4)
    for linkage in LINKAGES:
        condensed = Agglomerative(k=3, linkage=linkage, condense=30).fit(points, np.random.default_rng(0))
        assert (condensed.fit_labels == truth).all()


@pytest.mark.parametrize("condense", [0, 20])
def test_starts_have_no_effect(condense):
    points = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    one, five = (
        Agglomerative(k=4, starts=starts, condense=condense).fit(points, np.random.default_rng(0)) for starts in (1, 5)
    )
    assert one.fit_labels.tobytes() == five.fit_labels.tobytes()
    assert one.dendrogram.tree.tobytes() == five.dendrogram.tree.tobytes()


def test_more_rows_than_fit_in_memory_are_refused_before_they_are_merged():
    points = np.zeros((MAX_ROWS + 1, 1), np.float32)
    points[:3, 0] = 1, 2, 3
    with pytest.raises(DataError, match="merge 5,001 rows one by one; at most 5,000 fit in memory: set 'condense'"):
        Agglomerative(k=3, condense=0).fit(points, np.random.default_rng(0))
    assert Agglomerative(k=3, condense=3).fit(points, np.random.default_rng(0)).n_clusters == 3


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=10, max_size=40), st.sampled_from(LINKAGES))
def test_every_row_belongs_to_the_cluster_of_the_fit(cells, linkage):
    points = np.array(cells, np.float32)
    k = min(4, len(np.unique(points, axis=0)))
    if k < 2:
        return
    for condense in (0, 5):
        fitted = Agglomerative(k=k, linkage=linkage, condense=condense).fit(points, np.random.default_rng(0))
        assert (fitted.assign(points).labels == fitted.fit_labels).all()
        assert np.bincount(fitted.fit_labels).tolist() == sorted(np.bincount(fitted.fit_labels), reverse=True)
