from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie import frozen
from coterie.clustering import neighbours
from coterie.clustering.dbscan import DBSCAN, FittedDBSCAN
from coterie.errors import ConfigError, DataError
from coterie.terms import NOISE
from tests.clustering.crowds import crowds_and_loners, two_moons
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestDBSCAN(ClustererContract):
    @pytest.fixture(params=[{}, {"eps": 1.0}, {"noise": "assign"}], ids=str)
    def clusterer(self, request):
        return DBSCAN(**request.param)


class TestWithLoners(ClustererContract):
    @pytest.fixture(params=["keep", "assign"])
    def clusterer(self, request):
        return DBSCAN(noise=request.param)

    @pytest.fixture
    def points(self):
        return crowds_and_loners()[0]


class TestNothingButNoise(ClustererContract):
    @pytest.fixture(params=["keep", "assign"])
    def clusterer(self, request):
        return DBSCAN(eps=1e-6, min_samples=3, noise=request.param)

    def test_it_is_all_noise(self, fitted, points):
        assert fitted.n_clusters == 0
        assert (fitted.fit_labels == NOISE).all()


def fit(points, **options) -> FittedDBSCAN:
    return DBSCAN(**options).fit(np.asarray(points, np.float32), np.random.default_rng(0))


# Within 1.5 of each other lie 0, 1, 2, 3.4 and 10, 11, 12; 30 is alone.
ROWS = np.array([[0.0], [1.0], [2.0], [3.4], [10.0], [11.0], [12.0], [30.0]])


def test_crowds_and_the_rule_by_hand():
    fitted = fit(ROWS, eps=1.5, min_samples=2)
    assert fitted.fit_labels.tolist() == [0, 0, 0, 0, 1, 1, 1, NOISE]
    assigned = fitted.assign(np.array([[3.4], [4.9], [4.95], [9.0], [-1.5], [30.0]], np.float32))
    assert assigned.labels.tolist() == [0, 0, NOISE, 1, 0, NOISE], "3.4 is a core of two and reaches up to 4.9"
    assert assigned.strength == pytest.approx([1, 0, 0, 1 / 3, 0, 0], abs=1e-6)
    assert assigned.distance == pytest.approx([1.8, 3.3, np.nan, 2.0, 3.1, np.nan], nan_ok=True)


def test_noise_is_assigned_by_hand():
    fitted = fit(ROWS, eps=1.5, min_samples=2, noise="assign")
    assert fitted.fit_labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1], "30 lies nearest to 12"
    assigned = fitted.assign(np.array([[1.0], [9.0], [30.0], [1_000.0]], np.float32))
    assert assigned.labels.tolist() == [0, 1, 1, 1]
    assert assigned.strength == pytest.approx([1, 1 - 1 / 3, 1.5 / 36, 1.5 / 1_976])
    assert fitted.centres[1] == pytest.approx([15.75]), "those who were assigned are members too"


def test_sizes_after_the_second_step_order_the_clusters():
    points = [[0.0], [1.0], [2.0], [10.0], [11.0], [30.0], [40.0], [50.0]]
    assert fit(points, eps=1.5, min_samples=2).fit_labels.tolist() == [0, 0, 0, 1, 1, NOISE, NOISE, NOISE]
    fitted = fit(points, eps=1.5, min_samples=2, noise="assign")
    assert fitted.fit_labels.tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert (fitted.assign(np.array(points, np.float32)).labels == fitted.fit_labels).all()


def test_a_row_on_a_border_goes_to_the_nearer_core():
    # 3 is no core of four, and reaches cores of both crowds.
    points = [[0.0], [1.0], [1.2], [1.4], [3.0], [4.5], [4.7], [4.9], [5.8]]
    fitted = fit(points, eps=1.65, min_samples=4)
    agreement = fitted.assign(np.array(points, np.float32)).labels == fitted.fit_labels
    assert fitted.n_clusters == 2
    assert fitted.fit_labels[4] == fitted.fit_labels[3], "the fit came from the left"
    assert fitted.assign(np.array([[3.0]], np.float32)).labels == fitted.fit_labels[5], "4.5 is nearer than 1.4"
    assert np.flatnonzero(~agreement).tolist() == [4]


@pytest.mark.parametrize("seed", [0, 1])
def test_two_moons_are_told_apart(seed):
    points, truth = two_moons(seed)
    assert (fit(points, eps=0.25, min_samples=4).fit_labels == truth).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_knee_parts_crowds_from_loners(seed):
    points, truth = crowds_and_loners(seed)
    assert (fit(points).fit_labels == truth).all()


def test_loners_are_noise_until_assigned():
    points, truth = crowds_and_loners()
    assert (fit(points, eps=1.0).fit_labels == truth).all()
    fitted = fit(points, eps=1.0, noise="assign")
    assigned = fitted.assign(points)
    assert (assigned.labels == fitted.fit_labels).all()
    assert not (assigned.labels == NOISE).any()
    assert assigned.strength[truth == NOISE].max() < 0.5 <= assigned.strength[truth != NOISE].min()


def test_copies_are_one_crowd_each():
    points = np.repeat([[0.0, 0], [1, 5], [7, 1]], [9, 6, 5], axis=0)
    fitted = fit(points)
    assert np.bincount(fitted.fit_labels).tolist() == [9, 6, 5]
    assert (fitted.assign(points.astype(np.float32)).labels == fitted.fit_labels).all()


def test_one_point_many_times_is_one_cluster():
    fitted = fit(np.ones((30, 3)))
    assert fitted.n_clusters == 1
    assert (fitted.assign(np.ones((1, 3), np.float32)).labels == 0).all()


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_fewer_rows_than_a_core_needs_are_noise(n_rows):
    fitted = fit(np.eye(3)[:n_rows])
    assert (fitted.n_clusters, fitted.fit_labels.tolist()) == (0, [NOISE] * n_rows)


def test_the_curve_is_kept_and_its_knee_is_eps(tmp_path):
    points, _ = two_moons()
    fitted = fit(points)
    assert fitted.curve.knee in fitted.curve.distances
    assert fitted.eps == pytest.approx(fitted.curve.knee, rel=1e-3)
    assert fitted.eps >= fitted.curve.knee
    frozen.save(fitted.to_arrays(), tmp_path, "clusterer")
    loaded = FittedDBSCAN.from_arrays(frozen.load(tmp_path, "clusterer"))
    assert loaded.curve.distances.tobytes() == fitted.curve.distances.tobytes()
    assert (loaded.curve.k, loaded.curve.knee) == (fitted.curve.k, fitted.curve.knee)
    assert (loaded.eps, loaded.min_samples, loaded.noise) == (fitted.eps, 4, "keep")
    far = np.random.default_rng(1).normal(0, 1, (300, 2)).astype(np.float32)
    for name in ("labels", "strength", "distance"):
        assert getattr(loaded.assign(far), name).tobytes() == getattr(fitted.assign(far), name).tobytes()


def test_a_fixed_eps_keeps_the_curve_too():
    assert len(fit(two_moons()[0], eps=0.2).curve.distances) == 250


def test_neighbourhoods_that_do_not_fit_are_refused_before_the_fit(monkeypatch):
    points, _ = three_clouds()
    monkeypatch.setattr(neighbours, "MAX_NEIGHBOURHOOD_BYTES", 60_000)
    with pytest.raises(DataError, match=r"eps 50 finds about 120 neighbours of each row: 14,400 pairs, 0.0 GB"):
        fit(points, eps=50)
    tried = [setting["eps"] for setting in DBSCAN.grid(points, {}, np.random.default_rng(0))]
    monkeypatch.undo()
    assert tried
    assert len(tried) < len(DBSCAN.grid(points, {}, np.random.default_rng(0))), "what would not fit is not tried"


def test_the_grid_follows_the_curve():
    points, _ = two_moons()
    grid = DBSCAN.grid(points, {}, np.random.default_rng(0))
    tried = [setting["eps"] for setting in grid]
    assert tried == sorted(set(tried))
    assert all(type(eps) is float for eps in tried)
    assert fit(points).eps in tried
    curve = neighbours.k_distance_curve(points.astype(float), points.astype(float), 4)
    cores = [float(np.mean(curve.distances <= eps)) for eps in tried]
    for share in (0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
        assert min(abs(share - core) for core in cores) < 0.015


def test_a_fixed_eps_is_the_only_one_tried():
    points, _ = two_moons()
    assert DBSCAN.grid(points, {"eps": 0.3, "min_samples": 4}, np.random.default_rng(0)) == ({"eps": 0.3},)
    assert len(DBSCAN.grid(points, {"eps": "auto"}, np.random.default_rng(0))) > 1
    with pytest.raises(ConfigError, match="min_samples"):
        DBSCAN.grid(points, {"min_samples": 0}, np.random.default_rng(0))


def test_it_says_that_it_finds_their_number_itself():
    assert DBSCAN.counts_clusters is False
    assert fit(ROWS, eps=1.5, min_samples=2, k=7, starts=3).n_clusters == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40),
    st.sampled_from(["keep", "assign"]),
    st.sampled_from(["auto", 0.5, 1.5]),
    st.integers(0, 10),
)
def test_neither_the_order_of_rows_nor_copies_matter(cells, noise, eps, seed):
    points = np.array(cells, np.float32)
    order = np.random.default_rng(seed).permutation(len(points))
    fitted, shuffled = fit(points, noise=noise, eps=eps), fit(points[order], noise=noise, eps=eps)
    assert fitted.n_clusters == shuffled.n_clusters
    # The same rows are together: numbers of clusters of one size may differ.
    together = fitted.fit_labels[order][:, None] == fitted.fit_labels[order]
    assert (together == (shuffled.fit_labels[:, None] == shuffled.fit_labels)).all()
    assert ((fitted.fit_labels == NOISE)[order] == (shuffled.fit_labels == NOISE)).all()
    cores = fitted.cores.points.astype(np.float32)
    assert (fitted.assign(cores).labels == fitted.cores.labels).all()
    if noise == "assign" and fitted.n_clusters:
        assert (fitted.fit_labels != NOISE).all()
