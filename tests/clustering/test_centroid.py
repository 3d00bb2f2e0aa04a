from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from coterie.clustering.centroid import KMeans
from coterie.errors import ConfigError, DataError
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestKMeans(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return KMeans(k=3, starts=3)


def test_three_clouds_are_found():
    points, truth = three_clouds()
    fitted = KMeans(k=3).fit(points, np.random.default_rng(0))
    assert adjusted_rand_score(truth, fitted.fit_labels) == 1.0
    assert (fitted.fit_labels == truth).all(), "the clouds are numbered by size, and so are clusters"


def test_strength_by_hand():
    # Centres settle at 0 and 10; the point 2 lies 2 from its own and 8 from the other: 1 - 2 / 8.
    points = np.array([[-1.0], [1.0], [9.0], [11.0]], np.float32)
    fitted = KMeans(k=2).fit(points, np.random.default_rng(0))
    assigned = fitted.assign(np.array([[2.0], [5.0], [0.0]], np.float32))
    assert assigned.strength == pytest.approx([0.75, 0.0, 1.0])
    assert assigned.distance == pytest.approx([2.0, 5.0, 0.0])


@given(st.permutations(range(120)))
def test_the_order_of_rows_does_not_change_who_is_with_whom(order):
    points, _ = three_clouds()
    straight = KMeans(k=3, starts=2).fit(points, np.random.default_rng(0)).fit_labels
    shuffled = KMeans(k=3, starts=2).fit(points[order], np.random.default_rng(0)).fit_labels
    assert (shuffled == straight[order]).all()


def test_more_clusters_than_distinct_points_are_refused():
    with pytest.raises(DataError, match="4 clusters were asked of 2 distinct points"):
        KMeans(k=4).fit(np.array([[0.0], [1.0], [1.0], [0.0], [1.0]], np.float32), np.random.default_rng(0))


@pytest.mark.parametrize("options", [{"k": 1}, {"k": True}, {"starts": 0}, {"k": 2.5}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match="whole number >="):
        KMeans(**options)
