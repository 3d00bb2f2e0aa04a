"""Leading singular vectors of a large sparse matrix, by block power iteration.

Source:
    Halko, Martinsson & Tropp (2011), "Finding structure with randomness", algorithms 4.4 and 5.1; Fukaya et al. (2014),
    "CholeskyQR2: a simple and communication-avoiding algorithm for computing a tall-skinny QR factorization".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import times
from coterie.parallel import single_threaded

Floats = npt.NDArray[np.float64]
OVERSAMPLES = 16
ENOUGH = 4e-3  # of the energy: what an iteration must still add
MOST_ITERATIONS = 12
SMALL = 50_000_000  # products of an iteration, a tenth of a second: up to there all iterations are made


def leading(cells: sp.csr_array, rank: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Find the leading right singular vectors of an (n, m) matrix of single-precision cells.

    The space is found in single precision, the vectors within it in double, so that directions beyond the matrix' rank
    have singular values of rounding alone.

    Args:
        cells: (n, m). rank: at most min(n, m).

    Returns:
        (rank,) singular values, falling, and (m, rank) vectors, of which the largest cell of each is positive.
    """
    turned = cells.T.tocsr()
    width = min(min(cells.shape), rank + OVERSAMPLES)
    is_small = cells.nnz * width <= SMALL
    held, columns = 0.0, _orthonormal(rng.standard_normal((cells.shape[1], width)).astype(np.float32))[0]
    for _ in range(MOST_ITERATIONS):
        rows = times(cells, columns)
        if is_small:  # else the rows' side is left as it is, so that only the leading thousandths are exact
            rows, _ = _orthonormal(rows)
        columns, singular = _orthonormal(times(turned, rows))
        energy = float((singular[:rank] ** (2 if is_small else 1)).sum())
        if not is_small and energy - held <= ENOUGH * energy:
            break
        held = energy
    image = times(cells, columns).astype(np.float64)
    with single_threaded():  # LAPACK alone: products have the same bits whatever the number of threads
        basis = np.linalg.qr(image)[0]
    within = times(turned, basis)
    with single_threaded():
        vectors, values, _ = np.linalg.svd(within, full_matrices=False)
    vectors, values = vectors[:, :rank], values[:rank]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    return values, vectors * np.where(signs == 0, 1.0, signs)


def _orthonormal(block: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], Floats]:
    """Give an orthonormal basis of the (n, w) block's columns, and its singular values, falling."""
    with single_threaded():  # for the same bits whatever the number of threads
        exact = block.astype(np.float64)
        squares, axes = np.linalg.eigh(exact.T @ exact)
        singular = np.sqrt(np.maximum(squares[::-1], 0.0))
        # Columns that are rounding alone are left as they are small: what is not there cannot be made orthogonal.
        safe = np.maximum(singular, 1e-7 * max(float(singular[0]), np.finfo(np.float64).tiny))
        return (exact @ (axes[:, ::-1] / safe)).astype(np.float32), singular
