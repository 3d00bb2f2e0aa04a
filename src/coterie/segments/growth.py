"""Whether a segment grows: its share of the events in the later half of the time, against that in the earlier half."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.features.aligning import placed
from coterie.segments.members import Members
from coterie.segments.statistics import Z95
from coterie.selection.types import Interval
from coterie.tables.coded import Coded

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Growth:
    """How a segment's part of what is going on has changed.

    Args:
        earlier, later: its share of the members' events in either half, in [0, 1].
        ratio: later over earlier, with its 95 % interval over users; above 1 it grows at the cost of the others.
    """

    earlier: float
    later: float
    ratio: Interval


def growth(events: Coded, members: Members, *, min_cell: int = 5) -> tuple[Growth | None, ...] | None:
    """Give the growth of every segment; noise counts among all.

    The halves are cut at the middle of the time between the first and the last event; where that leaves less than a
    tenth of the events on one side (a platform that took off late), at the median event.

    Args:
        events: of which those of the members with a time count.
        min_cell: nothing is said of a segment of whom fewer users are active in either half.

    Returns:
        One entry a segment; None where events have no time, or all of them the same.

    Source:
        Variance of the log ratio of two shares of the same users, linearised with users as clusters (Cochran 1977,
        "Sampling Techniques", chapter 6), as for the index of a share of events.
    """
    time = events.time
    if time is None:
        return None
    place = placed(np.arange(len(events.users), dtype=np.int32), events.users, members.ids)[events.user]
    counted = (place >= 0) & np.isfinite(time)
    times, place = np.asarray(time[counted], dtype=np.float64), place[counted]
    cut = _cut(times)
    if cut is None:
        return None
    is_late = times > cut
    n = len(members.ids)
    early, late = (np.bincount(place[half], minlength=n).astype(np.float64) for half in (~is_late, is_late))
    return tuple(_of(early, late, members.labels == label, min_cell) for label in range(members.n_segments))


def _cut(times: Floats) -> float | None:
    """Give the last moment of the earlier half."""
    if not len(times) or times.min() == times.max():
        return None
    middle = (float(times.min()) + float(times.max())) / 2
    later = float((times > middle).mean())
    if 0.1 <= later <= 0.9:
        return middle
    median = float(np.quantile(times, 0.5, method="lower"))
    return median if median < times.max() else float(times[times < times.max()].max())


def _of(early: Floats, late: Floats, own: npt.NDArray[np.bool_], min_cell: int) -> Growth | None:
    if any(np.count_nonzero(half[own]) < min_cell for half in (early, late)):
        return None
    shares = [float(half[own].sum() / half.sum()) for half in (early, late)]
    # Influence of a user on the log of each share: ([in segment] y / y of the segment) - y / y of all.
    parts = [np.where(own, half / half[own].sum(), 0.0) - half / half.sum() for half in (early, late)]
    n = int(np.count_nonzero((early + late) > 0))
    error = math.sqrt(float(((parts[1] - parts[0]) ** 2).sum()) * n / (n - 1)) if n > 1 else math.nan
    ratio = shares[1] / shares[0]
    return Growth(shares[0], shares[1], Interval(ratio, ratio * math.exp(-Z95 * error), ratio * math.exp(Z95 * error)))
