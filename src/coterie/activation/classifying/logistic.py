"""Multinomial logistic regression: the plainest classifier, frozen as its coefficients.

Source:
    Hastie, Tibshirani & Friedman (2009), "The Elements of Statistical Learning", section 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np

from coterie.activation.classifying.contract import Codes, Floats, TrainingCurves, check_fit
from coterie.activation.classifying.rows import Scaling, product, softmax
from coterie.config import refuse_unknown
from coterie.features.options import above_zero, whole
from coterie.frozen import Frozen
from coterie.parallel import single_libraries

KIND: Final = "logistic"


@dataclass(frozen=True, slots=True, eq=False)
class FittedLogistic:
    """Frozen coefficients.

    Args:
        classes: (k,). scaling: of the columns. weights: (m', k). offsets: (k,).
    """

    classes: Codes
    scaling: Scaling
    weights: Floats
    offsets: Floats

    @property
    def curves(self) -> TrainingCurves | None:
        """None: there are no epochs."""
        return None

    def probabilities(self, X: Floats) -> Floats:
        """(n, k) probabilities; see the contract."""
        return softmax(product(self.scaling.apply(X), self.weights) + self.offsets)

    def to_arrays(self) -> Frozen:
        """Give the coefficients."""
        s = self.scaling
        arrays = {"centre": s.centre, "spread": s.spread, "told": s.told, "classes": self.classes}
        return Frozen(KIND, {}, {**arrays, "weights": self.weights, "offsets": self.offsets})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal classifier."""
        a = frozen.arrays
        return cls(a["classes"], Scaling(a["centre"], a["spread"], a["told"]), a["weights"], a["offsets"])


class Logistic:
    """Settings of the logistic regression.

    Args:
        inverse_penalty: the greater, the less coefficients are drawn to zero (L2), > 0. rounds: of the solver, >= 1.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    Fitted: ClassVar[type[FittedLogistic]] = FittedLogistic

    def __init__(self, *, inverse_penalty: float = 1.0, rounds: int = 2_000, **unknown: Any) -> None:
        refuse_unknown(unknown, ("inverse_penalty", "rounds"), KIND)
        self.inverse_penalty = above_zero(inverse_penalty, f"{KIND}.inverse_penalty")
        self.rounds = whole(rounds, f"{KIND}.rounds", low=1)

    def fit(
        self,
        X: Floats,
        y: Codes,
        rng: np.random.Generator,  # noqa: ARG002  # nothing is random
        *,
        groups: Codes | None = None,  # noqa: ARG002  # nothing is held out
    ) -> FittedLogistic:
        """Learn coefficients; see the contract."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # takes a second to load

        classes = check_fit(X, y)
        scaling = Scaling.of(X)
        with single_libraries():
            model = LogisticRegression(C=self.inverse_penalty, max_iter=self.rounds, tol=1e-5)
            model.fit(scaling.apply(X), y)
        weights, offsets = model.coef_.T, model.intercept_
        if len(classes) == 2:  # scikit-learn then keeps the log-odds of the second alone
            weights, offsets = np.hstack([0 * weights, weights]), np.append(0.0, offsets)
        return FittedLogistic(classes, scaling, np.ascontiguousarray(weights), offsets)
