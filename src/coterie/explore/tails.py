"""How unevenly events are spread: the long tail of items and of users."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.explore.types import LongTail, LorenzPoint, RankPoint
from coterie.tables.census import gini

MOST_POINTS: Final = 101


def long_tail(counts: npt.NDArray[np.int64], least: int = 1) -> LongTail | None:
    """Say how unevenly events are spread; None where there is no event, or of fewer users than may be told of.

    Args:
        counts: (n,) events of each item, or user; those without any are left out.
        least: users that a point of a curve must be of, so that nobody is told how much one user does; 1 of items.
    """
    ordered = np.sort(counts[counts > 0])
    n = len(ordered)
    if n < least or n == 0:
        return None
    held = np.concatenate([[0], np.cumsum(ordered)])
    total = int(held[-1])
    at = np.unique(np.round(np.linspace(0, n, min(n // least + 1, MOST_POINTS))).astype(np.int64))
    ends = least, max(n - least + 1, least)
    ranks = np.unique(np.round(np.geomspace(*ends, MOST_POINTS) / least).astype(np.int64) * least)
    ranks = ranks[ranks <= n]
    from_top = np.cumsum(ordered[::-1])
    tenth = max(1, round(n / 10))
    return LongTail(
        n=n,
        gini=gini(ordered),
        lorenz=tuple(LorenzPoint(int(place) / n, int(held[place]) / total) for place in at),
        ranked=tuple(RankPoint(int(rank), int(ordered[n - rank])) for rank in ranks),
        half=int(np.searchsorted(from_top, total / 2)) + 1,
        top_tenth=int(from_top[tenth - 1]) / total if tenth >= least else None,
    )
