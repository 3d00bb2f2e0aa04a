"""Ratings tables with planted segments, of four sizes, for everything that is measured at scale.

    python bench/ratings.py 1m|5m|25m|100m FOLDER [--csv] [--seed 42]

Writes ``ratings.parquet`` (userId, movieId, rating, timestamp; by user, then item), ``truth.npz``, and with ``--csv``
``ratings.csv`` as well. Same shape and seed, same table. Users are made and written in pieces, so memory hardly grows.

How a table is made. Each user belongs to one of the segments and draws a Poisson number of items, at a rate of 30 and a
lognormal number more; an item drawn twice counts once. The probabilities of the items are those of the user's segment:
a Zipf-Mandelbrot popularity times exp(TASTE x affinity of segment and item). A rating is a mean plus biases of user and
item plus LIKING x affinity plus noise, brought to half stars from 0.5 to 5. A segment is thus told by its exposure and
by its ratings, and bench/bayes.py computes how well anybody can tell it.

``truth.npz`` holds segments and rates (n,) of the users in order of their ids, item_ids (m,) ascending, exposure (s, m)
in rows that add up to one, affinity (s, m), and item_bias (m,).
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

LEAST_RATE, MOST_SHARE = 30.0, 0.5  # draws; of the catalogue
ACTIVITY_SPREAD, RATE_STEP = 1.35, 0.02  # both of logarithms; rates lie on a grid, as bench/bayes.py needs them
ZIPF_EXPONENT, ZIPF_SHIFT = 1.4, 100  # near the head and the tail of MovieLens
N_TASTES, TASTE, LIKING = 8, 0.5, 0.2
MEAN, USER_SPREAD, ITEM_SPREAD, NOISE = 3.5, 0.42, 0.45, 0.8
ID_GAP = 3.5  # ids reach so many times the number of items
FIRST_DAY, LAST_DAY, PACE_DAYS, DAY = 9_140, 18_200, 25.0, 86_400  # since 1970; a user's events follow the first
PIECE_DRAWS = 2_000_000
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    n_events: int  # expected
    n_users: int
    n_items: int
    n_segments: int


SHAPES = {
    "1m": Shape(1_000_000, 6_040, 3_706, 6),
    "5m": Shape(5_000_000, 32_500, 15_000, 8),
    "25m": Shape(25_000_000, 162_541, 59_047, 8),
    "100m": Shape(100_000_000, 650_000, 120_000, 8),
}


@dataclass(frozen=True)
class Planted:
    """What a table is made from: segments and rates (n,), item_ids and item_bias (m,), exposure and affinity (s, m)."""

    segments: npt.NDArray[np.int8]
    rates: Floats
    item_ids: npt.NDArray[np.int32]
    exposure: Floats
    affinity: Floats
    item_bias: Floats


def plant(shape: Shape, rng: np.random.Generator) -> Planted:
    """Draw everything but the events."""
    shares = rng.dirichlet(np.full(shape.n_segments, 8.0))
    segments = rng.choice(shape.n_segments, shape.n_users, p=shares).astype(np.int8)
    centres = np.linalg.qr(rng.normal(size=(N_TASTES, shape.n_segments))).Q.T  # all equally far from each other
    affinity = centres @ rng.normal(size=(N_TASTES, shape.n_items))
    ranks = 1 + rng.permutation(shape.n_items)
    exposure = (ranks + ZIPF_SHIFT) ** -ZIPF_EXPONENT * np.exp(TASTE * affinity)
    exposure /= exposure.sum(axis=1, keepdims=True)
    ids = rng.choice(np.arange(1, int(shape.n_items * ID_GAP), dtype=np.int32), shape.n_items, replace=False)
    bias = rng.normal(0, ITEM_SPREAD, shape.n_items)
    return Planted(segments, activity(shape, shares, exposure, rng), np.sort(ids), exposure, affinity, bias)


def activity(shape: Shape, shares: Floats, exposure: Floats, rng: np.random.Generator) -> Floats:
    """Give the rates of the users, scaled so that the events expected of them add up to the shape's."""
    extra = np.exp(rng.normal(0, ACTIVITY_SPREAD, shape.n_users))
    top = np.log(MOST_SHARE * shape.n_items)
    grid = np.exp(np.arange(np.log(LEAST_RATE), top + RATE_STEP, RATE_STEP))
    expected = np.array([shares @ -np.expm1(-rate * exposure).sum(axis=1) for rate in grid])
    low, high = 1e-3, 1e4
    for _ in range(60):
        middle = (low * high) ** 0.5
        few = expected[_steps(extra * middle, len(grid))].sum() <= shape.n_events
        low, high = (middle, high) if few else (low, middle)
    found: Floats = grid[_steps(extra * low, len(grid))]
    return found


def _steps(extra: Floats, count: int) -> Ints:
    found: Ints = np.round(np.log1p(extra / LEAST_RATE) / RATE_STEP).astype(np.int64)
    return np.minimum(found, count - 1)


def drawn(exposure: Floats, rates: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw a Poisson number of items for each of a segment's users, and keep each item once.

    Returns:
        The number of the user in ``rates``, and the item, of each event: by user, then item. A user has item i with
        probability 1 - exp(-rate x exposure_i), whatever the other items.
    """
    users = np.repeat(np.arange(len(rates)), rng.poisson(rates))
    total = np.cumsum(exposure)
    items = np.searchsorted(total / total[-1], rng.random(len(users)), side="right")
    keys = np.sort(users * len(exposure) + items)
    return np.divmod(keys[np.append(True, np.diff(keys) > 0)[: len(keys)]], len(exposure))


def piece(planted: Planted, first: int, last: int, rng: np.random.Generator) -> pl.DataFrame:
    """Make the rows of the users from ``first`` to before ``last``."""
    n_items, found = len(planted.item_ids), []
    for segment in range(len(planted.exposure)):
        mine = first + np.flatnonzero(planted.segments[first:last] == segment)
        users, items = drawn(planted.exposure[segment], planted.rates[mine], rng)
        found.append(mine[users] * n_items + items)
    users, items = np.divmod(np.sort(np.concatenate(found)), n_items)
    own = users - first
    means = MEAN + rng.normal(0, USER_SPREAD, last - first)[own] + planted.item_bias[items]
    means += LIKING * planted.affinity[planted.segments[users], items] + rng.normal(0, NOISE, len(users))
    start = rng.integers(FIRST_DAY * DAY, LAST_DAY * DAY, last - first)[own]
    return pl.DataFrame(
        {
            "userId": (users + 1).astype(np.int32),
            "movieId": planted.item_ids[items],
            "rating": np.clip(np.round(2 * means) / 2, 0.5, 5).astype(np.float32),
            "timestamp": start + rng.exponential(PACE_DAYS * DAY, len(users)).astype(np.int64),
        }
    )


def pieces(planted: Planted, seed: int) -> Iterator[pl.DataFrame]:
    """Make the table in pieces of whole users."""
    starts = np.flatnonzero(np.diff(np.cumsum(planted.rates) // PIECE_DRAWS, prepend=-1))
    for number, (first, last) in enumerate(zip(starts, [*starts[1:], len(planted.rates)], strict=True)):
        yield piece(planted, int(first), int(last), np.random.default_rng([seed, number]))


def write(shape: Shape, folder: Path, seed: int, with_csv: bool = False) -> None:
    """Write the table and its truth into a folder."""
    planted, parts = plant(shape, np.random.default_rng(seed)), folder / "pieces"
    parts.mkdir(parents=True)
    for number, rows in enumerate(pieces(planted, seed)):
        rows.write_parquet(parts / f"{number:05}.parquet", compression="uncompressed")
    table = pl.scan_parquet(parts / "*.parquet")
    table.sink_parquet(folder / "ratings.parquet", compression="zstd")
    if with_csv:
        table.sink_csv(folder / "ratings.csv", float_precision=1)
    shutil.rmtree(parts)
    np.savez(
        folder / "truth.npz",
        segments=planted.segments,
        rates=planted.rates,
        item_ids=planted.item_ids,
        exposure=planted.exposure,
        affinity=planted.affinity,
        item_bias=planted.item_bias,
    )


def main() -> None:
    """Write the table that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=[*SHAPES])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--csv", action="store_true", help="write ratings.csv as well")
    parser.add_argument("--seed", type=int, default=42)
    asked = parser.parse_args()
    write(SHAPES[asked.shape], asked.folder, asked.seed, with_csv=asked.csv)


if __name__ == "__main__":
    main()
