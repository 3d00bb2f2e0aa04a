"""Segment lift: does knowing a user's segment help to rank what the user takes up next.

The protocol (design, "Does it pay?"): a share of every user's events is held out at random; embedding *and* clustering
are refitted on the rest; items are ranked for each user by their popularity within the user's segment, and by their
popularity among all. Popularity counts positive events; a segment's rate is shrunk to the global one. The ranking runs
over the full catalogue without the items seen in training. Users without held-out positives are skipped. Lift is the
ratio of the two mean NDCG@10, its interval is paired over users.

Source:
    Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques"; ratio of paired means:
    Cochran (1977), "Sampling Techniques", equation 6.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie._kernels import ranking
from coterie._kernels.ranking import Rankings, Taken
from coterie.clustering.contract import Labels
from coterie.selection.types import Interval, LiftResult
from coterie.terms import NOISE

CUTOFF = 10
DEPTH = 1_024  # first items of a ranking that are sorted: enough for all but users who have seen as many of them
AT_ONCE = 4_000_000  # uniforms
Z_95 = 1.959963984540054
GAINS = 1.0 / np.log2(np.arange(CUTOFF) + 2.0)
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distinct (user, item) pairs in canonical order: by user, then by item.

    Args:
        users: (p,) row of the user in the entity index. items: (p,) column of the item in the catalogue.
        positive: (p,) whether the user liked it.
        n_users, n_items: sizes of index and catalogue.
    """

    users: Codes
    items: Codes
    positive: npt.NDArray[np.bool_]
    n_users: int
    n_items: int

    def take(self, rows: Mask) -> Pairs:
        """Give some of the pairs."""
        return Pairs(self.users[rows], self.items[rows], self.positive[rows], self.n_users, self.n_items)

    @property
    def taken(self) -> Taken:
        """The pairs in compressed rows, as kernels read them."""
        starts = np.searchsorted(self.users, np.arange(self.n_users + 1, dtype=self.users.dtype))
        return Taken(starts, self.items.astype(np.int32, copy=False), self.n_items)


def hold_out(users: Codes, share: float, rng: np.random.Generator) -> Mask:
    """Choose each user's share of pairs to hold out, at random.

    Args:
        users: (p,) sorted number of the user of each pair, the pairs in canonical order.
        share: in (0, 1); a user with n pairs loses the whole part of share * n + u with one u in [0, 1) a user, so that
            the share holds on average also for users of few pairs; one pair always stays.

    Returns:
        (p,) whether the pair is held out.
    """
    counts = np.bincount(users)
    quota = np.minimum(np.floor(share * counts + rng.random(len(counts))).astype(np.int64), np.maximum(counts - 1, 0))
    starts = np.concatenate([[0], np.cumsum(counts)])
    held, first = np.empty(len(users), np.bool_), 0
    while first < len(counts):  # some users at a time: the uniforms of all pairs would take more room than the pairs
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + AT_ONCE, "right")) - 1)
        here = slice(starts[first], starts[last])
        uniforms = rng.random(here.stop - here.start)
        held[here] = ranking.hold_out(uniforms, starts[first : last + 1] - here.start, quota[first:last])
        first = last
    return held


def ndcg_by_user(pairs: Pairs, held: Mask, labelings: Sequence[Labels], pseudo_users: float) -> Floats:
    """Give each user's NDCG@10 on held-out positives, ranked by popularity in the own cluster of each labelling.

    The ranking runs over the full catalogue without the items that the user has seen, which are those not held out. A
    cluster's rate for an item is (positives in the cluster + pseudo_users * global rate) / (users + pseudo_users); ties
    go by the smallest column. Noise is ranked for by popularity among all.

    Args:
        pairs: in canonical order. held: (p,) which of them are held out. labelings: (n,) each.

    Returns:
        (labelings + 1, n) in [0, 1], the last row by popularity among all; NaN for users without held-out positives.
    """
    taken, liked = pairs.taken, held & pairs.positive
    rows = _rows_of(labelings, pairs.n_users)
    rates = _rates(taken, pairs.positive & ~held, rows, pseudo_users)
    kinds = held.view(np.uint8) + liked.view(np.uint8)  # SEEN, HELD or LIKED
    n_liked = np.bincount(pairs.users[liked], minlength=pairs.n_users)
    found = np.full(rows.shape, np.nan)
    users, depth = np.flatnonzero(n_liked), min(DEPTH, pairs.n_items)
    while len(users):
        ranking.add_gains(taken, kinds, users, _ranked(rates, rows, users, depth), found)
        users = users[(found[:, users] < 0).any(axis=0)]  # a ranking's first items were too few for them
        depth = min(8 * depth, pairs.n_items)
    ideal = np.concatenate([[np.nan], np.cumsum(GAINS)])
    ndcg: Floats = found / ideal[np.minimum(n_liked, CUTOFF)]
    return ndcg


def _rows_of(labelings: Sequence[Labels], n_users: int) -> npt.NDArray[np.int32]:
    """Number the clusters of all labellings, (labelings + 1, n); the last number is everybody's, and noise's."""
    sizes = [int(labels.max(initial=NOISE)) + 1 for labels in labelings]
    ends = np.cumsum([0, *sizes])
    rows = np.full((len(labelings) + 1, n_users), ends[-1], np.int32)
    for row, labels, first in zip(rows, labelings, ends, strict=False):
        row[labels != NOISE] = labels[labels != NOISE] + first
    return rows


def _rates(taken: Taken, counted: Mask, rows: npt.NDArray[np.int32], pseudo_users: float) -> Floats:
    """Give the (r, m) rate of each item in each row of ``_rows_of``."""
    everybody = int(rows[-1, 0])
    own = rows.copy()
    own[:-1][rows[:-1] == everybody] = NOISE
    counts = ranking.popularity(taken, counted, own, everybody + 1)
    sizes = np.bincount(own[own != NOISE], minlength=everybody + 1)[:, None]
    overall = counts[-1] / rows.shape[1]
    rates: Floats = (counts + pseudo_users * overall) / (sizes + pseudo_users)
    rates[-1] = overall
    return rates


def _ranked(rates: Floats, rows: npt.NDArray[np.int32], users: Codes, depth: int) -> Rankings:
    """Rank the first items by each row of rates that some users need; ties go by the smallest column."""
    needed = np.unique(rows[:, users])
    number = np.zeros(len(rates), np.int32)
    number[needed] = np.arange(len(needed))
    return Rankings(np.stack([_first(rates[row], depth) for row in needed]), number[rows], GAINS)


def _first(rates: Floats, depth: int) -> npt.NDArray[np.int32]:
    least = np.partition(rates, len(rates) - depth)[len(rates) - depth]
    found = np.flatnonzero(rates >= least)
    order = np.argsort(-rates[found], kind="stable")[:depth]
    return found[order].astype(np.int32)


def ratio(numerator: Floats, denominator: Floats) -> tuple[Interval, float]:
    """Give the ratio of two paired means with its 95 % interval and standard error.

    Args:
        numerator, denominator: (u,) of the same users.

    Returns:
        NaN throughout where there are fewer than two users or the denominator is zero.
    """
    if len(numerator) < 2 or denominator.mean() == 0:
        return Interval(np.nan, np.nan, np.nan), np.nan
    value = float(numerator.mean() / denominator.mean())
    residual = numerator - value * denominator
    error = float(np.sqrt(residual.var(ddof=1) / len(residual)) / denominator.mean())
    return Interval(value, value - Z_95 * error, value + Z_95 * error), error


def lift_of(by_segment: Floats, by_all: Floats, final_labels: Labels) -> LiftResult:
    """Sum up NDCG@10 per split and user.

    Args:
        by_segment, by_all: (splits, n) NDCG@10 of the two rankings; NaN where a user was not evaluated.
        final_labels: (n,) labels of the fit on all data, for the lift within each segment.
    """
    evaluated = ~np.isnan(by_all).all(axis=0)
    count = np.maximum((~np.isnan(by_all)).sum(axis=0), 1)
    segment, overall = np.nansum(by_segment, axis=0) / count, np.nansum(by_all, axis=0) / count
    lift, error = ratio(segment[evaluated], overall[evaluated])
    inside = [evaluated & (final_labels == label) for label in range(int(final_labels.max()) + 1)]
    return LiftResult(
        lift,
        error,
        float(segment[evaluated].mean()) if evaluated.any() else np.nan,
        float(overall[evaluated].mean()) if evaluated.any() else np.nan,
        int(evaluated.sum()),
        tuple(ratio(segment[rows], overall[rows])[0] for rows in inside),
    )
