from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from coterie import frozen
from coterie.clustering.mixture import COVARIANCES, Components, FittedMixture, Mixture
from coterie.errors import DataError
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestMixture(ClustererContract):
    @pytest.fixture(params=COVARIANCES)
    def clusterer(self, request):
        return Mixture(k=3, starts=2, covariance=request.param)


def hand_made() -> FittedMixture:
    """Two components on a line: at 0 with variance 1 and weight 3/4, at 4 with variance 4 and weight 1/4."""
    components = Components(np.array([0.75, 0.25]), np.array([[0.0], [4.0]]), np.array([[[1.0]], [[0.25]]]))
    return FittedMixture(components, bic=1.0, aic=2.0)


def test_posterior_by_hand():
    # At 2: .75 exp(-2) against .25 / 2 exp(-1/2).
    first, second = 0.75 * np.exp(-2), 0.125 * np.exp(-0.5)
    assigned = hand_made().assign(np.array([[2.0], [-6.0]], np.float32))
    assert assigned.labels.tolist() == [0, 1], "far out the wide component wins, on either side"
    assert assigned.strength[0] == pytest.approx(first / (first + second))
    assert assigned.distance.tolist() == [2.0, 10.0]


def test_posteriors_are_those_of_the_library():
    points, _ = three_clouds()
    blurred = (points + np.random.default_rng(0).normal(0, 3, points.shape)).astype(np.float32)
    for covariance in COVARIANCES:
        fitted = Mixture(k=3, covariance=covariance).fit(blurred, np.random.default_rng(0))
        c = fitted.components
        full = GaussianMixture(3, covariance_type="full")
        full.weights_, full.means_ = c.weights, c.means
        full.precisions_cholesky_ = np.linalg.cholesky(c.precisions)
        posteriors = full.predict_proba(blurred.astype(np.float64))
        assigned = fitted.assign(blurred)
        assert assigned.strength == pytest.approx(posteriors.max(axis=1))
        assert (assigned.labels == posteriors.argmax(axis=1)).all()


def test_criteria_are_those_of_the_fit_and_stay_with_it(tmp_path):
    points, _ = three_clouds()
    by_k = {k: Mixture(k=k).fit(points, np.random.default_rng(0)) for k in (2, 3, 8)}
    assert min(by_k, key=lambda k: by_k[k].bic) == 3
    assert by_k[3].aic < by_k[3].bic
    frozen.save(by_k[3].to_arrays(), tmp_path, "clusterer")
    loaded = FittedMixture.from_arrays(frozen.load(tmp_path, "clusterer"))
    assert (loaded.bic, loaded.aic) == (by_k[3].bic, by_k[3].aic)


def test_clouds_of_different_width_are_told_apart():
    rng = np.random.default_rng(0)
    wide, narrow = rng.normal(0, 5, (300, 2)), rng.normal((4, 0), 0.2, (150, 2))
    fitted = Mixture(k=2).fit(np.concatenate([wide, narrow]).astype(np.float32), rng)
    assert (fitted.fit_labels[300:] == 1).all()
    assert (fitted.fit_labels[:300] == 0).mean() > 0.95


def test_without_regularisation_a_cloud_of_equal_points_is_refused_and_with_it_fitted():
    points = np.concatenate([np.zeros((20, 2)), np.random.default_rng(0).normal(9, 1, (20, 2))]).astype(np.float32)
    with pytest.raises(DataError, match="raise 'regularisation' of gmm above 0"):
        Mixture(k=2, regularisation=0, covariance="full").fit(points, np.random.default_rng(0))
    assert np.bincount(Mixture(k=2).fit(points, np.random.default_rng(0)).fit_labels).tolist() == [20, 20]


def test_a_component_of_nobody_is_left_out():
    # Two clouds, smoothed until the third component lies under another.
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (40, 2)), rng.normal(9, 1, (20, 2))]).astype(np.float32)
    fitted = Mixture(k=3, starts=1, regularisation=0.5).fit(points, rng)
    assert fitted.n_clusters == 2
    assert np.bincount(fitted.fit_labels).tolist() == [40, 20]
    assert fitted.components.weights.sum() == pytest.approx(1)
    assert (fitted.assign(points).labels == fitted.fit_labels).all()
    c = fitted.components
    densities = [
        weight * multivariate_normal(mean, np.linalg.inv(precision)).pdf(points.astype(np.float64))
        for weight, mean, precision in zip(c.weights, c.means, c.precisions, strict=True)
    ]
    deviance = -2 * np.log(np.sum(densities, axis=0)).sum()
    assert fitted.aic == pytest.approx(deviance + 2 * 9)  # two means and two widths a component, and one weight
    assert fitted.bic == pytest.approx(deviance + 9 * np.log(60))


def test_a_mixture_that_is_one_cluster_is_refused():
    points = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    with pytest.raises(DataError, match="everybody into one of 3 components; lower 'regularisation' of gmm below 3"):
        Mixture(k=3, regularisation=3).fit(points, np.random.default_rng(0))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 100))
def test_the_unit_of_the_embedding_does_not_matter(factor):
    points, _ = three_clouds()
    straight = Mixture(k=3, starts=1).fit(points, np.random.default_rng(0))
    scaled = Mixture(k=3, starts=1).fit((points * factor).astype(np.float32), np.random.default_rng(0))
    assert (scaled.fit_labels == straight.fit_labels).all()
