from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from coterie.selection import quality
from tests.contracts.clusterer_contract import three_clouds


def labels_of_clouds(seed: int = 0):
    points, truth = three_clouds(seed)
    return points, truth.astype(np.int32)


def test_indices_by_hand():
    points = np.array([[0.0], [2.0], [10.0], [12.0]], np.float32)
    found = quality.indices(points, np.array([0, 0, 1, 1], np.int32))
    assert found.inertia == pytest.approx(4.0)
    # Between 4 * 25 = 100 on 1 degree of freedom, within 4 on 2; mean radius 1 each over a distance of 10.
    assert found.calinski_harabasz == pytest.approx(50.0)
    assert found.davies_bouldin == pytest.approx(0.2)


def test_silhouettes_equal_those_of_scikit_learn_for_every_labelling():
    points, labels = labels_of_clouds()
    halves = (np.arange(len(points)) % 2).astype(np.int32)
    found = quality.silhouette_values(points.astype(float), np.arange(len(points)), [labels, halves], threads=2)
    assert found[0] == pytest.approx(silhouette_samples(points, labels), abs=1e-6)
    assert found[1] == pytest.approx(silhouette_samples(points, halves), abs=1e-6)


def test_a_point_alone_has_silhouette_zero():
    points = np.array([[0.0], [5.0], [6.0]])
    (found,) = quality.silhouette_values(points, np.arange(3), [np.array([1, 0, 0], np.int32)], threads=1)
    assert found[0] == 0
    assert found[1] == pytest.approx((5 - 1) / 5)


def test_small_tables_have_an_exact_silhouette():
    points, labels = labels_of_clouds()
    (found,) = quality.silhouettes(points, [labels], np.random.default_rng(0), threads=1)
    assert found.low == found.value == found.high


def test_the_sample_of_a_large_table_covers_the_exact_value(monkeypatch):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3, dtype=np.int32), 500)
    points = (rng.normal(size=(1500, 4)) + 2.0 * labels[:, None]).astype(np.float32)
    (exact,) = quality.silhouettes(points, [labels], rng, threads=1)
    monkeypatch.setattr(quality, "EXACT_ROWS", 250)  # five times as many as rows, as they are
    monkeypatch.setattr(quality, "SAMPLE_ROWS", 50)
    covered = 0
    for seed in range(40):
        (found,) = quality.silhouettes(points, [labels], np.random.default_rng(seed), threads=1)
        assert found.low < found.value < found.high
        covered += found.low <= exact.value <= found.high
    assert covered >= 34


def test_labellings_are_compared_on_the_same_sample(monkeypatch):
    points, labels = labels_of_clouds()
    monkeypatch.setattr(quality, "EXACT_ROWS", 50)
    monkeypatch.setattr(quality, "SAMPLE_ROWS", 40)
    halves = (np.arange(len(points)) % 2).astype(np.int32)
    together = quality.silhouettes(points, [labels, halves], np.random.default_rng(1), threads=1)
    alone = [quality.silhouettes(points, [one], np.random.default_rng(1), threads=1)[0] for one in (labels, halves)]
    for one, other in zip(together, alone, strict=True):
        assert (one.low, one.value, one.high) == pytest.approx((other.low, other.value, other.high))


def test_indices_equal_those_of_scikit_learn():
    points, labels = labels_of_clouds()
    found = quality.indices(points, labels)
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(points.astype(float), labels))
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(points.astype(float), labels))
    same = quality.indices(np.zeros((4, 2), np.float32), np.array([0, 0, 1, 1], np.int32))
    assert (same.inertia, same.calinski_harabasz, same.davies_bouldin) == (0.0, 1.0, 0.0)


def test_one_and_two_threads_give_the_same_bits(monkeypatch):
    monkeypatch.setattr(quality, "BLOCK_CELLS", 500)
    points, labels = labels_of_clouds()
    one, two = (
        quality.silhouette_values(points.astype(float), np.arange(len(points)), [labels], threads=threads)[0]
        for threads in (1, 2)
    )
    assert one.tobytes() == two.tobytes()


def test_activity_explained_by_hand():
    labels = np.array([0, 0, 1, 1], np.int32)
    assert quality.activity_explained(labels, np.array([2.0, 2.0, 50.0, 50.0])) == pytest.approx(1.0)
    assert quality.activity_explained(labels, np.array([2.0, 50.0, 2.0, 50.0])) == pytest.approx(0.0)
    assert quality.activity_explained(labels, np.full(4, 7.0)) == 0.0


@given(st.lists(st.integers(1, 500), min_size=4, max_size=40), st.integers(0, 9))
def test_activity_explained_stays_between_zero_and_one(events, seed):
    labels = np.random.default_rng(seed).integers(0, 3, len(events)).astype(np.int32)
    assert -1e-9 <= quality.activity_explained(labels, np.array(events, float)) <= 1 + 1e-9


@pytest.mark.parametrize("events", [3.0, 5.0, 7.0])
def test_where_everybody_does_as_much_segments_explain_nothing_of_it(events):
    labels = np.arange(120, dtype=np.int32) % 4
    assert quality.activity_explained(labels, np.full(120, events)) == 0
