"""How far a distribution has moved: the population stability index and the Jensen-Shannon divergence.

Counts by bin of two populations go in; how far apart they are comes out, beside what chance alone would give so few.
Half a user is added to every bin, so that an empty one gives a large number and not an infinite one.

Source:
    Lewis (1994), "An Introduction to Credit Scoring", and Siddiqi (2006), "Credit Risk Scorecards", for the index and
    its thresholds .10 and .25; Lin (1991), "Divergence measures based on the Shannon entropy"; Yurdakul & Naranjo
    (2020), "Statistical properties of the population stability index": without drift it is (1/n + 1/m) times a
    chi-squared variable with one degree of freedom fewer than there are bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Level = Literal["none", "within chance", "moderate", "major"]
Kind = Literal["basis", "descriptor", "activity", "confidence", "mix"]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MODERATE, MAJOR = 0.10, 0.25  # of the index
# For small moves the divergence, in bits, is the index over 8 ln 2 (both are quadratic forms of the same differences).
BITS: Final = 1 / (8 * math.log(2))
MODERATE_BITS, MAJOR_BITS = MODERATE * BITS, MAJOR * BITS
HALF: Final = 0.5  # of a user, in every bin
MOST_BINS: Final = 10
LEAST_PER_BIN: Final = 5  # users, where bins are cut
MOST_BINS_OF_CELLS: Final = 4  # of the cells that are not zero, in a column that mostly is
SURE: Final = 0.05  # how often chance alone passes the line that it is held against, over all columns of one kind


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one column has moved.

    Args:
        name: of the column. kind: what it is a column of. bins: that its values were put into.
        n_before, n_after: users (of values: events).
        psi: population stability index, from 0 on; 0 is no move. js: Jensen-Shannon divergence in bits, in [0, 1].
        chance: what the index would be on average without drift. limit: what it would pass too seldom to be chance.
        level: the lower one of what both measures say, or "within chance".
        before, after: means, or shares of users who have it; None where too few have it to tell.
        label: for people, where the name is an id: the title of an item.
    """

    name: str
    kind: Kind
    bins: int
    n_before: int
    n_after: int
    psi: float
    js: float
    chance: float
    limit: float
    level: Level
    before: float | None = None
    after: float | None = None
    label: str = ""

    @property
    def called(self) -> str:
        """What it is called for people."""
        return self.label or self.name

    @property
    def has_moved(self) -> bool:
        """Whether it is moderate or major."""
        return self.level in {"moderate", "major"}


def shares(counts: npt.ArrayLike) -> Floats:
    """Give (b,) counts as shares, with half a user more in every bin."""
    held = np.asarray(counts, np.float64) + HALF
    found: Floats = held / held.sum()
    return found


def psi(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """Give the population stability index of (b,) shares, the sum of (p - q) ln(p / q); both add to 1, none is 0.

    Example:
        >>> round(psi([0.5, 0.5], [0.75, 0.25]), 4)
        0.2747
    """
    p, q = np.asarray(before, np.float64), np.asarray(after, np.float64)
    return float(np.sum((p - q) * np.log(p / q)))


def jensen_shannon(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """Give the Jensen-Shannon divergence of (b,) shares in bits: 0 the same, 1 nothing in common. Shares may be 0.

    Example:
        >>> jensen_shannon([1, 0], [0, 1]), round(jensen_shannon([0.5, 0.5], [0.75, 0.25]), 4)
        (1.0, 0.0488)
    """
    p, q = np.asarray(before, np.float64), np.asarray(after, np.float64)
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(one > 0, one * np.log2(one / middle), 0.0).sum() for one in (p, q)]
    return float(min(max(sum(terms) / 2, 0.0), 1.0))


def by_chance(bins: int, n: int, m: int) -> float:
    """Give what the index is on average without drift: (bins - 1)(1/n + 1/m)."""
    return (bins - 1) * (1 / max(n, 1) + 1 / max(m, 1))


def chance_limit(bins: int, n: int, m: int, times: int = 1) -> float:
    """Give what the index passes by chance in one of twenty comparisons of ``times`` columns each."""
    from scipy.stats import chi2  # noqa: PLC0415  # takes a second to load

    return float(chi2.isf(SURE / max(times, 1), max(bins - 1, 1))) * (1 / max(n, 1) + 1 / max(m, 1))


def measured(
    name: str,
    kind: Kind,
    counts: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    times: int = 1,
    means: tuple[float | None, float | None] = (None, None),
) -> Drift:
    """Measure how far a column has moved.

    Args:
        counts: (b,) users by bin, before and after. times: columns that are looked at together.
        means: before and after.
    """
    was, now = (np.asarray(one, np.float64) for one in counts)
    bins = len(was)
    n, m = int(was.sum()), int(now.sum())
    p, q = shares(was), shares(now)
    found, bits = psi(p, q), jensen_shannon(p, q)
    limit = chance_limit(bins, n, m, times)
    return Drift(
        name, kind, bins, n, m, found, bits, by_chance(bins, n, m), limit, level_of(found, bits, limit), *means
    )


def level_of(index: float, bits: float, limit: float) -> Level:
    """Name what both measures say; where they differ, the lower, so that one almost empty bin does not decide."""
    steps: tuple[Level, ...] = ("none", "moderate", "major")
    by_index = (index >= MODERATE) + (index >= MAJOR)
    by_bits = (bits >= MODERATE_BITS) + (bits >= MAJOR_BITS)
    step = min(by_index, by_bits)
    return "within chance" if step and index <= limit else steps[step]


def cuts_of(values: npt.NDArray[Any], most: int = MOST_BINS) -> Floats:
    """Give the cuts between bins that hold about equally many of (n,) values, none fewer than a few; NaN are passed
    over. A value that many share gets a bin of its own.
    """
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    bins = min(most, len(known) // LEAST_PER_BIN)
    if bins < 2:
        return np.empty(0)
    cuts = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf"))
    # What lies at a cut goes below the next float, so that the shared value and those above it part.
    return np.unique(np.concatenate([cuts, np.nextafter(cuts, np.inf)])) if _is_tied(known, cuts) else cuts


def _is_tied(known: Floats, cuts: Floats) -> bool:
    at_cut = np.isin(known, cuts).sum()
    return bool(at_cut > len(known) / MOST_BINS)


def binned(values: npt.NDArray[Any], cuts: Floats) -> Counts:
    """Count (n,) values by bin, those that are missing in a last bin of their own: (len(cuts) + 2,)."""
    known = np.asarray(values, np.float64)
    missing = np.isnan(known)
    counts = np.bincount(np.digitize(known[~missing], cuts), minlength=len(cuts) + 1)
    return np.append(counts, missing.sum()).astype(np.int64)


def inhabited(before: Counts, after: Counts) -> tuple[Counts, Counts]:
    """Give counts by the bins that anybody is in, at least two."""
    kept = (before + after) > 0
    if kept.sum() < 2:
        kept[: 2 if len(kept) > 1 else 1] = True
    return before[kept], after[kept]
