from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import cluster as sklearn_cluster

from coterie import frozen
from coterie.clustering import hdbscan
from coterie.clustering.hdbscan import HDBSCAN, FittedHDBSCAN
from coterie.errors import ConfigError, DataError
from coterie.terms import NOISE
from tests.clustering.crowds import crowds_and_loners, two_moons
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestHDBSCAN(ClustererContract):
    @pytest.fixture(params=[{}, {"selection": "leaf"}, {"noise": "assign"}], ids=str)
    def clusterer(self, request):
        return HDBSCAN(**request.param)


class TestWithLoners(ClustererContract):
    @pytest.fixture(params=["keep", "assign"])
    def clusterer(self, request):
        return HDBSCAN(min_cluster_size=25, noise=request.param)

    @pytest.fixture
    def points(self):
        return crowds_and_loners()[0]


class TestNothingButNoise(ClustererContract):
    @pytest.fixture(
        params=[
            {"min_cluster_size": 100},
            {"min_cluster_size": 500},
            {"min_samples": 500},
            {"min_cluster_size": 100, "noise": "assign"},
        ],
        ids=str,
    )
    def clusterer(self, request):
        return HDBSCAN(**request.param)

    def test_it_is_all_noise(self, fitted, points):
        assert fitted.n_clusters == 0
        assert (fitted.fit_labels == NOISE).all()


def fit(points, **options) -> FittedHDBSCAN:
    return HDBSCAN(**options).fit(np.asarray(points, np.float32), np.random.default_rng(0))


ROWS = np.array([[0.0], [1.0], [2.0], [3.5], [10.0], [11.0], [12.0], [40.0]], np.float32)


def test_the_rule_by_hand():
    # With two neighbours a core distance is that to the nearest other row: 1 for all but 3.5 (1.5) and 40 (28). The two
    # crowds part at 6.5, from 3.5 to 10, and 40 joins at 28, alone, so that it is noise.
    fitted = fit(ROWS, min_cluster_size=3, min_samples=2)
    assert fitted.fit_labels.tolist() == [0, 0, 0, 0, 1, 1, 1, NOISE]
    land = fitted.landscape
    assert land.cores.tolist() == [1, 1, 1, 1.5, 1, 1, 1, 28]
    assert land.limits.tolist() == [6.5, 6.5]
    # A newcomer's core distance is that to its second nearest row. 0.5 lies .5 from two rows: reached at 1, as these
    # are. 15 has 12 at 3 and 11 at 4: reached at 4. 18 is reached at 7, where the crowds are one. 41: 29 from 12.
    newcomers = fitted.assign(np.array([[0.5], [15.0], [18.0], [41.0], [3.5]], np.float32))
    assert newcomers.labels.tolist() == [0, 1, NOISE, NOISE, 0]
    assert newcomers.strength == pytest.approx([1, 1 / 4, 0, 0, 1 / 1.5])
    assert newcomers.distance == pytest.approx([1.125, 4, np.nan, np.nan, 1.875], nan_ok=True)


def test_noise_is_assigned_by_hand():
    fitted = fit(ROWS, min_cluster_size=3, min_samples=2, noise="assign")
    assert fitted.fit_labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1], "40 lies nearest to 12"
    assigned = fitted.assign(np.array([[1.0], [15.0], [18.0], [40.0]], np.float32))
    assert assigned.labels.tolist() == [0, 1, 1, 1]
    assert assigned.strength == pytest.approx([1, (1 + 1 / 4) / 2, 6.5 / (2 * 7), 6.5 / (2 * 28)])
    assert fitted.centres[1] == pytest.approx([73 / 4]), "who was assigned is a member too"


@pytest.mark.parametrize("options", [{}, {"selection": "leaf"}, {"min_cluster_size": 30, "min_samples": 5}])
def test_rows_of_the_fit_have_the_labels_and_probabilities_of_the_algorithm(options):
    points = np.random.default_rng(3).normal(size=(400, 3)) * [1, 1, 0.2] + np.repeat([[0], [2.5]], 200, axis=0)
    points = points[np.lexsort(points.T)].astype(np.float32)  # ties are settled by the order of rows
    fitted = fit(points, **options)
    model = sklearn_cluster.HDBSCAN(
        min_cluster_size=options.get("min_cluster_size", 5),
        min_samples=options.get("min_samples", 5),
        cluster_selection_method=options.get("selection", "eom"),
        copy=True,
    ).fit(points.astype(float))
    assigned = fitted.assign(points)
    assert fitted.n_clusters == model.labels_.max() + 1 >= 2
    assert (assigned.labels == fitted.fit_labels).all()
    assert ((assigned.labels == NOISE) == (model.labels_ == NOISE)).all()
    assert assigned.strength.tobytes() == model.probabilities_.tobytes()


def test_the_limit_of_a_cluster_is_where_the_tree_splits_it_off():
    points, _ = three_clouds()
    land = fit(points, min_cluster_size=10, min_samples=4).landscape
    mutual = np.maximum(np.maximum(cdist(land.points, land.points), land.cores), land.cores[:, None])
    for label, limit in enumerate(land.limits):
        below = mutual < limit  # connected below the limit: the cluster and nobody else
        reached = np.arange(120) == np.flatnonzero(land.labels == label)[0]
        for _step in range(120):
            reached = reached | below[reached].any(axis=0)
        assert set(np.flatnonzero(reached)) == set(np.flatnonzero(land.labels == label))


@pytest.mark.parametrize("seed", [0, 1])
def test_two_moons_are_told_apart(seed):
    points, truth = two_moons(seed)
    assert (fit(points, min_cluster_size=60, min_samples=4, noise="assign").fit_labels == truth).all()


def test_loners_are_noise_until_assigned():
    points, truth = crowds_and_loners()
    assert (fit(points, min_cluster_size=25).fit_labels == truth).all()
    fitted = fit(points, min_cluster_size=25, noise="assign")
    assigned = fitted.assign(points)
    assert (assigned.labels == fitted.fit_labels).all()
    assert not (assigned.labels == NOISE).any()
    assert assigned.strength[truth == NOISE].max() <= 0.5 <= assigned.strength[truth != NOISE].min()


def test_copies_are_one_crowd_each():
    points = np.repeat([[0.0, 0], [1, 5], [7, 1]], [9, 7, 6], axis=0)
    fitted = fit(points)
    assert np.bincount(fitted.fit_labels).tolist() == [9, 7, 6]
    assigned = fitted.assign(np.array([[1, 5], [1, 5.5]], np.float32))
    assert assigned.labels.tolist() == [1, 1]
    assert assigned.strength.tolist() == [1, 0], "beside copies nobody is as dense"


@pytest.mark.parametrize("points", [np.ones((30, 3)), np.eye(3)[:1], np.eye(3)[:2], np.eye(3)])
def test_too_few_or_equal_rows_are_all_noise(points):
    fitted = fit(points)
    assert fitted.n_clusters == 0
    assert (fitted.assign(points.astype(np.float32)).labels == NOISE).all()


def test_saved_and_loaded_it_gives_the_same_bits(tmp_path):
    points, _ = crowds_and_loners()
    far = np.random.default_rng(1).normal(2, 4, (300, 2)).astype(np.float32)
    for noise in ("keep", "assign"):
        fitted = fit(points, min_cluster_size=25, noise=noise)
        frozen.save(fitted.to_arrays(), tmp_path, noise)
        loaded = FittedHDBSCAN.from_arrays(frozen.load(tmp_path, noise))
        for name in ("labels", "strength", "distance"):
            assert getattr(loaded.assign(far), name).tobytes() == getattr(fitted.assign(far), name).tobytes()


@pytest.mark.parametrize(("noise", "blocks"), [("keep", 500), ("assign", 500)])
def test_blocks_change_nothing(noise, blocks, monkeypatch):
    points, _ = crowds_and_loners()
    whole = fit(points, min_cluster_size=25, noise=noise)
    monkeypatch.setattr(hdbscan, "BLOCK_CELLS", blocks)
    parts = fit(points, min_cluster_size=25, noise=noise)
    assert parts.fit_labels.tobytes() == whole.fit_labels.tobytes()
    assert parts.landscape.limits.tobytes() == whole.landscape.limits.tobytes()


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(hdbscan, "MAX_ROWS", 100)
    with pytest.raises(DataError) as refused:
        fit(three_clouds()[0])
    assert str(refused.value) == (
        "hdbscan was asked to cluster 120 rows; it compares all pairs, and at most 100 rows are taken: use dbscan or "
        "kmeans"
    )


def test_the_grid_is_of_shares_of_the_rows():
    def grid(n_rows, **options):
        return HDBSCAN.grid(np.zeros((n_rows, 2), np.float32), options, np.random.default_rng(0))

    assert [setting["min_cluster_size"] for setting in grid(943)] == [10, 19, 48, 95]
    assert [setting["min_cluster_size"] for setting in grid(60)] == [5, 6]
    assert grid(943, min_cluster_size=7, selection="leaf") == ({"min_cluster_size": 7},)
    assert grid(943, min_cluster_size=0.03) == ({"min_cluster_size": 0.03},)
    with pytest.raises(ConfigError, match="did you mean 'leaf'"):
        grid(943, selection="leaves")


def test_a_share_is_of_the_rows_and_at_least_five():
    points, _ = three_clouds()
    assert fit(points, min_cluster_size=0.25, min_samples=4).n_clusters == 2, "the cloud of 20 is too small"
    assert (
        fit(points, min_cluster_size=0.001).fit_labels.tobytes() == fit(points, min_cluster_size=5).fit_labels.tobytes()
    )


def test_it_says_that_it_finds_their_number_itself():
    assert HDBSCAN.counts_clusters is False
    assert fit(ROWS, min_cluster_size=3, min_samples=2, k=7, starts=3).n_clusters == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40),
    st.sampled_from(["keep", "assign"]),
    st.sampled_from(["eom", "leaf"]),
    st.integers(0, 10),
)
def test_the_order_of_rows_does_not_matter(cells, noise, selection, seed):
    points = np.array(cells, np.float32)
    order = np.random.default_rng(seed).permutation(len(points))
    options = {"noise": noise, "selection": selection, "min_cluster_size": 3, "min_samples": 2}
    fitted, shuffled = fit(points, **options), fit(points[order], **options)
    assert fitted.n_clusters == shuffled.n_clusters
    # Equal rows may trade places, so rows are compared by what is where.
    for one, rows in ((fitted, points), (shuffled, points[order])):
        assigned = one.assign(rows)
        assert set(assigned.labels.tolist()) <= {NOISE, *range(one.n_clusters)}
        assert ((assigned.strength >= 0) & (assigned.strength <= 1)).all()
    assert sorted(np.bincount(fitted.fit_labels + 1)) == sorted(np.bincount(shuffled.fit_labels + 1))
    if noise == "assign" and fitted.n_clusters:
        assert (fitted.fit_labels != NOISE).all()
