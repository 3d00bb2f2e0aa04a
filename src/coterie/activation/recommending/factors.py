"""Alternating least squares as a recommender: of who likes what (implicit), or of ratings (explicit)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import times
from coterie.activation.recommending.contract import Codes, Measure, Singles, check_items
from coterie.activation.recommending.popularity import refuse_nothing
from coterie.activation.recommending.tastes import Tastes
from coterie.config import refuse_unknown
from coterie.embedding.als import ALS, FittedALS
from coterie.errors import DataError
from coterie.features.options import above_zero
from coterie.frozen import Frozen

Floats = npt.NDArray[np.float64]
OPTIONS = ("dims", "iterations", "regularisation")


def _full(points: Floats) -> sp.csr_array:
    """Give a dense matrix as rows of cells, whose products are summed row by row in the same order in any batch."""
    n, d = points.shape
    places = np.tile(np.arange(d, dtype=np.int32), n)
    return sp.csr_array((points.astype(np.float32).ravel(), places, np.arange(0, n * d + 1, d)), shape=(n, d))


class FittedFactors:
    """Frozen factors of items.

    Args:
        als: the fit. shift: that is added to values before they go into it.
        low, high: the least and the greatest value of the fit, between which foretold ratings stay.
    """

    def __init__(self, als: FittedALS, shift: float, low: float, high: float) -> None:
        self.als, self._shift, self._low, self._high = als, shift, low, high
        self._turned = np.ascontiguousarray(als.factors.T, np.float32)

    @property
    def n_items(self) -> int:
        """Items of the fit."""
        return len(self.als.factors)

    def _cells(self, tastes: Tastes) -> sp.csr_array:
        check_items(tastes, self.n_items)
        if self.als.kind == "implicit":
            return tastes.liked_cells
        cells = tastes.cells
        return sp.csr_array((cells.data + self._shift, cells.indices, cells.indptr), shape=cells.shape)

    def scores(self, tastes: Tastes) -> Singles:
        """Give the inner products of users, folded in, and items; of ratings with the items' own means."""
        points = self.als.folded(self._cells(tastes))[0]
        found = np.asarray(times(_full(points), self._turned), np.float32)
        return found if self.als.kind == "implicit" else found + self.als.item_bias.astype(np.float32)

    def ratings(self, known: Tastes, asked: Tastes) -> Floats:
        """Foretell (p,) the values of the pairs of ``asked`` from what ``known`` tells of the same users."""
        points, level = self.als.folded(self._cells(known))
        users, items = asked.users, asked.cells.indices
        product = np.empty(len(users))
        for first in range(0, len(users), 100_000):
            here = slice(first, first + 100_000)
            product[here] = np.einsum("ij,ij->i", points[users[here]], self.als.factors[items[here]])
        said: Floats = level[users] + self.als.item_bias[items] + product - self._shift
        return np.clip(said, self._low, self._high)

    def parts(self, tastes: Tastes, items: Codes) -> Singles | None:  # noqa: ARG002
        """Nothing: a user's point is made of all items at once."""
        return None

    def alike(self, item: int) -> Singles | None:
        """Give the cosines of the items' factors."""
        norms = np.sqrt(np.einsum("ij,ij->i", self.als.factors, self.als.factors))
        unit = self.als.factors / np.where(norms > 0, norms, 1.0)[:, None]
        return np.asarray(np.einsum("ij,j->i", unit, unit[item]), np.float32)

    def to_arrays(self) -> Frozen:
        """Give the factors and the span of values."""
        kept = self.als.to_arrays()
        meta = {"als": dict(kept.meta), "shift": self._shift, "low": self._low, "high": self._high}
        return Frozen(NAMES[self.als.kind], meta, kept.arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back equal factors."""
        als = FittedALS.from_arrays(Frozen("als", frozen.meta["als"], frozen.arrays))
        return cls(als, *(float(frozen.meta[name]) for name in ("shift", "low", "high")))


NAMES = {"implicit": "als", "explicit": "ratings"}


class ImplicitALS:
    """Settings of als of who likes what; see ``coterie.embedding.als`` for them.

    Args:
        dims, iterations, regularisation, alpha: as of the embedding; a penalty not given is found by validation.
        loosened: what the found penalty is multiplied by, > 0, as its own search goes in half decades.
    """

    Fitted: ClassVar[type[FittedFactors]] = FittedFactors
    measure: ClassVar[Measure] = "ranking"
    tried: ClassVar[tuple[Mapping[str, Any], ...]] = tuple(
        {"dims": 64, "alpha": alpha, "loosened": loosened} for alpha in (2.0, 8.0, 20.0) for loosened in (1.0, 0.7, 0.5)
    )

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, (*OPTIONS, "alpha", "loosened"), "recommender (als)")
        self.loosened = above_zero(options.get("loosened", 1.0), "recommender.loosened")
        self._options = {"dims": 64, **{name: value for name, value in options.items() if name != "loosened"}}
        self._als = ALS(kind="implicit", unit_rows=False, **self._options)

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedFactors:
        """Find the items' factors.

        Raises:
            DataError: nobody likes anything.
        """
        refuse_nothing(tastes)
        likes, als = tastes.liked_cells, self._als
        if als.regularisation is None:
            found = als.penalty_for(likes, rng.spawn(1)[0]) * self.loosened
            als = ALS(kind="implicit", unit_rows=False, **{**self._options, "regularisation": found})
        return FittedFactors(als.fit(likes, rng), 0.0, 0.0, 1.0)


class ExplicitALS:
    """Settings of als of ratings, less the means of everything, of the item and of the user.

    Args:
        dims, iterations, regularisation: as of the embedding; a penalty not given is found by validation.
    """

    Fitted: ClassVar[type[FittedFactors]] = FittedFactors
    measure: ClassVar[Measure] = "rating"
    tried: ClassVar[tuple[Mapping[str, Any], ...]] = tuple({"dims": dims} for dims in (32, 8, 16, 64))

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, OPTIONS, "recommender (ratings)")
        self._als = ALS(kind="explicit", unit_rows=False, **{"dims": 32, **options})

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedFactors:
        """Find the items' factors.

        Raises:
            DataError: there are no values, or they do not differ beyond their means.
        """
        if not tastes.has_values:
            raise DataError(
                "the recommender 'ratings' needs events with values, and these have none; name 'value' in the table of "
                "events, or take 'als' for who took up what"
            )
        refuse_nothing(tastes)
        low, high = float(tastes.cells.data.min()), float(tastes.cells.data.max())
        shift = 1.0 - low  # a cell of zero would be an empty one
        cells = tastes.cells
        moved = sp.csr_array((cells.data + shift, cells.indices, cells.indptr), shape=cells.shape)
        return FittedFactors(self._als.fit(moved, rng), shift, low, high)
