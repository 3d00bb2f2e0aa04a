from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.clustering.centroid import KMeans
from coterie.errors import ConfigError, DataError
from coterie.selection.explained import (
    Refits,
    column_folds,
    explained_of,
    explained_variance,
    hold_columns_out,
    left_out_errors,
    smallest_within_one_error,
    traits,
)


def planted(k: int, n: int = 400, d: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(k, dtype=np.int32), n // k)
    return rng.normal(0, 2, (k, d))[truth] + rng.normal(size=(len(truth), d)), truth


def segments_by(points: np.ndarray, k: int):
    """Form segments on the columns that may be looked at."""
    return lambda visible, rng: KMeans(k=k, starts=3).fit(points[:, visible].astype(np.float32), rng).fit_labels


def held(points: np.ndarray, fit_labels, refits: Refits = Refits(4, 2), threads: int = 1):  # noqa: B008
    return hold_columns_out(traits(points, np.arange(points.shape[1])), fit_labels, refits, 7, threads=threads)


def test_left_out_errors_by_hand():
    values = np.array([[1.0], [3.0], [-2.0], [-5.0], [3.0]])  # their mean is 0
    errors = left_out_errors(values, np.array([0, 0, 1, 1, -1], np.int32))
    # Each of a pair is predicted by the other one; noise by the mean of the other four, -3 / 4.
    assert errors == pytest.approx([4, 4, 9, 9, 3.75**2])
    # Who is alone is predicted by the mean of all others as well.
    assert left_out_errors(values, np.array([0, 0, 0, 0, 1], np.int32))[4] == pytest.approx(3.75**2)


@given(st.integers(1, 4), st.integers(0, 50))
def test_leaving_one_out_is_what_it_says(k, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(12, 2))
    values -= values.mean(axis=0)
    labels = rng.integers(0, k, 12).astype(np.int32)
    for user, error in enumerate(left_out_errors(values, labels)):
        others = (labels == labels[user]) & (np.arange(12) != user)
        others = others if others.any() else np.arange(12) != user
        assert error == pytest.approx(((values[user] - values[others].mean(axis=0)) ** 2).sum())


def test_every_attribute_weighs_the_same():
    rng = np.random.default_rng(0)
    colour = np.eye(4)[rng.integers(0, 4, 500)]
    found = traits(np.hstack([colour, 100 * rng.normal(size=(500, 1)), np.full((500, 1), 0.1)]), [5, 5, 5, 5, 2, 9])
    assert found.attribute.tolist() == [1, 1, 1, 1, 0, 2]
    assert np.bincount(found.attribute, found.values.var(axis=0)) == pytest.approx([1, 1, 0])
    assert found.varying.tolist() == [0, 1]


def test_folds_hold_each_varying_attribute_out_once_and_together():
    rng = np.random.default_rng(0)
    attribute = np.array([0, 0, 1, 2, 3, 3, 3, 4])
    columns = rng.normal(size=(20, 8))
    columns[:, 3] = 1.0
    folds = column_folds(traits(columns, attribute), Refits(5, 3), 7)
    assert len(folds) == 3 * 4  # four attributes vary
    for repetition in range(3):
        part = np.array(folds[4 * repetition : 4 * repetition + 4])
        assert part.sum(axis=0).tolist() == [1, 1, 1, 0, 1, 1, 1, 1]
        assert all(len(set(fold[attribute == a])) == 1 for fold in part for a in range(5))


def test_true_segments_explain_what_they_do():
    points, truth = planted(4)
    within = points - np.stack([points[truth == c].mean(axis=0) for c in range(4)])[truth]
    found = explained_of(held(points, lambda visible, rng: truth))
    share = np.mean(1 - within.var(axis=0) / points.var(axis=0))
    assert found.value.value == pytest.approx(share, abs=0.01)
    assert found.value.low < found.value.value < found.value.high
    assert found.standard_error < 0.06
    assert abs(found.random) < 0.02


def test_random_segments_explain_nothing():
    points, truth = planted(4)
    shuffled = np.random.default_rng(0).permutation(truth)
    assert explained_of(held(points, lambda visible, rng: shuffled)).value.value == pytest.approx(0, abs=0.02)
    nobody = explained_of(held(points, lambda visible, rng: np.full(400, -1, np.int32)))
    assert (nobody.value.value, nobody.standard_error) == (0, 0)


def test_cuts_through_independent_columns_explain_nothing():
    points = np.random.default_rng(0).normal(size=(400, 12))
    assert explained_of(held(points, segments_by(points, 4))).value.value == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("k", [3, 5, 8])
def test_the_planted_number_of_segments_is_chosen(k):
    points, _ = planted(k, seed=k)
    candidates = [held(points, segments_by(points, tried)) for tried in range(2, 11)]
    assert smallest_within_one_error(candidates) + 2 == k


def test_the_chosen_is_the_smallest_of_equals():
    points, truth = planted(4)
    merged = np.minimum(truth, 2)
    candidates = [held(points, lambda visible, rng, labels=labels: labels) for labels in (merged, truth, truth)]
    assert smallest_within_one_error(candidates) == 1
    assert smallest_within_one_error(candidates[:1]) == 0


def test_threads_and_scale_move_nothing():
    points, _ = planted(3, n=120)
    scaled = points * np.geomspace(1, 64, 12, dtype=np.float64) + 5
    one = held(points, segments_by(points, 3))
    two = held(points, segments_by(points, 3), threads=2)
    assert (one.by_user == two.by_user).all()
    assert (one.by_refit == two.by_refit).all()
    assert held(scaled, segments_by(points, 3)).by_user == pytest.approx(one.by_user)
    whole = explained_variance(points, np.arange(12), segments_by(points, 3), Refits(4, 2), 7, threads=1)
    assert whole == explained_of(one)


def test_held_out_columns_are_not_seen():
    points, truth = planted(3, n=30)
    seen = []
    held(points, lambda visible, rng: seen.append(visible.copy()) or truth)
    folds = column_folds(traits(points, np.arange(12)), Refits(4, 2), 7)
    assert (np.array(seen) == ~np.array(folds)).all()


def test_what_cannot_be_measured_is_refused():
    points, truth = planted(3, n=30)
    with pytest.raises(DataError, match="at least 3 users and 2 attributes that vary, got 30 and 1"):
        traits(np.hstack([points[:, :1], np.ones((30, 1))]), np.array([0, 1]))
    with pytest.raises(DataError, match="not finite"):
        traits(np.array([[np.nan, 1.0]] * 3), np.array([0, 1]))
    with pytest.raises(DataError, match="12 columns need as many numbers of attributes, got 3"):
        traits(points, np.array([0, 1, 2]))
    with pytest.raises(DataError, match="30 users need as many labels, got 29"):
        held(points, lambda visible, rng: truth[1:])
    with pytest.raises(ConfigError, match="at least 2 folds and 1 repetition, got 1 and 3"):
        Refits(1)
    with pytest.raises(DataError, match="no candidate to choose among"):
        smallest_within_one_error([])
    with pytest.raises(DataError, match="different folds"):
        smallest_within_one_error([held(points, lambda v, r: truth), held(points, lambda v, r: truth, Refits(4, 1))])
