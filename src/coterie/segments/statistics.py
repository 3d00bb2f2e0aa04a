"""Tests and intervals of a group against everybody, for many groups and many features at once.

What comes in are sums over users, by segment and among all; what goes out is a ``Comparison``: the segment's figure,
its index with an interval (against all, the segment among them) and its test (against the rest, the segment left out).
Users are what is sampled: two events of one user are never counted as two independent observations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, ndtr, stdtr

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal
CONTINUITY = 0.5  # added to a count of zero before its logarithm is taken (Walter 1975, Biometrika 62)
EXACT_BELOW = 1000.0  # expected count of the smallest cell from which the normal tail replaces the exact one
TAIL_TERMS = 5000  # more than the tail of a cell that expects EXACT_BELOW has; terms fall faster than geometrically


@dataclass(frozen=True, slots=True)
class Comparison:
    """Segments against all users; every array is (k, m): segment by feature.

    Args:
        inside, overall: share in [0, 1] or mean.
        index, low, high: 100 * inside / overall with its 95 % interval; NaN where a mean can be negative.
        effect: log2(inside / rest) for shares, Cohen's d against the rest for means; 0 where there is no rest.
        p: two-sided, against the rest; 1 where there is nothing to compare.
    """

    inside: Floats
    overall: Floats
    index: Floats
    low: Floats
    high: Floats
    effect: Floats
    p: Floats


@dataclass(frozen=True, slots=True)
class RatioSums:
    """Sums over a group's users of y, the part of interest of a user's total n; they broadcast to (k, m).

    Args:
        y, yy, yn: sums of y, its square, and y times n. n, nn: of n and its square.
        users: users with n > 0.
    """

    y: Floats
    yy: Floats
    yn: Floats
    n: Floats
    nn: Floats
    users: Floats

    def __sub__(self, other: RatioSums) -> RatioSums:
        """Give the sums over the users that are not in ``other``."""
        return RatioSums(
            self.y - other.y,
            self.yy - other.yy,
            self.yn - other.yn,
            self.n - other.n,
            self.nn - other.nn,
            self.users - other.users,
        )

    @property
    def ratio(self) -> Floats:
        """Sum of y over sum of n; 0 for an empty group."""
        return _over(self.y, self.n)

    def spread(self, one: Floats, other: Floats) -> Floats:
        """Sum over users of (y - one n)(y - other n)."""
        return self.yy - (one + other) * self.yn + one * other * self.nn

    @property
    def variance(self) -> Floats:
        """Linearised variance of the ratio; NaN for fewer than two users.

        Source: Cochran 1977, "Sampling Techniques", 3rd ed., chapter 6 (ratio estimates), without the correction for a
        finite population.
        """
        squares = np.maximum(self.spread(self.ratio, self.ratio), 0.0)
        return _over(self.users, self.users - 1, np.nan) * _over(squares, self.n**2)


@dataclass(frozen=True, slots=True)
class MeanSums:
    """Count, mean and sum of squared deviations of a group, and its smallest value; they broadcast to (k, m)."""

    n: Floats
    mean: Floats
    squares: Floats
    smallest: Floats

    def rest_of(self, inside: MeanSums) -> MeanSums:
        """Give the group without ``inside`` (Chan, Golub & LeVeque 1983, "Algorithms for computing the variance")."""
        n = self.n - inside.n
        mean = _over(self.n * self.mean - inside.n * inside.mean, n)
        between = _over(inside.n * n, self.n) * (inside.mean - mean) ** 2
        return MeanSums(n, mean, np.maximum(self.squares - inside.squares - between, 0.0), self.smallest)

    @property
    def variance(self) -> Floats:
        """Variance of the mean; NaN for fewer than two users."""
        return _over(_over(self.squares, self.n - 1, np.nan), self.n, np.nan)


def compare_ratios(inside: RatioSums, overall: RatioSums) -> Comparison:
    """Compare shares of events, such as an item's part of a segment's events with its part of all other events.

    Shares of events and not of users, because heavy users have more of everything. p is the larger of two: Welch's test
    of the two ratio estimates with users as clusters, which holds where one user's events are alike, and the exact test
    that takes events one by one, which holds where counts are small. A group of one user has no variance: p = 1.

    Source: ``RatioSums.variance``; the index's interval from the same linearisation of log(inside / overall).
    """
    rest = overall - inside
    clustered = welch(inside.ratio - rest.ratio, (inside.variance, inside.users), (rest.variance, rest.users))
    exact = hypergeometric_mid_p(inside.y, inside.n, overall.y, overall.n)
    return _comparison_of_shares(inside, overall, np.maximum(clustered, exact))


def compare_shares(count: Floats, known: Floats, count_all: Floats, known_all: Floats) -> Comparison:
    """Compare shares of users, such as students among a segment's users of known occupation.

    Args:
        count: (k, m) users of the segment that have it. known: (k, 1) of whom it is known.
        count_all: (1, m) and known_all: (1, 1) the same among all users.

    Source: Fisher's exact test with mid-p (``hypergeometric_mid_p``); interval of the log ratio after Katz et al. 1978,
    "Obtaining confidence intervals for the risk ratio in cohort studies", with the part of all that the segment is.
    """
    inside = RatioSums(count, count, count, known, known, known)
    overall = RatioSums(count_all, count_all, count_all, known_all, known_all, known_all)
    return _comparison_of_shares(inside, overall, hypergeometric_mid_p(count, known, count_all, known_all))


def _comparison_of_shares(inside: RatioSums, overall: RatioSums, p: Floats) -> Comparison:
    rest = overall - inside
    index = 100 * _over(inside.ratio, overall.ratio)
    error = np.sqrt(_log_ratio_variance(inside, overall))
    # A count of zero has no logarithm: its interval is that of half an event, from 0 upwards.
    none = (inside.y == 0) & (overall.y > 0)
    centre = np.where(none, 100 * _over(_over(CONTINUITY, inside.n), overall.ratio), index)
    error = np.where(none, np.sqrt(1 / CONTINUITY), error)
    low = np.where(none, 0.0, centre * np.exp(-Z95 * error))
    zero = (inside.y == 0) | (rest.y == 0)
    parts = [_over(group.y + np.where(zero, CONTINUITY, 0.0), group.n) for group in (inside, rest)]
    effect = np.log2(_over(parts[0], parts[1], 1.0), where=(inside.n > 0) & (rest.n > 0), out=np.zeros(index.shape))
    shape = np.broadcast_shapes(inside.y.shape, overall.y.shape)
    return Comparison(
        inside.ratio, np.broadcast_to(overall.ratio, shape), index, low, centre * np.exp(Z95 * error), effect, p
    )


def _log_ratio_variance(inside: RatioSums, overall: RatioSums) -> Floats:
    """Variance of log(inside / overall), the segment being a part of all.

    The influence of a user on it is [in segment] (y - r n) / y_in - (y - R n) / Y, with the two ratios r and R.
    """
    r, R = inside.ratio, overall.ratio
    own = _over(inside.spread(r, r), inside.y**2) - 2 * _over(inside.spread(r, R), inside.y * overall.y)
    return np.maximum(own + _over(overall.spread(R, R), overall.y**2), 0.0)


def compare_means(inside: MeanSums, overall: MeanSums) -> Comparison:
    """Compare means, by Welch's test and Cohen's d; an index only where no value is negative and the mean is not 0.

    Source: Welch 1947, "The generalization of Student's problem"; Cohen 1988, "Statistical Power Analysis", section
    2.5; interval of the index by the delta method, cut at 0.
    """
    rest = overall.rest_of(inside)
    p = welch(inside.mean - rest.mean, (inside.variance, inside.n), (rest.variance, rest.n))
    pooled = np.sqrt(_over(inside.squares + rest.squares, inside.n + rest.n - 2))
    both = (inside.n > 0) & (rest.n > 0)
    effect = np.where(both, _over(inside.mean - rest.mean, pooled), 0.0)
    mean = np.where((overall.smallest >= 0) & (overall.mean > 0), overall.mean, np.nan)
    index = 100 * inside.mean / mean
    # Influence of a user on the ratio q of the means: ([in segment] (x - inside) / n - q (x - overall) / N) / overall.
    q, n, N = index / 100, np.maximum(inside.n, 1), np.maximum(overall.n, 1)
    own = inside.squares / n**2 - 2 * q * inside.squares / (n * N)
    error = np.sqrt(np.maximum(own + q**2 * overall.squares / N**2, 0.0)) / mean
    shape = np.broadcast_shapes(inside.mean.shape, overall.mean.shape)
    overall_mean = np.broadcast_to(overall.mean, shape)
    low, high = np.maximum(index - 100 * Z95 * error, 0.0), index + 100 * Z95 * error
    return Comparison(inside.mean, overall_mean, index, low, high, effect, p)


def welch(difference: Floats, one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Give the two-sided p of a difference of two estimates, with the degrees of freedom of Welch and Satterthwaite.

    Args:
        difference: one estimate less the other.
        one, other: the variance of each estimate, and the users it is from. A variance of NaN gives p = 1.
    """
    (v, n), (w, m) = one, other
    total = v + w
    freedom = _over(total**2, _over(v**2, n - 1) + _over(w**2, m - 1), 1.0)
    t = _over(difference, np.sqrt(total), np.inf * np.ones(np.shape(total)))
    p = np.where(difference == 0, 1.0, 2 * stdtr(freedom, -np.abs(t)))
    return np.where(np.isnan(total), 1.0, p)


def hypergeometric_mid_p(hits: Floats, drawn: Floats, good: Floats, total: Floats) -> Floats:
    """Give the two-sided mid-p of Fisher's exact test: ``hits`` among ``drawn``, of ``good`` among ``total``.

    Twice the smaller tail, the probability of what was seen counted half. The normal tail takes over where every cell
    expects more than 1,000.

    Source: Lancaster 1961, "Significance tests in discrete distributions".
    """
    hits, drawn, good, total = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(hits, drawn, good, total))
    empty = (drawn == 0) | (good == 0) | (drawn == total) | (good == total)
    expected = _over(drawn * good, total)
    smallest = np.minimum.reduce([expected, drawn - expected, good - expected, total - drawn - good + expected])
    variance = _over(expected * (1 - _over(good, total)) * (total - drawn), total - 1)
    z = _over(hits - expected, np.sqrt(variance))
    p: Floats = np.where(empty, 1.0, 2 * ndtr(-np.abs(z)))
    exact = ~empty & (smallest < EXACT_BELOW)
    # Below its mean a cell is mirrored to the other column, so that only upper tails are summed.
    mirrored = np.where(hits < expected, good - hits, hits)[exact]
    drawn = np.where(hits < expected, total - drawn, drawn)[exact]
    tail = _upper_tail(mirrored, drawn, good[exact], total[exact])
    p[exact] = np.minimum(2 * np.minimum(tail, 1 - tail), 1.0)
    return p


def _upper_tail(hits: Floats, drawn: Floats, good: Floats, total: Floats) -> Floats:
    """P(X > hits) + P(X = hits) / 2 of hypergeometric X, for hits at or above the mean, where terms only fall."""
    term = np.exp(_log_choose(good, hits) + _log_choose(total - good, drawn - hits) - _log_choose(total, drawn))
    tail, at = term / 2, hits.copy()
    for _ in range(TAIL_TERMS):
        above = np.maximum((good - at) * (drawn - at), 0.0)
        term = term * above / ((at + 1) * (total - good - drawn + at + 1))
        tail += term
        at += 1
        if not (term > 1e-13 * tail).any():
            break
    return tail


def _log_choose(n: Floats, k: Floats) -> Floats:
    chosen: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return chosen


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjust p-values so that those under a level hold at most that share of false ones, in expectation.

    Source: Benjamini & Hochberg 1995, "Controlling the false discovery rate".

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.02, 0.5]))
        array([0.03, 0.03, 0.5 ])
    """
    order = np.argsort(p)
    scaled = p[order] * (len(p) / np.arange(1, len(p) + 1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _over(above: Any, below: Any, otherwise: Any = 0.0) -> Floats:
    """Divide; where the denominator is not positive, give ``otherwise``."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    out = np.array(np.broadcast_to(otherwise, above.shape), dtype=np.float64)
    divided: Floats = np.divide(above, below, out=out, where=below > 0)
    return divided
