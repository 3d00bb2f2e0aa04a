"""The contract of a classifier: rows of numbers and their classes in, probabilities of the classes out.

A number that is not known is NaN; every classifier takes it for what it is. What is fitted is arrays and JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from coterie.errors import DataError, ModelError
from coterie.frozen import Frozen

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class TrainingCurves:
    """How training went, epoch by epoch; empty for a classifier that has no epochs.

    Args:
        train_loss, validation_loss: (e,) mean log loss, without penalties. train_accuracy, validation_accuracy: (e,)
            in [0, 1]. rate: (e,) the learning rate. best: number of the epoch, from 0, whose weights were kept.
    """

    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    rate: tuple[float, ...]
    best: int


class FittedClassifier(Protocol):
    """A frozen classifier."""

    @property
    def classes(self) -> Codes:
        """(k,) sorted codes that the fit had."""

    @property
    def curves(self) -> TrainingCurves | None:
        """How training went; None where there are no epochs."""

    def probabilities(self, X: Floats) -> Floats:
        """(n, k) probabilities of ``classes``; a row's answer does not depend on the other rows.

        Args:
            X: (n, m) with the m of the fit, NaN for what is not known.

        Raises:
            ModelError: the width is not that of the fit.
        """

    def to_arrays(self) -> Frozen:
        """Give everything that ``from_arrays`` needs."""

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted classifier."""


class Classifier(Protocol):
    """Settings of a method; the constructor takes them by keyword and refuses what it does not know."""

    Fitted: ClassVar[type[Any]]

    def fit(self, X: Floats, y: Codes, rng: np.random.Generator, *, groups: Codes | None = None) -> FittedClassifier:
        """Learn classes.

        Args:
            X: (n, m), NaN for what is not known. y: (n,) codes >= 0.
            groups: (n,) rows of the same group, such as those of one user, stay together in whatever the fit holds out.

        Raises:
            DataError: there are fewer than two classes, or a number is infinite.
        """


def check_fit(X: Floats, y: Codes) -> Codes:
    """Refuse what nothing can be learned from; give the (k,) classes.

    Raises:
        DataError: there are fewer than two classes, lengths differ, or a number is infinite.
    """
    if X.ndim != 2 or len(X) != len(y):
        raise DataError(f"{len(y):,} classes are given for rows of shape {X.shape}; expected one for each row")
    if np.isinf(X).any():
        raise DataError("a number to learn from is infinite; expected finite ones, or NaN for what is not known")
    classes: Codes = np.unique(y)
    if len(classes) < 2:
        raise DataError(f"there are {len(classes)} classes to tell apart; expected two or more")
    return classes


def check_width(X: Floats, width: int) -> None:
    """Refuse rows of another width than those of the fit.

    Raises:
        ModelError: the width is another.
    """
    if X.ndim != 2 or X.shape[1] != width:
        raise ModelError(f"rows of shape {X.shape} are to be classified; this classifier was fitted on {width} columns")
