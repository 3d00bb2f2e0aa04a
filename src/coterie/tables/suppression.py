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
