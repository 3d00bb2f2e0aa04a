"""What chance gives: counts and what was expected of them in, tail probabilities and false discovery rates out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy import special

Floats = npt.NDArray[np.float64]
ALPHA: Final = 0.05  # false discovery rate
MOST_CLASSES: Final = 512  # of users by activity; more are put together
_ROUNDS, _CLOSE = 2_000, 1e-7  # of the fit of a null; a degree's relative error at which it is at its end


@dataclass(frozen=True, slots=True, eq=False)
class ActivityNull:
    """A random audience in which users are as active, and items as popular, as they are, and nothing else holds.

    Args:
        sizes: (c,) users of each class of activity.
        chances: (m, c) probability that a user of a class takes an item.
    """

    sizes: Floats
    chances: Floats

    def moments(self, rows: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Give (r, m) the sum over users of p and of p squared, p = p_ui p_uj that a user takes both items."""
        some = self.chances[rows]
        return (some * self.sizes) @ self.chances.T, (some**2 * self.sizes) @ (self.chances**2).T


def activity_null(taken: sp.csr_array, kept: npt.NDArray[np.int64]) -> ActivityNull:
    """Fit the null to (n, m) users and items, for some of the items.

    Args:
        taken: 1 where a user took an item. kept: places of the items that are compared.

    Source:
        The bipartite configuration model: Saracco, Straka, Di Clemente, Gabrielli, Caldarelli & Squartini (2017),
        "Inferring monopartite projections of bipartite networks: an entropy-based approach", eq. 5 and 6, solved for
        classes of equal degrees by the fixed point of Vallarano et al. (2021), "Fast and scalable likelihood
        maximization for exponential random graph models with local constraints".
    """
    n, m = taken.shape
    of_users, sizes = _classes(np.diff(taken.indptr).astype(np.float64))
    popularity = np.bincount(taken.indices, minlength=m).astype(np.float64)
    of_items, which, counts = np.unique(popularity, return_inverse=True, return_counts=True)
    # Nothing is certain: who took everything could have left something out.
    x, y = _fitted(np.minimum(of_users, m - 0.5), sizes, np.minimum(of_items, n - 0.5), counts.astype(np.float64))
    odds = y[which[kept]][:, None] * x
    return ActivityNull(sizes, odds / (1.0 + odds))


def _classes(degrees: Floats) -> tuple[Floats, Floats]:
    """Give degrees above zero and how many users have each; of too many, neighbours on a scale of ratios share one."""
    values, counts = np.unique(degrees[degrees > 0], return_counts=True)
    if len(values) <= MOST_CLASSES:
        return values, counts.astype(np.float64)
    place = np.floor(np.log(values / values[0]) / np.log(values[-1] / values[0]) * (MOST_CLASSES - 1))
    _, group = np.unique(place, return_inverse=True)
    sizes = np.bincount(group, weights=counts)
    return np.bincount(group, weights=values * counts) / sizes, sizes.astype(np.float64)


def _fitted(of_users: Floats, n_users: Floats, of_items: Floats, n_items: Floats) -> tuple[Floats, Floats]:
    total = max(float(of_users @ n_users), 1.0)
    x, y = of_users / np.sqrt(total), of_items / np.sqrt(total)
    for _ in range(_ROUNDS):
        x = of_users / ((y * n_items) / (1.0 + np.outer(x, y))).sum(axis=1)
        fitted = (x[:, None] * n_users[:, None] / (1.0 + np.outer(x, y))).sum(axis=0)
        error = np.abs(y * fitted - of_items).max(initial=0.0) / max(of_items.max(initial=0.0), 1.0)
        y = np.divide(of_items, fitted, out=np.zeros(len(fitted)), where=fitted > 0)
        if error < _CLOSE:
            break
    return x, y


def tail_of_both(counts: Floats, means: Floats, squares: Floats) -> Floats:
    """Give (e,) probability that so many users or more take both items.

    A sum of unlike yes-or-no draws is told by the binomial of the same mean and variance; beyond that one's reach, by
    the Poisson tail, which is never below the true one there.

    Args:
        counts: users seen. means, squares: sums over users of p and p squared.

    Source:
        Ehm (1991), "Binomial approximation to the Poisson binomial distribution"; the bound: Anderson & Samuels (1967),
        "Some inequalities among binomial and Poisson probabilities".
    """
    share = np.clip(squares / np.maximum(means, 1e-300), 1e-12, 1.0 - 1e-12)
    trials = means / share
    left = np.maximum(trials - counts + 1.0, 1e-9)
    return np.where(counts <= trials, special.betainc(counts, left, share), tail_of_count(counts, means))


def tail_of_count(counts: Floats, means: Floats) -> Floats:
    """Give (e,) probability that a Poisson count of a mean reaches a count, >= 1."""
    tail: Floats = special.gammainc(counts, means)
    return tail


def false_discovery(p: Floats, n_tested: int) -> Floats:
    """Give (e,) adjusted p: the false discovery rate at which each is called more than chance.

    Args:
        p: of some of the tests; the others count as 1. n_tested: all of them.

    Source:
        Benjamini & Hochberg (1995), "Controlling the false discovery rate"; that it holds for tests that go with one
        another: Benjamini & Yekutieli (2001), theorem 1.2.
    """
    order = np.argsort(p, kind="stable")
    ranked = p[order] * n_tested / np.arange(1, len(p) + 1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0) if len(p) else ranked
    return found


def rounded_up(q: Floats) -> Floats:
    """Give rates as the least of .05, .01, .001 ... that they are no more than, down to 1e-12; else 1.

    A finer rate beside what was expected would tell the number of users that was rounded.
    """
    steps = np.array([*(10.0**-power for power in range(12, 1, -1)), ALPHA, 1.0])
    found: Floats = steps[np.minimum(np.searchsorted(steps, q), len(steps) - 1)]
    return found
