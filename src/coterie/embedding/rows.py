"""Row arithmetic that every embedder shares: one row alone gives the same bits as in a batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.errors import ModelError
from coterie.features.contract import Matrix
from coterie.parallel import kernel_threads, map_in_order

BLOCK_CELLS = 1_000_000


def as_csr(matrix: Matrix) -> sp.csr_array:
    """Give (n, m) as float64 CSR; a dense matrix too, because SciPy's CSR product sums each row by itself, in order."""
    return sp.csr_array(matrix, dtype=np.float64)


def check_width(matrix: Matrix, expected: int, what: str) -> None:
    """Refuse rows of another width than those of the fit.

    Raises:
        ModelError: the widths differ.
    """
    if matrix.shape[1] != expected:
        raise ModelError(f"{what} was fitted on {expected} columns, got rows of {matrix.shape[1]}")


def row_norms(matrix: sp.csr_array) -> npt.NDArray[np.float64]:
    """Euclidean norm of each of n rows, (n,)."""
    squares = sp.csr_array((np.square(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    norms: npt.NDArray[np.float64] = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
    return norms


def scale_rows(matrix: sp.csr_array, divisor: npt.NDArray[np.float64]) -> sp.csr_array:
    """Divide each row by its divisor; a row whose divisor is zero stays as it is."""
    safe = np.where(divisor > 0, divisor, 1.0)
    scaled = matrix.copy()
    scaled.data = matrix.data / np.repeat(safe, np.diff(matrix.indptr))
    return scaled


def in_single(matrix: Matrix, prepare: Callable[[sp.csr_array], sp.csr_array]) -> sp.csr_array:
    """Give (n, m) rows in single precision that are prepared in double, some at a time, so that few are held twice.

    Args:
        prepare: changes the values of a few rows' cells and leaves where they are.
    """
    cells = sp.csr_array(matrix)
    ends = np.searchsorted(cells.indptr, np.arange(BLOCK_CELLS, cells.nnz, BLOCK_CELLS))
    bounds = np.unique(np.concatenate([[0], ends, [cells.shape[0]]]))
    values = np.empty(cells.nnz, np.float32)

    def one_block(block: tuple[int, int]) -> None:
        first, last = block
        values[cells.indptr[first] : cells.indptr[last]] = prepare(as_csr(cells[first:last])).data

    for _ in map_in_order(one_block, pairwise(bounds.tolist()), threads=kernel_threads()):
        pass
    return sp.csr_array((values, cells.indices, cells.indptr), shape=cells.shape)


def count_distinct(points: npt.NDArray[Any], enough: int) -> int:
    """Count distinct rows, at most as far as is asked: a few more rows than that settle it for almost every table.

    Args:
        points: (n, d). enough: a count from which more do not matter.

    Returns:
        The number of distinct rows, or some number >= ``enough``.
    """
    found = 0
    for looked_at in (4 * enough, len(points)):
        found = len(np.unique(points[:looked_at], axis=0))
        if found >= enough:
            break
    return found


def unit_rows(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scale each of n points to length one; the zero point stays."""
    norms = np.sqrt(np.einsum("ij,ij->i", points, points))
    unit: npt.NDArray[np.float64] = points / np.where(norms > 0, norms, 1.0)[:, None]
    return unit
