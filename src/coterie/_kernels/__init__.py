"""The hot loops, in C++: each takes NumPy arrays and gives the same bits for any number of threads.

One shared library with a C interface, called through ctypes, which lets go of the interpreter lock. There is no
fall-back in Python: a missing library is an error that says how to build it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels.library import call, dense
from coterie.parallel import kernel_threads

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Halves = npt.NDArray[np.uint16]
ALS_LANES = 16  # factors are padded to a multiple of this


class KMeansFit(NamedTuple):
    """The best start: (k, d) centres and inertia; iterations of all starts; how many starts were given up."""

    centres: Floats
    inertia: float
    iterations: int
    given_up: int


def kmeans(
    points: Singles, sample: Singles, uniforms: Floats, *, most: int, tolerance: float, bound: float = np.inf
) -> KMeansFit:
    """Cluster by Lloyd's algorithm from several greedy k-means++ starts, and give the start of the lowest inertia.

    A start is given up when 40 times what its last iteration gained would not bring it to the best one so far.

    Args:
        points: (n, d), centred: distances come from norms and products. sample: (s, d) rows that starts are drawn from.
        uniforms: (starts, k, trials) in [0, 1), one for each candidate of a centre. most: iterations of a start.
        tolerance: squared shift of all centres together below which a start has converged.
        bound: inertia that is had already, as of a start that went before; where no start gets below it, the inertia
            is infinite.

    Source:
        Lloyd (1982), "Least squares quantization in PCM"; Arthur & Vassilvitskii (2007), "k-means++"; Hamerly (2010),
        "Making k-means even faster".
    """
    points = dense(points, np.float32, (None, None), "points")
    n, d = points.shape
    sample = dense(sample, np.float32, (None, d), "sample")
    uniforms = dense(uniforms, np.float64, (None, None, None), "uniforms")
    starts, k, trials = uniforms.shape
    if not (1 <= k <= min(n, len(sample)) and starts >= 1 and trials >= 1 and most >= 1):
        raise ValueError(
            f"k-means of {n} rows, {len(sample)} of them sampled, cannot have {k} centres, {starts} starts"
        )
    centres, facts = np.zeros((k, d)), np.zeros(4)
    call(
        "coterie_kmeans",
        *(points, n, d, sample, len(sample), uniforms, starts, k, trials, most, float(tolerance), float(bound)),
        *(kernel_threads(), centres, facts),
    )
    return KMeansFit(centres, float(facts[0]), int(facts[2]), int(facts[3]))


def kmeans_from(points: Singles, centres: Floats, *, most: int, tolerance: float) -> KMeansFit:
    """Cluster by Lloyd's algorithm from where (k, d) centres are; see ``kmeans``."""
    points = dense(points, np.float32, (None, None), "points")
    n, d = points.shape
    found, facts = dense(centres, np.float64, (None, d), "centres").copy(), np.zeros(2)
    if not (1 <= len(found) <= n and most >= 1):
        raise ValueError(f"k-means of {n} rows cannot have {len(found)} centres")
    call("coterie_kmeans_from", points, n, d, len(found), most, float(tolerance), kernel_threads(), found, facts)
    return KMeansFit(found, float(facts[0]), int(facts[1]), 0)


def assign(points: Floats, centres: Floats) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
    """Find the nearest of (k, d) centres to each of (n, d) points; a tie goes to the first.

    Returns:
        (n,) its number, the distance to it, and that to the second nearest; with one centre the same. A row alone has
        the same bits as in a batch.
    """
    points = dense(points, np.float64, (None, None), "points")
    n, d = points.shape
    centres = dense(centres, np.float64, (None, d), "centres")
    if not len(centres):
        raise ValueError("there is no centre to assign to")
    labels, own, other = np.empty(n, np.int32), np.empty(n), np.empty(n)
    call("coterie_assign", points, n, d, centres, len(centres), kernel_threads(), labels, own, other)
    return labels, own, other


def top_k(
    queries: Singles, points: Singles, k: int, *, exclude_self: bool = False
) -> tuple[npt.NDArray[np.int32], Singles]:
    """Find the k of (n, d) points that have the largest inner product with each of (q, d) queries, exactly.

    Points of length one are ranked by their cosine. Products are summed in single precision in order of dimensions and
    not kept: memory beyond the answer does not grow with q or n.

    Args:
        k: in 1..n, or 1..n - 1 with ``exclude_self``.
        exclude_self: the queries are the points, and none is its own answer.

    Returns:
        (q, k) their numbers and inner products, falling; on a tie the smallest number first. A query alone has the same
        bits as in a batch.
    """
    points = dense(points, np.float32, (None, None), "points")
    n, d = points.shape
    queries = dense(queries, np.float32, (n if exclude_self else None, d), "queries")
    if not 1 <= k <= n - exclude_self:
        raise ValueError(f"there are no {k} nearest of {n - exclude_self} points")
    if not (np.isfinite(points).all() and np.isfinite(queries).all()):
        raise ValueError("points and queries are to be finite numbers")
    indices, scores = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    call("coterie_top_k", queries, len(queries), points, n, d, k, exclude_self, kernel_threads(), indices, scores)
    return indices, scores


def distance_sums(rows: Singles, points: Singles, bounds: npt.NDArray[np.int64]) -> Floats:
    """Sum the Euclidean distances from (r, d) rows to all members of each of k clusters, (r, k).

    Distances are taken in single precision from norms and products: points are to be about their mean, and two that are
    nearer than a three-thousandth of their distance from it are not told apart. Memory does not grow with r times n.

    Args:
        points: (n, d), members of a cluster side by side. bounds: (k + 1,) where clusters begin and end, from 0 to n.
    """
    points = dense(points, np.float32, (None, None), "points")
    n, d = points.shape
    rows = dense(rows, np.float32, (None, d), "rows")
    bounds = dense(bounds, np.int64, (None,), "bounds")
    if len(bounds) < 2 or bounds[0] != 0 or bounds[-1] != n or (np.diff(bounds) < 0).any():
        raise ValueError(f"bounds of clusters rise from 0 to {n}, got {bounds.tolist()}")
    out = np.empty((len(rows), len(bounds) - 1))
    norms = [np.einsum("ij,ij->i", one, one, dtype=np.float64).astype(np.float32) for one in (rows, points)]
    call(
        "coterie_distance_sums",
        *(rows, norms[0], len(rows), points, norms[1], bounds, d, out.shape[1], kernel_threads(), out),
    )
    return out


def times(matrix: sp.csr_array, block: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Multiply an (n, m) matrix by an (m, w) block of the same precision as the result, (n, w): single or double.

    Cells are taken in single precision; sums of 64 products each are added up in double precision. Widths of
    16, 32, ... 96 go fastest.
    """
    n, m = matrix.shape
    kind = np.float32 if block.dtype == np.float32 else np.float64
    block = dense(block, kind, (m, None), "block")
    out = np.empty((n, block.shape[1]), kind)
    name = "coterie_times_single" if kind is np.float32 else "coterie_times_double"
    call(name, *_cells_of(matrix), n, block, block.shape[1], kernel_threads(), out)
    return out


HALVED_ROWS = 2048  # rounded at once, so that what is between stays in a processor's cache


def halved(block: Singles) -> Halves:
    """Round single-precision numbers to their upper 16 bits (bfloat16), by at most 2^-9; a tie to the even one."""
    bits, found = np.ascontiguousarray(block, np.float32).view(np.uint32), np.empty(block.shape, np.uint16)
    for start in range(0, len(bits), HALVED_ROWS):
        some = bits[start : start + HALVED_ROWS]
        found[start : start + HALVED_ROWS] = (some + np.uint32(0x7FFF) + ((some >> 16) & 1)) >> 16
    return found


def times_half(matrix: sp.csr_array, block: Halves, out: npt.NDArray[Any]) -> None:
    """Multiply an (n, m) matrix by an (m, w) block of ``halved`` numbers: half the memory to gather from.

    Args:
        out: (n, w), C-contiguous, filled: with ``halved`` numbers again where it is of them, or in single precision.
    """
    n, m = matrix.shape
    block = dense(block, np.uint16, (m, None), "block")
    if out.shape != (n, block.shape[1]) or out.dtype not in (np.uint16, np.float32) or not out.flags.c_contiguous:
        raise ValueError(
            f"out is {out.dtype} {out.shape}; expected uint16 or float32 {(n, block.shape[1])}, contiguous"
        )
    places = (out, None) if out.dtype == np.uint16 else (None, out)
    call("coterie_times_half", *_cells_of(matrix), n, block, block.shape[1], kernel_threads(), *places)


def gram_of_times(matrix: sp.csr_array, block: Singles) -> Floats:
    """Give (w, w) P' P of P, an (n, m) matrix times an (m, w) block, in double precision and without keeping P."""
    n, m = matrix.shape
    block = dense(block, np.float32, (m, None), "block")
    gram = np.empty((block.shape[1], block.shape[1]))
    call("coterie_gram_of_times", *_cells_of(matrix), n, block, block.shape[1], kernel_threads(), gram)
    return gram


def turned(matrix: sp.csr_array) -> sp.csr_array:
    """Give the (m, n) transpose of an (n, m) matrix, its cells in single precision and in order of rows."""
    n, m = matrix.shape
    indptr, indices, cells = np.empty(m + 1, np.int64), np.empty(matrix.nnz, np.int32), np.empty(matrix.nnz, np.float32)
    call("coterie_turned", *_cells_of(matrix), n, m, kernel_threads(), indptr, indices, cells)
    if matrix.nnz <= np.iinfo(np.int32).max:  # else SciPy widens the indices too
        indptr = indptr.astype(np.int32)
    return sp.csr_array((cells, indices, indptr), shape=(m, n))


class Ridges(NamedTuple):
    """n ridge regressions: row u solves (base + sum_i w_ui y_i y_i' + ridge_u I) x = sum_i t_ui y_i.

    Args:
        targets: (n, m) CSR, whose cells are t. weights: (p,) w of its cells; None where all are 1. ridge: (n,), > 0.
    """

    targets: sp.csr_array
    weights: Singles | None
    ridge: Floats


def _cells(rows: Ridges, fixed: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.generic] | None, ...]:
    n, m = rows.targets.shape
    if len(fixed) != m or rows.ridge.shape != (n,):
        raise ValueError(
            f"{n} rows of {m} cells with {len(rows.ridge)} penalties cannot be solved by {len(fixed)} factors"
        )
    weights = None if rows.weights is None else dense(rows.weights, np.float32, (rows.targets.nnz,), "weights")
    targets = np.ascontiguousarray(rows.targets.data, np.float32)
    return (*_pattern(rows.targets), weights, targets, np.ascontiguousarray(rows.ridge, np.float64))


def als_descend(rows: Ridges, fixed: Singles, base: Singles | None, factors: Singles, steps: int) -> None:
    """Take each row some steps of conjugate gradients further, in single precision.

    Args:
        fixed: (m, d) factors of the other side, d a multiple of ``ALS_LANES``. base: (d, d); None where it is zero.
        factors: (n, d) where the rows are, C order; written to.
    """
    n, d = factors.shape
    if d % ALS_LANES or fixed.shape[1] != d or factors.dtype != np.float32 or not factors.flags.c_contiguous:
        raise ValueError(f"factors of shape {factors.shape} and {fixed.shape} cannot be taken further")
    base = None if base is None else dense(base, np.float32, (d, d), "base")
    fixed = dense(fixed, np.float32, (None, d), "fixed")
    call("coterie_als_descend", *_cells(rows, fixed), n, fixed, base, d, steps, kernel_threads(), factors)


def als_solve(rows: Ridges, fixed: Floats, base: Floats) -> Floats | None:
    """Solve each row exactly, in double precision; a row alone has the same bits as in a batch.

    Args:
        fixed: (m, d) factors of the other side. base: (d, d).

    Returns:
        (n, d); None where a row's equations are singular but for rounding.
    """
    fixed = dense(fixed, np.float64, (None, None), "fixed")
    n, d = rows.targets.shape[0], fixed.shape[1]
    out, singular = np.empty((n, d)), np.zeros(1, np.int64)
    base = dense(base, np.float64, (d, d), "base")
    call("coterie_als_solve", *_cells(rows, fixed), n, fixed, base, d, kernel_threads(), out, singular)
    return None if singular[0] else out


def _cells_of(matrix: sp.csr_array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], Singles]:
    return *_pattern(matrix), np.ascontiguousarray(matrix.data, np.float32)


def _pattern(matrix: sp.csr_array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Give where rows begin and the columns of their cells, as the kernels read them."""
    return np.ascontiguousarray(matrix.indptr, np.int64), np.ascontiguousarray(matrix.indices, np.int32)
