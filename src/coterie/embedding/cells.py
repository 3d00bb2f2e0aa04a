"""The cells of a feature matrix, as the embedders that look at single cells take them."""

from __future__ import annotations

import scipy.sparse as sp

from coterie.embedding.rows import as_csr
from coterie.errors import DataError
from coterie.features.contract import Matrix


def present_cells(matrix: Matrix) -> sp.csr_array:
    """Give (n, m) as float64 CSR with each cell once, in order of columns, and without zeros.

    A stored zero and an empty cell so are the same, whether the matrix came sparse or dense. The matrix stays as it is.
    """
    cells = as_csr(matrix).copy()
    cells.sum_duplicates()
    cells.eliminate_zeros()
    return cells


def refuse_negative(cells: sp.csr_array, method: str) -> None:
    """Refuse cells below zero.

    Raises:
        DataError: there is one; names the weights of interactions that give none.
    """
    if cells.nnz and cells.data.min() < 0:
        raise DataError(
            f"{method} needs cells >= 0, got {cells.data.min():g}; for interactions choose the weight 'binary', "
            "'positive', 'value' (of values >= 0), 'log1p', 'tfidf' or 'bm25', or another embedding such as 'svd'"
        )


def refuse_empty(cells: sp.csr_array, method: str) -> None:
    """Refuse a matrix to which there is nothing.

    Raises:
        DataError: it has no cell other than zero.
    """
    if cells.nnz == 0:
        raise DataError(
            f"the feature matrix of {cells.shape[0]} rows and {cells.shape[1]} columns has no cell other than zero, so "
            f"there is nothing for {method} to learn from; give it more data"
        )
