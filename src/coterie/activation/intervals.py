"""Shares and means with their 95 % intervals."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from coterie.segments.statistics import Z95
from coterie.selection.types import Interval

Floats = npt.NDArray[np.float64]


def wilson(hits: float, n: int) -> Interval:
    """Give a share and its interval, which stays within 0 and 1; NaN of nobody.

    Source:
        Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    if not n:
        return Interval(math.nan, math.nan, math.nan)
    share, square = hits / n, Z95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return Interval(share, max(centre - half, 0.0), min(centre + half, 1.0))


def share_of(held: npt.NDArray[np.bool_]) -> Interval:
    """Give the share of (n,) with Wilson's interval."""
    return wilson(float(held.sum()), len(held))


def mean_of(values: Floats) -> Interval:
    """Give the mean of (n,) values and its interval, which one value alone does not have; NaN of none."""
    if len(values) < 2:
        return Interval(float(values.mean()) if len(values) else math.nan, math.nan, math.nan)
    mean, half = float(values.mean()), Z95 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)
