"""From counts and values of (user, item) pairs to the weights of a sparse matrix.

Pure NumPy. Every sum runs over one user's own pairs in the order of the columns, so that a user's row does not depend
on who else is there, nor on the order of the events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Weight = Literal["binary", "positive", "value", "centred", "log1p", "tfidf", "bm25"]
Normalise = Literal["none", "l1", "l2"]
Floats = npt.NDArray[np.float64]

NEEDS_VALUE: Final = frozenset({"positive", "value", "centred"})
FIVE_STARS: Final = 5.0  # the highest value of the commonest rating scale ...
FIVE_STARS_POSITIVE: Final = 4.0  # ... and the value from which it says "liked"
ROUNDING: Final = 1e-9  # a difference this small beside the values themselves is rounding of the mean


def totals(groups: npt.NDArray[np.integer[Any]], entries: Floats, n_groups: int = 0) -> Floats:
    """(n_groups or more,) sums of (p,) entries by group, each added up in the order in which its entries stand."""
    sums: Floats = np.bincount(groups, weights=entries, minlength=n_groups).astype(np.float64)
    return sums


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One entry a (user, item) pair, sorted by user, then item.

    Args:
        shape: (n, m) users and items.
        rows, cols: (p,) positions of user and item.
        counts: (p,) events of the pair, >= 1.
        sums: (p,) sum of the pair's values; empty where values were not read.
        low, high: least and greatest value of any event; NaN where values were not read or there is none.
    """

    shape: tuple[int, int]
    rows: npt.NDArray[np.int32]
    cols: npt.NDArray[np.int32]
    counts: Floats
    sums: Floats
    low: float
    high: float

    @property
    def has_values(self) -> bool:
        """Whether values were read."""
        return len(self.sums) == len(self.counts)

    def per_user(self, entries: Floats) -> Floats:
        """(n,) sums of (p,) entries over each user's pairs."""
        return totals(self.rows, entries, self.shape[0])

    def users_per_item(self) -> Floats:
        """(m,) users of each item."""
        return np.bincount(self.cols, minlength=self.shape[1]).astype(np.float64)

    def n_known(self) -> int:
        """Users with at least one pair."""
        return len(np.unique(self.rows))


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How pairs are weighed, with all that was learned at the fit.

    Args:
        weight: see ``coterie.features.interactions.Interactions``.
        normalise: norm that every row is divided by.
        positive_from: for "positive": least value that counts, None for the user's own mean.
        k1, b: for "bm25": saturation, and in [0, 1] how far long histories are discounted.
        idf: (m,) for "tfidf" and "bm25", else empty.
        average_length: for "bm25": mean events per user of the fit.
    """

    weight: Weight
    normalise: Normalise
    positive_from: float | None
    k1: float
    b: float
    idf: Floats
    average_length: float


def smooth_idf(pairs: Pairs) -> Floats:
    """(m,) inverse document frequency of items, users being the documents; users without a pair are not counted.

    Source:
        ln((1 + n) / (1 + df)) + 1, as in scikit-learn's ``TfidfTransformer(smooth_idf=True)``.
    """
    idf: Floats = np.log((1.0 + pairs.n_known()) / (1.0 + pairs.users_per_item())) + 1.0
    return idf


def bm25_idf(pairs: Pairs) -> Floats:
    """(m,) inverse document frequency >= 0; users without a pair are not counted.

    Source:
        ln(1 + (n - df + 0.5) / (df + 0.5)): Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and
        Beyond", eq. 3.3, with the 1 that keeps it from going negative for items that most users have.
    """
    df = pairs.users_per_item()
    idf: Floats = np.log1p((pairs.n_known() - df + 0.5) / (df + 0.5))
    return idf


def average_length(pairs: Pairs) -> float:
    """Mean events per user, over users with at least one."""
    return float(pairs.counts.sum()) / max(pairs.n_known(), 1)


def weigh(pairs: Pairs, rule: Rule) -> Floats:
    """(p,) weights of pairs before rows are normalised; 0 for a pair that stays out."""
    weights: Floats
    match rule.weight:
        case "binary":
            weights = np.broadcast_to(1.0, len(pairs.rows))
        case "positive":
            weights = _positive(pairs, rule.positive_from)
        case "value":
            weights = pairs.sums
        case "centred":
            weights = _centred(pairs)
        case "log1p":
            weights = np.log1p(pairs.sums if pairs.has_values else pairs.counts)
        case "tfidf":
            weights = pairs.counts * rule.idf[pairs.cols]
        case "bm25":
            weights = _bm25(pairs, rule)
    return weights


def to_csr(pairs: Pairs, weights: Floats, normalise: Normalise) -> sp.csr_array:
    """Give the (n, m) float32 matrix, columns sorted within each row, without stored zeros."""
    data = _normalised(pairs, weights, normalise).astype(np.float32)
    rows, cols = pairs.rows, pairs.cols
    if not data.all():
        kept = data != 0
        data, rows, cols = data[kept], rows[kept], cols[kept]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=pairs.shape[0]))])
    index_type = np.int32 if len(data) < np.iinfo(np.int32).max else np.int64
    columns = cols.astype(index_type, copy=False)
    return sp.csr_array((data, columns, indptr.astype(index_type)), shape=pairs.shape, copy=False)


def _user_means(pairs: Pairs) -> tuple[Floats, Floats]:
    """(p,) each pair's user's mean value over events, and the size of that user's values."""
    events = np.maximum(pairs.per_user(pairs.counts), 1.0)
    means = pairs.per_user(pairs.sums) / events
    sizes = pairs.per_user(np.abs(pairs.sums)) / events
    return means[pairs.rows], sizes[pairs.rows]


def _positive(pairs: Pairs, positive_from: float | None) -> Floats:
    if positive_from is None:
        floor, size = _user_means(pairs)
    else:
        floor = np.full(len(pairs.rows), positive_from)
        size = np.abs(floor)
    return (pairs.sums / pairs.counts >= floor - ROUNDING * size).astype(np.float64)


def _centred(pairs: Pairs) -> Floats:
    means, sizes = _user_means(pairs)
    centred: Floats = pairs.sums - pairs.counts * means
    return np.where(np.abs(centred) <= ROUNDING * pairs.counts * sizes, 0.0, centred)


def _bm25(pairs: Pairs, rule: Rule) -> Floats:
    """Robertson & Zaragoza 2009, eq. 3.15: a user is a document, an item a term."""
    lengths = pairs.per_user(pairs.counts)[pairs.rows] / rule.average_length
    saturated = pairs.counts * (rule.k1 + 1.0) / (pairs.counts + rule.k1 * (1.0 - rule.b + rule.b * lengths))
    weights: Floats = rule.idf[pairs.cols] * saturated
    return weights


def _normalised(pairs: Pairs, weights: Floats, normalise: Normalise) -> Floats:
    if normalise == "none":
        return weights
    norms = pairs.per_user(np.abs(weights)) if normalise == "l1" else np.sqrt(pairs.per_user(weights**2))
    return weights / np.where(norms > 0, norms, 1.0)[pairs.rows]
