"""Who is like the seeds: a classifier of seeds against the rest, many times over, and nearness to the seeds' centre.

Whoever is not a seed is not known to be unlike them, so each of many logistic regressions is fitted on the seeds
against a random bag of the others, and tells only of those outside its bag: the score of somebody never comes from a
model that was fitted on them as unlike. What is fitted are weights; they are frozen as arrays.

Source:
    Mordelet & Vert (2014), "A bagging SVM to learn from positive and unlabeled examples", Pattern Recognition Letters
    37 (bags of the unlabelled, scores out of bag); logistic regression by Newton's method: Hastie, Tibshirani and
    Friedman (2009), "The Elements of Statistical Learning", section 4.4.1, with a ridge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from coterie.errors import DataError
from coterie.features.contract import Ids
from coterie.frozen import Frozen
from coterie.parallel import single_libraries
from coterie.randomness import generator

KIND: Final = "lookalike"
BAGS: Final = 50  # in pairs that share nobody, so that everybody is outside one of each pair at least
MOST_IN_BAG: Final = 10_000  # seeds, and others, that one regression is fitted on
SMALLEST_BAG: Final = 50
RIDGE: Final = 1.0  # of standardised columns
MOST_STEPS: Final = 30
SETTLED: Final = 1e-8
ROWS_AT_ONCE: Final = 8_192
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class FittedLookalike:
    """Frozen regressions and centre.

    Args:
        columns: (d,) names. centre, spread: (d,) by which columns are standardised.
        weights: (t, d). biases: (t,).
        bagged: (b,) sorted ids of those that some regression was fitted on as not being seeds. in_bag: (b, t) which.
        direction: (d,) mean of the seeds' rows of length one, of length one itself; zero where they cancel out.
    """

    columns: tuple[str, ...]
    centre: Floats
    spread: Floats
    weights: Floats
    biases: Floats
    bagged: Ids
    in_bag: Mask
    direction: Floats

    def scores(self, ids: Ids, rows: npt.NDArray[np.floating]) -> Floats:
        """Give the mean probability to be a seed, of the regressions that somebody was not in the bag of.

        It is that of an even draw of seeds and others, and so tells who is more like the seeds than whom, not how many
        are.

        Args:
            ids: (n,). rows: (n, d).

        Returns:
            (n,) in [0, 1]. A row alone has the same bits as in a batch.
        """
        found = np.empty(len(ids))
        for start in range(0, len(ids), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            found[some] = self._some(ids[some], np.asarray(rows[some], np.float64))
        return found

    def similarity(self, units: npt.NDArray[np.floating]) -> Floats:
        """Give the cosine of (n, d) rows of length one, or zero, to the seeds' centre, in [-1, 1]."""
        found = np.zeros(len(units))
        for column, weight in enumerate(self.direction.tolist()):
            found += weight * units[:, column].astype(np.float64)
        return np.clip(found, -1, 1)

    def _some(self, ids: Ids, rows: Floats) -> Floats:
        logits = np.repeat(self.biases[None, :], len(ids), axis=0)
        for column in range(rows.shape[1]):  # one after the other: the same bits for a row alone
            value = (rows[:, column] - self.centre[column]) / self.spread[column]
            logits += value[:, None] * self.weights[:, column][None, :]
        at = np.minimum(np.searchsorted(self.bagged, ids), len(self.bagged) - 1)
        is_outside = ~(self.in_bag[at] & (self.bagged[at] == ids)[:, None])
        found = np.where(is_outside, expit(logits), 0.0)
        total, count = np.zeros(len(ids)), np.zeros(len(ids))
        for bag in range(found.shape[1]):
            total += found[:, bag]
            count += is_outside[:, bag]
        mean: Floats = total / count
        return mean

    def to_arrays(self) -> Frozen:
        """Give everything as data."""
        arrays = {
            name: getattr(self, name)
            for name in ("centre", "spread", "weights", "biases", "bagged", "in_bag", "direction")
        }
        return Frozen(KIND, {"columns": list(self.columns)}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fit."""
        return cls(tuple(frozen.meta["columns"]), **dict(frozen.arrays))


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Whom seeds are looked for among: those of whom something is known.

    Args:
        ids: (n,) sorted. columns: (d,) names. rows: (n, d) what a classifier reads. units: (n, d) the same, of length
            one, for cosines.
    """

    ids: Ids
    columns: tuple[str, ...]
    rows: npt.NDArray[np.floating]
    units: npt.NDArray[np.floating]


def fit(ground: Ground, is_seed: Mask, seed: int, *purpose: str | int) -> FittedLookalike:
    """Fit regressions of seeds against bags of the others.

    Args:
        is_seed: (n,). seed: the project's. purpose: names the random stream.

    Raises:
        DataError: there is no seed, or fewer than two others.
    """
    n_seeds, n_others = int(is_seed.sum()), int((~is_seed).sum())
    if not n_seeds or n_others < 2:
        raise DataError(
            f"{n_seeds:,} seeds stand against {n_others:,} others; expected one seed and two others at least"
        )
    rng = generator(seed, KIND, *purpose)
    rows = np.asarray(ground.rows, np.float64)
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1), spread, 1.0)
    standard = (rows - centre) / spread
    seeds, others = np.flatnonzero(is_seed), np.flatnonzero(~is_seed)
    size = min(max(n_seeds, SMALLEST_BAG), MOST_IN_BAG, n_others // 2)
    bags: list[npt.NDArray[np.int64]] = []
    fits: list[Floats] = []
    with single_libraries():
        for _ in range(BAGS // 2):
            drawn = rng.permutation(n_others)
            for bag in (drawn[:size], drawn[size : 2 * size]):
                chosen = seeds if n_seeds <= MOST_IN_BAG else np.sort(rng.choice(seeds, MOST_IN_BAG, replace=False))
                bags.append(np.sort(others[bag]))
                fits.append(_regression(standard[chosen], standard[bags[-1]]))
    found = np.array(fits)
    bagged, in_bag = _membership(np.array(bags))
    direction = np.asarray(ground.units[seeds], np.float64).mean(axis=0)
    length = float(np.sqrt((direction**2).sum()))
    return FittedLookalike(
        columns=ground.columns,
        centre=centre,
        spread=spread,
        weights=found[:, :-1],
        biases=found[:, -1],
        bagged=ground.ids[bagged],
        in_bag=in_bag,
        direction=direction / length if length > 1e-12 else np.zeros_like(direction),
    )


def _membership(bags: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Mask]:
    """Give (b,) the places that are in any of (t, s) bags, ascending, and (b, t) in which."""
    bagged = np.unique(bags)
    in_bag = np.zeros((len(bagged), len(bags)), np.bool_)
    for number, bag in enumerate(bags):
        in_bag[np.searchsorted(bagged, bag), number] = True
    return bagged, in_bag


def _regression(inside: Floats, outside: Floats) -> Floats:
    """Give the weights and the bias of a logistic regression with a ridge, both sides counting alike."""
    rows = np.hstack([np.vstack([inside, outside]), np.ones((len(inside) + len(outside), 1))])
    signs = np.repeat([1.0, -1.0], [len(inside), len(outside)])
    n = len(rows)
    weights = np.repeat([n / (2 * len(inside)), n / (2 * len(outside))], [len(inside), len(outside)])
    ridge = np.full(rows.shape[1], RIDGE)
    ridge[-1] = 0.0
    at = np.zeros(rows.shape[1])
    loss = _loss(rows, signs, weights, ridge, at)
    for _ in range(MOST_STEPS):
        wrong = expit(-signs * (rows @ at))
        gradient = ridge * at - rows.T @ (weights * signs * wrong)
        curvature = (rows * (weights * wrong * (1 - wrong))[:, None]).T @ rows
        curvature[np.diag_indices_from(curvature)] += ridge + 1e-10
        step = np.linalg.solve(curvature, gradient)
        for _ in range(MOST_STEPS):  # a whole step may go too far
            lower = _loss(rows, signs, weights, ridge, at - step)
            if lower <= loss:
                break
            step /= 2
        at, before, loss = at - step, loss, lower
        if before - loss <= SETTLED * max(abs(loss), 1.0):
            break
    return at


def _loss(rows: Floats, signs: Floats, weights: Floats, ridge: Floats, at: Floats) -> float:
    margins = signs * (rows @ at)
    return float((weights * np.logaddexp(0, -margins)).sum() + (ridge * at**2).sum() / 2)


def folds(n: int, k: int, seed: int, *purpose: str | int) -> Sequence[npt.NDArray[np.int64]]:
    """Deal out n things at random to k folds, whose sizes differ by one at most."""
    order = generator(seed, KIND, "folds", *purpose).permutation(n)
    return [np.sort(order[fold::k]) for fold in range(k)]
