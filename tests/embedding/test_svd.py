from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from coterie.embedding.svd import SVD
from coterie.errors import ConfigError, DataError
from tests.contracts.embedder_contract import EmbedderContract, block_matrix


class TestRowNormalised(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return SVD(dims=5)


class TestDegreeNormalisedWithoutTheFirst(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return SVD(dims=4, normalise="degree", drop_leading=1, regulariser=0.5)


class TestPlain(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return SVD(dims=3, normalise="none", unit_rows=False)


def test_all_components_of_a_small_matrix_keep_every_distance():
    matrix = block_matrix()
    points = SVD(dims=40, normalise="none", unit_rows=False).fit(matrix, np.random.default_rng(0)).apply(matrix)
    dense = matrix.toarray()
    assert points @ points.T == pytest.approx(dense @ dense.T, abs=1e-3)


def test_components_equal_those_of_the_exact_decomposition():
    matrix = block_matrix()
    fitted = SVD(dims=3, normalise="none").fit(matrix, np.random.default_rng(0))
    _, singular, vectors = np.linalg.svd(matrix.toarray().astype(float), full_matrices=False)
    assert fitted.singular == pytest.approx(singular[:3], rel=1e-6)
    assert abs(fitted.components.T @ vectors[:3].T) == pytest.approx(np.eye(3), abs=1e-5)
    assert fitted.energy == pytest.approx((singular[:3] ** 2).sum() / (singular**2).sum())


def test_degree_normalisation_by_hand():
    # Rows sum to 3 and 1, columns to 2 and 2; with regulariser 0 cell (0, 0) = 2 becomes 2 / sqrt(3 * 2).
    matrix = sp.csr_array(np.array([[2.0, 1.0], [0.0, 1.0]], np.float32))
    fitted = SVD(dims=2, normalise="degree", regulariser=0.0, unit_rows=False).fit(matrix, np.random.default_rng(0))
    expected = np.array([[2 / 6**0.5, 1 / 6**0.5], [0, 1 / 2**0.5]])
    points = fitted.apply(matrix)
    assert points @ points.T == pytest.approx(expected @ expected.T, abs=1e-6)


@given(st.floats(0.1, 100))
def test_a_row_scaled_by_any_factor_keeps_its_place_when_rows_are_normalised(factor):
    matrix = block_matrix()
    fitted = SVD(dims=3).fit(matrix, np.random.default_rng(0))
    assert fitted.apply(matrix * factor) == pytest.approx(fitted.apply(matrix), abs=1e-5)


def test_a_row_of_zeros_is_the_zero_point():
    matrix = block_matrix()
    assert not SVD(dims=3).fit(matrix, np.random.default_rng(0)).apply(matrix)[7].any()


def test_a_matrix_of_nothing_is_refused():
    with pytest.raises(DataError, match="0 non-zero cells is too small for an SVD"):
        SVD().fit(sp.csr_array((4, 3), dtype=np.float32), np.random.default_rng(0))


def test_dropping_everything_is_refused():
    with pytest.raises(DataError, match="drops 40 leading"):
        SVD(drop_leading=40).fit(block_matrix(), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normalise": "rows"}, "'embedding.normalise' is row, degree or none, got 'rows'"),
        ({"dims": 0}, "'embedding.dims' is a whole number >= 1, got '0'"),
        ({"drop_leading": -1}, "'embedding.drop_leading' is a whole number >= 0"),
        ({"regulariser": "a"}, "'embedding.regulariser' is a number >= 0, got 'a'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        SVD(**options)


def test_directions_beyond_the_rank_are_no_dimensions():
    rows = sp.csr_array(np.repeat([[1.0, 1, 0, 0], [0, 0, 1, 1]], 10, axis=0))
    assert SVD(dims=4).fit(rows, np.random.default_rng(0)).dims == 2
    with pytest.raises(DataError, match="has rank 2, and an SVD that drops 2 leading components leaves nothing"):
        SVD(dims=2, drop_leading=2).fit(rows, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 3.5}, "'embedding.dims' is a whole number >= 1, got '3.5'"),
        ({"drop_leading": 0.5}, "'embedding.drop_leading' is a whole number >= 0"),
        ({"regulariser": float("nan")}, "'embedding.regulariser' is a number >= 0"),
        ({"unit_rows": "no"}, "'embedding.unit_rows' is true or false, got 'no'"),
    ],
)
def test_options_of_another_kind_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        SVD(**options)


def test_a_regulariser_without_degrees_is_refused():
    with pytest.raises(ConfigError, match="has no effect with normalise = 'row'; take it out"):
        SVD(regulariser=0.5)
