"""Recommenders against each other on what they have not seen: settings and fits from the training part alone.

In come the tastes of a training part and of a held-out one of the same users; out go measures with intervals, paired
comparisons and whether segments pay. A random ranking and popularity stand beside the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from scipy.stats import wilcoxon

from coterie.activation.recommending.choosing import Settings, choose, make
from coterie.activation.recommending.contract import FittedRecommender, RatingRecommender, Singles
from coterie.activation.recommending.judged import Compared, Judged, Paying, Rated
from coterie.activation.recommending.measuring import (
    Measured,
    absolute_of,
    errors,
    mean_of,
    measured,
    root_of,
)
from coterie.activation.recommending.ranking import Codes
from coterie.activation.recommending.tastes import Tastes
from coterie.activation.suppression import hidden_in_row
from coterie.embedding.als import DAMPING
from coterie.errors import DataError
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.selection.lift import ratio

Floats = npt.NDArray[np.float64]
MOST_USERS: Final = 10_000  # whose ranking is measured; more move no third digit
LEAST_PAIRS: Final = 6  # users who differ, below which a signed-rank test can find nothing at 5 %
RANDOM: Final = "random"
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Judging:
    """What is known of each recommender after a split.

    Args:
        judged: measures. rated: errors of foretold values. by_user: what each user got, by recommender.
        squares: (n,) sum of squared errors of each user by who foretold them. left_out: by name, why.
    """

    judged: tuple[Judged, ...]
    rated: tuple[Rated, ...]
    by_user: Mapping[str, Measured]
    squares: Mapping[str, Floats]
    left_out: tuple[str, ...]


class _Random:
    """A ranking by chance, for the baseline; scores go by the order in which they are asked for."""

    def __init__(self, n_items: int, rng: np.random.Generator) -> None:
        self.n_items, self._rng = n_items, rng

    def scores(self, tastes: Tastes) -> Singles:
        return self._rng.random((tastes.n_users, self.n_items), np.float32)


def judge(
    names: Sequence[str],
    options: Mapping[str, Mapping[str, Any]],
    train: Tastes,
    held: Tastes,
    *,
    seed: int,
    told: Told,
) -> Judging:
    """Choose settings, fit and measure recommenders one after the other.

    Args:
        names: of recommenders. options: settings of some that are not up for choice. train, held: of the same users;
            the segments of ``train`` are to be made without what is held out. seed: the project's. told: of progress.

    Raises:
        DataError: nobody has a held-out like. UnknownNameError, ConfigError: of a name or an option.
    """
    users = np.unique(held.users[held.liked])
    if len(users) < 2:
        raise DataError(
            f"{len(users)} users have a held-out item that they like; expected 2 or more: bring more events, or lower "
            "'evaluation.positive_from'"
        )
    users = np.sort(generator(seed, "recommender-evaluation").permutation(users)[:MOST_USERS])
    chance: Any = _Random(train.n_items, generator(seed, "recommender-chance"))
    by_user = {RANDOM: measured(chance, train, held, users)}
    judged, left_out = [_judged(RANDOM, Settings({}), by_user[RANDOM])], []
    rated, squares = _rated_by_means(train, held)
    for done, name in enumerate(names):
        told(name, done, len(names))
        try:
            settings = choose(name, options.get(name, {}), train, seed)
            fitted = _fitted(name, settings, train, seed)
        except DataError as error:
            left_out.append(f"{name}: {error}")
            continue
        with single_libraries():
            by_user[name] = measured(fitted, train, held, users)
            if make(name, settings.options).measure == "rating":
                off = errors(cast(RatingRecommender, fitted), train, held)
                rated.append(Rated(name, root_of(off, held.users), absolute_of(off, held.users)))
                squares[name] = _sums(held, np.square(off))
        judged.append(_judged(name, settings, by_user[name]))
    told(names[-1], len(names), len(names))
    return Judging(tuple(judged), tuple(rated), by_user, squares, tuple(left_out))


def _fitted(name: str, settings: Settings, train: Tastes, seed: int) -> FittedRecommender:
    with single_libraries():
        return make(name, settings.options).fit(train, generator(seed, "recommender", name))


def _judged(name: str, settings: Settings, found: Measured) -> Judged:
    ndcg, recall, precision = (mean_of(values) for values in (found.ndcg, found.recall, found.precision))
    tried = tuple((dict(trial.options), trial.score) for trial in settings.tried)
    return Judged(name, dict(settings.options), tried, ndcg, recall, precision, found.covered, mean_of(found.novelty))


def _rated_by_means(train: Tastes, held: Tastes) -> tuple[list[Rated], dict[str, Floats]]:
    """Give the errors of the mean of all and of the damped means of users and items, which need no factors."""
    if not train.has_values:
        return [], {}
    values, items, users = train.cells.data, train.cells.indices, train.users
    mean = float(values.mean())
    of_items = _damped(items, values - mean, train.n_items)
    of_users = _damped(users, values - mean - of_items[items], train.n_users)
    sought = held.cells.indices
    said = {"mean of all": np.full(len(sought), mean), "means": mean + of_items[sought] + of_users[held.users]}
    rated, squares = [], {}
    for name, foretold in said.items():
        off = np.clip(foretold, values.min(), values.max()) - held.cells.data
        rated.append(Rated(name, root_of(off, held.users), absolute_of(off, held.users)))
        squares[name] = _sums(held, np.square(off))
    return rated, squares


def _sums(held: Tastes, values: Floats) -> Floats:
    """Give (n,) sums of the held-out pairs' values over each user."""
    return np.asarray(np.bincount(held.users, values, held.n_users), np.float64)


def _damped(which: npt.NDArray[np.integer[Any]], values: Floats, count: int) -> Floats:
    found: Floats = np.bincount(which, values, count) / (np.bincount(which, minlength=count) + DAMPING)
    return found


def compare(found: Judging, held: Tastes) -> tuple[Compared, ...]:
    """Compare each two recommenders over the same users: NDCG@10 of all, squared errors of those that foretell values.

    Source:
        Wilcoxon (1945), "Individual comparisons by ranking methods", with zeros as Pratt (1959) has them; Holm (1979),
        "A simple sequentially rejective multiple test procedure", within each measure.
    """
    ndcg = {name: one.ndcg for name, one in found.by_user.items() if name != RANDOM}
    counts = np.bincount(held.users, minlength=held.n_users)
    errors_of = {name: sums[counts > 0] / counts[counts > 0] for name, sums in found.squares.items()}
    return (*_paired("NDCG@10", ndcg), *_paired("squared error", errors_of))


def _paired(measure: str, values: Mapping[str, Floats]) -> list[Compared]:
    pairs = list(combinations(values, 2))
    gaps = [values[one] - values[other] for one, other in pairs]
    p = np.array([signed_rank(gap) for gap in gaps])
    return [
        Compared(measure, one, other, mean_of(gap), float(raw), float(adjusted))
        for (one, other), gap, raw, adjusted in zip(pairs, gaps, p, holm(p), strict=True)
    ]


def signed_rank(gaps: Floats) -> float:
    """Give the two-sided p-value of paired differences; 1 where too few differ to tell."""
    if np.count_nonzero(gaps) < LEAST_PAIRS:
        return 1.0
    return float(wilcoxon(gaps, zero_method="pratt", method="asymptotic").pvalue)


def holm(p: Floats) -> Floats:
    """Adjust p-values for their number.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def paying(found: Judging, own: Codes, names: Sequence[tuple[str, str]], min_cell: int) -> tuple[Paying, ...]:
    """Say for all users and for each segment whether ranking by segment beats ranking by what all like.

    Args:
        own: (n,) number of each user's segment in the run. names: id and name of each segment.
        min_cell: segments of which fewer users are measured have no numbers, nor have those that would give them away.

    Returns:
        All first; nothing where one of the two was not measured.
    """
    if not {"popularity", "segment"} <= set(found.by_user):
        return ()
    users = found.by_user["popularity"].users
    personal = [one for one in found.by_user if one not in {RANDOM, "popularity", "segment"}]
    best = max(personal, key=lambda name: float(found.by_user[name].ndcg.mean()), default="")
    inside = [("", "all", np.ones(len(users), np.bool_))]
    inside += [(key, name, own[users] == number) for number, (key, name) in enumerate(names)]
    counts = [int(rows.sum()) for *_, rows in inside[1:]]
    of_none = len(users) - sum(counts)  # not shown, but to be had from the total
    gone = [len(users) < min_cell, *hidden_in_row([*counts, of_none], min_cell).tolist()[:-1]]
    return tuple(
        _paying(found, (key, name), rows, best, hide) for (key, name, rows), hide in zip(inside, gone, strict=True)
    )


def _paying(found: Judging, named: tuple[str, str], rows: npt.NDArray[np.bool_], best: str, hide: bool) -> Paying:
    n = int(rows.sum())
    if hide or not n:
        return Paying(*named, None, None, None, None, best, None)
    overall, segment = (found.by_user[one].ndcg[rows] for one in ("popularity", "segment"))
    personal = float(found.by_user[best].ndcg[rows].mean()) if best else None
    lift = ratio(segment, overall)[0]
    return Paying(*named, n, float(overall.mean()), float(segment.mean()), lift, best, personal)


def with_segments(tastes: Tastes, segments: npt.NDArray[np.int32]) -> Tastes:
    """Give the same tastes with other segments."""
    return replace(tastes, segments=segments)
