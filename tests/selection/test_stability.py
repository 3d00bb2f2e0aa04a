from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from coterie.clustering.centroid import KMeans
from coterie.errors import DataError
from coterie.selection.stability import (
    Resampling,
    adjusted_rand,
    best_jaccard,
    bootstrap_jaccard,
    refit,
    seed_agreement,
)
from coterie.selection.types import stability_band
from tests.contracts.clusterer_contract import three_clouds


def resampling(points, k: int) -> Resampling:
    clusterer = KMeans(k=k, starts=2)
    return Resampling(points, clusterer.fit(points, np.random.default_rng(0)).fit_labels, clusterer, 7)


def test_best_jaccard_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2], np.int32)
    others = np.array([1, 1, 0, 0, 0, -1], np.int32)
    # 0: {0,1,2} against {0,1} = 2/3; 1: {3,4} against {2,3,4} = 2/3; 2: its only user is noise there.
    assert best_jaccard(labels, others, 3) == pytest.approx([2 / 3, 2 / 3, 0])


def test_clouds_come_back_and_slices_of_one_blob_do_not():
    clouds = resampling(three_clouds()[0], 3)
    blob = resampling(np.random.default_rng(0).normal(0, 1, (120, 4)).astype(np.float32), 5)
    stable = np.mean([bootstrap_jaccard((clouds, draw)) for draw in range(10)], axis=0)
    sliced = np.mean([bootstrap_jaccard((blob, draw)) for draw in range(10)], axis=0)
    assert stable.min() > 0.95
    assert sliced.min() < 0.6


def test_a_draw_with_too_few_distinct_users_counts_as_not_found_again():
    points = np.array([[0.0], [1.0], [5.0]], np.float32)
    tiny = resampling(points, 3)
    found = np.array([bootstrap_jaccard((tiny, draw)) for draw in range(20)])
    assert (found == 0).all(axis=1).any()


def test_refits_from_other_seeds_agree_on_clouds():
    clouds = resampling(three_clouds()[0], 3)
    assert seed_agreement([refit((clouds, attempt)) for attempt in range(3)]) == 1.0


def test_a_seed_from_which_nothing_is_found_agrees_with_none():
    class Unable:
        def fit(self, points, rng):
            raise DataError("a component shrank onto too few points")

    points, truth = three_clouds()
    clouds = resampling(points, 3)
    found = [refit((clouds, 0)), refit((clouds, 1)), refit((Resampling(points, truth, Unable(), 7), 2))]
    assert seed_agreement(found) == pytest.approx(1 / 3)  # one pair of three agrees


def test_of_many_users_a_sample_draws_some_and_clouds_still_come_back():
    points, _ = three_clouds()
    clouds = replace(resampling(points, 3), most=40)
    assert len(clouds.draw("bootstrap", 0)) == 40
    assert len(replace(clouds, most=None).draw("bootstrap", 0)) == len(points)
    assert np.mean([bootstrap_jaccard((clouds, draw)) for draw in range(10)]) > 0.95
    refits = [refit((clouds, attempt)) for attempt in range(3)]
    assert [len(labels) for labels in refits] == [40] * 3
    assert seed_agreement(refits) == 1.0


@given(st.integers(0, 1_000), st.integers(1, 60), st.integers(1, 5), st.integers(1, 5))
def test_agreement_equals_that_of_scikit_learn(seed, n, k, others):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(-1, k, n).astype(np.int32), rng.integers(-1, others, n).astype(np.int32)
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other))


def test_the_same_draw_is_the_same_draw():
    clouds = resampling(three_clouds()[0], 4)
    assert (bootstrap_jaccard((clouds, 3)) == bootstrap_jaccard((clouds, 3))).all()


@pytest.mark.parametrize(
    ("jaccard", "band"), [(0.59, "unstable"), (0.6, "doubtful"), (0.75, "stable"), (0.85, "highly stable")]
)
def test_bands_are_hennigs(jaccard, band):
    assert stability_band(jaccard) == band
