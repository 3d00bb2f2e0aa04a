from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.clustering.bisecting import Bisecting, Cuts
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestBisecting(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return Bisecting(k=3, starts=3)


class TestBisectingTheLargest(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return Bisecting(k=5, starts=2, bisecting_strategy="largest_cluster")


def test_the_tree_by_hand():
    # First 0, 1 against 9; then 0 against 1. 4 goes left (nearer .5 than 9), and there to 1.
    points = np.repeat(np.array([[0.0], [1.0], [9.0]], np.float32), [3, 3, 2], axis=0)
    fitted = Bisecting(k=3).fit(points, np.random.default_rng(0))
    assert sorted(fitted.cuts.centres[0].ravel().tolist()) == pytest.approx([0.5, 9.0], abs=1e-6)
    assert sorted(fitted.cuts.centres[1].ravel().tolist()) == [0.0, 1.0]
    assigned = fitted.assign(np.array([[4.0], [0.2], [7.0]], np.float32))
    assert assigned.labels.tolist() == [1, 0, 2]
    assert assigned.strength == pytest.approx([1 - 3 / 4, 1 - 0.2 / 0.8, 1 - 2 / 6])
    assert assigned.distance == pytest.approx([3, 0.2, 2])


def test_a_point_follows_the_cuts_even_where_another_centre_is_nearer():
    # 0 | 6 at the top; the left side falls into -6 and 0.5. 2.9 is on the left, and 3.1 on the right.
    cuts = Cuts(np.array([[[0.0], [6.0]], [[-6.0], [0.5]]]), np.array([[1, ~0], [~1, ~2]], np.int32))
    assert cuts.descend(np.array([[2.9], [3.1], [-4.0]])).tolist() == [2, 0, 1]
    # 3.1 is nearer to 0.5 than to 6, yet the first cut compared 0 with 6.


def test_strength_is_none_beyond_a_nearer_centre():
    points, _ = three_clouds()
    fitted = Bisecting(k=8, starts=1).fit(points, np.random.default_rng(0))
    grid = np.random.default_rng(1).uniform(-3, 9, (2_000, 4)).astype(np.float32)
    assigned = fitted.assign(grid)
    nearest = np.linalg.norm(grid[:, None] - fitted.centres, axis=2).argmin(axis=1)
    elsewhere = assigned.labels != nearest
    assert elsewhere.any()
    assert (assigned.strength[elsewhere] == 0).all()
    assert (assigned.strength[~elsewhere] > 0).all()


def test_the_strategy_says_what_is_cut():
    # A wide cloud of few and a narrow one of many: inertia cuts the wide, size cuts the large.
    points = np.concatenate([np.linspace(0, 1, 40), np.array([50.0, 60.0, 70.0, 80.0])])[:, None].astype(np.float32)
    rng = np.random.default_rng
    assert np.bincount(Bisecting(k=3).fit(points, rng(0)).fit_labels).tolist() == [40, 2, 2]
    largest = Bisecting(k=3, bisecting_strategy="largest_cluster").fit(points, rng(0))
    assert np.bincount(largest.fit_labels).tolist() == [20, 20, 4]


def test_equal_points_are_never_cut():
    points = np.repeat(np.array([[0.0], [1.0], [2.0]], np.float32), [50, 1, 1], axis=0)
    fitted = Bisecting(k=3, bisecting_strategy="largest_cluster").fit(points, np.random.default_rng(0))
    assert np.bincount(fitted.fit_labels).tolist() == [50, 1, 1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=8, max_size=40, unique=False))
def test_every_row_arrives_where_the_fit_put_it(cells):
    points = np.array(cells, np.float32)
    k = min(4, len(np.unique(points, axis=0)))
    if k < 2:
        return
    fitted = Bisecting(k=k, starts=1).fit(points, np.random.default_rng(0))
    assert (fitted.assign(points).labels == fitted.fit_labels).all()
    assert fitted.n_clusters == k
    assert (np.diff(np.bincount(fitted.fit_labels)) <= 0).all()
