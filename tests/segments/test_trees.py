from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from coterie.segments.trees import Node, grow


def test_a_split_by_hand():
    numbers = np.array([[1.0, 9], [2, 1], [3, 5], [10, 2], [11, 7], [12, 3]])
    own = np.array([False, False, False, True, True, True])
    assert grow(numbers, own, depth=3, leaf=1) == Node(0, 6.5, None, None)
    assert grow(numbers, own, depth=3, leaf=4) is None
    assert grow(numbers, np.zeros(6, bool), depth=3, leaf=1) is None
    assert grow(numbers[:, :0], own, depth=3, leaf=1) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_as_pure_as_that_of_scikit_learn(seed: int):
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 12, (120, 4)).astype(float)
    own = (numbers[:, 0] + rng.normal(0, 4, 120) > 6) & (numbers[:, 1] > 3)
    if own.sum() < 10:
        return
    ours = grow(numbers, own, depth=1, leaf=8)
    theirs = DecisionTreeClassifier(max_depth=1, min_samples_leaf=8, class_weight="balanced", random_state=0)
    tree = theirs.fit(numbers, own).tree_
    if ours is None:
        assert tree.node_count == 1
        return
    weights = np.where(own, 0.5 / own.sum(), 0.5 / (~own).sum())

    def impurity(feature: int, threshold: float) -> float:
        low = numbers[:, feature] <= threshold
        sides = [(weights[side & own].sum(), weights[side].sum()) for side in (low, ~low)]
        return sum(2 * (a / n) * (1 - a / n) * n for a, n in sides)

    assert impurity(ours.feature, ours.threshold) == pytest.approx(impurity(tree.feature[0], tree.threshold[0]))
