"""Items that the same users like: a matrix of users and items in, edges out, block by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.activation.graphs.chance import ALPHA, activity_null, false_discovery, rounded_up, tail_of_both
from coterie.activation.graphs.types import Floats, Found, Ints, Links
from coterie.parallel import single_libraries

MOST_ITEMS: Final = 20_000  # compared with one another; of more, those that most users took
MOST_EDGES: Final = 2_000_000  # kept, the surest first
_CELLS: Final = 8_000_000  # of a block's dense products: 64 MiB
Columns = tuple[Ints, Ints, Floats, Floats, Floats]  # start, end, users, expected, p


def co_likes(
    taken: sp.csr_array,
    ids: npt.NDArray[np.str_],
    *,
    min_users: int,
    min_cell: int,
    all_edges: bool = False,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Found:
    """Link items by the users who took both, where these are more than users' activity and items' popularity give.

    Args:
        taken: (n, m) binary CSR. ids: (m,) sorted. min_users: of an item that is compared at all.
        min_cell: users that an edge needs at least. all_edges: keep those too that chance explains.
        step: told how many blocks of how many are done.

    Returns:
        Users, and users of an edge, in multiples of ``min_cell``. Memory is that of ``MOST_EDGES`` edges and a block.
    """
    popularity = np.bincount(taken.indices, minlength=taken.shape[1])
    enough = np.flatnonzero(popularity >= min_users)
    kept = np.sort(enough[np.lexsort((enough, -popularity[enough]))[:MOST_ITEMS]])
    left_out = _left_out(taken.shape[1], len(enough), len(kept), min_users)
    n_tested = len(kept) * (len(kept) - 1) // 2
    with single_libraries():
        found, n_enough = _in_blocks(taken, kept, min_cell, 1.0 if all_edges else ALPHA, step)
    start, end, users, expected, p = found
    q = false_discovery(p, n_tested)
    if n_enough > len(p) == MOST_EDGES:
        left_out += (f"edges beyond the {MOST_EDGES:,} surest",)
    over = q <= ALPHA
    chosen = np.ones(len(q), np.bool_) if all_edges else over
    told = (users // min_cell * min_cell).astype(np.int64)
    links = Links(start, end, told.astype(np.float64), told, expected, rounded_up(q)).take(chosen)
    links = links.take(np.lexsort((links.end, links.start)))
    told_of = (popularity[kept] // min_cell * min_cell).astype(np.int64)
    return Found(tuple(ids[kept].tolist()), told_of, links, n_tested, int(over.sum()), n_enough, left_out)


def _left_out(n: int, n_enough: int, n_kept: int, min_users: int) -> tuple[str, ...]:
    told = []
    if n > n_enough:
        told.append(f"{n - n_enough:,} of {n:,} items, of fewer than {min_users} users")
    if n_enough > n_kept:
        told.append(f"{n_enough - n_kept:,} items that fewer users took than the {n_kept:,} compared")
    return tuple(told)


def _in_blocks(
    taken: sp.csr_array, kept: Ints, min_cell: int, most_p: float, step: Callable[[int, int], None]
) -> tuple[Columns, int]:
    null = activity_null(taken, kept)
    some = sp.csr_array(taken[:, kept].astype(np.float64))
    some.data[:] = 1.0
    turned = sp.csr_array(some.T)
    rows_at_once = max(1, _CELLS // max(len(kept), 1))
    starts = range(0, len(kept), rows_at_once)
    parts: list[Columns] = []
    n_enough = 0
    for done, first in enumerate(starts):
        rows = np.arange(first, min(first + rows_at_once, len(kept)))
        both = sp.coo_array(turned[rows] @ some)
        at, end, users = both.coords[0], both.coords[1].astype(np.int64), both.data
        wanted = (end > at + first) & (users >= min_cell)
        at, end, users = at[wanted], end[wanted], users[wanted]
        n_enough += len(users)
        means, squares = (moment[at, end] for moment in null.moments(rows))
        p = tail_of_both(users, means, squares)
        sure = p <= most_p
        parts.append((rows[at][sure], end[sure], users[sure], means[sure], p[sure]))
        if sum(len(part[0]) for part in parts) > 2 * MOST_EDGES:
            parts = [_surest(parts)]
        step(done + 1, len(starts))
    return _surest(parts), n_enough


def _surest(parts: list[Columns]) -> Columns:
    if not parts:
        none = np.empty(0)
        return none.astype(np.int64), none.astype(np.int64), none, none, none
    start, end, users, expected, p = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((end, start, p))[:MOST_EDGES]
    return start[order], end[order], users[order], expected[order], p[order]
