"""Kernels of lift: who holds out what, what is popular among whom, and how well a ranking serves each user.

In come pairs of user and item in compressed rows; nothing of size users x items is made.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from coterie._kernels.library import call, dense
from coterie.parallel import kernel_threads

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
SEEN, HELD, LIKED = 0, 1, 2  # kinds of pairs: known to who ranks, held out, held out and liked


def hold_out(uniforms: Floats, starts: npt.NDArray[np.int64], quota: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Take of each of n users the pairs of the least uniforms; of equal ones the first.

    Args:
        uniforms: (p,). starts: (n + 1,) where each user's pairs begin, the last p. quota: (n,) how many of them.

    Returns:
        (p,) whether it is taken.
    """
    uniforms = dense(uniforms, np.float64, (None,), "uniforms")
    starts = _starts(starts, len(uniforms))
    quota = dense(quota, np.int64, (len(starts) - 1,), "quota")
    if (quota < 0).any() or (quota > np.diff(starts)).any():
        raise ValueError("a user has fewer pairs than are to be held out")
    held = np.empty(len(uniforms), np.bool_)
    call("coterie_hold_out", uniforms, starts, quota, len(quota), kernel_threads(), held)
    return held


class Taken(NamedTuple):
    """What n users took up of m items.

    Args:
        starts: (n + 1,) where each user's pairs begin. items: (p,) in 0..m-1, distinct for a user. n_items: m.
    """

    starts: npt.NDArray[np.int64]
    items: Codes
    n_items: int


def popularity(taken: Taken, counted: npt.NDArray[np.bool_], rows: Codes, n_rows: int) -> Codes:
    """Count how many users of each row took up each item.

    Args:
        counted: (p,) pairs that count. rows: (t, n) the row that a user belongs to in each labelling, or -1. n_rows: r.

    Returns:
        (r, m).
    """
    starts, items = _taken(taken)
    rows = _rows(rows, len(starts) - 1, n_rows, lowest=-1)
    counts = np.empty((n_rows, taken.n_items), np.int32)
    counted = dense(counted, np.bool_, (len(items),), "counted")
    call(
        "coterie_popularity",
        *(starts, items, counted, rows.shape[1], rows, len(rows), n_rows, taken.n_items, kernel_threads(), counts),
    )
    return counts


class Rankings(NamedTuple):
    """Items ranked in r ways, and who has which.

    Args:
        orders: (r, q) the first q items of each ranking. rows: (t, n) which ranking a user has in each labelling.
        gains: (c,) of a liked item in each of the first places among the items that a user has not seen.
    """

    orders: Codes
    rows: Codes
    gains: Floats


def add_gains(
    taken: Taken, kinds: npt.NDArray[np.uint8], users: npt.NDArray[np.int64], ranked: Rankings, out: Floats
) -> None:
    """Add up what liked items gain some users in the first places of their rankings.

    Args:
        kinds: (p,) of the pairs: ``SEEN``, ``HELD`` or ``LIKED``. users: (w,) whom to look at.
        out: (t, n) written to where those users are: their sum of gains; -1 where the q items of a ranking are too few
            to tell.
    """
    starts, items = _taken(taken)
    n, m = len(starts) - 1, taken.n_items
    orders = dense(ranked.orders, np.int32, (None, None), "orders")
    rows = _rows(ranked.rows, n, len(orders), lowest=0)
    users = dense(users, np.int64, (None,), "users")
    _check_range(orders, m, "orders")
    _check_range(users, n, "users")
    if out.shape != rows.shape or out.dtype != np.float64 or not out.flags.c_contiguous or orders.shape[1] > m:
        raise ValueError(f"gains of {rows.shape} cannot be written to {out.shape}")
    kinds = dense(kinds, np.uint8, (len(items),), "kinds")
    gains = dense(ranked.gains, np.float64, (None,), "gains")
    call(
        "coterie_gains",
        *(starts, items, kinds, n, m, users, len(users), orders, orders.shape[1], rows, len(rows)),
        *(gains, len(gains), kernel_threads(), out),
    )


def _taken(taken: Taken) -> tuple[npt.NDArray[np.int64], Codes]:
    items = dense(taken.items, np.int32, (None,), "items")
    _check_range(items, taken.n_items, "items")
    return _starts(taken.starts, len(items)), items


def _starts(starts: npt.NDArray[np.int64], n_pairs: int) -> npt.NDArray[np.int64]:
    starts = dense(starts, np.int64, (None,), "starts")
    if not len(starts) or starts[0] != 0 or starts[-1] != n_pairs or (np.diff(starts) < 0).any():
        raise ValueError(f"starts do not deal out {n_pairs} pairs")
    return starts


def _rows(rows: Codes, n: int, n_rows: int, *, lowest: int) -> Codes:
    rows = dense(rows, np.int32, (None, n), "rows")
    _check_range(rows, n_rows, "rows", lowest)
    return rows


def _check_range(numbers: npt.NDArray[np.integer], end: int, name: str, lowest: int = 0) -> None:
    """Refuse numbers that would be read or written beside an array."""
    if numbers.size and (int(numbers.min()) < lowest or int(numbers.max()) >= end):
        raise ValueError(f"{name} go from {numbers.min()} to {numbers.max()}; expected {lowest} to {end - 1}")
