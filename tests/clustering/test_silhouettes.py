from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from coterie._kernels import distance_sums
from coterie.clustering.silhouettes import sampled, squared
from coterie.parallel import THREADS_VARIABLE


def labelled(n: int, d: int, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), rng.integers(0, k, n - k)]).astype(np.int32)
    points = 50 + 2 * rng.normal(size=(k, d))[labels] + rng.normal(size=(n, d))
    return points.astype(np.float32), labels


@pytest.mark.parametrize(("n", "d", "k"), [(12, 1, 2), (700, 3, 4), (500, 20, 9)])
def test_squared_silhouettes_are_those_of_all_pairs(n, d, k):
    points, labels = labelled(n, d, k)
    expected = silhouette_samples(points.astype(np.float64), labels, metric="sqeuclidean")
    assert squared(points, labels) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("n", "d", "k"), [(12, 1, 2), (700, 3, 4), (1_500, 20, 9)])
def test_sampled_silhouettes_are_those_of_all_pairs(n, d, k):
    points, labels = labelled(n, d, k)
    rows = np.random.default_rng(1).permutation(n)[: n // 2]
    expected = silhouette_samples(points.astype(np.float64), labels)[rows]
    assert sampled(points, labels, rows) == pytest.approx(expected, abs=2e-4)


def test_one_alone_and_clusters_without_members():
    points = np.array([[0.0], [1], [10], [30]], np.float32)
    labels = np.array([0, 0, 3, 4], np.int32)
    assert squared(points, labels) == pytest.approx([1 - 1 / 100, 1 - 1 / 81, 0, 0])
    assert sampled(points, labels, np.arange(4)) == pytest.approx([1 - 1 / 10, 1 - 1 / 9, 0, 0], abs=1e-4)


def test_the_same_bits_for_any_number_of_threads(monkeypatch):
    points, labels = labelled(3_000, 7, 5)
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        found.append(sampled(points, labels, np.arange(0, 3_000, 3)).tobytes() + squared(points, labels).tobytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("bounds", [[0], [0, 2], [1, 3], [0, 2, 1, 3]])
def test_bounds_that_are_none_are_refused(bounds):
    points = np.zeros((3, 1), np.float32)
    with pytest.raises(ValueError, match="rise from 0 to 3"):
        distance_sums(points, points, np.array(bounds))
