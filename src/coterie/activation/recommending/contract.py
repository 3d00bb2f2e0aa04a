"""The contract of a recommender: tastes in, scores of all items out; whoever was not there is folded in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from coterie.activation.recommending.tastes import Tastes
from coterie.errors import ModelError
from coterie.frozen import Frozen

Singles = npt.NDArray[np.float32]
Codes = npt.NDArray[np.integer]
Measure = Literal["ranking", "rating"]


class FittedRecommender(Protocol):
    """A frozen way from what a user took up to scores. A user alone gets the same bits as in a batch."""

    @property
    def n_items(self) -> int:
        """Items of the fit."""

    def scores(self, tastes: Tastes) -> Singles:
        """Score every item for each of n users, those of the fit and others alike.

        Returns:
            (n, m) finite float32, higher for what is to come first; only comparable within a row.

        Raises:
            ModelError: the tastes are of another number of items.
        """

    def parts(self, tastes: Tastes, items: Codes) -> Singles | None:
        """Take the scores of one user apart by the items that this user took up.

        Args:
            tastes: of one user, with o pairs. items: (k,) whose scores are asked about.

        Returns:
            (k, o) what each of the user's items adds; None where scores do not come from single items.
        """

    def alike(self, item: int) -> Singles | None:
        """Give (m,) how like one item the others are, higher being more; None where the method has no such thing."""

    def to_arrays(self) -> Frozen:
        """Give everything that ``from_arrays`` needs."""

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted recommender."""


class RatingRecommender(FittedRecommender, Protocol):
    """One that foretells values too."""

    def ratings(self, known: Tastes, asked: Tastes) -> npt.NDArray[np.float64]:
        """Foretell (p,) the values of the pairs of ``asked`` from what ``known`` tells of the same n users."""


class Recommender(Protocol):
    """Settings of a recommender; the constructor takes them by keyword and refuses what it does not know.

    ``Fitted`` is the class of what it fits, ``measure`` what its settings are chosen by, ``tried`` the settings that
    are compared on a validation part where none are given.
    """

    Fitted: ClassVar[type[Any]]
    measure: ClassVar[Measure]
    tried: ClassVar[tuple[Mapping[str, Any], ...]]

    def fit(self, tastes: Tastes, rng: np.random.Generator) -> FittedRecommender:
        """Learn from what users took up.

        Raises:
            DataError: there is nothing to learn from; says what is missing.
        """


def check_items(tastes: Tastes, expected: int) -> None:
    """Refuse tastes of another catalogue.

    Raises:
        ModelError: it has another number of items.
    """
    if tastes.n_items != expected:
        raise ModelError(
            f"this recommender was fitted on {expected:,} items, got tastes of {tastes.n_items:,}; give it "
            "those of its own catalogue"
        )
