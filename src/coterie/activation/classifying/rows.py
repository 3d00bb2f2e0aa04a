"""What is done row by row, so that a row gives the same bits alone, in a batch and in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.activation.classifying.contract import Floats, check_width

LEAST = 1e-12  # probability, so that its logarithm is finite


def product(X: Floats, W: Floats) -> Floats:
    """(n, k) X W, each row summed in the order of its columns; BLAS sums a row alone otherwise than one in a batch."""
    found: Floats = sp.csr_array(X) @ W
    return found


def is_blank(X: Floats) -> npt.NDArray[np.bool_]:
    """(n,) rows of which nothing is known."""
    return np.asarray(np.isnan(X).all(axis=1))


def row_sums(X: Floats) -> Floats:
    """(n,) sums of the rows, each in the order of its columns."""
    found = np.zeros(len(X))
    for column in range(X.shape[1]):
        found += X[:, column]
    return found


def softmax(scores: Floats) -> Floats:
    """(n, k) probabilities of (n, k) log-odds."""
    if not scores.size:
        return scores
    raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / row_sums(raised)[:, None]


def log_odds(probabilities: Floats) -> Floats:
    """(n, k) log-odds, up to a number a row, of (n, k) probabilities."""
    found: Floats = np.log(np.maximum(probabilities, LEAST))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Columns brought to mean 0, and to deviation 1 where theirs is greater; what is not known is 0 and told of.

    No column is made larger: rare categories and the lesser dims of an embedding would drown the others.

    Args:
        centre, spread: (m,). told: (t,) columns of which one more column says whether they are known: one of each set
            that the fit knows together.
    """

    centre: Floats
    spread: Floats
    told: npt.NDArray[np.int64]

    @classmethod
    def of(cls, X: Floats) -> Self:
        """Learn from (n, m) rows."""
        unknown = np.isnan(X)
        counts = np.maximum((~unknown).sum(axis=0), 1)
        centre = np.where(unknown, 0.0, X).sum(axis=0) / counts
        spread = np.sqrt((np.where(unknown, 0.0, X - centre) ** 2).sum(axis=0) / counts)
        spread = np.maximum(spread, 1.0)
        partly = np.flatnonzero(unknown.any(axis=0))
        _, firsts = np.unique(unknown[:, partly], axis=1, return_index=True)
        return cls(centre, spread, partly[np.sort(firsts)])

    def apply(self, X: Floats) -> Floats:
        """(n, m + t) scaled columns, then 1 for what is not known."""
        check_width(X, len(self.centre))
        unknown = np.isnan(X)
        scaled = np.where(unknown, 0.0, (X - self.centre) / self.spread)
        return np.hstack([scaled, unknown[:, self.told].astype(np.float64)])
