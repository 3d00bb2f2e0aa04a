"""What every clusterer must do. Inherit, and give the ``clusterer`` fixture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coterie import frozen
from coterie.errors import ConfigError, DataError, ModelError
from coterie.terms import NOISE


def three_clouds(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of three well separated clouds of 60, 40 and 20 in four dims, shuffled, with the cloud of each."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat([0, 1, 2], [60, 40, 20]))
    centres = np.array([[0, 0, 0, 0], [6, 0, 0, 1], [0, 7, 2, 0]], float)
    return (centres[truth] + rng.normal(0, 0.6, (120, 4))).astype(np.float32), truth


class ClustererContract:
    """Inherited by the tests of each clusterer; ``exact`` says whether assign must equal the fit everywhere."""

    exact = True

    @pytest.fixture
    def clusterer(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def points(self):
        return three_clouds()[0]

    @pytest.fixture
    def fitted(self, clusterer, points):
        return clusterer.fit(points, np.random.default_rng(2))

    def test_labels_are_canonical(self, fitted):
        sizes = np.bincount(fitted.fit_labels[fitted.fit_labels != NOISE])
        assert fitted.fit_labels.dtype == np.int32
        assert len(sizes) == fitted.n_clusters
        assert (np.diff(sizes) <= 0).all()

    def test_assign_agrees_with_the_fit(self, fitted, points):
        agreement = (fitted.assign(points).labels == fitted.fit_labels).mean()
        assert agreement == 1.0 if self.exact else agreement >= 0.9

    def test_assign_gives_no_label_that_the_fit_did_not_have(self, fitted, points):
        far = np.random.default_rng(0).normal(0, 100, (500, points.shape[1])).astype(np.float32)
        assert set(fitted.assign(far).labels.tolist()) <= {NOISE, *range(fitted.n_clusters)}

    def test_strength_and_distance_are_in_range(self, fitted, points):
        assigned = fitted.assign(points)
        assert ((assigned.strength >= 0) & (assigned.strength <= 1)).all()
        noise = assigned.labels == NOISE
        assert (assigned.distance[~noise] >= 0).all()
        assert np.isnan(assigned.distance[noise]).all()
        assert (assigned.strength[noise] == 0).all()

    def test_one_point_alone_gives_the_same_bits_as_in_a_batch(self, fitted, points):
        together = fitted.assign(points)
        alone = [fitted.assign(points[[row]]) for row in range(len(points))]
        for name in ("labels", "strength", "distance"):
            assert getattr(together, name).tobytes() == np.concatenate([getattr(a, name) for a in alone]).tobytes()

    def test_no_points_give_no_labels(self, fitted, points):
        assert len(fitted.assign(points[:0]).labels) == 0

    def test_saved_and_loaded_it_assigns_the_same(self, clusterer, fitted, points, tmp_path):
        frozen.save(fitted.to_arrays(), tmp_path, "clusterer")
        loaded = type(clusterer).Fitted.from_arrays(frozen.load(tmp_path, "clusterer"))
        assert loaded.assign(points).labels.tobytes() == fitted.assign(points).labels.tobytes()
        assert loaded.n_clusters == fitted.n_clusters

    def test_a_method_without_a_random_start_gives_the_same_fit_for_every_seed(self, clusterer, fitted, points):
        if getattr(type(clusterer), "starts_at_random", True):
            return
        other = clusterer.fit(points, np.random.default_rng(3))
        assert other.fit_labels.tobytes() == fitted.fit_labels.tobytes()

    def test_the_same_seed_gives_the_same_fit(self, clusterer, fitted, points):
        again = clusterer.fit(points, np.random.default_rng(2))
        assert again.fit_labels.tobytes() == fitted.fit_labels.tobytes()

    def test_points_of_another_width_are_refused(self, fitted, points):
        with pytest.raises(ModelError, match="dims"):
            fitted.assign(points[:, :-1])

    def test_an_unknown_option_is_refused_with_its_name(self, clusterer):
        with pytest.raises(ConfigError, match="unknown key 'kk'"):
            type(clusterer)(kk=3)

    def test_points_that_are_not_finite_are_refused(self, clusterer, points):
        broken = points.copy()
        broken[3, 1] = np.nan
        with pytest.raises(DataError, match="finite"):
            clusterer.fit(broken, np.random.default_rng(0))
