from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError, UnknownNameError
from coterie.selection.references import reference, sample_rows

KINDS = ("gaussian", "copula", "permuted", "box")


def skewed(n: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(3)
    a = rng.normal(size=n)
    return np.column_stack([np.exp(a), 2 * a + rng.normal(size=n), rng.uniform(-1, 1, n)])


def draw(points, kind: str) -> np.ndarray:
    return reference(points, kind).draw(np.random.default_rng(5)).astype(np.float64)


def test_gaussian_keeps_mean_and_covariance():
    points = skewed()
    drawn = draw(points, "gaussian")
    assert drawn.mean(axis=0) == pytest.approx(points.mean(axis=0), abs=0.15)
    assert np.cov(drawn, rowvar=False) == pytest.approx(np.cov(points, rowvar=False), abs=0.5)


def test_copula_keeps_marginals_and_the_correlation_of_ranks():
    points = skewed()
    drawn = draw(points, "copula")
    for column in range(3):
        assert np.quantile(drawn[:, column], [0.1, 0.5, 0.9]) == pytest.approx(
            np.quantile(points[:, column], [0.1, 0.5, 0.9]), rel=0.15, abs=0.1
        )
    assert set(drawn[:, 0].astype(np.float32)) <= set(points[:, 0].astype(np.float32))
    ranks = [np.corrcoef(np.argsort(np.argsort(p[:, :2], axis=0), axis=0), rowvar=False)[0, 1] for p in (points, drawn)]
    assert ranks[1] == pytest.approx(ranks[0], abs=0.05)


def test_permuted_keeps_the_values_of_each_column_alone():
    points = skewed(500).astype(np.float32)
    drawn = draw(points, "permuted")
    assert np.array_equal(np.sort(drawn, axis=0), np.sort(points, axis=0).astype(np.float64))
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.15


def test_box_fills_the_extent_along_the_principal_axes():
    # A needle along the diagonal: the box of the columns would be a square, that of the axes is a needle again.
    t = np.linspace(-1, 1, 200)
    drawn = draw(np.column_stack([t, t]), "box")
    assert drawn[:, 0] == pytest.approx(drawn[:, 1], abs=1e-6)
    assert np.abs(drawn).max() <= 1 + 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_points_of_length_one_get_replicates_of_length_one(kind):
    points = np.random.default_rng(0).normal(size=(50, 4))
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert np.linalg.norm(draw(unit, kind), axis=1) == pytest.approx(np.ones(50), abs=1e-6)
    assert np.linalg.norm(draw(points, kind), axis=1) != pytest.approx(np.ones(50), abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_constant_columns_stay_constant(kind):
    points = np.column_stack([np.arange(20.0), np.full(20, 3.0)])
    assert draw(points, kind)[:, 1] == pytest.approx(np.full(20, 3.0), abs=1e-6)


@given(st.integers(2, 40), st.integers(1, 4), st.sampled_from(KINDS))
def test_replicates_are_finite_and_of_the_same_shape(n, d, kind):
    points = np.random.default_rng(n).integers(0, 3, (n, d)).astype(np.float32)
    drawn = draw(points, kind)
    assert drawn.shape == (n, d)
    assert np.isfinite(drawn).all()


def test_a_sample_of_rows_is_sorted_and_without_repeats():
    assert sample_rows(5, 5, np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]
    drawn = sample_rows(100, 10, np.random.default_rng(0))
    assert len(np.unique(drawn)) == 10
    assert (np.diff(drawn) > 0).all()


def test_what_cannot_be_a_reference_is_refused():
    with pytest.raises(UnknownNameError, match="unknown reference 'gausian'; did you mean 'gaussian'"):
        reference(np.zeros((3, 2)), "gausian")
    with pytest.raises(DataError, match="at least two finite points, got 1"):
        reference(np.zeros((1, 2)), "gaussian")
    with pytest.raises(DataError, match="at least two finite points"):
        reference(np.array([[0.0], [np.nan]]), "box")


def test_gaussian_keeps_the_values_of_columns_that_repeat_theirs():
    rng = np.random.default_rng(1)
    common = rng.normal(size=4000)
    answered = (common + rng.normal(size=4000) > 0.8).astype(float)
    counts = np.log1p(rng.poisson(1.0, 4000))
    points = np.column_stack([common, answered, counts])
    drawn = draw(points, "gaussian")
    assert len(np.unique(drawn[:, 0])) == 4000
    for column in (1, 2):
        values, shares = np.unique(points[:, column].astype(np.float32), return_counts=True)
        found = [np.mean(drawn[:, column] == value) for value in values]
        assert found == pytest.approx(shares / 4000, abs=0.03)
    assert sum(found) == 1
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(np.corrcoef(common, answered)[0, 1], abs=0.1)
