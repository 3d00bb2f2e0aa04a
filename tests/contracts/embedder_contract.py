"""What every embedder must do. Inherit, and give the ``embedder`` and ``matrix`` fixtures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from coterie import frozen
from coterie.errors import ConfigError, ModelError


def block_matrix(seed: int = 0) -> sp.csr_array:
    """Sparse rows in two planted groups of 60 x 40, with one row of zeros."""
    rng = np.random.default_rng(seed)
    chance = np.full((60, 40), 0.08)
    chance[:30, :20] = chance[30:, 20:] = 0.5
    cells = (rng.random((60, 40)) < chance) * rng.integers(1, 6, (60, 40))
    cells[7] = 0
    return sp.csr_array(cells.astype(np.float32))


class EmbedderContract:
    """Inherited by the tests of each embedder."""

    @pytest.fixture
    def embedder(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def matrix(self) -> Any:
        return block_matrix()

    @pytest.fixture
    def fitted(self, embedder, matrix):
        return embedder.fit(matrix, np.random.default_rng(1))

    def test_points_are_finite_float32(self, fitted, matrix):
        points = fitted.apply(matrix)
        assert points.dtype == np.float32
        assert points.shape == (matrix.shape[0], fitted.dims)
        assert np.isfinite(points).all()

    def test_one_row_alone_gives_the_same_bits_as_in_a_batch(self, fitted, matrix):
        together = fitted.apply(matrix)
        alone = np.vstack([fitted.apply(matrix[[row]]) for row in range(matrix.shape[0])])
        assert together.tobytes() == alone.tobytes()

    def test_dense_and_sparse_rows_agree(self, fitted, matrix):
        dense = matrix.toarray() if sp.issparse(matrix) else matrix
        assert fitted.apply(dense).tobytes() == fitted.apply(sp.csr_array(dense)).tobytes()

    def test_the_same_seed_gives_the_same_fit(self, embedder, fitted, matrix):
        again = embedder.fit(matrix, np.random.default_rng(1))
        assert again.apply(matrix).tobytes() == fitted.apply(matrix).tobytes()

    def test_saved_and_loaded_it_gives_the_same_bits(self, embedder, fitted, matrix, tmp_path):
        frozen.save(fitted.to_arrays(), tmp_path, "embedder")
        loaded = type(embedder).Fitted.from_arrays(frozen.load(tmp_path, "embedder"))
        assert loaded.apply(matrix).tobytes() == fitted.apply(matrix).tobytes()
        assert loaded.dims == fitted.dims

    def test_rows_of_another_width_are_refused(self, fitted, matrix):
        with pytest.raises(ModelError, match=r"fitted on \d+ columns, got rows of \d+"):
            fitted.apply(matrix[:, :-1])

    def test_an_unknown_option_is_refused_with_its_name(self, embedder):
        with pytest.raises(ConfigError, match="unknown key 'dimz'"):
            type(embedder)(dimz=3)

    def test_fitting_does_not_change_the_matrix(self, embedder, matrix):
        before = matrix.copy()
        embedder.fit(matrix, np.random.default_rng(0)).apply(matrix)
        difference = before - matrix
        assert (difference.nnz if sp.issparse(difference) else np.count_nonzero(difference)) == 0
