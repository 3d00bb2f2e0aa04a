"""Who is nearest to whom by the cosine, exactly: rows of features in, the first k of each out, block by block.

Rows are scaled to length one once. Dense rows go through the top-k kernel; sparse ones through SciPy's product of a few
rows with all others, of which the first k are kept, so that memory does not grow with the square of the rows. Nobody is
near to itself, nor to whom it has no or a negative cosine. On a tie the smallest id comes first, and a row alone has
the same bits as in a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import top_k, turned
from coterie.embedding.rows import as_csr, row_norms, scale_rows
from coterie.features.contract import Ids, Matrix

WIDEST_DENSE: Final = 256  # columns up to which sparse rows are made dense: 1 kB a row
# Wider ones are where that is faster and small: a product that is kept takes as long as 2,000 that the kernel adds up
# (measured: 30,000 rows of 400 columns took 5 s dense and 31 s sparse).
PER_CELL: Final = 2_000
DENSE_BYTES: Final = 256_000_000
QUERIES: Final = 4_096  # dense rows that are looked up at once
CELLS: Final = 4_000_000  # of a product of sparse rows at once, 12 bytes each, twice while it is made
Singles = npt.NDArray[np.float32]
Known = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Rows of length one, of whom something is known.

    Args:
        ids: (n,) sorted. rows: (n, m) float32, dense or CSR; zero where nothing is known. known: (n,).
    """

    ids: Ids
    rows: Matrix
    known: Known


class Nearest(NamedTuple):
    """The first of q rows.

    Args:
        places: (q, k) rows of the others, nearest first; -1 where there are no more. cosines: (q, k) in [-1, 1].
    """

    places: npt.NDArray[np.int32]
    cosines: Singles


def directions(ids: Ids, parts: Sequence[tuple[Matrix, Known]]) -> Directions:
    """Put blocks side by side, each row of each scaled to length one, so that every block that is known counts alike.

    The cosine of two rows that all blocks know is then the mean of their cosines by each.

    Args:
        ids: (n,) sorted. parts: (n, m) rows of each block, and (n,) whether it knows anything of them.
    """
    units = [_unit(matrix, known) for matrix, known in parts]
    counts = np.sum([known for _, known in units], axis=0)
    shrunk = (1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)
    rows = [unit for unit, _ in units]
    width = sum(row.shape[1] for row in rows)
    if width <= WIDEST_DENSE or not any(sp.issparse(row) for row in rows):
        dense = [row.toarray() if sp.issparse(row) else row for row in rows]
        together: Matrix = np.ascontiguousarray(np.hstack(dense) * shrunk[:, None])
    else:
        stacked = sp.csr_array(sp.hstack([sp.csr_array(row) for row in rows], format="csr"))
        stacked.data = stacked.data * np.repeat(shrunk, np.diff(stacked.indptr))
        stacked.sort_indices()
        together = stacked.toarray() if _is_better_dense(stacked) else stacked
    return Directions(ids, together, counts > 0)


def nearest(among: Directions, places: Places, k: int) -> Nearest:
    """Find the k nearest of some rows.

    Args:
        among: all rows. places: (q,) which to look up. k: >= 1.
    """
    parts = [found for _, found in nearest_of_each(among, k, places)]
    if not parts:
        return Nearest(np.empty((0, k), np.int32), np.empty((0, k), np.float32))
    return Nearest(np.concatenate([p.places for p in parts]), np.concatenate([p.cosines for p in parts]))


def nearest_of_each(among: Directions, k: int, places: Places | None = None) -> Iterator[tuple[Places, Nearest]]:
    """Find the k nearest of all rows, or of some, a block at a time.

    Returns:
        The places of a block of rows, and their answers.
    """
    asked = np.arange(len(among.ids)) if places is None else np.asarray(places, np.int64)
    finder = _sparse(among, k, asked) if sp.issparse(among.rows) else _dense(among, k, asked)
    for block, found in finder:
        good = (found.cosines > 0) & (found.places >= 0)
        cosines = np.minimum(found.cosines, np.float32(1))
        yield block, Nearest(np.where(good, found.places, -1).astype(np.int32), np.where(good, cosines, 0))


def without_self(found: Nearest, own: Places, k: int) -> Nearest:
    """Take each row out of its own answers, and leave k.

    Args:
        found: k + 1 answers a row. own: (q,) places of the rows.
    """
    is_other = found.places != own[:, None]
    last = is_other.all(axis=1)
    is_other[last, -1] = False
    shape = (len(own), found.places.shape[1] - 1)
    places, cosines = found.places[is_other].reshape(shape), found.cosines[is_other].reshape(shape)
    short = k - shape[1]
    if short <= 0:
        return Nearest(places[:, :k], cosines[:, :k])
    return Nearest(np.pad(places, ((0, 0), (0, short)), constant_values=-1), np.pad(cosines, ((0, 0), (0, short))))


def _is_better_dense(rows: sp.csr_array) -> bool:
    n, width = rows.shape
    if 4 * n * width > DENSE_BYTES or not n:
        return False
    held = np.bincount(rows.indices, minlength=width)
    sums = np.concatenate([[0], np.cumsum(held[rows.indices])])
    others = np.minimum(sums[rows.indptr[1:]] - sums[rows.indptr[:-1]], n)  # at most, with whom something is shared
    return bool(width <= PER_CELL * others.mean() / n)


def _unit(matrix: Matrix, known: Known) -> tuple[Matrix, Known]:
    """Scale known rows to length one; others become zero."""
    if sp.issparse(matrix):
        cells = as_csr(matrix)
        norms = row_norms(cells)
        good = known & (norms > 0)
        unit = scale_rows(cells, norms)
        unit.data = (unit.data * np.repeat(good, np.diff(unit.indptr))).astype(np.float32)
        single = sp.csr_array(unit, dtype=np.float32)
        single.eliminate_zeros()
        single.sort_indices()
        return single, good
    dense = np.asarray(matrix, np.float64)
    squares = np.zeros(len(dense))
    for column in range(dense.shape[1]):  # one after the other: the same bits for a row alone
        squares += dense[:, column] ** 2
    norms = np.sqrt(squares)
    good = known & (norms > 0)
    return (dense * np.where(good, 1 / np.where(norms > 0, norms, 1), 0)[:, None]).astype(np.float32), good


def _dense(among: Directions, k: int, asked: Places) -> Iterator[tuple[Places, Nearest]]:
    rows = among.rows
    assert isinstance(rows, np.ndarray)
    # One more than asked for: a row is its own nearest, or level with those that are.
    most = min(k + 1, len(rows))
    for start in range(0, len(asked), QUERIES):
        block = asked[start : start + QUERIES]
        yield block, without_self(Nearest(*top_k(rows[block], rows, most)), block, k)


def _sparse(among: Directions, k: int, asked: Places) -> Iterator[tuple[Places, Nearest]]:
    rows = sp.csr_array(among.rows)
    columns = turned(rows)
    most = np.minimum(_cells_of_products(rows, columns)[asked], rows.shape[0])
    ends = np.cumsum(most)
    start = 0
    while start < len(asked):
        before = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + CELLS, "right")))
        block = asked[start:end]
        product = sp.csr_array(rows[block] @ columns)
        yield block, _first(product, block, k)
        start = end


def _cells_of_products(rows: sp.csr_array, columns: sp.csr_array) -> npt.NDArray[np.int64]:
    """Give how many cells the product of each row with all others has at most."""
    sums = np.concatenate([[0], np.cumsum(np.diff(columns.indptr).astype(np.int64)[rows.indices])])
    found: npt.NDArray[np.int64] = sums[rows.indptr[1:]] - sums[rows.indptr[:-1]]
    return found


def _first(product: sp.csr_array, own: Places, k: int) -> Nearest:
    """Give the k largest cells of each row but its own, on a tie those of the smallest columns."""
    places = np.full((len(own), k), -1, np.int32)
    cosines = np.zeros((len(own), k), np.float32)
    for row, self in enumerate(own.tolist()):
        here = slice(product.indptr[row], product.indptr[row + 1])
        columns, values = product.indices[here], product.data[here]
        kept = (columns != self) & (values > 0)
        columns, values = columns[kept], values[kept]
        if len(values) > k:
            least = np.partition(values, len(values) - k)[len(values) - k]
            kept = values >= least  # all that are level with the last, of which the smallest ids stay
            columns, values = columns[kept], values[kept]
        order = np.lexsort((columns, -values))[:k]
        places[row, : len(order)], cosines[row, : len(order)] = columns[order], values[order]
    return Nearest(places, cosines)
