"""From scores to the first items of each user; nothing in it depends on who else is asked about."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.activation.recommending.contract import FittedRecommender, Singles
from coterie.activation.recommending.tastes import Mask, Tastes

Codes = npt.NDArray[np.int64]
NO_ITEM: Final = -1


def standing(tastes: Tastes) -> Codes:
    """Give (m,) the place of each item by how many users took it up, by which level scores are told apart."""
    counts = np.bincount(tastes.cells.indices, minlength=tastes.n_items)
    place = np.empty(tastes.n_items, np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(tastes.n_items)
    return place


def left(scores: Singles, seen: Tastes | None, available: Mask | None) -> Singles:
    """Give the scores with minus infinity for what is not to be recommended.

    Args:
        scores: (n, m). seen: of the n users, whose items are left out; None leaves none out. available: (m,).
    """
    found = scores.copy()
    if seen is not None:
        found[seen.users, seen.cells.indices] = -np.inf
    if available is not None:
        found[:, ~available] = -np.inf
    return found


def first(scores: Singles, count: int, place: Codes) -> Codes:
    """Give the numbers of the items of the highest scores.

    Args:
        scores: (n, m), minus infinity for what is never given. count: of items, >= 1. place: (m,) by which level ones
            are told apart, the least first.

    Returns:
        (n, count), ``NO_ITEM`` where there are no more.
    """
    n, m = scores.shape
    count_in = min(count, m)
    least = np.partition(scores, m - count_in, axis=1)[:, m - count_in]
    rows, items = np.nonzero((scores >= least[:, None]) & np.isfinite(scores))
    order = np.lexsort((place[items], -scores[rows, items], rows))
    rows, items = rows[order], items[order]
    at = np.arange(len(rows)) - np.searchsorted(rows, np.arange(n))[rows]
    found = np.full((n, count), NO_ITEM, np.int64)
    kept = at < count
    found[rows[kept], at[kept]] = items[kept]
    return found


def top(
    fitted: FittedRecommender,
    tastes: Tastes,
    count: int,
    place: Codes,
    *,
    available: Mask | None = None,
    with_seen: bool = False,
) -> tuple[Codes, Singles]:
    """Recommend to n users whose scores fit into memory.

    Returns:
        (n, count) items, ``NO_ITEM`` where there are no more, and their scores, NaN there.
    """
    scores = left(fitted.scores(tastes), None if with_seen else tastes, available)
    items = first(scores, count, place)
    own = np.take_along_axis(scores, np.maximum(items, 0), axis=1)
    return items, np.where(items == NO_ITEM, np.nan, own).astype(np.float32)
