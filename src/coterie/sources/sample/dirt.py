"""Faults as real exports have them, a handful of each, added to clean tables.

Every fault in the ratings is a row more; the clean rows stay as they were. So whoever removes the faults (and takes
the later of two conflicting ratings) has the clean table again, but for the conflicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.sources.sample.people import DAY_S
from coterie.terms import ITEM, USER

DUPLICATE_SHARE = 1 / 1000  # of the ratings, for each of the two kinds of duplicates
FAULT_SHARE = 1 / 20_000  # of the ratings, for each other kind
AGE_SHARE = 1 / 1500  # of the people
IMPOSSIBLE_AGE = 233
NEGATIVE_USER = -17
UNKNOWN_ITEMS_FROM = 1_000_000  # added to an item's number

# Name of the fault -> its share of the ratings and what it does to a copied one.
_FAULTS: Final[Mapping[str, tuple[float, tuple[pl.Expr, ...]]]] = {
    "duplicate": (DUPLICATE_SHARE, ()),
    "conflict": (
        DUPLICATE_SHARE,
        (
            (pl.col("rating").cast(pl.Int64) % 5 + 1).cast(pl.String).alias("rating"),
            pl.col("timestamp") + 9 * DAY_S,
        ),
    ),
    "null user": (FAULT_SHARE, (pl.lit(None, pl.Int32).alias(USER),)),
    "null item": (FAULT_SHARE, (pl.lit(None, pl.Int32).alias(ITEM),)),
    "out of range": (FAULT_SHARE, (pl.lit("9").alias("rating"),)),
    "not a number": (FAULT_SHARE, (pl.lit("n/a").alias("rating"),)),
    "unknown item": (FAULT_SHARE, (pl.col(ITEM) + pl.lit(UNKNOWN_ITEMS_FROM, pl.Int32),)),
    "negative user": (FAULT_SHARE, (pl.lit(NEGATIVE_USER, pl.Int32).alias(USER),)),
}


def with_faulty_ratings(ratings: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, Mapping[str, int]]:
    """Give the ratings as text with faults among them, in order of time, and the number of rows of each fault."""
    text = ratings.with_columns(pl.col("rating").cast(pl.String))
    parts, counts = [text], {}
    sizes = {name: max(1, round(share * len(text))) for name, (share, _) in _FAULTS.items()}
    # Drawn without repeats: no rating is damaged twice, so that each fault can be counted.
    drawn = rng.choice(len(text), size=min(sum(sizes.values()), len(text)), replace=False)
    for (name, (_, damage)), rows in zip(_FAULTS.items(), _split(drawn, sizes), strict=True):
        copied = text[rows]
        parts.append(copied.with_columns(damage))
        counts[name] = len(copied)
    # Stable, so that ratings of the same second stay in the order in which they were made.
    return pl.concat(parts).sort("timestamp", maintain_order=True), counts


def with_impossible_ages(people: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, Mapping[str, int]]:
    """Give the people with a few ages that nobody has, and their number."""
    n_wrong = max(1, round(AGE_SHARE * len(people)))
    wrong = np.zeros(len(people), dtype=bool)
    wrong[rng.choice(len(people), size=n_wrong, replace=False)] = True
    age = pl.when(pl.Series(wrong)).then(IMPOSSIBLE_AGE).otherwise("age").cast(people.schema["age"]).alias("age")
    return people.with_columns(age), {"impossible age": n_wrong}


def _split(drawn: npt.NDArray[np.int64], sizes: Mapping[str, int]) -> list[npt.NDArray[np.int64]]:
    return np.split(drawn, np.cumsum(list(sizes.values()))[:-1].clip(max=len(drawn)))
