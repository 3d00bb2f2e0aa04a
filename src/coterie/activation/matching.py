"""Users matched to items by the cosine of what both are like, and how good such a match is.

Rows of users and of items over the same columns go in, with what each user is known to have taken up and what was held
out. For each user all items but those known are ranked; the first n are compared with the liked ones held out. Beside
it stand the most popular items, and what n items drawn at random give, which is reckoned and not drawn.

Source:
    F1, Hamming loss and Jaccard index by user: Tsoumakas, Katakis & Vlahavas (2010), "Mining multi-label data", section
    7 (example-based measures).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import gammaln

from coterie.activation.intervals import mean_of
from coterie.errors import ConfigError, DataError, shown
from coterie.selection.types import Interval

SCHEMA, VERSION = "coterie.match", 1
MATCH, POPULARITY, RANDOM = "match", "popularity", "random"
TOP: Final = (5, 10, 20)
CELLS: Final = 4_000_000  # of users times items at once
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """How near the first n of a ranking are to the liked items that were held out.

    Args:
        by: the ranking. n: items. f1, jaccard: mean over users, in [0, 1], high is good. hamming: the share of items
            that are in one and not in the other, low is good. f1_micro: F1 of all pairs together.
    """

    by: str
    n: int
    f1: Interval
    f1_micro: float
    hamming: Interval
    jaccard: Interval


@dataclass(frozen=True, slots=True)
class Percentile:
    """Where liked items that were held out stand in a ranking: 100 is the first of all, 50 what random gives."""

    by: str
    mean: Interval


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much the match is better than another ranking, of the same users; above 0 is good.

    Args:
        of: "f1" or "percentile". n: items; None of a percentile.
    """

    against: str
    of: str
    n: int | None
    difference: Interval

    @property
    def is_better(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.difference.low > 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a match is.

    Args:
        n_users: with a held-out like, over whom means go. n_items: that could be matched. n_held: likes held out.
        scores, percentiles: of the match, of popularity, of random. gains: of the match over the others.
    """

    n_users: int
    n_items: int
    n_held: int
    scores: tuple[Score, ...]
    percentiles: tuple[Percentile, ...]
    gains: tuple[Gain, ...]

    def score(self, by: str, n: int) -> Score:
        """Give the score of one ranking."""
        return next(one for one in self.scores if (one.by, one.n) == (by, n))

    def percentile(self, by: str) -> Percentile:
        """Give the percentile of one ranking."""
        return next(one for one in self.percentiles if one.by == by)

    def gain(self, against: str, n: int | None) -> Gain:
        """Give the gain over one ranking: of F1 at n items, or with None of the percentile."""
        return next(one for one in self.gains if (one.against, one.n) == (against, n))


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Users and items over the same columns, of length one; a row of zeros where nothing is known.

    Args:
        users: (n, d). items: (m, d).
    """

    users: Singles
    items: Singles

    @property
    def known_items(self) -> npt.NDArray[np.bool_]:
        """(m,) whether anything is known of an item."""
        return np.asarray((self.items != 0).any(axis=1))

    def cosines(self, users: Places) -> Floats:
        """Give the (u, m) cosines of some users to all items; a user alone has the same bits as in a batch."""
        found = np.zeros((len(users), len(self.items)))
        for column in range(self.users.shape[1]):
            found += self.users[users, column].astype(np.float64)[:, None] * self.items[:, column].astype(np.float64)
        return found


def check_top(ns: Sequence[int]) -> tuple[int, ...]:
    """Give numbers of items in order.

    Raises:
        ConfigError: there is none, or one is below 1.
    """
    if not ns or min(ns) < 1:
        raise ConfigError(f"the match is judged at {shown(list(ns))} items; expected whole numbers >= 1")
    return tuple(sorted(set(ns)))


def evaluate(sides: Sides, known: sp.csr_array, held: sp.csr_array, ns: Sequence[int] = TOP) -> Evaluation:
    """Judge a match by liked items that were held out.

    Args:
        sides: users and items. known: (n, m) what users are known to have taken up, with 1 where they liked it and 0
            where they did not; it is not ranked, and what was liked makes popularity. held: (n, m) liked and held out.
        ns: numbers of items.

    Raises:
        ConfigError: a number of items is below 1. DataError: nobody who can be matched has a held-out like.
    """
    tops = check_top(ns)
    is_known = sides.known_items
    held = sp.csr_array(held)
    ranked_for = (sides.users != 0).any(axis=1) & (sp.csr_array(held) @ is_known.astype(np.int64) > 0)
    users = np.flatnonzero(ranked_for)
    if not len(users):
        raise DataError(
            "nobody who can be matched has a liked item that was held out; give more likes, or columns that users and "
            "items both have"
        )
    popularity = np.asarray(sp.csr_array(known).sum(axis=0)).ravel().astype(np.float64)
    rankings: Mapping[str, Callable[[Places], Floats]] = {
        MATCH: sides.cosines,
        POPULARITY: lambda some: np.repeat(popularity[None, :], len(some), axis=0),
    }
    pairs = _Pairs(is_known, sp.csr_array(known), held)
    found = {by: tuple(_judged(scores, users, pairs, tops)) for by, scores in rankings.items()}
    counts = np.array([[one.candidates, one.held] for one in found[MATCH]], np.float64)
    by_user = {by: _by_user(rows, tops) for by, rows in found.items()} | {RANDOM: _at_random(counts, tops)}
    return Evaluation(
        n_users=len(users),
        n_items=int(is_known.sum()),
        n_held=int(counts[:, 1].sum()),
        scores=tuple(_score(by, n, at, values, counts) for by, values in by_user.items() for at, n in enumerate(tops)),
        percentiles=tuple(Percentile(by, mean_of(values.percentile)) for by, values in by_user.items()),
        gains=tuple(_gains(by_user, tops)),
    )


def first_of(scores: Floats, n: int) -> Places:
    """Give the places of the n largest of (m,) scores that are not -infinity, falling; level ones in order."""
    candidates = np.flatnonzero(scores > -np.inf)
    values = scores[candidates]
    if len(values) > n:
        least = np.partition(values, len(values) - n)[len(values) - n]
        candidates = candidates[values >= least]
    order = np.lexsort((candidates, -scores[candidates]))[:n]
    return candidates[order]


@dataclass(frozen=True, slots=True)
class _One:
    """One user: items ranked, items held out, of these in the first n of each n, and their mean percentile."""

    candidates: int
    held: int
    hits: tuple[int, ...]
    percentile: float


@dataclass(frozen=True, slots=True, eq=False)
class _ByUser:
    """Of each user (u, t) hits (or, at random, how many there would be), F1, Hamming loss, Jaccard; (u,) percentile."""

    hits: Floats
    f1: Floats
    hamming: Floats
    jaccard: Floats
    percentile: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """(m,) items that can be ranked, (n, m) pairs that are known, and (n, m) liked ones that were held out."""

    items: npt.NDArray[np.bool_]
    known: sp.csr_array
    held: sp.csr_array


def _judged(scores: Callable[[Places], Floats], users: Places, pairs: _Pairs, tops: Sequence[int]) -> Iterator[_One]:
    known, held = pairs.known, pairs.held
    step = max(1, CELLS // max(len(pairs.items), 1))
    for start in range(0, len(users), step):
        block = users[start : start + step]
        for row, user in zip(scores(block), block.tolist(), strict=True):
            row[~pairs.items] = -np.inf
            row[known.indices[known.indptr[user] : known.indptr[user + 1]]] = -np.inf
            liked = held.indices[held.indptr[user] : held.indptr[user + 1]]
            yield _judged_one(row, liked[row[liked] > -np.inf], tops)


def _judged_one(row: Floats, liked: Places, tops: Sequence[int]) -> _One:
    rising = np.sort(row[row > -np.inf])
    below = np.searchsorted(rising, row[liked], "left")
    level = np.searchsorted(rising, row[liked], "right") - below
    others = max(len(rising) - 1, 1)
    percentiles = 100 * (below + (level - 1) / 2) / others
    is_hit = np.isin(first_of(row, tops[-1]), liked)
    hits = tuple(int(is_hit[:n].sum()) for n in tops)
    return _One(len(rising), len(liked), hits, float(percentiles.mean()) if len(rising) > 1 else 50.0)


def _by_user(rows: Sequence[_One], tops: Sequence[int]) -> _ByUser:
    hits = np.array([one.hits for one in rows], np.float64)
    counts = np.array([[one.candidates, one.held] for one in rows], np.float64)
    listed, wanted, candidates = _sizes(counts, tops)
    return _ByUser(
        hits,
        2 * hits / (listed + wanted),
        (listed + wanted - 2 * hits) / candidates,
        hits / (listed + wanted - hits),
        np.array([one.percentile for one in rows]),
    )


def _sizes(counts: Floats, tops: Sequence[int]) -> tuple[Floats, Floats, Floats]:
    """Give (u, t) items listed, and (u, 1) items wanted and items ranked."""
    candidates, wanted = counts[:, :1], counts[:, 1:]
    return np.minimum(np.asarray(tops, np.float64)[None, :], candidates), wanted, candidates


def _at_random(counts: Floats, tops: Sequence[int]) -> _ByUser:
    """Give what lists drawn at random have on average: hits are hypergeometric."""
    listed, wanted, candidates = _sizes(counts, tops)
    hits = listed * wanted / candidates
    jaccard = np.zeros_like(hits)
    for i in range(1, tops[-1] + 1):
        can_be = (i <= np.minimum(listed, wanted)) & (listed - i <= candidates - wanted)
        safe = [np.where(can_be, part, fill) for part, fill in ((wanted, i), (candidates - wanted, 0), (listed, i))]
        log_p = _log_choose(safe[0], i) + _log_choose(safe[1], safe[2] - i) - _log_choose(candidates, listed)
        jaccard += np.where(can_be, np.exp(log_p) * i / np.maximum(listed + wanted - i, 1), 0)
    return _ByUser(
        hits,
        2 * hits / (listed + wanted),
        (listed + wanted - 2 * hits) / candidates,
        jaccard,
        np.full(len(counts), 50.0),
    )


def _log_choose(n: Floats, k: Floats | float) -> Floats:
    chosen: Floats = gammaln(n + 1) - gammaln(np.asarray(k) + 1) - gammaln(n - k + 1)
    return chosen


def _score(by: str, n: int, at: int, values: _ByUser, counts: Floats) -> Score:
    listed = np.minimum(n, counts[:, 0])
    micro = 2 * float(values.hits[:, at].sum()) / float(listed.sum() + counts[:, 1].sum())
    return Score(
        by, n, mean_of(values.f1[:, at]), micro, mean_of(values.hamming[:, at]), mean_of(values.jaccard[:, at])
    )


def _gains(by_user: Mapping[str, _ByUser], tops: Sequence[int]) -> Iterator[Gain]:
    own = by_user[MATCH]
    for against in (POPULARITY, RANDOM):
        other = by_user[against]
        for at, n in enumerate(tops):
            yield Gain(against, "f1", n, mean_of(own.f1[:, at] - other.f1[:, at]))
        yield Gain(against, "percentile", None, mean_of(own.percentile - other.percentile))
