"""The contract of an embedder: a feature matrix in, points in a small space out, new rows folded in without a refit."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from coterie.features.contract import Matrix
from coterie.frozen import Frozen

Points = npt.NDArray[np.float32]


class FittedEmbedder(Protocol):
    """A frozen map from feature rows to points. One row alone gives the same bits as in a batch."""

    @property
    def dims(self) -> int:
        """Width of the embedding."""

    def apply(self, matrix: Matrix) -> Points:
        """Fold rows in.

        Args:
            matrix: (n, m) with the m columns of the fit.

        Returns:
            (n, dims) float32, finite; a row of zeros gives zeros where the method has no better answer.

        Raises:
            ModelError: the number of columns is not that of the fit.
        """

    def to_arrays(self) -> Frozen:
        """Give everything that ``from_arrays`` needs."""

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted embedder."""


class Embedder(Protocol):
    """Settings of an embedding; the constructor takes them by keyword and refuses what it does not know."""

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedEmbedder:
        """Learn the map from (n, m) rows."""
