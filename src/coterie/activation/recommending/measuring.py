"""How well a recommender finds what users took up later: the whole catalogue is ranked, less what they had in training.

Source:
    NDCG: Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques"; novelty as mean
    self-information: Zhou et al. (2010), "Solving the apparent diversity-accuracy dilemma of recommender systems";
    full ranking: Krichene & Rendle (2020), "On sampled metrics for item recommendation".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.activation.recommending.contract import FittedRecommender, RatingRecommender, Singles
from coterie.activation.recommending.ranking import Codes, left, standing
from coterie.activation.recommending.tastes import Tastes
from coterie.selection.lift import Z_95
from coterie.selection.types import Interval

Floats = npt.NDArray[np.float64]
NDCG_AT, RECALL_AT = 10, 20
DISCOUNT = 1.0 / np.log2(np.arange(NDCG_AT) + 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What each of u users with held-out likes got.

    Args:
        users: (u,) their numbers. ndcg, recall, precision: (u,) NDCG@10, Recall@20 and average precision, in [0, 1].
        novelty: (u,) mean self-information of the first ten, in bits. covered: share of the catalogue that is among
            anybody's first ten.
    """

    users: Codes
    ndcg: Floats
    recall: Floats
    precision: Floats
    novelty: Floats
    covered: float


def measured(scored: FittedRecommender, train: Tastes, held: Tastes, users: Codes) -> Measured:
    """Rank the catalogue for users and look where the held-out items are that they liked.

    Args:
        scored: fitted on training pairs alone. train, held: of the same n users. users: (u,) whose likes are looked
            for; who has none held out is passed over.
    """
    likes = held.only(held.liked)
    asked = users[np.diff(likes.cells.indptr)[users] > 0]
    place = standing(train)
    counts = np.bincount(train.cells.indices, minlength=train.n_items)
    bits = -np.log2((counts + 1) / (train.n_users + 1))  # one more user, so that what nobody took up is finite
    some, wanted = train.take(asked), likes.take(asked)
    rows, found = [], np.zeros(train.n_items, np.bool_)
    for here, block in some.blocks():
        scores = left(scored.scores(block), block, None)
        ranks, first_ten = _ranked(scores, place)
        sought = wanted.take(np.arange(here.start, here.stop))
        at = ranks[sought.users, sought.cells.indices]
        is_given = np.isfinite(np.take_along_axis(scores, first_ten, axis=1))
        novelty = (bits[first_ten] * is_given).sum(axis=1) / np.maximum(is_given.sum(axis=1), 1)
        rows.append(np.vstack([_rows(at, sought), novelty]))
        found[first_ten[is_given]] = True
    parts = np.concatenate(rows, axis=1) if rows else np.empty((4, 0))
    return Measured(asked, parts[0], parts[1], parts[2], parts[3], float(found.mean()))


def _ranked(scores: Singles, place: Codes) -> tuple[Codes, Codes]:
    """Give (n, m) the rank of every item from 0, and (n, 10) the first; level ones by their place."""
    by_place = np.argsort(place)
    order = by_place[np.argsort(-scores[:, by_place], axis=1, kind="stable")]
    ranks = np.empty(order.shape, np.int64)
    np.put_along_axis(ranks, order, np.arange(order.shape[1])[None, :], axis=1)
    return ranks, order[:, :NDCG_AT]


def _rows(at: Codes, sought: Tastes) -> Floats:
    """Give (3, n) NDCG@10, Recall@20 and average precision from the ranks of the (p,) held-out likes."""
    users, n = sought.users, sought.n_users
    sizes = np.diff(sought.cells.indptr)
    gains = np.where(at < NDCG_AT, DISCOUNT[np.minimum(at, NDCG_AT - 1)], 0.0)
    order = np.lexsort((at, users))
    nth = np.arange(len(at)) - np.repeat(sought.cells.indptr[:-1], sizes) + 1
    precision = np.bincount(users, nth / (at[order] + 1), n) / sizes
    ideal = np.cumsum(DISCOUNT)[np.minimum(sizes, NDCG_AT) - 1]
    ndcg = np.bincount(users, gains, n) / ideal
    recall = np.bincount(users, at < RECALL_AT, n) / sizes
    return np.stack([ndcg, recall, precision])


def errors(fitted: RatingRecommender, train: Tastes, held: Tastes) -> Floats:
    """Give (p,) the errors of foretold values of the held-out pairs."""
    found: Floats = fitted.ratings(train, held) - held.cells.data
    return found


def mean_of(values: Floats) -> Interval:
    """Give a mean over users with its 95 % interval; NaN of fewer than two."""
    if len(values) < 2:
        return Interval(np.nan, np.nan, np.nan)
    value, half = float(values.mean()), float(Z_95 * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(value, value - half, value + half)


def root_of(errors_of: Floats, users: Codes) -> Interval:
    """Give the root of the mean squared error with its 95 % interval, users being what is drawn.

    Args:
        errors_of: (p,). users: (p,) of whom each is.

    Source:
        Ratio of sums over clusters: Cochran (1977), "Sampling Techniques", equation 6.9; the root by the delta method.
    """
    if not len(errors_of):
        return Interval(np.nan, np.nan, np.nan)
    square = float(np.square(errors_of).mean())
    half = Z_95 * _error_of_ratio(np.square(errors_of), users, square) / (2 * max(square, 1e-300) ** 0.5)
    return Interval(square**0.5, square**0.5 - half, square**0.5 + half)


def absolute_of(errors_of: Floats, users: Codes) -> Interval:
    """Give the mean absolute error with its 95 % interval, users being what is drawn; see ``root_of``."""
    if not len(errors_of):
        return Interval(np.nan, np.nan, np.nan)
    value = float(np.abs(errors_of).mean())
    half = Z_95 * _error_of_ratio(np.abs(errors_of), users, value)
    return Interval(value, value - half, value + half)


def _error_of_ratio(sizes: Floats, users: Codes, ratio: float) -> float:
    sums, counts = np.bincount(users, sizes), np.bincount(users)
    there = counts > 0
    if there.sum() < 2:
        return float("nan")
    residual = sums[there] - ratio * counts[there]
    return float(np.sqrt(residual.var(ddof=1) / there.sum()) / counts[there].mean())
