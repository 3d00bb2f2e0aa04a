from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from coterie.embedding.identity import Identity
from coterie.errors import DataError
from tests.contracts.embedder_contract import EmbedderContract, block_matrix


class TestIdentity(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return Identity()


def test_rows_stay_as_they_are():
    matrix = block_matrix()
    assert (Identity().fit(matrix, np.random.default_rng(0)).apply(matrix) == matrix.toarray()).all()


def test_a_matrix_too_wide_to_be_dense_is_refused():
    with pytest.raises(DataError, match="use 'svd' or 'pca'"):
        Identity().fit(sp.csr_array((100_000, 10_000), dtype=np.float32), np.random.default_rng(0))
