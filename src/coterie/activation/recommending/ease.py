"""EASE: every item's score as a weighted sum of all others that a user likes, the weights in closed form.

Source:
    Steck (2019), "Embarrassingly shallow autoencoders for sparse data", equation 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from scipy.linalg import lapack

from coterie._kernels import times
from coterie.activation.recommending.contract import Codes, Measure, Singles, check_items
from coterie.activation.recommending.popularity import refuse_nothing
from coterie.activation.recommending.tastes import Tastes
from coterie.config import refuse_unknown
from coterie.errors import DataError
from coterie.features.options import above_zero, whole
from coterie.frozen import Frozen
from coterie.parallel import single_libraries

MOST_ITEMS = 10_000  # whose square matrix takes 800 MB, and minutes to invert
PENALTY = 300.0


class FittedEASE:
    """Frozen weights: (m, m), what liking the item of a row adds to that of a column; zero on the diagonal."""

    def __init__(self, weights: Singles) -> None:
        self.weights = weights

    @property
    def n_items(self) -> int:
        """Items of the fit."""
        return len(self.weights)

    def scores(self, tastes: Tastes) -> Singles:
        """Sum the weights of what each user likes."""
        check_items(tastes, self.n_items)
        return np.asarray(times(tastes.liked_cells, self.weights), np.float32)

    def parts(self, tastes: Tastes, items: Codes) -> Singles | None:
        """Give the weights of the user's items; nothing of those not liked."""
        check_items(tastes, self.n_items)
        return np.asarray(self.weights[np.ix_(tastes.cells.indices, items)].T * tastes.liked, np.float32)

    def alike(self, item: int) -> Singles | None:
        """Give what liking the item adds to the others."""
        return np.array(self.weights[item], np.float32)

    def to_arrays(self) -> Frozen:
        """Give the weights."""
        return Frozen("ease", {}, {"weights": self.weights})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal EASE."""
        return cls(frozen.arrays["weights"])


class EASE:
    """Settings of EASE.

    Args:
        penalty: on squared weights, > 0. most_items: catalogues of more are refused, >= 1.
    """

    Fitted: ClassVar[type[FittedEASE]] = FittedEASE
    measure: ClassVar[Measure] = "ranking"
    tried: ClassVar[tuple[Mapping[str, Any], ...]] = tuple(
        {"penalty": penalty} for penalty in (PENALTY, 30.0, 100.0, 200.0, 500.0, 1000.0, 3000.0)
    )

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, ("penalty", "most_items"), "recommender (ease)")
        self.penalty = above_zero(options.get("penalty", PENALTY), "recommender.penalty")
        self.most_items = whole(options.get("most_items", MOST_ITEMS), "recommender.most_items", low=1)

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedEASE:  # noqa: ARG002
        """Find the weights.

        Raises:
            DataError: the catalogue is too large, or nobody likes anything.
        """
        m = tastes.n_items
        if m > self.most_items:
            raise DataError(
                f"ease needs a square matrix of all items, and the catalogue has {m:,}; expected at most "
                f"{self.most_items:,}: take 'als' or 'itemitem', or raise 'most_items' ({8 * m * m / 2**30:.1f} GB)"
            )
        refuse_nothing(tastes)
        likes = tastes.liked_cells
        gram = np.asfortranarray((likes.T @ likes).toarray())
        gram[np.diag_indices(m)] += self.penalty
        with single_libraries():  # for the same bits whatever the number of threads
            inverse = _inverse(gram)
        diagonal = inverse.diagonal().copy()
        inverse /= -diagonal
        np.fill_diagonal(inverse, 0.0)
        return FittedEASE(np.ascontiguousarray(inverse, np.float32))


def _inverse(gram: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Invert a positive definite matrix in its own place, by Cholesky."""
    factor, failed = lapack.dpotrf(gram, lower=1, overwrite_a=1)
    if not failed:
        factor, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise DataError("ease cannot invert its matrix: it is singular but for rounding; raise 'penalty'")
    lower = np.tril(factor, -1)
    found: np.ndarray[Any, np.dtype[np.float64]] = lower + lower.T
    found[np.diag_indices(len(found))] = factor.diagonal()
    return found
