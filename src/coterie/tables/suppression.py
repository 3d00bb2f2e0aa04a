"""Which values of an attribute may be named, so that no small group of users can be told from a count.

One rule for whatever shows counts of people: a value that fewer than ``min_cell`` users have is never named, and what
is not named is one entry that is itself never that small.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

OTHER_VALUES: Final = "(other)"  # in brackets, since "other" is a value that people use
MIN_CELL: Final = 5  # users


def may_be_named(
    counts: npt.NDArray[np.int64], *, min_cell: int, most: int | None = None, adds_up: bool = True
) -> npt.NDArray[np.bool_]:
    """Say which values may be named beside their counts.

    Named are the first ``most`` values as far as ``min_cell`` users have them. Where all others together would be of
    fewer users, the smallest named value joins them, so that no small count can be had by subtraction.

    Args:
        counts: (v,) users who have each value, most frequent among all first. most: None for as many as there are.
        adds_up: whether a user has one value at most; of tags nothing can be had by subtraction.
    """
    named = counts >= min_cell
    if most is not None:
        named[most:] = False
    if adds_up and 0 < counts[~named].sum() < min_cell and named.any():
        places = np.flatnonzero(named)
        smallest = len(places) - 1 - np.argmin(counts[places][::-1])  # of level ones the rarest among all
        named[places[smallest]] = False
    return named


def without_small_bins(
    edges: tuple[float, ...], counts: tuple[int, ...], min_cell: int
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Put together neighbouring bins until each holds nobody or at least ``min_cell`` users.

    A bin that holds too few goes with the neighbour of fewer users, the lower one where both have as many.

    Args:
        edges: (b + 1,) ascending. counts: (b,).

    Returns:
        Edges and counts; none where all of them together are too few.

    Example:
        >>> without_small_bins((0.0, 10.0, 20.0, 30.0), (7, 2, 9), 5)
        ((0.0, 20.0, 30.0), (9, 9))
    """
    if 0 < sum(counts) < min_cell:
        return (), ()
    ends, held = list(edges), list(counts)
    while (small := next((at for at, count in enumerate(held) if 0 < count < min_cell), None)) is not None:
        beside = [at for at in (small - 1, small + 1) if 0 <= at < len(held)]
        left = min(small, min(beside, key=lambda at: (held[at], at)))
        held[left : left + 2] = [held[left] + held[left + 1]]
        del ends[left + 1]
    return tuple(ends), tuple(held)


def within_ends(
    values: npt.NDArray[np.float64], least: int, people: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.float64]:
    """Move numbers beyond the ends that may be told to those ends, so that no bin of them says how far one user goes.

    Args:
        values: (r,) known ones. least: users who must be at or beyond an end.
        people: (r,) whom each is about; None where each is about another.

    Returns:
        (r,) the same numbers, the outermost ones drawn in; all are the median where nobody can be told of.

    Example:
        >>> within_ends(np.array([1.0, 20.0, 30.0, 40.0, 99.0]), 2).tolist()
        [20.0, 20.0, 30.0, 40.0, 40.0]
    """
    if least <= 1 or not len(values):
        return values
    order = np.argsort(values, kind="stable")
    low, high = (_end(values[way], None if people is None else people[way], least) for way in (order, order[::-1]))
    if low is None or high is None or low > high:
        return np.full_like(values, np.median(values))
    return np.clip(values, low, high)


def coarse_mean(values: npt.NDArray[np.float64], least: int) -> float:
    """Give a mean in steps so wide that nobody's number can be had from it, were all others' known.

    Half a step times the users is at least the span of the numbers that may be told, so that what is known of the sum
    leaves one number anywhere in it.

    Args:
        values: (n,) of users, at least one. least: 1 for the mean as it is.

    Example:
        >>> coarse_mean(np.arange(20.0, 60.0), 5), coarse_mean(np.arange(20.0, 60.0), 1)
        (40.0, 39.5)
    """
    mean = float(values.mean())
    span = np.ptp(within_ends(values, least))
    if least <= 1 or span == 0:
        return mean
    asked = 2 * span / len(values)
    power = 10.0 ** np.floor(np.log10(asked))
    step = next(its * power for its in (1.0, 2.0, 5.0, 10.0) if its * power >= asked * (1 - 1e-12))
    return float(round(round(mean / step) * step, max(0, 1 - int(np.floor(np.log10(step))))))


def _end(ordered: npt.NDArray[np.float64], people: npt.NDArray[np.int64] | None, least: int) -> float | None:
    """Give the first number by which so many users have been met; None where they are fewer."""
    if people is None:
        return float(ordered[least - 1]) if len(ordered) >= least else None
    first = np.sort(np.unique(people, return_index=True)[1])
    return float(ordered[first[least - 1]]) if len(first) >= least else None


def rounded(count: int, base: int) -> int:
    """Round a count of users to a multiple, so that a share made of such counts gives no small one back.

    What is told as 0 may be nobody, and what is told as ``base`` may be as many users as may be told of.

    Source:
        Hundepool et al. 2012, "Statistical Disclosure Control", section 5.4 (rounding to a base).

    Example:
        >>> [rounded(count, 5) for count in (0, 2, 3, 7, 8)]
        [0, 0, 5, 5, 10]
    """
    return (count + base // 2) // base * base
