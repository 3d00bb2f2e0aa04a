from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.clustering.centroid import FittedKMeans, KMeans
from coterie.clustering.minibatch import MiniBatch
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestMiniBatch(ClustererContract):
    @pytest.fixture
    def clusterer(self):
        return MiniBatch(k=3, starts=3, batch=32)


def test_strength_by_hand():
    # Two heaps of equal points, so the centres stand on them: 2 lies 2 from its own and 8 from the other.
    points = np.repeat(np.array([[0.0], [10.0]], np.float32), [300, 200], axis=0)
    fitted = MiniBatch(k=2).fit(points, np.random.default_rng(0))
    assert fitted.centres.tolist() == [[0.0], [10.0]]
    assert fitted.assign(np.array([[2.0]], np.float32)).strength == pytest.approx([0.75])


def test_it_finds_what_kmeans_finds():
    points, _ = three_clouds(3)
    batches = MiniBatch(k=3).fit(points, np.random.default_rng(0))
    assert (batches.fit_labels == KMeans(k=3).fit(points, np.random.default_rng(0)).fit_labels).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50))
def test_every_label_is_of_the_nearest_centre_and_has_members(seed):
    points = np.random.default_rng(seed).normal(size=(60, 2)).astype(np.float32)
    fitted = MiniBatch(k=9, starts=1, batch=8).fit(points, np.random.default_rng(seed))
    assert isinstance(fitted, FittedKMeans)
    assert (fitted.assign(points).labels == fitted.fit_labels).all()
    assert set(fitted.fit_labels.tolist()) == set(range(fitted.n_clusters))
