"""How well anybody can tell the planted segments: the adjusted Rand index of the Bayes classifier.

    python bench/bayes.py FOLDER

FOLDER holds ``ratings.parquet`` and ``truth.npz``. Where the truth says how the table was made (bench/ratings.py), the
classifier knows it, and takes the segment of the greatest posterior given the user's items, and given items and
ratings: no method can expect to do better. Half stars are treated as if they had not been rounded.

For every table, also where only the segments are known, the same is estimated by cross-fitting: one half of the users
give the probabilities of items within each segment, the other half are classified, and the other way about. What half
of the users teach is less than what the table was made from, so this index is a little lower.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp
from ratings import LIKING, MEAN, NOISE, USER_SPREAD
from sklearn.metrics import adjusted_rand_score

Floats = npt.NDArray[np.float64]
PSEUDO_USERS = 5.0  # of a segment, who take an item as everybody does
GRID_STEP = 0.05  # of the logarithms of learnt rates


def planted_segments(folder: Path) -> npt.NDArray[np.int8]:
    """Read the segments of the users in order of their ids."""
    with np.load(folder / "truth.npz") as truth:
        found: npt.NDArray[np.int8] = truth["segments" if "segments" in truth else "seg"]
    return found


def rating_cells(folder: Path) -> sp.csr_array:
    """Read (n, m) ratings: users and items in order of their ids, the items those of the truth."""
    with np.load(folder / "truth.npz") as truth:
        ids, n_users = truth["item_ids" if "item_ids" in truth else "mid"], len(planted_segments(folder))
    rows = pl.read_parquet(folder / "ratings.parquet", columns=["userId", "movieId", "rating"])
    places = np.searchsorted(ids, rows["movieId"].to_numpy()).astype(np.int32)
    users, ratings = (rows["userId"].to_numpy() - 1).astype(np.int32), rows["rating"].to_numpy().astype(np.float32)
    return sp.csr_array(sp.coo_array((ratings, (users, places)), shape=(n_users, len(ids))))


def _like(cells: sp.csr_array, values: npt.NDArray[np.float32]) -> sp.csr_array:
    return sp.csr_array((values, cells.indices, cells.indptr), shape=cells.shape)


def _ones(cells: sp.csr_array) -> sp.csr_array:
    return _like(cells, np.ones(cells.nnz, np.float32))


def item_evidence(cells: sp.csr_array, exposure: Floats, rates: Floats) -> Floats:
    """Give the (n, s) log likelihood of the users' items, but for what all segments share.

    A user of rate t has item i with probability 1 - exp(-t q_i), whatever the other items, so that the likelihood of a
    set is the product of exp(t q_i) - 1 over it times exp(-t), the q_i of a segment adding up to one.
    """
    ones = _ones(cells)
    found = np.empty((cells.shape[0], len(exposure)))
    for rate in np.unique(rates):
        users = np.flatnonzero(rates == rate)
        found[users] = ones[users] @ (rate * exposure + np.log(-np.expm1(-rate * exposure))).T
    return found


def rating_evidence(cells: sp.csr_array, affinity: Floats, item_bias: Floats) -> Floats:
    """Give the (n, s) log likelihood of the users' ratings given their items, less what all segments share.

    A user's residuals are normal with variance NOISE^2 and a common bias of variance USER_SPREAD^2, which is integrated
    out: log p = -(sum d^2 - w (sum d)^2) / (2 NOISE^2), w = USER_SPREAD^2 / (NOISE^2 + n USER_SPREAD^2).
    """
    residuals = _like(cells, cells.data - np.float32(MEAN) - item_bias[cells.indices].astype(np.float32))
    ones, means = _ones(cells), LIKING * affinity.astype(float).T
    sums = residuals.sum(axis=1)[:, None] - ones @ means
    squares = ones @ means**2 - 2 * (residuals @ means)
    share = USER_SPREAD**2 / (NOISE**2 + np.diff(cells.indptr) * USER_SPREAD**2)
    found: Floats = -(squares - share[:, None] * sums**2) / (2 * NOISE**2)
    return found


def _log_shares(segments: npt.NDArray[np.int8], count: int) -> Floats:
    found: Floats = np.log(np.maximum(np.bincount(segments, minlength=count), 1) / len(segments))
    return found


def known(cells: sp.csr_array, folder: Path) -> dict[str, float]:
    """Classify with what the table was made from; empty where the truth does not say it."""
    with np.load(folder / "truth.npz") as truth:
        if "exposure" not in truth:
            return {}
        segments, rates, exposure, affinity, bias = (
            truth[name] for name in ("segments", "rates", "exposure", "affinity", "item_bias")
        )
    by_items = item_evidence(cells, exposure, rates) + _log_shares(segments, len(exposure))
    by_both = by_items + rating_evidence(cells, affinity, bias)
    return {
        "bayes_items": adjusted_rand_score(segments, by_items.argmax(axis=1)),
        "bayes_items_and_ratings": adjusted_rand_score(segments, by_both.argmax(axis=1)),
    }


def learnt_rates(n_items: npt.NDArray[np.int64], exposure: Floats) -> Floats:
    """Give the rates (n,) at which so many different items of an exposure (m,) are expected, on a grid."""
    grid = np.exp(np.arange(0, np.log(n_items.max(initial=1)) + 3, GRID_STEP))
    expected = np.array([-np.expm1(-rate * exposure).sum() for rate in grid])
    found: Floats = grid[np.minimum(np.searchsorted(expected, n_items), len(grid) - 1)]
    return found


def takers(exposure: Floats, rates: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Give how many users are expected to have an item (..., m), and how that grows with the exposure (..., m).

    Args:
        rates: (r,). counts: (..., r) users of each rate.
    """
    expected, slope = np.zeros((*counts.shape[:-1], exposure.shape[-1])), 0.0
    for number, rate in enumerate(rates):
        users, without = counts[..., number, None], np.exp(-rate * exposure)
        expected += users * (1 - without)
        slope = slope + rate * users * without
    return expected, np.asarray(slope)


def learnt_exposure(n_takers: Floats, rates: Floats, counts: Floats, everybody: Floats) -> Floats:
    """Give the exposure (s, m) under which as many users are expected to have each item as have it.

    The numbers of few users are drawn towards those that everybody's exposure (m,) would give. Newton's method climbs
    to the root from below, the number being concave in the exposure.
    """
    usual = takers(everybody, rates, counts)[0]
    wanted = usual * (n_takers + PSEUDO_USERS) / (usual + PSEUDO_USERS)
    found = wanted / (counts @ rates)[:, None]
    for _ in range(10):
        expected, slope = takers(found, rates, counts)
        found += (wanted - expected) / slope
    return found / found.sum(axis=1, keepdims=True)


def _taught(cells: sp.csr_array, segments: npt.NDArray[np.int8], rates: Floats, everybody: Floats) -> Floats:
    shape = int(segments.max()) + 1, len(segments)
    members = sp.csr_array((np.ones(shape[1], np.float32), (segments.astype(int), np.arange(shape[1]))), shape=shape)
    grid, which = np.unique(rates, return_inverse=True)
    counts = np.zeros((shape[0], len(grid)))
    np.add.at(counts, (segments.astype(int), which), 1)
    return learnt_exposure((members @ _ones(cells)).toarray().astype(float), grid, counts, everybody)


def cross_fitted(cells: sp.csr_array, segments: npt.NDArray[np.int8], rng: np.random.Generator) -> float:
    """Classify each half of the users with what the other half teaches; give the index over all."""
    half, found = rng.permutation(len(segments)) % 2 == 0, np.empty(len(segments), int)
    everybody = np.bincount(cells.indices, minlength=cells.shape[1]) / cells.nnz + 1e-12
    rates = learnt_rates(np.diff(cells.indptr), everybody)
    for taught, asked in ((half, ~half), (~half, half)):
        exposure = _taught(cells[taught], segments[taught], rates[taught], everybody)
        scores = item_evidence(cells[asked], exposure, rates[asked]) + _log_shares(segments[taught], len(exposure))
        found[asked] = scores.argmax(axis=1)
    return float(adjusted_rand_score(segments, found))


def limits(folder: Path) -> dict[str, float]:
    """Give every index that can be had of a folder's table."""
    cells, segments = rating_cells(folder), planted_segments(folder)
    return {**known(cells, folder), "cross_fitted": cross_fitted(cells, segments, np.random.default_rng(0))}


def main() -> None:
    """Print the indices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    print(json.dumps(limits(parser.parse_args().folder)))


if __name__ == "__main__":
    main()
