"""Held-out-column explained variance: do segments tell of columns that they were not formed on.

What lift is to tables of events, for tables of traits. In come columns and a way to form segments on some of them; out
comes the share of the variance of the others that the segments explain. Segments that are real show in every column
that they touch, also in one that they never saw; a cut through noise shows only where it was made. So the share rises
with k up to the number of segments there are, and stays.

The protocol: attributes are dealt into folds, several times; one-hot columns of one attribute stay together. For each
fold segments are formed on all other columns, and every user's held-out columns are predicted by the mean of the
*other* users of the segment (leave one out), so that random segments explain nothing: a little less than 0, by about
k / n.

Source:
    Folds over columns: Owen & Perry (2009), "Bi-cross-validation of the SVD and the nonnegative matrix factorization";
    Fu & Perry (2020), "Estimating the number of clusters using cross-validation". Share of the variance of categories:
    Light & Margolin (1971), "An analysis of variance for categorical data". Ratio of paired means: Cochran (1977),
    "Sampling Techniques", equation 6.9. One standard error: Breiman, Friedman, Olshen & Stone (1984), "Classification
    and Regression Trees", section 3.4.3, here with the error of the paired difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Labels
from coterie.errors import ConfigError, DataError
from coterie.parallel import map_in_order
from coterie.randomness import generator
from coterie.selection.types import Explained, Interval
from coterie.terms import NOISE

Z_95 = 1.959963984540054
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
FitLabels = Callable[[Mask, np.random.Generator], Labels]


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """The columns that segments are formed on, each attribute with a variance of one.

    Args:
        values: (n, m) centred; the variances of one attribute's columns sum to 1, or to 0 where it is constant.
        attribute: (m,) number of the attribute that a column belongs to, 0..a-1.
    """

    values: Floats
    attribute: npt.NDArray[np.int64]

    @property
    def varying(self) -> npt.NDArray[np.int64]:
        """The numbers of the attributes that are not constant, in order."""
        return np.unique(self.attribute[self.values.any(axis=0)])


@dataclass(frozen=True, slots=True)
class Refits:
    """How often columns are held out.

    Args:
        folds: parts that the attributes are dealt into, at most one an attribute, >= 2.
        repetitions: times that they are dealt anew, >= 1.
    """

    folds: int = 5
    repetitions: int = 3

    def __post_init__(self) -> None:
        if self.folds < 2 or self.repetitions < 1:
            raise ConfigError(
                f"held-out columns need at least 2 folds and 1 repetition, got {self.folds} and {self.repetitions}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Squared errors of one candidate on held-out columns.

    Args:
        by_user: (n,) mean over refits of the error that is left when the segment's mean predicts.
        by_refit: (r,) the same, summed over users, one a refit.
        baseline: (n,) mean error when the mean of all predicts; the same for every candidate.
        baseline_by_refit: (r,) summed over users.
        random: mean share that random segments of the same sizes explain.
    """

    by_user: Floats
    by_refit: Floats
    baseline: Floats
    baseline_by_refit: Floats
    random: float


def traits(columns: npt.NDArray[np.floating], attribute: npt.NDArray[np.integer]) -> Traits:
    """Centre columns, and give every attribute the same variance, however many columns it has.

    Args:
        columns: (n, m) finite. attribute: (m,) the same number for the one-hot columns of one attribute.

    Raises:
        DataError: a cell is not finite, there are fewer than 3 users, or fewer than two attributes vary.
    """
    if len(attribute) != columns.shape[1]:
        raise DataError(f"{columns.shape[1]} columns need as many numbers of attributes, got {len(attribute)}")
    if not np.isfinite(columns).all():
        raise DataError("columns have cells that are not finite numbers; fill what is missing first")
    numbers = np.unique(attribute, return_inverse=True)[1]
    exact = columns.astype(np.float64)
    constant = (exact == exact[:1]).all(axis=0)  # whose mean's rounding would be taken for variance
    centred = np.where(constant, 0.0, exact - exact.mean(axis=0))
    spread = np.sqrt(np.bincount(numbers, centred.var(axis=0)))
    found = Traits(centred / np.where(spread > 0, spread, 1.0)[numbers], numbers)
    if len(found.varying) < 2 or len(columns) < 3:
        raise DataError(
            f"held-out columns need at least 3 users and 2 attributes that vary, got {len(columns)} and "
            f"{len(found.varying)}; judge these segments without it"
        )
    return found


def column_folds(found: Traits, refits: Refits, seed: int) -> list[Mask]:
    """Deal the attributes that vary into folds, several times; the same for every candidate.

    Returns:
        (m,) masks, true for the columns to hold out; within a repetition each varying column is in exactly one.
    """
    attributes = found.varying
    parts: list[Mask] = []
    for repetition in range(refits.repetitions):
        dealt = generator(seed, "column-folds", repetition).permutation(attributes)
        parts += [np.isin(found.attribute, f) for f in np.array_split(dealt, min(refits.folds, len(attributes)))]
    return parts


def left_out_errors(values: Floats, labels: Labels) -> Floats:
    """Predict each user by the mean of the other users of the segment.

    Args:
        values: (n, m) centred. labels: (n,) clusters from 0, or NOISE.

    Returns:
        (n,) squared errors, summed over columns. Noise, and who is alone in a segment, is predicted by the mean of all
        others.
    """
    n = len(values)
    everybody: Floats = (n / (n - 1)) ** 2 * np.einsum("ij,ij->i", values, values)
    counts = np.bincount(labels[labels != NOISE])
    if not len(counts):
        return everybody
    inside = labels != NOISE
    known, own = values[inside], labels[inside]
    sums = np.stack([np.bincount(own, column, len(counts)) for column in known.T], axis=1)
    offsets = known - (sums / np.maximum(counts, 1)[:, None])[own]
    others = counts[own] - 1
    errors = everybody.copy()
    squares = (counts[own] / np.maximum(others, 1)) ** 2 * np.einsum("ij,ij->i", offsets, offsets)
    errors[inside] = np.where(others > 0, squares, everybody[inside])
    return errors


def hold_columns_out(found: Traits, fit_labels: FitLabels, refits: Refits, seed: int, *, threads: int) -> HeldOut:
    """Form segments without some columns, and measure what they tell of them, for every fold.

    Args:
        found: from ``traits``.
        fit_labels: forms segments; gets an (m,) mask, true for the columns that it may look at, and a generator that is
            the same for every candidate; gives (n,) labels.
        refits: how often. seed: the project's root seed. threads: refits at once.

    Raises:
        DataError: ``fit_labels`` gave labels of another length, or raised it.
    """
    folds = column_folds(found, refits, seed)

    def one(number: int) -> tuple[Floats, Floats, float]:
        values = found.values[:, folds[number]]
        labels = fit_labels(~folds[number], generator(seed, "column-fit", number))
        if len(labels) != len(values):
            raise DataError(f"{len(values)} users need as many labels, got {len(labels)}; 'fit_labels' is wrong")
        shuffled = generator(seed, "column-random", number).permutation(labels)
        nobody = np.full(len(values), NOISE, np.int32)
        random = left_out_errors(values, shuffled)
        return left_out_errors(values, labels), left_out_errors(values, nobody), float(random.sum())

    measured = list(map_in_order(one, range(len(folds)), threads=threads))
    errors, baseline = np.stack([m for m, _, _ in measured]), np.stack([b for _, b, _ in measured])
    return HeldOut(
        errors.mean(axis=0),
        errors.sum(axis=1),
        baseline.mean(axis=0),
        baseline.sum(axis=1),
        1 - sum(r for _, _, r in measured) / float(baseline.sum()),
    )


def explained_of(held: HeldOut) -> Explained:
    """Sum up one candidate.

    Returns:
        1 - error with segments / error without. The standard error is that of a ratio of means paired over users,
        joined with the spread between refits, as if those were independent: it says about how the share would move with
        other users and with other attributes like these, and rests on few refits. It is many times wider than the error
        of a *difference* between two candidates, for which see ``smallest_within_one_error``.
    """
    total = float(held.baseline.sum())
    value = 1 - float(held.by_user.sum()) / total
    error = _error(held.by_user - (1 - value) * held.baseline, total, 1 - held.by_refit / held.baseline_by_refit)
    return Explained(Interval(value, value - Z_95 * error, value + Z_95 * error), error, held.random)


def explained_variance(
    columns: npt.NDArray[np.floating],
    attribute: npt.NDArray[np.integer],
    fit_labels: FitLabels,
    refits: Refits,
    seed: int,
    *,
    threads: int,
) -> Explained:
    """Give the share of the variance of held-out columns that segments explain; see the module and its parts."""
    return explained_of(hold_columns_out(traits(columns, attribute), fit_labels, refits, seed, threads=threads))


def smallest_within_one_error(candidates: Sequence[HeldOut]) -> int:
    """Choose the first candidate that is at most one standard error worse than the best.

    Args:
        candidates: in order of k, all with the same folds.

    Returns:
        Its place. The error is that of the difference to the best, paired over users and over refits, which is many
        times smaller than that of either share.

    Raises:
        DataError: there is no candidate, or they were measured on other folds.
    """
    if not candidates:
        raise DataError("there is no candidate to choose among; measure at least one")
    if any(len(c.by_refit) != len(candidates[0].by_refit) for c in candidates):
        raise DataError("candidates were measured on different folds of columns; use the same 'Refits' and seed")
    best = min(candidates, key=lambda candidate: float(candidate.by_user.sum()))
    return next(i for i, c in enumerate(candidates) if _is_within_one_error(c, best))


def _is_within_one_error(candidate: HeldOut, best: HeldOut) -> bool:
    worse, total = candidate.by_user - best.by_user, float(best.baseline.sum())
    by_refit = (candidate.by_refit - best.by_refit) / best.baseline_by_refit
    return float(worse.sum()) / total <= _error(worse, total, by_refit)


def _error(by_user: Floats, total: float, by_refit: Floats) -> float:
    """Join the spread over users with that over refits, as if they were independent."""
    users = len(by_user) * float(by_user.var(ddof=1)) / total**2
    return float(np.sqrt(users + by_refit.var(ddof=1) / len(by_refit)))
