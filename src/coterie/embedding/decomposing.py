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

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import gram_of_times, halved, times, times_half, turned
from coterie.parallel import single_threaded

Floats = npt.NDArray[np.float64]
Block = npt.NDArray[np.floating]
LANES = 16  # blocks are as wide as a multiple of this, for which products are fastest
SMALL = 50_000_000  # products of half a step, a tenth of a second: up to there all is done in double precision
ENOUGH, ENOUGH_SMALL = 4e-3, 3e-4  # of the energy: what a step must still add
MOST_STEPS = 24
ROUNDING, ROUNDING_SMALL = 1e-5, 1e-11  # of a product: what is less than this of it is not told from its rounding
LITTLE = 1e-3  # of a product: where less than this is left of it, what is left is made orthogonal twice


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
        first = first.astype(np.float32)
        found = _searched(lambda block: _squared(cells, columns, block), first, rank, ENOUGH, ROUNDING)
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
    with single_threaded():  # LAPACK and BLAS alone: the same bits whatever the number of threads
        block, within, held = _orthonormal(first, 0.0), np.zeros((0, 0)), 0.0
    for _ in range(MOST_STEPS):
        blocks.append(block)
        image = square(block)
        with single_threaded():
            along = np.vstack([one.T @ image for one in blocks]).astype(np.float64)
            within = _bordered(within, along)
            energy = float(np.linalg.eigvalsh(within)[-rank:].sum())
            if energy - held <= enough * energy:
                break
            held = energy
            block = _rest(blocks, image, along, rounding)
        if not block.shape[1]:
            break
    with single_threaded():
        best = np.linalg.eigh(within)[1][:, ::-1][:, :rank]
        return _orthonormal(_combined([one.astype(np.float64) for one in blocks], best), 0.0)


def _combined(blocks: list[Block], coefficients: Block) -> Block:
    """Give (n, w) combinations of all blocks' columns, by (dims, w) coefficients."""
    parts = np.split(coefficients, np.cumsum([block.shape[1] for block in blocks])[:-1])
    found = blocks[0] @ parts[0]
    for block, part in zip(blocks[1:], parts[1:], strict=True):
        found += block @ part
    return found


def _bordered(within: Floats, along: Floats) -> Floats:
    """Add the (dims, w) products of all blocks with A'A times the newest to what A'A is within the space."""
    old, width = len(within), along.shape[1]
    newest = (along[old:] + along[old:].T) / 2
    return np.block([[within, along[:old]], [along[:old].T, newest]]) if old else newest.reshape(width, width)


def _rest(blocks: list[Block], image: Block, along: Floats, rounding: float) -> Block:
    """Give an orthonormal basis of what is new in a product, orthogonal to all blocks; none where nothing is."""
    size = float(np.sqrt(np.square(along).sum(axis=0).max()))
    rest = image - _combined(blocks, along.astype(image.dtype))
    basis = _orthonormal(rest, rounding * size)
    if np.linalg.norm(rest.T @ basis, axis=0).min(initial=size) > LITTLE * size:
        return basis
    # Of what little is left, rounding is a part that lies in the blocks: it is taken out; what was all rounding goes.
    again = np.vstack([block.T @ basis for block in blocks])
    return _orthonormal(basis - _combined(blocks, again), 0.5)


def _orthonormal(block: Block, floor: float) -> Block:
    """Give an orthonormal basis of the (n, w) block's columns, less directions of a singular value up to ``floor``."""
    exact = block.astype(np.float64)
    squares, axes = np.linalg.eigh(exact.T @ exact)
    sizes = np.sqrt(np.maximum(squares[::-1], 0.0))
    kept = sizes > floor
    basis: Block = (exact @ (axes[:, ::-1][:, kept] / sizes[kept])).astype(block.dtype)
    return basis


def _squared(cells: sp.csr_array, columns: sp.csr_array, block: Block) -> Block:
    """Give A'A times a (m, w) block by way of numbers of 16 bits, in single precision."""
    rows = times_half(cells, halved(_widened(block.astype(np.float32))), np.uint16)
    image: Block = times_half(columns, rows, np.float32)[:, : block.shape[1]]
    return image


def _widened(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Add columns of zeros up to a width that products are fast for."""
    return np.pad(block, ((0, 0), (0, _padded(block.shape[1]) - block.shape[1])))


def _padded(width: int) -> int:
    return -(-width // LANES) * LANES
