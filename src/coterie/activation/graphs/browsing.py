"""Pages that lead to pages: steps in, edges with a direction out, against chance within each session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.activation.graphs.chance import ALPHA, false_discovery, rounded_up, tail_of_count
from coterie.activation.graphs.types import Floats, Found, Ints, Links

MOST_PAGES: Final = 20_000
_STEPS_AT_ONCE: Final = 2_000_000  # cells of a block's sparse product, about


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """(e,) steps from one page to another.

    Args:
        pages: (m,) sorted names. start, end: (e,) places among them.
        session, user: (e,) numbers from 0; within a session any order is as likely as another.
        n_unordered: steps that are not among them, since events of one time come in no order.
    """

    pages: npt.NDArray[np.str_]
    start: Ints
    end: Ints
    session: Ints
    user: Ints
    n_unordered: int = 0


def transitions(steps: Steps, *, min_users: int, min_cell: int, all_edges: bool = False) -> Found:
    """Link pages by the steps between them, where these are more than the sessions' own pages give in any order.

    Within a session of T steps the chance of a step from a to b is that of leaving a times that of coming to b, of all
    pairs of two pages; expected steps are added up over sessions. So a session of two pages says nothing, and a user
    who steps much counts for no more than their own sessions explain.

    Args:
        min_users: of a page. min_cell: users that an edge needs at least. all_edges: those too that chance explains.

    Returns:
        Weights are steps. Steps from a page to itself are none.
    """
    moved = steps.start != steps.end
    left_out: tuple[str, ...] = (f"{int((~moved).sum()):,} steps from a page to itself",) if not moved.all() else ()
    if steps.n_unordered:
        left_out += (f"{steps.n_unordered:,} steps from or to events of one time, which come in no order",)
    start, end, session, user = (column[moved] for column in (steps.start, steps.end, steps.session, steps.user))
    m = len(steps.pages)
    popularity = _users_of(np.concatenate([start, end]), np.concatenate([user, user]), m)
    enough = np.flatnonzero(popularity >= min_users)
    kept = np.sort(enough[np.lexsort((enough, -popularity[enough]))[:MOST_PAGES]])
    n_seen = int((popularity > 0).sum())
    if n_seen > len(kept):
        left_out += (f"{n_seen - len(kept):,} of {n_seen:,} pages, of fewer than {min_users} users",)
    place = np.full(m, -1, np.int64)
    place[kept] = np.arange(len(kept))
    pairs, users, count = _counted(place[start], place[end], user, len(kept))
    expected = _expected(start, end, session, place=place, pairs=pairs, shape=(m, len(kept)))
    told = users >= min_cell
    pairs, users, count, expected = pairs[told], users[told], count[told], expected[told]
    n_tested = len(kept) * max(len(kept) - 1, 0)
    q = false_discovery(tail_of_count(count, np.maximum(expected, 1e-12)), n_tested)
    over = q <= ALPHA
    rounded = users // min_cell * min_cell
    links = Links(pairs // max(len(kept), 1), pairs % max(len(kept), 1), count, rounded, expected, rounded_up(q))
    links = links if all_edges else links.take(over)
    told_of = popularity[kept] // min_cell * min_cell
    ids = tuple(steps.pages[kept].tolist())
    return Found(ids, told_of, links, n_tested, int(over.sum()), len(count), left_out)


def _users_of(page: Ints, user: Ints, m: int) -> Ints:
    pairs = np.unique(page * (int(user.max(initial=0)) + 1) + user)
    return np.bincount(pairs // (int(user.max(initial=0)) + 1), minlength=m).astype(np.int64)


def _counted(start: Ints, end: Ints, user: Ints, n: int) -> tuple[Ints, Ints, Floats]:
    """Give pairs of pages that are kept, sorted, with their users and their steps."""
    known = (start >= 0) & (end >= 0)
    pair = start[known] * n + end[known]
    pairs, at, count = np.unique(pair, return_inverse=True, return_counts=True)
    return pairs, _users_of(at.astype(np.int64), user[known], len(pairs)), count.astype(np.float64)


def _expected(start: Ints, end: Ints, session: Ints, *, place: Ints, pairs: Ints, shape: tuple[int, int]) -> Floats:
    """Give the steps expected of each pair: sum over sessions of T o_a i_b / (T^2 - sum_c o_c i_c)."""
    m, n = shape
    n_sessions = int(session.max(initial=-1)) + 1
    ones = np.ones(len(session))
    leaves, comes = (sp.csr_array((ones, (session, page)), shape=(n_sessions, m)) for page in (start, end))
    total = np.bincount(session, minlength=n_sessions).astype(np.float64)
    apart = total**2 - np.asarray(leaves.multiply(comes).sum(axis=1)).ravel()
    scale = np.divide(total, apart, out=np.zeros(n_sessions), where=apart > 0)
    kept = np.flatnonzero(place >= 0)
    turned = sp.csr_array((leaves[:, kept].multiply(scale[:, None])).T)
    comes = sp.csr_array(comes[:, kept])
    found = np.zeros(len(pairs))
    at_once = max(1, _STEPS_AT_ONCE // max(n, 1))
    for first in range(0, n, at_once):
        begin, stop = np.searchsorted(pairs, [first * n, min(first + at_once, n) * n])
        if begin < stop:
            block = (turned[first : first + at_once] @ comes).toarray()
            found[begin:stop] = block[pairs[begin:stop] // n - first, pairs[begin:stop] % n]
    return found
