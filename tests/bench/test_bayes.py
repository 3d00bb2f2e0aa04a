"""The Bayes classifier: its likelihoods by hand, and what it can tell."""

import bayes
import numpy as np
import pytest
import scipy.sparse as sp
from ratings import LIKING, MEAN, NOISE, USER_SPREAD, Shape, write
from scipy.stats import multivariate_normal


def test_the_likelihood_of_a_set_of_items_by_hand() -> None:
    exposure, rate = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]]), 3.0
    cells = sp.csr_array(np.array([[4.0, 0, 2.0], [0, 1.0, 0]]))
    has = 1 - np.exp(-rate * exposure)
    first = np.log(has[:, 0] * (1 - has[:, 1]) * has[:, 2])
    second = np.log((1 - has[:, 0]) * has[:, 1] * (1 - has[:, 2]))
    found = bayes.item_evidence(cells, exposure, np.array([rate, rate]))
    np.testing.assert_allclose(found - rate, [first, second])


def test_the_likelihood_of_ratings_is_that_of_a_normal_with_a_common_bias() -> None:
    rng = np.random.default_rng(2)
    affinity, bias = rng.normal(size=(3, 4)), rng.normal(size=4)
    ratings = np.array([[4.0, 3.5, 0, 2.0], [0, 5.0, 1.0, 0]])
    found = bayes.rating_evidence(sp.csr_array(ratings), affinity, bias)
    for row, evidence in zip(ratings, found, strict=True):
        at = np.flatnonzero(row)
        law = NOISE**2 * np.eye(len(at)) + USER_SPREAD**2
        log = [multivariate_normal(MEAN + bias[at] + LIKING * own[at], law).logpdf(row[at]) for own in affinity]
        np.testing.assert_allclose(evidence - evidence[0], log - log[0], rtol=1e-5)


def test_a_learnt_exposure_is_the_one_that_the_takers_come_from() -> None:
    rng = np.random.default_rng(0)
    exposure = rng.dirichlet(np.full(30, 1.0), 2)
    rates, counts = np.array([5.0, 50.0]), np.array([[3e6, 2e6], [1e6, 4e6]])
    n_takers, _ = bayes.takers(exposure, rates, counts)
    found = bayes.learnt_exposure(n_takers, rates, counts, exposure.mean(axis=0))
    np.testing.assert_allclose(found, exposure, rtol=1e-3, atol=1e-7)


def test_what_is_learnt_tells_nearly_as_much_as_what_is_known(tmp_path) -> None:
    write(Shape(n_events=150_000, n_users=2_000, n_items=500, n_segments=3), tmp_path / "a", seed=1)
    found = bayes.limits(tmp_path / "a")
    assert 0.7 < found["bayes_items"] < 0.999
    assert found["bayes_items_and_ratings"] > found["bayes_items"]
    assert found["cross_fitted"] == pytest.approx(found["bayes_items"], abs=0.05)


def test_segments_that_make_no_difference_cannot_be_told() -> None:
    rng = np.random.default_rng(4)
    cells = sp.csr_array((rng.random((600, 40)) < 0.3).astype(np.float32))
    assert abs(bayes.cross_fitted(cells, rng.integers(0, 3, 600).astype(np.int8), rng)) < 0.02
