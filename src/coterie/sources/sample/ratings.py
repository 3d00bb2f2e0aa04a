"""Who rates what, how high and when.

People pick titles by what is well known and what they like (so what is missing is not missing at random), then rate by
the title's quality, their liking, their habit and chance. Works in blocks of users: memory grows with the answer only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.randomness import generator
from coterie.sources.sample.people import DAY_S, LAST_DAY, Audience
from coterie.sources.sample.titles import Catalogue
from coterie.terms import ITEM, USER

PULL_OF_TASTE = 3.2  # how much a liking of 1 weighs in the choice, in natural logarithms
STARS_OF_TASTE = 0.7
MEAN_STARS = 3.1
NOISE_STARS = 0.85
BLOCK_CELLS = 2_000_000  # users x titles held at once: about 50 MB with everything that is made from them
EVENING_S = 17 * 3600
MEAN_DAYS = 60  # from joining to a rating


def make_ratings(audience: Audience, catalogue: Catalogue, seed: int) -> pl.DataFrame:
    """Give user_id, item_id, rating (1 to 5), timestamp (seconds since 1970-01-01), one row a user and title."""
    return pl.concat(_blocks(audience, catalogue, seed), rechunk=True)


def _blocks(audience: Audience, catalogue: Catalogue, seed: int) -> Iterator[pl.DataFrame]:
    n_users, n_items = len(audience.segment), len(catalogue.quality)
    step = max(BLOCK_CELLS // n_items, 1)
    for start in range(0, n_users, step):
        # A stream of its own for every block: no block waits for the numbers of the one before.
        rng = generator(seed, "sample", "ratings", start)
        yield _block(audience, catalogue, slice(start, min(start + step, n_users)), rng)


def _block(audience: Audience, catalogue: Catalogue, part: slice, rng: np.random.Generator) -> pl.DataFrame:
    liking = audience.taste[part] @ catalogue.genres.T.astype(np.float32)
    row, item = _picks(liking, catalogue.popularity.astype(np.float32), audience.activity[part], rng)
    user = row + part.start
    stars = MEAN_STARS + catalogue.quality[item] + STARS_OF_TASTE * liking[row, item] + audience.bias[user]
    rating = np.rint(stars + rng.normal(0, NOISE_STARS, len(item))).clip(1, 5)
    return pl.DataFrame(
        {
            USER: (user + 1).astype(np.int32),
            ITEM: (item + 1).astype(np.int32),
            "rating": rating.astype(np.uint8),
            "timestamp": _times(audience.joined_day[user], rng),
        }
    )


def _picks(
    liking: npt.NDArray[np.float32],
    popularity: npt.NDArray[np.float32],
    activity: npt.NDArray[np.int32],
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw each user's titles without replacement, with weights exp(popularity + pull of taste).

    Source:
        The Gumbel top-k trick (Kool, van Hoof & Welling 2019, "Stochastic beams and where to find them", section 2).
    """
    keys = popularity + PULL_OF_TASTE * liking + rng.gumbel(size=liking.shape).astype(np.float32)
    order = np.argsort(-keys, axis=1, kind="stable")
    taken = np.arange(order.shape[1]) < activity[:, None]
    row, _ = np.nonzero(taken)
    return row, order[taken]


def _times(joined_day: npt.NDArray[np.int32], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Spread ratings over the evenings from joining to the last day, more of them early (a truncated exponential)."""
    n_days = LAST_DAY - joined_day
    reached = 1 - np.exp(-n_days / MEAN_DAYS)
    days = joined_day - MEAN_DAYS * np.log1p(-rng.random(len(joined_day)) * reached)
    seconds = EVENING_S + rng.integers(6 * 3600, size=len(joined_day))
    answer: npt.NDArray[np.int64] = np.floor(days).astype(np.int64) * DAY_S + seconds
    return answer
