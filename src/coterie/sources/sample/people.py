"""The sample's people: who they are, which segment was planted in them, and how they rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.sources.sample.vocabulary import FOREIGN_ZIPS, GENDERS, GENRES, OCCUPATIONS, PLANTED, ZIP_PREFIXES
from coterie.terms import USER

DAY_S = 86_400
FIRST_DAY = 19_723  # 2024-01-01, in days since 1970-01-01
N_DAYS = 720
LAST_DAY = FIRST_DAY + N_DAYS + 90  # of the ratings
MEDIAN_ACTIVITY = 45
MIN_ACTIVITY = 8
ACTIVITY_SPREAD = 0.6  # standard deviation of the logarithm, within a segment
TASTE_SPREAD = 0.12  # of a person's own liking of a genre, around the segment's
BIAS_SPREAD = 0.4  # stars: some rate everything high, some low
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Audience:
    """The people and what decides what they rate.

    Args:
        table: user_id, age, gender, occupation, zip, joined.
        segment: (n,) planted segment 0..4.
        taste: (n, g) liking of each genre.
        activity: (n,) titles they rate.
        bias: (n,) stars they add to everything.
        joined_day: (n,) days since 1970-01-01.
    """

    table: pl.DataFrame
    segment: npt.NDArray[np.int8]
    taste: Floats
    activity: npt.NDArray[np.int32]
    bias: Floats
    joined_day: npt.NDArray[np.int32]


def make_audience(n_users: int, n_items: int, rng: np.random.Generator) -> Audience:
    """Make ``n_users`` people, none of whom rates more than half of the catalogue."""
    segment = rng.choice(len(PLANTED), size=n_users, p=[planted.share for planted in PLANTED]).astype(np.int8)
    joined_day = (FIRST_DAY + rng.integers(N_DAYS, size=n_users)).astype(np.int32)
    return Audience(
        table=_table(segment, joined_day, rng),
        segment=segment,
        taste=_taste(segment, rng),
        activity=_activity(segment, n_items, rng),
        bias=rng.normal(0, BIAS_SPREAD, n_users).astype(np.float32),
        joined_day=joined_day,
    )


def _taste(segment: npt.NDArray[np.int8], rng: np.random.Generator) -> Floats:
    """Give a person's own taste: the segment's, more or less pronounced, a bit of another's, and some of nobody's."""
    columns = {genre: column for column, genre in enumerate(GENRES)}
    planted = np.zeros((len(PLANTED), len(GENRES)), dtype=np.float32)
    for row, part in enumerate(PLANTED):
        for genre, liking in part.affinities.items():
            planted[row, columns[genre]] = liking
    n = len(segment)
    mixed = rng.beta(1.5, 11, n).astype(np.float32)[:, None]
    other = rng.integers(len(PLANTED), size=n)
    own = rng.standard_normal((n, len(GENRES)), dtype=np.float32) * np.float32(TASTE_SPREAD)
    taste: Floats = (1 - mixed) * planted[segment] + mixed * planted[other] + own
    return taste


def _activity(segment: npt.NDArray[np.int8], n_items: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    centre = np.log(MEDIAN_ACTIVITY * np.array([planted.activity for planted in PLANTED]))[segment]
    drawn = np.exp(rng.normal(centre, ACTIVITY_SPREAD)).round()
    n_titles: npt.NDArray[np.int32] = drawn.clip(MIN_ACTIVITY, n_items // 2).astype(np.int32)
    return n_titles


def _table(segment: npt.NDArray[np.int8], joined_day: npt.NDArray[np.int32], rng: np.random.Generator) -> pl.DataFrame:
    n = len(segment)
    age = rng.normal(np.array([planted.age for planted in PLANTED])[segment], 9).round().clip(13, 88)
    # Gender has next to nothing to do with the segment, and where someone lives nothing at all.
    second = rng.random(n) < 0.48 + 0.08 * np.isin(segment, (1, 3))
    gender = np.where(rng.random(n) < 0.03, 2, second.astype(np.int64))
    zips = np.char.add(np.array(ZIP_PREFIXES)[rng.integers(len(ZIP_PREFIXES), size=n)], _two_digits(n, rng))
    zips = np.where(rng.random(n) < 0.02, np.array(FOREIGN_ZIPS)[rng.integers(len(FOREIGN_ZIPS), size=n)], zips)
    return pl.DataFrame(
        {
            USER: np.arange(1, n + 1, dtype=np.int32),
            "age": age.astype(np.int32),
            "gender": np.array(GENDERS)[gender],
            "occupation": _occupations(segment, age, rng),
            "zip": zips,
            "joined": pl.Series(joined_day).cast(pl.Date),
        }
    ).with_columns(pl.when(pl.Series(rng.random(n) >= 0.01)).then("occupation").alias("occupation"))


def _two_digits(n: int, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    digits: npt.NDArray[np.str_] = np.array([f"{number:02d}" for number in range(1, 30)])[rng.integers(29, size=n)]
    return digits


def _occupations(
    segment: npt.NDArray[np.int8], age: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.str_]:
    """Draw occupations that fit the segment, and the age where it rules some out."""
    share = np.array([[part.occupations.get(name, 1) for name in OCCUPATIONS] for part in PLANTED], dtype=np.float64)
    ends = np.cumsum(share / share.sum(axis=1, keepdims=True), axis=1)
    uniform = rng.random(len(segment))
    column = (uniform[:, None] > ends[segment]).sum(axis=1).clip(None, len(OCCUPATIONS) - 1)
    drawn = np.where((np.array(OCCUPATIONS)[column] == "retired") & (age < 55), "other", np.array(OCCUPATIONS)[column])
    occupations: npt.NDArray[np.str_] = np.where(age < 18, "student", drawn)
    return occupations
