from __future__ import annotations

import numpy as np
import pytest

from coterie.embedding.pca import PCA
from coterie.errors import ConfigError, DataError
from tests.contracts.embedder_contract import EmbedderContract


def dense_rows():
    rng = np.random.default_rng(3)
    return (rng.normal(0, 1, (50, 3)) @ rng.normal(0, 1, (3, 8)) + 5 + rng.normal(0, 0.01, (50, 8))).astype(np.float32)


class TestDense(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return PCA(dims=3)

    @pytest.fixture
    def matrix(self):
        return dense_rows()


class TestSparse(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return PCA(dims=3, unit_rows=True)


def test_points_on_a_line_need_one_dimension():
    line = np.arange(6, dtype=np.float32)[:, None] * np.array([[3.0, 4.0]], np.float32)
    fitted = PCA(dims=2).fit(line, np.random.default_rng(0))
    assert fitted.dims == 1
    assert abs(fitted.apply(line).ravel()) == pytest.approx([12.5, 7.5, 2.5, 2.5, 7.5, 12.5], rel=1e-5)


def test_rows_that_are_all_the_same_are_refused():
    with pytest.raises(DataError, match="every row of the feature matrix is the same"):
        PCA().fit(np.ones((5, 4), np.float32), np.random.default_rng(0))


def test_one_row_is_refused():
    with pytest.raises(DataError, match="at least two rows"):
        PCA().fit(np.ones((1, 4), np.float32), np.random.default_rng(0))


def test_dims_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="whole number >= 1, got '0'"):
        PCA(dims=0)


def test_unit_rows_is_true_or_false():
    with pytest.raises(ConfigError, match=r"'embedding.unit_rows' is true or false, got 'no'"):
        PCA(unit_rows="no")
