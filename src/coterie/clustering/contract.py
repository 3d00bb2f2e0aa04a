"""The contract of a clusterer: points in, labels and a rule for everybody who comes later out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from coterie.embedding.contract import Points
from coterie.frozen import Frozen

Labels = npt.NDArray[np.int32]
Setting = str | int | float | bool | None  # of an option, as JSON knows it


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where entities belong.

    Args:
        labels: (n,) cluster numbers 0..k-1, largest cluster of the fit first, or NOISE.
        strength: (n,) in [0, 1]; 0 on the border to the next cluster, 1 at the own centre; 0 for NOISE.
        distance: (n,) Euclidean distance to the own centre, in units of the embedding; NaN for NOISE.
    """

    labels: Labels
    strength: npt.NDArray[np.float64]
    distance: npt.NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Assignment]) -> Assignment:
        """Put at least one assignment of some rows each together, in their order."""
        return cls(
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.strength for part in parts]),
            np.concatenate([part.distance for part in parts]),
        )


class FittedClusterer(Protocol):
    """A frozen partition of the space."""

    @property
    def n_clusters(self) -> int:
        """Number of clusters, noise not counted."""

    @property
    def fit_labels(self) -> Labels:
        """(n,) labels that the algorithm itself gave to the rows of the fit; empty after ``from_arrays``."""

    def assign(self, points: Points) -> Assignment:
        """Assign rows; a row's answer does not depend on the other rows. No label that the fit did not have.

        Args:
            points: (n, d) with the d of the fit.

        Raises:
            ModelError: the width is not that of the fit.
        """

    def to_arrays(self) -> Frozen:
        """Give everything that ``from_arrays`` needs."""

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted clusterer."""


class Clusterer(Protocol):
    """Settings of an algorithm; the constructor takes them by keyword and refuses what it does not know.

    The class of a method that finds the number of clusters itself says so by ``counts_clusters = False`` and has a
    classmethod ``grid(points, options, rng)`` that gives the settings to try; ``k`` has no effect on it. The class of a
    method that has no random start (though it may draw a sample where there are many points) says
    ``starts_at_random = False``.
    """

    def fit(self, points: Points, rng: np.random.Generator) -> FittedClusterer:
        """Find clusters among (n, d) points.

        Raises:
            DataError: there are no points, or fewer distinct ones than clusters asked for.
        """
