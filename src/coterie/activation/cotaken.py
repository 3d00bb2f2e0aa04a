"""Which items the same users take up: the cosine of their users, shrunk where few users are shared.

Source:
    Shrinkage by the number of users in common: Koren (2008), "Factorization meets the neighborhood", equation 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.tables.coded import Coded

SHRINKAGE: Final = 20.0  # users; as many as segment popularity is shrunk by
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CoTaken:
    """Items that are taken up with one, nearest first.

    Args:
        items: (r,) places among the events' items. similarity: (r,) in (0, 1]. both: (r,) users of both.
        users: (r,) users of each. n_own: users of the one. n_users: all.
    """

    items: Whole
    similarity: npt.NDArray[np.float64]
    both: Whole
    users: Whole
    n_own: int
    n_users: int

    @property
    def times_chance(self) -> npt.NDArray[np.float64]:
        """(r,) users of both over those that there would be by chance."""
        times: npt.NDArray[np.float64] = self.both * self.n_users / np.maximum(self.users * float(self.n_own), 1.0)
        return times


def co_taken(events: Coded, item: int, k: int, *, shrinkage: float = SHRINKAGE, min_cell: int = 1) -> CoTaken:
    """Find the k items that are most taken up by the users of one.

    The similarity of items i and j is n_ij / sqrt(n_i n_j) * n_ij / (n_ij + shrinkage).

    Args:
        events: of all users; each user and item counts once. item: its place. k: >= 1.
        shrinkage: users, >= 0. min_cell: items that fewer users have both of are left out.
    """
    first = events.is_first
    user, taken = events.user[first], events.item[first]
    n_items = len(events.items)
    counts = np.bincount(taken, minlength=n_items)
    of_item = np.zeros(len(events.users), np.bool_)
    of_item[user[taken == item]] = True
    both = np.bincount(taken[of_item[user]], minlength=n_items)
    both[item] = 0
    kept = np.flatnonzero(both >= max(min_cell, 1))
    n = both[kept].astype(np.float64)
    similarity = n / np.sqrt(counts[kept] * float(counts[item])) * (n / (n + shrinkage))
    order = np.lexsort((kept, -similarity))[:k]
    places = kept[order]
    return CoTaken(
        *(places.astype(np.int64), similarity[order], both[places].astype(np.int64), counts[places].astype(np.int64)),
        *(int(counts[item]), int((np.diff(events.indptr) > 0).sum())),
    )
