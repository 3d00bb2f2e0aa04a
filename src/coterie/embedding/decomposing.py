"""Leading singular vectors of a large sparse matrix A, from the block Krylov space of A'A.

Each step multiplies the newest block by A and by A' and makes what comes out orthogonal to all blocks before; the best
vectors in all of them together are taken. A matrix of many cells is multiplied in numbers of 16 bits: their rounding
turns the space by thousandths, of which the energy loses the square. Vectors and values are then made in double
precision.

Source:
    Musco & Musco (2015), "Randomized block Krylov methods for stronger and faster approximate singular value
    decomposition", algorithm 2; Golub & Van Loan (2013), "Matrix Computations", section 10.3.6 (block Lanczos).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import gram_of_times, halved, times, times_half, turned
from coterie.parallel import crew, kernel_threads, single_threaded

Floats = npt.NDArray[np.float64]
Block = npt.NDArray[np.floating]
LANES = 16  # blocks are as wide as a multiple of this, for which products are fastest
SMALL = 50_000_000  # products of half a step, a tenth of a second: up to there all is done in double precision
ENOUGH, ENOUGH_SMALL = 4e-3, 3e-4  # of the energy: what a step must still add
MOST_STEPS = 24
ROWS = 8192  # of a block of dense products
ROUNDING, ROUNDING_SMALL = 1e-5, 1e-11  # of a product: what is less than this of it is not told from its rounding
LITTLE = 1e-3  # of a product: where less than this is left of it, what is left is made orthogonal twice


_NOTHING = np.empty(0)  # what a task gives that fills its rows


def leading(cells: sp.csr_array, rank: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Find the leading right singular vectors of an (n, m) matrix of single-precision cells.

    Blocks are at least as wide as the rank, so that of equal singular values none is missed. Singular values are those
    of the matrix times the vectors, in double precision: directions beyond its rank have values of rounding alone.

    Args:
        cells: (n, m). rank: at most min(n, m).

    Returns:
        (rank,) singular values, falling, and (m, rank) vectors, of which the largest cell of each is positive.
    """
    columns = turned(cells)
    width = min(min(cells.shape), _padded(rank))
    first: Block = rng.standard_normal((cells.shape[1], width))
    is_empty = np.diff(columns.indptr) == 0
    if len(is_empty) - is_empty.sum() >= width:
        first[is_empty] = 0.0
    if cells.nnz * width <= SMALL:
        found = _searched(lambda block: times(columns, times(cells, block)), first, rank, ENOUGH_SMALL, ROUNDING_SMALL)
    else:
        between = np.empty((cells.shape[0], _padded(width)), np.uint16)
        square = partial(_squared, cells, columns, between=between)
        found = _searched(square, first.astype(np.float32), rank, ENOUGH, ROUNDING)
    gram = gram_of_times(cells, _widened(found.astype(np.float32)))[:rank, :rank]
    with single_threaded():
        squares, axes = np.linalg.eigh(gram)
        vectors = found @ axes[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)])
    return np.sqrt(np.maximum(squares[::-1], 0.0)), vectors * np.where(signs == 0, 1.0, signs)


def _searched(square: Callable[[Block], Block], first: Block, rank: int, enough: float, rounding: float) -> Block:
    """Give (m, rank) orthonormal vectors that carry the most energy in the Krylov space.

    Args:
        square: gives A'A times a block. first: (m, w) random. enough: what a step must add to the energy, as a share.
        rounding: size of what is left of a product, relative to it, that is nothing but rounding.
    """
    blocks: list[Block] = []
    with crew(kernel_threads()) as side_by_side:
        tall = _Tall(side_by_side)
        block, within, held = tall.orthonormal(first, 0.0), np.zeros((0, 0)), 0.0
        for _ in range(MOST_STEPS):
            blocks.append(block)
            image = square(block)
            along = tall.products(blocks, image)
            within = _bordered(within, along)
            energy = float(np.linalg.eigvalsh(within)[-rank:].sum())
            if energy - held <= enough * energy:
                break
            held = energy
            block = _rest(tall, blocks, image, along, rounding)
            if not block.shape[1]:
                break
        best = np.linalg.eigh(within)[1][:, ::-1][:, :rank]
        return tall.orthonormal(tall.combined(blocks, best, np.dtype(np.float64)), 0.0)


@dataclass(frozen=True, slots=True)
class _Tall:
    """Products of matrices of many rows, by blocks of these side by side: the same bits for any number of threads."""

    side_by_side: Callable[[Callable[[slice], Floats], Iterable[slice]], Iterable[Floats]]

    def products(self, blocks: Sequence[Block], image: Block) -> Floats:
        """Give the (dims, w) products of all blocks' columns with those of an (m, w) image."""

        def of(rows: slice) -> Floats:
            return np.vstack([block[rows].T @ image[rows] for block in blocks]).astype(np.float64)

        return self._summed(of, len(image))

    def combined(
        self, blocks: Sequence[Block], coefficients: Block, dtype: np.dtype[Any], less_than: Block | None = None
    ) -> Block:
        """Give (m, w) combinations of blocks' columns, by (dims, w) coefficients, or what an image has beyond them."""
        parts = np.split(coefficients.astype(dtype), np.cumsum([block.shape[1] for block in blocks])[:-1])
        out = np.empty((len(blocks[0]), coefficients.shape[1]), dtype)

        def fill(rows: slice) -> Floats:
            found = sum(block[rows].astype(dtype, copy=False) @ part for block, part in zip(blocks, parts, strict=True))
            out[rows] = found if less_than is None else less_than[rows] - found
            return _NOTHING

        deque(self.side_by_side(fill, _rows(len(out))), maxlen=0)
        return out

    def orthonormal(self, block: Block, floor: float) -> Block:
        """Give an orthonormal basis of (m, w) columns, less directions of a singular value up to ``floor``."""

        def gram(rows: slice) -> Floats:
            exact = block[rows].astype(np.float64)
            return np.asarray(exact.T @ exact)

        squares, axes = np.linalg.eigh(self._summed(gram, len(block)))
        sizes = np.sqrt(np.maximum(squares[::-1], 0.0))
        kept = sizes > floor
        turn, basis = axes[:, ::-1][:, kept] / sizes[kept], np.empty((len(block), int(kept.sum())), block.dtype)

        def fill(rows: slice) -> Floats:
            basis[rows] = block[rows].astype(np.float64) @ turn
            return _NOTHING

        deque(self.side_by_side(fill, _rows(len(block))), maxlen=0)
        return basis

    def _summed(self, of: Callable[[slice], Floats], n: int) -> Floats:
        total: Floats = reduce(np.add, self.side_by_side(of, _rows(n)))
        return total


def _rows(n: int) -> list[slice]:
    return [slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]


def _bordered(within: Floats, along: Floats) -> Floats:
    """Add the (dims, w) products of all blocks with A'A times the newest to what A'A is within the space."""
    old, width = len(within), along.shape[1]
    newest = (along[old:] + along[old:].T) / 2
    return np.block([[within, along[:old]], [along[:old].T, newest]]) if old else newest.reshape(width, width)


def _rest(tall: _Tall, blocks: list[Block], image: Block, along: Floats, rounding: float) -> Block:
    """Give an orthonormal basis of what is new in a product, orthogonal to all blocks; none where nothing is."""
    size = float(np.sqrt(np.square(along).sum(axis=0).max()))
    rest = tall.combined(blocks, along, image.dtype, less_than=image)
    basis = tall.orthonormal(rest, rounding * size)
    if np.linalg.norm(tall.products([rest], basis), axis=0).min(initial=size) > LITTLE * size:
        return basis
    # Of what little is left, rounding is a part that lies in the blocks: it is taken out; what was all rounding goes.
    again = tall.products(blocks, basis)
    return tall.orthonormal(tall.combined(blocks, again, basis.dtype, less_than=basis), 0.5)


def _squared(cells: sp.csr_array, columns: sp.csr_array, block: Block, between: npt.NDArray[np.uint16]) -> Block:
    """Give A'A times an (m, w) block by way of numbers of 16 bits, in single precision.

    Args:
        between: (n, padded w) room for A times the block: memory that is asked for once has its pages at hand.
    """
    image = np.empty((cells.shape[1], between.shape[1]), np.float32)
    times_half(cells, halved(_widened(block.astype(np.float32, copy=False))), between)
    times_half(columns, between, image)
    return image[:, : block.shape[1]]


def _widened(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Add columns of zeros up to a width that products are fast for."""
    missing = _padded(block.shape[1]) - block.shape[1]
    return np.pad(block, ((0, 0), (0, missing))) if missing else block


def _padded(width: int) -> int:
    return -(-width // LANES) * LANES
