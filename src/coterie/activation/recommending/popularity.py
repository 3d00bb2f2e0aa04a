"""What is popular: among all, or in the user's own segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.activation.recommending.contract import Codes, Measure, Singles, check_items
from coterie.activation.recommending.tastes import Tastes
from coterie.config import refuse_unknown
from coterie.errors import DataError
from coterie.features.options import number
from coterie.frozen import Frozen
from coterie.terms import NOISE

Floats = npt.NDArray[np.float64]
PSEUDO_USERS = 20.0  # of the global rate in each segment's, as in the measurement of lift


class FittedRates:
    """Frozen rates.

    Args:
        rates: (s + 1, m) share of the users of each segment, and in the last row of all, who like each item.
        kind: name of the plug-in.
    """

    def __init__(self, rates: Floats, kind: str) -> None:
        self.rates, self._kind = rates, kind

    @property
    def n_items(self) -> int:
        """Items of the fit."""
        return int(self.rates.shape[1])

    def scores(self, tastes: Tastes) -> Singles:
        """Give each user the rates of the own segment; those of all to whoever is in none that was there at the fit."""
        check_items(tastes, self.n_items)
        last = len(self.rates) - 1
        known = (tastes.segments != NOISE) & (tastes.segments < last)
        own = np.where(known, tastes.segments, last)
        return np.asarray(self.rates[own], np.float32)

    def parts(self, tastes: Tastes, items: Codes) -> Singles | None:  # noqa: ARG002
        """Nothing: what is popular does not depend on what this user took up."""
        return None

    def alike(self, item: int) -> Singles | None:  # noqa: ARG002
        """Nothing: what is popular is like nothing."""
        return None

    def to_arrays(self) -> Frozen:
        """Give the rates."""
        return Frozen(self._kind, {}, {"rates": self.rates})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back equal rates."""
        return cls(frozen.arrays["rates"], frozen.kind)


class Popularity:
    """What most users like, for everybody alike. It has no options."""

    Fitted: ClassVar[type[FittedRates]] = FittedRates
    measure: ClassVar[Measure] = "ranking"
    tried: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, (), "recommender (popularity)")

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedRates:  # noqa: ARG002
        """Count who likes what."""
        refuse_nothing(tastes)
        return FittedRates(_counts(tastes)[None, :] / tastes.n_users, "popularity")


class SegmentPopularity:
    """What the users of the own segment like, a segment's rates being shrunk to those of all.

    Args:
        pseudo_users: users of the global rate that each segment gets, >= 0.
    """

    Fitted: ClassVar[type[FittedRates]] = FittedRates
    measure: ClassVar[Measure] = "ranking"
    tried: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, ("pseudo_users",), "recommender (segment)")
        self.pseudo_users = number(options.get("pseudo_users", PSEUDO_USERS), "recommender.pseudo_users", low=0)

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedRates:  # noqa: ARG002
        """Count who likes what in each segment."""
        refuse_nothing(tastes)
        overall = _counts(tastes) / tastes.n_users
        inside = np.flatnonzero(tastes.segments != NOISE)
        segments = tastes.segments[inside]
        shape = (int(segments.max(initial=NOISE)) + 1, tastes.n_users)
        belongs = sp.csr_array((np.ones(len(inside)), (segments, inside)), shape=shape)
        counts = (belongs @ tastes.liked_cells).toarray()
        sizes = np.bincount(segments, minlength=shape[0])[:, None]
        weight = np.maximum(sizes + self.pseudo_users, 1.0)  # of an empty segment nothing is known
        rates = (counts + self.pseudo_users * overall) / weight
        return FittedRates(np.vstack([rates, overall]), "segment")


def _counts(tastes: Tastes) -> Floats:
    return np.bincount(tastes.cells.indices[tastes.liked], minlength=tastes.n_items).astype(np.float64)


def refuse_nothing(tastes: Tastes) -> None:
    """Refuse tastes without a like.

    Raises:
        DataError: nobody liked anything.
    """
    if not tastes.liked.any():
        raise DataError(
            f"none of the {tastes.n_users:,} users likes any of the {tastes.n_items:,} items, so there is nothing to "
            "recommend by; lower 'evaluation.positive_from', or give it more events"
        )
