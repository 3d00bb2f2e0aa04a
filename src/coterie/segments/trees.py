"""A small decision tree for rules: binary splits of numbers by Gini impurity, both classes weighing the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Node:
    """A split: numbers of ``feature`` up to ``threshold`` go left; a child that is not there is a leaf."""

    feature: int
    threshold: float
    left: Node | None
    right: Node | None


def grow(numbers: Floats, own: Mask, *, depth: int, leaf: int) -> Node | None:
    """Grow a tree that tells some users from the others.

    Args:
        numbers: (n, s), finite. own: (n,). depth: splits in a row at most. leaf: fewest users of a leaf.

    Returns:
        The first split; None where none leaves ``leaf`` users on both sides and makes them purer.

    Source:
        Breiman, Friedman, Olshen & Stone 1984, "Classification and regression trees", with equal priors. Of splits as
        good as each other the first is taken, by column and then by threshold.
    """
    shares = max(int(own.sum()), 1), max(int((~own).sum()), 1)
    weights = np.where(own, 0.5 / shares[0], 0.5 / shares[1])
    order = np.argsort(numbers, axis=0, kind="stable")
    return _grown(numbers, (own, weights, order), np.ones(len(own), np.bool_), depth, leaf)


def _grown(
    numbers: Floats, known: tuple[Mask, Floats, npt.NDArray[np.intp]], users: Mask, depth: int, leaf: int
) -> Node | None:
    if depth == 0 or users.sum() < 2 * leaf:
        return None
    split = _best(numbers, known, users, leaf)
    if split is None:
        return None
    feature, threshold = split
    low = numbers[:, feature] <= threshold
    return Node(
        feature,
        threshold,
        _grown(numbers, known, users & low, depth - 1, leaf),
        _grown(numbers, known, users & ~low, depth - 1, leaf),
    )


def _best(
    numbers: Floats, known: tuple[Mask, Floats, npt.NDArray[np.intp]], users: Mask, leaf: int
) -> tuple[int, float] | None:
    own, weights, order = known
    n, total = int(users.sum()), float(weights[users].sum())
    total_own = float(weights[users & own].sum())
    least = float(_impurity(total_own, total)) - 1e-9
    best: tuple[int, float] | None = None
    for feature in range(numbers.shape[1]):
        at = order[:, feature]
        at = at[users[at]]
        values, weight = numbers[at, feature], weights[at]
        cuts = np.flatnonzero(values[1:] > values[:-1])
        cuts = cuts[(cuts + 1 >= leaf) & (n - cuts - 1 >= leaf)]
        if not len(cuts):
            continue
        left, left_own = np.cumsum(weight)[cuts], np.cumsum(np.where(own[at], weight, 0.0))[cuts]
        impurity = _impurity(left_own, left) + _impurity(total_own - left_own, total - left)
        place = int(impurity.argmin())
        if float(impurity[place]) < least:
            least = float(impurity[place]) - 1e-12
            best = feature, float((values[cuts[place]] + values[cuts[place] + 1]) / 2)
    return best


def _impurity(own: npt.ArrayLike, total: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give the Gini impurity times the weight: 2 p (1 - p) total."""
    p = np.divide(own, total, out=np.zeros(np.shape(total)), where=np.asarray(total) > 0)
    impure: npt.NDArray[np.float64] = 2 * p * (1 - p) * np.asarray(total)
    return impure
