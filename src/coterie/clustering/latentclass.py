"""Latent class analysis: users as draws from a few classes, in each of which answers are independent.

Points come in with one column a category, as the embedding ``none`` leaves them, and are read back into answers. What
goes out is each class's share and its probability of every answer; everybody belongs to the class with the highest
posterior probability. An answer that is missing says nothing: the likelihood is that of the answers given (full
information maximum likelihood), which is right where answers are missing at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from coterie.clustering.answers import Codes, Layout, checked_names
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.classes import Classes, Offsets, Patterns, log_sum_exp
from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import BLOCK_CELLS, Floats, check_width, in_blocks
from coterie.clustering.labels import inhabited_order
from coterie.embedding.contract import Points
from coterie.errors import DataError, shown
from coterie.features.options import above_zero
from coterie.frozen import Frozen

KIND: Final = "latentclass"
YES_OR_NO: Final = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Item:
    """A question that classes answer differently.

    Args:
        name: "block:attribute", or "block:column" of a yes-or-no column. categories: two or more, or the only one.
    """

    name: str
    categories: tuple[str, ...]


class FittedLatentClasses:
    """Classes, largest cluster first.

    Args:
        layout: what the columns of points are. classes: as the clusters are numbered.
        precedence: (k,) clusters in the order in which a tie is settled. bic, aic: of these classes on the rows
            of the fit, in nats times two; lower is better.
    """

    def __init__(
        self,
        layout: Layout,
        classes: Classes,
        precedence: npt.NDArray[np.int32],
        *,
        bic: float,
        aic: float,
        fit_labels: Labels | None = None,
    ) -> None:
        self.layout, self.classes, self.precedence, self.bic, self.aic = layout, classes, precedence, bic, aic
        self._fit_labels = np.empty(0, np.int32) if fit_labels is None else fit_labels

    @property
    def n_clusters(self) -> int:
        """Number of classes that somebody belongs to."""
        return len(self.classes.weights)

    @property
    def fit_labels(self) -> Labels:
        """(n,) labels of the rows of the fit."""
        return self._fit_labels

    @property
    def items(self) -> tuple[Item, ...]:
        """(m,) questions, in the order of ``classes.probabilities``."""
        return items_of(self.layout)

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points the class with the highest posterior.

        Strength is that posterior probability; a row without any answer gets the class of the greatest weight, with
        its weight. Distance is the root of the number of its answers in which somebody of the class is expected to
        answer otherwise, >= 0.
        """
        check_width(points, self.layout.n_columns, "latent class model")
        return in_blocks(points, self.n_clusters + self.layout.n_columns, self._assign_block)

    def _assign_block(self, points: Floats) -> Assignment:
        answers = self.classes.one_hot(codes_of(points, self.layout))
        joint = self.classes.log_joint(answers)
        labels = self.precedence[joint[:, self.precedence].argmax(axis=1)]
        rows = np.arange(len(points))
        posterior = np.exp(joint[rows, labels] - log_sum_exp(joint))
        otherwise = (answers @ (1.0 - self.classes.probabilities))[rows, labels]
        return Assignment(labels, np.minimum(posterior, 1.0), np.sqrt(np.maximum(otherwise, 0.0)))

    def memberships(self, points: Points) -> Floats:
        """Give (n, k) posterior probabilities of each of (n, d) points; rows sum to 1.

        Raises:
            ModelError: the width is not that of the fit.
        """
        check_width(points, self.layout.n_columns, "latent class model")
        step = max(1, BLOCK_CELLS // (self.n_clusters + self.layout.n_columns))
        parts = [np.empty((0, self.n_clusters))]
        for start in range(0, len(points), step):
            codes = codes_of(points[start : start + step].astype(np.float64), self.layout)
            joint = self.classes.log_joint(self.classes.one_hot(codes))
            parts.append(np.exp(joint - log_sum_exp(joint)[:, None]))
        return np.concatenate(parts)

    def to_arrays(self) -> Frozen:
        """Give the classes, the names of the columns and the criteria of the fit."""
        names = None if self.layout.names is None else list(self.layout.names)
        meta = {"columns": names, "n_columns": self.layout.n_columns, "bic": self.bic, "aic": self.aic}
        c = self.classes
        arrays: dict[str, npt.NDArray[Any]] = {
            "weights": c.weights,
            "probabilities": c.probabilities,
            "precedence": self.precedence,
        }
        return Frozen(KIND, meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back equal classes."""
        meta, arrays = frozen.meta, frozen.arrays
        layout = Layout.of(meta["columns"], meta["n_columns"])
        classes = Classes(arrays["weights"], arrays["probabilities"], offsets_of(layout))
        return cls(layout, classes, arrays["precedence"], bic=meta["bic"], aic=meta["aic"])


class LatentClass:
    """Settings of latent class analysis, fitted by expectation maximisation.

    Args:
        columns: names of the points' columns, "block:attribute=category" or "block:column". Columns of one
            "block:attribute=" are one item with one answer of several; every other column is an item of its own,
            answered yes where its value is above 0, and must be 0 or one positive value. Without names every column
            is such an item, whatever its values.
        k: number of classes, >= 2; one that is nobody's likeliest is left out, and the others' weights are scaled.
        starts: independent starts, of which the likeliest after some steps goes on to the end, >= 1.
        smoothing: users imagined beside the real ones, > 0, who belong to all classes alike and answer every item as
            all users did; keeps a probability from reaching 0, after which one answer would rule a class out for
            good. 1 moves no estimate that some dozen users support.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Lazarsfeld & Henry (1968), "Latent structure analysis"; Goodman (1974), "Exploratory latent structure analysis
        using both identifiable and unidentifiable models" (EM); Galindo Garre & Vermunt (2006), "Avoiding boundary
        estimates in latent class analysis by Bayesian posterior mode estimation" (smoothing); Biernacki, Celeux &
        Govaert (2003), "Choosing starting values for the EM algorithm" (short starts).
    """

    Fitted: ClassVar[type[FittedLatentClasses]] = FittedLatentClasses
    takes_columns: ClassVar[bool] = True
    counts_clusters: ClassVar[bool] = True

    def __init__(self, *, columns: Sequence[str] | None = None, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("smoothing",), KIND)
        self.columns = checked_names(columns, f"{KIND}.columns")
        self.smoothing = above_zero(options.get("smoothing", 1.0), f"clustering.options.{KIND}.smoothing")

    def fit(self, points: Points, rng: np.random.Generator) -> FittedLatentClasses:
        """Fit classes to (n, d) points.

        Raises:
            DataError: also where a column is a number, or where all classes but one are nobody's likeliest.
        """
        check_points(points, self.k)
        layout = Layout.of(self.columns, points.shape[1])
        _check_answers(points, layout)
        codes = codes_of(points, layout)
        patterns = Patterns.of(codes, offsets_of(layout), self.smoothing)
        found = patterns.fit(self.k, self.starts, rng)
        answers = found.one_hot(codes)
        kept = np.unique(found.log_joint(answers).argmax(axis=1))
        if len(kept) < 2:
            raise DataError(
                f"latent class analysis put everybody into one of {self.k} classes; lower 'smoothing' of latentclass "
                f"below {self.smoothing:g}, or bring columns that users answer differently"
            )
        found = found.take(kept)
        bic, aic = patterns.criteria(found)
        labels, order = inhabited_order(found.log_joint(answers).argmax(axis=1).astype(np.int32), len(kept))
        precedence = np.argsort(order).astype(np.int32)
        return FittedLatentClasses(layout, found.take(order), precedence, bic=bic, aic=aic, fit_labels=labels)


def items_of(layout: Layout) -> tuple[Item, ...]:
    """Give the questions of a layout: its attributes, then its other columns, which are answered yes or no."""
    names = layout.names or tuple(str(position) for position in range(layout.n_columns))
    asked = tuple(Item(attribute.name, attribute.categories) for attribute in layout.attributes)
    return asked + tuple(Item(names[position], YES_OR_NO) for position in layout.numbers)


def codes_of(points: Points | Floats, layout: Layout) -> Codes:
    """Read (n, d) points as (n, m) answers to the items of a layout."""
    yes = points[:, list(layout.numbers)] > 0
    return np.hstack([layout.codes(points), yes.astype(np.int32)])


def offsets_of(layout: Layout) -> Offsets:
    """Give (m + 1,) where the categories of each item of a layout begin, and their number."""
    return np.concatenate([[0], np.cumsum([len(item.categories) for item in items_of(layout)])]).astype(np.int64)


def _check_answers(points: Points, layout: Layout) -> None:
    """Refuse columns with names that are neither categories nor yes-or-no."""
    if layout.names is None:
        return
    for position in layout.numbers:
        values = np.unique(points[:, position])
        if (values < 0).any() or (values > 0).sum() > 1:
            name = layout.names[position]
            raise DataError(
                f"latent class analysis needs categories, not the number {shown(name)}: expected a column of 0 and one "
                "positive value; declare it a category, leave it out of the basis, or use gmm or kprototypes"
            )
