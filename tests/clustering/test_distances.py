from __future__ import annotations

import numpy as np
import pytest

from coterie.clustering import distances
from coterie.clustering.contract import Assignment
from coterie.errors import ModelError


def test_own_and_other_by_hand():
    found = np.array([[1.0, 9.0, 4.0], [8.0, 2.0, 3.0], [0.0, 0.0, 1.0]])
    own, other = distances.own_and_other(found, np.array([0, 1, 2], np.int32))
    assert own.tolist() == [1, 2, 1]
    assert other.tolist() == [4, 3, 0]
    assert found[0].tolist() == [1, 9, 4], "what came in stays as it is"


def test_a_lone_centre_leaves_no_strength():
    own, other = distances.own_and_other(np.array([[3.0], [0.0]]), np.zeros(2, np.int32))
    assert distances.relative_strength(own, other).tolist() == [0, 0]


def test_strength_is_none_where_another_is_nearer_and_full_at_the_own():
    own, other = np.array([3.0, 0.0, 1.0, 0.0]), np.array([2.0, 2.0, 4.0, 0.0])
    assert distances.relative_strength(own, other).tolist() == [0, 1, 0.75, 0]


def test_means_are_those_of_the_members():
    points = np.array([[0.0, 0], [2, 0], [5, 5]])
    assert distances.cluster_means(points, np.array([0, 0, 1], np.int32), 2).tolist() == [[1, 0], [5, 5]]


@pytest.mark.parametrize("n_columns", [1, distances.BLOCK_CELLS // 3])
def test_blocks_are_put_together_in_order(n_columns):
    points = np.arange(10, dtype=np.float32)[:, None]
    seen = []

    def assign(rows):
        seen.append(len(rows))
        return Assignment(rows[:, 0].astype(np.int32), rows[:, 0] / 10, rows[:, 0])

    found = distances.in_blocks(points, n_columns, assign)
    assert found.labels.tolist() == list(range(10))
    assert found.distance.tolist() == list(range(10))
    assert seen == ([10] if n_columns == 1 else [3, 3, 3, 1])


def test_width_is_told_in_dims_or_axes():
    distances.check_width(np.zeros((0, 3), np.float32), 3, "mixture")
    with pytest.raises(ModelError, match="this mixture was fitted on 3 dims, got points of 2 dims"):
        distances.check_width(np.zeros((1, 2), np.float32), 3, "mixture")
    with pytest.raises(ModelError, match="got points of 1 axes"):
        distances.check_width(np.zeros(3, np.float32), 3, "mixture")


def test_the_nearest_centre_takes_a_point_and_the_first_a_tie():
    found = distances.assign_nearest(np.array([[2.0], [5.0], [12.0]]), np.array([[10.0], [0.0]]))
    assert found.labels.tolist() == [1, 0, 0]
    assert found.strength == pytest.approx([0.75, 0, 1 - 2 / 12])
    assert found.distance.tolist() == [2, 5, 2]
