"""Which classifier, by cross-validated log loss; what each says out of fold of every row.

All rows of one entity lie in the same fold, so that nobody is asked about somebody whom it has learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.activation.classifying.calibrating import fit_temperatures, tempered
from coterie.activation.classifying.contract import Classifier, Codes, FittedClassifier, Floats
from coterie.activation.classifying.rows import LEAST
from coterie.activation.intervals import mean_of, share_of
from coterie.randomness import generator
from coterie.selection.types import Interval

FOLDS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Rows to learn from.

    Args:
        X: (n, m), NaN for what is not known. y: (n,) classes. entity: (n,) whose row it is. n_classes: of all.
        band: (n,) of how much is known (see ``calibrating.band_of``). is_fair: (n,) whether temperatures are learned
            from a row: not where all events are known of which the class was made.
    """

    X: Floats
    y: Codes
    entity: Codes
    n_classes: int
    band: Codes
    is_fair: npt.NDArray[np.bool_]

    def take(self, rows: npt.NDArray[np.bool_]) -> Lesson:
        """Give some of the rows."""
        X, y, entity = self.X[rows], self.y[rows], self.entity[rows]
        return Lesson(X, y, entity, self.n_classes, self.band[rows], self.is_fair[rows])


@dataclass(frozen=True, slots=True)
class Trial:
    """One classifier, out of fold.

    Args:
        name: of the plug-in. log_loss: mean over entities, in nats, less is better. accuracy: over entities.
    """

    name: str
    log_loss: Interval
    accuracy: Interval


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """What a classifier says of rows that it has not learned from.

    Args:
        trial: how good that is. probabilities: (n, k) as they come. calibrated: (n, k) by the temperature of the other
            folds. temperatures: of all rows, by band.
    """

    trial: Trial
    probabilities: Floats
    calibrated: Floats
    temperatures: Floats


def folds_of(entity: Codes, rng: np.random.Generator, folds: int = FOLDS) -> Codes:
    """(n,) fold of each row; entities are dealt out at random."""
    names, places = np.unique(entity, return_inverse=True)
    dealt: Codes = (rng.permutation(len(names)) % min(folds, len(names)))[places]
    return dealt


def spread(fitted: FittedClassifier, X: Floats, n_classes: int) -> Floats:
    """(n, k) probabilities of all classes; 0 for those that the fit did not have."""
    found = np.zeros((len(X), n_classes))
    found[:, fitted.classes] = fitted.probabilities(X)
    return found


def cross_validated(name: str, classifier: Classifier, lesson: Lesson, folds: Codes, seed: int) -> OutOfFold:
    """Ask a classifier of every row by a fit that has not seen its entity."""
    found = np.zeros((len(lesson.y), lesson.n_classes))
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        rng = generator(seed, "classifier", name, fold)
        fitted = classifier.fit(lesson.X[~out], lesson.y[~out], rng, groups=lesson.entity[~out])
        found[out] = spread(fitted, lesson.X[out], lesson.n_classes)
    calibrated = np.empty_like(found)
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        learned = ~out & lesson.is_fair
        temperatures = fit_temperatures(found[learned], lesson.y[learned], lesson.band[learned])
        calibrated[out] = tempered(found[out], temperatures[lesson.band[out]])
    trial = Trial(name, mean_of(_by_entity(_losses(found, lesson.y), lesson.entity)), _accuracy(found, lesson))
    fair = lesson.is_fair
    temperatures = fit_temperatures(found[fair], lesson.y[fair], lesson.band[fair])
    return OutOfFold(trial, found, calibrated, temperatures)


def choose(lesson: Lesson, seed: int, names: Sequence[str] | None = None) -> tuple[OutOfFold, tuple[Trial, ...]]:
    """Give the classifier of least log loss, of several alike the first by name, and all that were tried."""
    folds = folds_of(lesson.entity, generator(seed, "classifier", "folds"))
    asked = plugins.names("classifiers") if names is None else tuple(names)
    tried = [cross_validated(name, plugins.find("classifiers", name)(), lesson, folds, seed) for name in asked]
    best = min(tried, key=lambda one: one.trial.log_loss.value)
    return best, tuple(one.trial for one in tried)


def _losses(probabilities: Floats, target: Codes) -> Floats:
    losses: Floats = -np.log(np.maximum(probabilities[np.arange(len(target)), target], LEAST))
    return losses


def _by_entity(values: Floats, entity: Codes) -> Floats:
    """Give each entity's mean: its rows are alike, so that they are no more than one."""
    counts = np.bincount(entity)
    means: Floats = (np.bincount(entity, values) / np.maximum(counts, 1))[counts > 0]
    return means


def _accuracy(probabilities: Floats, lesson: Lesson) -> Interval:
    right = probabilities.argmax(axis=1) == lesson.y
    if len(np.unique(lesson.entity)) == len(right):
        return share_of(right)
    return mean_of(_by_entity(right.astype(np.float64), lesson.entity))
