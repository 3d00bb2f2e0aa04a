"""Item-item: an item's score is the sum of its likeness to the items that a user likes.

Likeness is the cosine of who likes two items, discounted where few like both: n_ij / (sqrt(n_i n_j) + shrinkage).

Source:
    Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering recommendation algorithms", section
    3.1; shrinkage: Bell & Koren (2007), "Scalable collaborative filtering with jointly derived neighborhood
    interpolation weights", section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from coterie.activation.recommending.contract import Codes, Measure, Singles, check_items
from coterie.activation.recommending.popularity import refuse_nothing
from coterie.activation.recommending.tastes import BLOCK_CELLS, Tastes
from coterie.config import refuse_unknown
from coterie.features.options import number, whole
from coterie.frozen import Frozen

NEIGHBOURS, SHRINKAGE = 100, 10.0


class FittedItemItem:
    """Frozen likeness: (m, m) CSR, in each column the nearest items of the item it stands for."""

    def __init__(self, likeness: sp.csr_array) -> None:
        self.likeness = likeness

    @property
    def n_items(self) -> int:
        """Items of the fit."""
        return int(self.likeness.shape[0])

    def scores(self, tastes: Tastes) -> Singles:
        """Sum the likeness to what each user likes."""
        check_items(tastes, self.n_items)
        # SciPy sums each row by itself, in order of the user's items.
        return np.asarray((tastes.liked_cells @ self.likeness).toarray(), np.float32)

    def parts(self, tastes: Tastes, items: Codes) -> Singles | None:
        """Give the likeness of the user's items; nothing of those not liked."""
        check_items(tastes, self.n_items)
        near = self.likeness[tastes.cells.indices][:, np.asarray(items, np.int64)].toarray()
        return np.asarray(near.T * tastes.liked, np.float32)

    def alike(self, item: int) -> Singles | None:
        """Give the likeness of the item's nearest; zero for all others."""
        return np.asarray(self.likeness[:, [item]].toarray()[:, 0], np.float32)

    def to_arrays(self) -> Frozen:
        """Give the likeness."""
        kept = self.likeness
        return Frozen("itemitem", {}, {"data": kept.data, "indices": kept.indices, "indptr": kept.indptr})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal item-item."""
        data, indices, indptr = (frozen.arrays[name] for name in ("data", "indices", "indptr"))
        return cls(sp.csr_array((data, indices, indptr), shape=(len(indptr) - 1,) * 2))


class ItemItem:
    """Settings of item-item.

    Args:
        neighbours: nearest items of each that count, >= 1. shrinkage: users by which likeness is discounted, >= 0.
    """

    Fitted: ClassVar[type[FittedItemItem]] = FittedItemItem
    measure: ClassVar[Measure] = "ranking"
    tried: ClassVar[tuple[Mapping[str, Any], ...]] = tuple(
        {"neighbours": k, "shrinkage": s} for k in (NEIGHBOURS, 20, 50, 300) for s in (SHRINKAGE, 0.0, 50.0)
    )

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, ("neighbours", "shrinkage"), "recommender (itemitem)")
        self.neighbours = whole(options.get("neighbours", NEIGHBOURS), "recommender.neighbours", low=1)
        self.shrinkage = number(options.get("shrinkage", SHRINKAGE), "recommender.shrinkage", low=0)

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedItemItem:  # noqa: ARG002
        """Find each item's nearest, some items at a time.

        Raises:
            DataError: nobody likes anything.
        """
        refuse_nothing(tastes)
        likes = tastes.liked_cells
        by_item = likes.T.tocsr()
        roots = np.sqrt(np.diff(by_item.indptr))
        size = max(1, BLOCK_CELLS // tastes.n_items)
        parts = [
            self._nearest((by_item[first : first + size] @ likes).tocsr(), roots, first)
            for first in range(0, tastes.n_items, size)
        ]
        return FittedItemItem(sp.csr_array(sp.vstack(parts).T))

    def _nearest(self, both: sp.csr_array, roots: np.ndarray[Any, Any], first: int) -> sp.csr_array:
        """Keep the nearest of some items, from (b, m) counts of users who like both; of level ones the first."""
        rows = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
        near = both.data / (roots[rows + first] * roots[both.indices] + self.shrinkage)
        others = both.indices != rows + first
        rows, columns, near = rows[others], both.indices[others], near[others]
        order = np.lexsort((columns, -near, rows))
        rows, columns, near = rows[order], columns[order], near[order]
        starts = np.searchsorted(rows, np.arange(both.shape[0]))
        kept = np.arange(len(rows)) - starts[rows] < self.neighbours
        cells = (near[kept].astype(np.float32), (rows[kept], columns[kept]))
        return sp.csr_array(cells, shape=both.shape)
