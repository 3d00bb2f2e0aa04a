"""Gradient boosting by histograms: grown by scikit-learn, frozen as arrays, asked by NumPy alone.

What is not known goes its own way at each split, as it did at the fit. All trees lie in one set of arrays; a row goes
down all of them at once, level by level, and the leaves are added in the order in which the trees were grown.

Source:
    Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from coterie.activation.classifying.contract import Codes, Floats, TrainingCurves, check_fit, check_width
from coterie.activation.classifying.rows import softmax
from coterie.config import refuse_unknown
from coterie.features.options import above_zero, number, whole
from coterie.frozen import Frozen
from coterie.parallel import single_libraries
from coterie.randomness import legacy_seed

KIND: Final = "boosting"
CELLS_AT_ONCE: Final = 4_000_000  # rows x trees


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """All trees of an ensemble, node after node.

    Args:
        roots: (t,) node that each tree begins at. column: (nodes,) that is looked at, -1 in a leaf.
        threshold: (nodes,) up to which a number goes left. left, right: (nodes,) next nodes; a leaf leads to itself.
        unknown_left: (nodes,) whether what is not known goes left. value: (nodes,) of a leaf.
        depth: of the deepest tree.
    """

    roots: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    threshold: Floats
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    unknown_left: npt.NDArray[np.bool_]
    value: Floats
    depth: int

    @classmethod
    def of(cls, grown: list[npt.NDArray[Any]]) -> Self:
        """Take the nodes of scikit-learn's trees, in the order in which they were grown."""
        starts = np.cumsum([0, *(len(nodes) for nodes in grown)])[:-1]
        nodes = np.concatenate(grown)
        base = np.repeat(starts, [len(one) for one in grown])
        is_leaf, here = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
        return cls(
            roots=starts.astype(np.int64),
            column=np.where(is_leaf, -1, nodes["feature_idx"]).astype(np.int64),
            threshold=nodes["num_threshold"].astype(np.float64),
            left=np.where(is_leaf, here, nodes["left"].astype(np.int64) + base),
            right=np.where(is_leaf, here, nodes["right"].astype(np.int64) + base),
            unknown_left=nodes["missing_go_to_left"].astype(bool),
            value=nodes["value"].astype(np.float64),
            depth=int(nodes["depth"].max(initial=0)),
        )

    def leaves(self, X: Floats) -> Floats:
        """(n, t) values of the leaves that (n, m) rows come to."""
        at = np.broadcast_to(self.roots, (len(X), len(self.roots))).copy()
        rows = np.arange(len(X))[:, None]
        for _ in range(self.depth):
            cells = X[rows, self.column[at]]  # in a leaf the last column, whatever it says
            goes_left = np.where(np.isnan(cells), self.unknown_left[at], cells <= self.threshold[at])
            at = np.where(goes_left, self.left[at], self.right[at])
        return self.value[at]


@dataclass(frozen=True, slots=True, eq=False)
class FittedBoosting:
    """A frozen ensemble.

    Args:
        classes: (k,). width: columns of the fit. trees: of ``scores`` trees a round. baseline: (scores,) log-odds
            before the first tree; one score for two classes, else one a class.
    """

    classes: Codes
    width: int
    trees: Trees
    baseline: Floats

    @property
    def curves(self) -> TrainingCurves | None:
        """None: rounds are of a fixed number."""
        return None

    def probabilities(self, X: Floats) -> Floats:
        """(n, k) probabilities; see the contract."""
        check_width(X, self.width)
        step = max(CELLS_AT_ONCE // max(len(self.trees.roots), 1), 1)
        parts = [self._scores(X[i : i + step]) for i in range(0, len(X), step)]
        scores = np.concatenate(parts) if parts else np.empty((0, len(self.baseline)))
        if len(self.baseline) == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        return softmax(scores)

    def _scores(self, X: Floats) -> Floats:
        found = np.tile(self.baseline, (len(X), 1))
        leaves = self.trees.leaves(X)
        for first in range(0, leaves.shape[1], len(self.baseline)):
            found += leaves[:, first : first + len(self.baseline)]
        return found

    def to_arrays(self) -> Frozen:
        """Give the trees."""
        names = ("roots", "column", "threshold", "left", "right", "unknown_left", "value")
        arrays = {name: getattr(self.trees, name) for name in names}
        meta = {"width": self.width, "depth": self.trees.depth}
        return Frozen(KIND, meta, {**arrays, "classes": self.classes, "baseline": self.baseline})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal classifier."""
        arrays = dict(frozen.arrays)
        classes, baseline = arrays.pop("classes"), arrays.pop("baseline")
        return cls(classes, frozen.meta["width"], Trees(**arrays, depth=frozen.meta["depth"]), baseline)


class Boosting:
    """Settings of the boosting.

    Args:
        rounds: of trees, one tree a class and round, >= 1. rate: what a tree adds is multiplied by, > 0.
        leaves: of a tree, >= 2. least: rows of a leaf, >= 1. penalty: on the square of a leaf's value, >= 0.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    Fitted: ClassVar[type[FittedBoosting]] = FittedBoosting

    def __init__(
        self,
        *,
        rounds: int = 60,
        rate: float = 0.1,
        leaves: int = 8,
        least: int = 20,
        penalty: float = 1.0,
        **unknown: Any,
    ) -> None:
        refuse_unknown(unknown, ("rounds", "rate", "leaves", "least", "penalty"), KIND)
        self.rounds = whole(rounds, f"{KIND}.rounds", low=1)
        self.rate = above_zero(rate, f"{KIND}.rate")
        self.leaves = whole(leaves, f"{KIND}.leaves", low=2)
        self.least = whole(least, f"{KIND}.least", low=1)
        self.penalty = number(penalty, f"{KIND}.penalty", low=0)

    def fit(
        self,
        X: Floats,
        y: Codes,
        rng: np.random.Generator,
        *,
        groups: Codes | None = None,  # noqa: ARG002  # nothing is held out
    ) -> FittedBoosting:
        """Grow trees; see the contract."""
        model = self.grown(X, y, rng)
        trees = [tree.nodes for one_round in model._predictors for tree in one_round]
        baseline = np.asarray(model._baseline_prediction, np.float64).reshape(-1)
        return FittedBoosting(check_fit(X, y), X.shape[1], Trees.of(trees), baseline)

    def grown(self, X: Floats, y: Codes, rng: np.random.Generator) -> Any:
        """Give scikit-learn's own ensemble, which the frozen one must agree with."""
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # takes a second to load

        check_fit(X, y)
        model = HistGradientBoostingClassifier(
            learning_rate=self.rate,
            max_iter=self.rounds,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least,
            l2_regularization=self.penalty,
            early_stopping=False,
            random_state=legacy_seed(rng),
        )
        with single_libraries():
            return model.fit(X, y)
