"""Tastes: what users took up, with which value and whether they liked it, as recommenders read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.terms import NOISE

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.integer]
BLOCK_CELLS = 4_000_000  # scores that are at hand at once


@dataclass(frozen=True, slots=True, eq=False)
class Tastes:
    """Pairs of n users and m items, by user, then item.

    Args:
        cells: (n, m) CSR float64, sorted, each pair once: its mean value, which may be 0; 1 where there are none.
        liked: (p,) whether the user of a pair liked the item.
        segments: (n,) number of the user's segment, ``NOISE`` in none.
        has_values: whether cells are ratings.
    """

    cells: sp.csr_array
    liked: Mask
    segments: npt.NDArray[np.int32]
    has_values: bool

    @property
    def n_users(self) -> int:
        """Users."""
        return int(self.cells.shape[0])

    @property
    def n_items(self) -> int:
        """Items."""
        return int(self.cells.shape[1])

    @property
    def users(self) -> npt.NDArray[np.int64]:
        """(p,) the user of each pair."""
        return np.repeat(np.arange(self.n_users), np.diff(self.cells.indptr))

    @property
    def liked_cells(self) -> sp.csr_array:
        """(n, m) CSR of ones where a user liked an item."""
        likes = self.only(self.liked).cells
        return sp.csr_array((np.ones(likes.nnz), likes.indices, likes.indptr), shape=likes.shape)

    def only(self, kept: Mask) -> Tastes:
        """Give some of the pairs of the same users."""
        starts = np.concatenate([[0], np.cumsum(kept)])[self.cells.indptr]
        cells = sp.csr_array((self.cells.data[kept], self.cells.indices[kept], starts), shape=self.cells.shape)
        return replace(self, cells=cells, liked=self.liked[kept])

    def take(self, rows: Rows) -> Tastes:
        """Give some users, in the order that is asked for."""
        rows = np.asarray(rows, np.int64)
        counts = np.diff(self.cells.indptr)[rows]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.arange(starts[-1]) + np.repeat(self.cells.indptr[rows] - starts[:-1], counts)
        shape = (len(rows), self.n_items)
        cells = sp.csr_array((self.cells.data[at], self.cells.indices[at], starts), shape=shape)
        return replace(self, cells=cells, liked=self.liked[at], segments=self.segments[rows])

    @property
    def slices(self) -> list[slice]:
        """Users some at a time, so that their scores of all items fit into little memory."""
        size = max(1, BLOCK_CELLS // max(self.n_items, 1))
        return [slice(first, min(first + size, self.n_users)) for first in range(0, self.n_users, size)]

    def blocks(self) -> Iterator[tuple[slice, Tastes]]:
        """Give the users of each of ``slices``."""
        for here in self.slices:
            yield here, self.take(np.arange(here.start, here.stop))


def tastes_of(
    users: Rows,
    items: Rows,
    values: npt.NDArray[np.float64] | None,
    liked: Mask,
    *,
    shape: tuple[int, int],
    segments: npt.NDArray[np.int32] | None = None,
) -> Tastes:
    """Give the tastes of distinct pairs in canonical order.

    Args:
        users, items: (p,). values: (p,), finite; None where pairs have none. liked: (p,). shape: (n, m).
        segments: (n,); None where nobody is in one.
    """
    starts = np.searchsorted(users, np.arange(shape[0] + 1))
    data = np.ones(len(users)) if values is None else values.astype(np.float64)
    cells = sp.csr_array((data, items.astype(np.int32), starts), shape=shape)
    own = np.full(shape[0], NOISE, np.int32) if segments is None else segments
    return Tastes(cells, liked, own, values is not None)
