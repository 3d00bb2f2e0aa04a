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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Labels
from coterie.selection.types import Interval, LiftResult
from coterie.terms import NOISE

CUTOFF = 10
Z_95 = 1.959963984540054
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


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

    def take(self, rows: npt.NDArray[np.bool_]) -> Pairs:
        """Give some of the pairs."""
        return Pairs(self.users[rows], self.items[rows], self.positive[rows], self.n_users, self.n_items)


def hold_out(users: Codes, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
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
    order = np.lexsort((rng.random(len(users)), users))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    held: npt.NDArray[np.bool_] = place < quota[users]
    return held


def popularity_ranks(train: Pairs, labels: Labels, pseudo_users: float) -> npt.NDArray[np.int64]:
    """Rank the catalogue for each cluster and, in the last row, for all users together; noise counts among all alone.

    A cluster's rate for an item is (positives in the cluster + pseudo_users * global rate) / (users + pseudo_users).

    Returns:
        (k + 1, m) place of each item, 0 = first; ties by the smallest column.
    """
    n_clusters = int(labels.max()) + 1
    liked = train.take(train.positive)
    overall = np.bincount(liked.items, minlength=train.n_items) / train.n_users
    liked = liked.take(labels[liked.users] != NOISE)
    cells = labels[liked.users].astype(np.int64) * train.n_items + liked.items
    counts = np.bincount(cells, minlength=n_clusters * train.n_items).reshape(n_clusters, train.n_items)
    sizes = np.bincount(labels[labels != NOISE], minlength=n_clusters)[:, None]
    rates = np.vstack([(counts + pseudo_users * overall) / (sizes + pseudo_users), overall])
    order = np.argsort(-rates, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(train.n_items)[None, :], axis=1)
    return ranks


def ndcg_by_user(train: Pairs, test: Pairs, ranks: npt.NDArray[np.int64], rows: Labels) -> Floats:
    """Give each user's NDCG@10 on held-out positives, over the full catalogue without what was seen in training.

    Nothing of size users x items is made: an item's place among the unseen ones is its place in the ranking less the
    number of seen items before it.

    Args:
        train, test: pairs in canonical order. ranks: (r, m) places. rows: (n,) which row of ``ranks`` a user gets.

    Returns:
        (n_users,) in [0, 1]; NaN for users without held-out positives.
    """
    liked = test.take(test.positive)
    m = train.n_items
    rows = np.where(rows == NOISE, len(ranks) - 1, rows)
    seen = np.sort(train.users * m + ranks[rows[train.users], train.items])
    target = liked.users * m + ranks[rows[liked.users], liked.items]
    before = np.searchsorted(seen, target) - np.searchsorted(seen, liked.users * m)
    place = target - liked.users * m - before
    gain = np.where(place < CUTOFF, 1.0 / np.log2(np.minimum(place, CUTOFF) + 2.0), 0.0)
    found = np.bincount(liked.users, gain, train.n_users)
    ideal = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(CUTOFF) + 2.0))])
    best = ideal[np.minimum(np.bincount(liked.users, minlength=train.n_users), CUTOFF)]
    return np.where(best > 0, found / np.where(best > 0, best, 1.0), np.nan)


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
