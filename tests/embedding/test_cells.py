from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from coterie.embedding.cells import present_cells, refuse_empty, refuse_negative
from coterie.errors import DataError


def untidy():
    """One row: 1 + 2 in column 2, a stored zero in column 1, 5 in column 0, out of order."""
    parts = (np.array([1.0, 2.0, 0.0, 5.0], np.float32), np.array([2, 2, 1, 0]), np.array([0, 4]))
    return sp.csr_array(parts, shape=(1, 3))


def test_cells_come_once_in_order_and_without_zeros():
    cells = present_cells(untidy())
    assert cells.indices.tolist() == [0, 2]
    assert cells.data.tolist() == [5.0, 3.0]
    assert cells.dtype == np.float64


def test_a_matrix_that_is_float64_already_stays_as_it_is():
    matrix = sp.csr_array(untidy(), dtype=np.float64)
    present_cells(matrix)
    assert matrix.indices.tolist() == [2, 2, 1, 0]


def test_dense_rows_give_the_same_cells():
    assert (present_cells(np.array([[5.0, 0.0, 3.0]], np.float32)) != present_cells(untidy())).nnz == 0


def test_a_negative_cell_is_refused_with_the_weights_that_give_none():
    with pytest.raises(DataError, match=r"nmf needs cells >= 0, got -2; .* 'binary', 'positive', 'value'"):
        refuse_negative(sp.csr_array(np.array([[1.0, -2.0]])), "nmf")


def test_nothing_at_all_is_not_negative():
    refuse_negative(sp.csr_array((2, 3)), "nmf")


def test_a_matrix_of_nothing_is_refused():
    with pytest.raises(DataError, match="matrix of 2 rows and 3 columns has no cell other than zero"):
        refuse_empty(sp.csr_array((2, 3)), "nmf")
