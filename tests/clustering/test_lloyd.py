from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from coterie.clustering import lloyd as module
from coterie.clustering.lloyd import lloyd, sweep
from coterie.parallel import THREADS_VARIABLE


def clouds(n: int, d: int, k: int, seed: int = 0, apart: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = apart * rng.normal(size=(k, d))
    return (100 + centres[rng.integers(0, k, n)] + rng.normal(size=(n, d))).astype(np.float32)


def inertia(points: np.ndarray, centres: np.ndarray) -> float:
    return float(cdist(points, centres, "sqeuclidean").min(axis=1).sum())


def peer(points: np.ndarray, k: int) -> float:
    return float(KMeans(k, n_init=5, random_state=0).fit(points.astype(np.float64)).inertia_)


@pytest.mark.parametrize("sample", [300, 20_000])
def test_centres_are_as_good_as_scikit_learns_also_where_starts_see_a_sample(monkeypatch, sample):
    monkeypatch.setattr(module, "SAMPLE", sample)
    monkeypatch.setattr(module, "SAMPLE_PER_CENTRE", 1)
    points = clouds(6_000, 6, 8)
    for k in (2, 8, 11):
        found = lloyd(points, k, 5, np.random.default_rng(0))
        assert inertia(points, found) <= 1.01 * peer(points, k)
        nearest = cdist(points, found).argmin(axis=1)
        means = np.stack([points[nearest == c].mean(axis=0, dtype=np.float64) for c in range(k)])
        assert found == pytest.approx(means, abs=2e-2), "centres rest on all points, not on the sample"


@pytest.mark.parametrize("sample", [300, 20_000])
def test_a_sweep_is_as_good_as_fits_of_their_own(monkeypatch, sample):
    monkeypatch.setattr(module, "SAMPLE", sample)
    monkeypatch.setattr(module, "SAMPLE_PER_CENTRE", 1)
    points, ks = clouds(5_000, 5, 7), [2, 3, 4, 6, 7, 10]
    found = sweep(points, ks, 2, np.random.default_rng(0))
    assert [len(centres) for centres in found] == ks
    values = [inertia(points, centres) for centres in found]
    assert values == sorted(values, reverse=True)
    assert sum(values) <= 1.01 * sum(peer(points, k) for k in ks)


def test_as_many_centres_as_distinct_points_are_the_points():
    points = np.repeat(np.array([[0.0, 0], [1, 0], [0, 5], [7, 7]]), 3, axis=0)
    for centres, k in zip(sweep(points, [1, 2, 3, 4], 1, np.random.default_rng(0)), [1, 2, 3, 4], strict=True):
        assert len(centres) == k
    assert inertia(points, centres) == pytest.approx(0, abs=1e-9)


def test_a_sweep_has_the_same_bits_for_any_number_of_threads(monkeypatch):
    points, found = clouds(30_000, 4, 5), []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        centres = sweep(points, [2, 5, 9], 2, np.random.default_rng(0))
        found.append([one.tobytes() for one in centres])
    assert found[0] == found[1] == found[2]
