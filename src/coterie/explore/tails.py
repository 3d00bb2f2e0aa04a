"""How unevenly events are spread: the long tail of items and of users."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.explore.types import LongTail, LorenzPoint, RankPoint
from coterie.tables.census import gini

MOST_POINTS: Final = 101


def long_tail(counts: npt.NDArray[np.int64]) -> LongTail | None:
    """Say how unevenly events are spread; None where there is no event.

    Args:
        counts: (n,) events of each item, or user; those without any are left out.
    """
    ordered = np.sort(counts[counts > 0])
    n = len(ordered)
    if n == 0:
        return None
    held = np.concatenate([[0], np.cumsum(ordered)])
    total = int(held[-1])
    at = np.unique(np.round(np.linspace(0, n, min(n + 1, MOST_POINTS))).astype(np.int64))
    ranks = np.unique(np.round(np.geomspace(1, n, MOST_POINTS)).astype(np.int64))
    from_top = np.cumsum(ordered[::-1])
    tenth = max(1, round(n / 10))
    return LongTail(
        n=n,
        gini=gini(ordered),
        lorenz=tuple(LorenzPoint(int(place) / n, int(held[place]) / total) for place in at),
        ranked=tuple(RankPoint(int(rank), int(ordered[n - rank])) for rank in ranks),
        half=int(np.searchsorted(from_top, total / 2)) + 1,
        top_tenth=int(from_top[tenth - 1]) / total,
    )
