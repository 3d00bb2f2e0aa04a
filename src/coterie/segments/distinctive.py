"""Distinctive items: what a segment takes up out of proportion, with what is known badly drawn towards the average."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie.segments.marks import Family
from coterie.segments.statistics import RatioSums
from coterie.segments.types import DistinctItem

Floats = npt.NDArray[np.float64]
LEAST_INDEX = 120.0  # shrunk, from which an item is worth being called distinctive
MOST = 10


def shrunk_index(seen: Floats, expected: Floats) -> Floats:
    """Give 100 * seen / expected, each drawn towards the mean of all by as much as chance explains their differences.

    The ratio of an item with the expectation E has chance variance m / E around the mean m; what the ratios differ by
    beyond that is A, by moments. An item keeps A / (A + m / E) of its own ratio: (seen + b m) / (E + b) with b = m / A,
    so b is a number of pseudo-events. An item that three users expected by nobody take up hardly moves.

    Args:
        seen, expected: (m,) events of a segment with each item, and how many there would be at the share of all.

    Source:
        Clayton & Kaldor 1987, "Empirical Bayes estimates of age-standardized relative risks for use in disease
        mapping"; by moments as in Marshall 1991, "Mapping disease and mortality rates using empirical Bayes
        estimators", equations 3 to 5.
    """
    total = float(expected.sum())
    if not total:
        return np.full(seen.shape, 100.0)
    mean = float(seen.sum()) / total
    ratio = np.divide(seen, expected, out=np.full(seen.shape, mean), where=expected > 0)
    beyond = float((expected * (ratio - mean) ** 2).sum()) / total - mean * len(seen) / total
    if beyond <= 0:
        return np.full(seen.shape, 100 * mean)
    pseudo = mean / beyond
    shrunk: Floats = 100 * (seen + pseudo * mean) / (expected + pseudo)
    return shrunk


def distinctive(family: Family, label: int) -> tuple[DistinctItem, ...]:
    """Give the items of the highest shrunk index among those whose figures may be shown.

    Args:
        family: comparisons of items.
    """
    assert isinstance(family.inside, RatioSums)
    if not family.labels:
        return ()
    compared = family.compared
    expected = compared.overall[label] * family.inside.n[label]
    shrunk = shrunk_index(family.inside.y[label], expected)
    shown = ~family.hidden[label] & (family.n[label] > 0) & (shrunk >= LEAST_INDEX)
    order = sorted(np.flatnonzero(shown).tolist(), key=lambda at: (-shrunk[at], family.labels[at], at))
    return tuple(
        DistinctItem(family.labels[at], int(family.n[label, at]), float(compared.index[label, at]), float(shrunk[at]))
        for at in order[:MOST]
    )
