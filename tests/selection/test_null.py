from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.clustering.centroid import KMeans
from coterie.errors import ConfigError, DataError
from coterie.selection.null import FLOOR, null_test, separation, valley_depth


def islands(apart: float, n: int = 600, d: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    truth = np.repeat(np.arange(3, dtype=np.int32), n // 3)
    centres = np.zeros((3, d))
    centres[np.arange(3), np.arange(3)] = apart / np.sqrt(2)
    return (centres[truth] + rng.normal(size=(n, d))).astype(np.float32), truth


def cut(points: np.ndarray, k: int) -> np.ndarray:
    return KMeans(k=k, starts=3).fit(points.astype(np.float32), np.random.default_rng(0)).fit_labels


def blobs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    return {
        "gaussian": rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6)),
        "cube": rng.uniform(size=(400, 3)),
        "heavy tails": rng.normal(size=(400, 6)) / np.sqrt(rng.chisquare(2, (400, 1)) / 2),
        "answers": np.clip(np.round(3 + rng.normal(size=(400, 3)) + rng.normal(size=(400, 1))), 1, 5),
    }


def test_depth_by_hand():
    places = np.repeat([0.0, 0.5, 1.0], [100, 25, 100])
    # A kernel of a tenth: nothing of one heap reaches the next, so peaks count 100 and the valley between them 0 or so.
    assert valley_depth(places, np.ones(225), 0.05) == pytest.approx(1 - np.sqrt(100) / 100, abs=0.02)
    # A heap in the middle that is as high as the others leaves two valleys, of which the lowest counts.
    assert valley_depth(np.repeat([0.0, 1.0], 100), np.full(200, 0.25), 0.05) == pytest.approx(1 - 5 / 25, abs=0.02)
    # Even mass has no valley; neither has nothing at all.
    assert valley_depth(np.linspace(-0.5, 1.5, 2001), np.ones(2001), 0.12) == 0
    assert valley_depth(np.array([9.0]), np.ones(1), 0.12) == 0


@pytest.mark.parametrize("k", [2, 4, 7])
@pytest.mark.parametrize("name", list(blobs()))
def test_no_cut_through_a_blob_is_an_island(name, k):
    points = blobs()[name]
    assert separation(points.astype(np.float32), cut(points, k)) < FLOOR


def test_separation_grows_with_the_distance_of_islands():
    found = [separation(*islands(apart)) for apart in (2, 3, 4, 5, 7)]
    assert found == sorted(found)
    assert found[0] < FLOOR < found[2]
    assert found[-1] > 0.7


def test_islands_of_very_unequal_size_are_found():
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(2, dtype=np.int32), [2000, 100])
    points = rng.normal(size=(2100, 6)) + 6 * truth[:, None] * np.eye(6)[0]
    assert separation(points.astype(np.float32), truth) > 0.4


def test_outliers_alone_make_no_islands():
    points = np.vstack([np.random.default_rng(0).normal(size=(500, 3)), [[50.0, 0, 0], [51, 0, 0], [0, 60, 0]]])
    assert separation(points.astype(np.float32), cut(points, 3)) < FLOOR


@given(st.permutations([0, 1, 2]), st.integers(0, 10))
def test_separation_knows_neither_numbers_nor_order_nor_scale(names, seed):
    points, truth = islands(4, 90)
    order = np.random.default_rng(seed).permutation(len(points))
    renamed = np.array(names, np.int32)[truth]
    assert separation(3 * points[order] + 1, renamed[order]) == pytest.approx(separation(points, truth), abs=0.02)


def test_a_yes_or_no_beside_numbers_makes_no_islands():
    rng = np.random.default_rng(0)
    answer = rng.random(500) < 0.5
    points = np.column_stack([rng.normal(size=(500, 4)), 2.0 * answer]).astype(np.float32)
    found = null_test(points, cut(points, 2), KMeans(k=2, starts=2), 7, replicates=39, threads=1)
    assert found.statistic > 0.5 > FLOOR  # the gap between yes and no, which replicates have too
    assert not found.is_natural


def test_leaving_people_out_digs_no_valley():
    points = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    labels = np.where(points[:, 0] > 0.3, 1, np.where(points[:, 0] < -0.3, 0, -1)).astype(np.int32)
    inside = labels >= 0
    assert separation(points[inside], labels[inside]) > FLOOR
    assert separation(points, labels) < FLOOR


def test_noise_is_no_cluster_and_a_number_may_be_nobodys():
    points, truth = islands(6)
    far = np.vstack([points, np.full((1, 5), 1e4)]).astype(np.float32)
    labels = np.append(np.where(truth == 2, 5, truth), -1).astype(np.int32)
    assert separation(far, labels) == separation(points, truth)
    assert separation(points, np.full(600, -1, np.int32)) == 0
    assert separation(points, np.zeros(600, np.int32)) == 0
    assert separation(np.zeros((600, 5), np.float32), truth) == 0


def test_one_column_is_enough():
    values = np.concatenate([np.linspace(0, 1, 100), np.linspace(9, 10, 100)])[:, None]
    assert separation(values.astype(np.float32), np.repeat(np.arange(2, dtype=np.int32), 100)) > 0.7


@pytest.mark.parametrize("null", ["gaussian", "copula", "permuted"])
def test_islands_are_natural_and_cuts_are_not(null):
    points, truth = islands(6)
    found = null_test(points, truth, KMeans(k=3, starts=2), 7, null=null, replicates=19, threads=1)
    assert (found.null, found.replicates, found.floor) == (null, 19, FLOOR)
    assert found.is_natural
    assert found.p == 0.05
    assert found.statistic == separation(points, truth) > found.null_high >= found.null_mean
    blob = blobs()["gaussian"].astype(np.float32)
    sliced = null_test(blob, cut(blob, 4), KMeans(k=4, starts=2), 7, null=null, replicates=19, threads=1)
    assert not sliced.is_natural
    assert sliced.p > 0.05


def test_a_circle_is_compared_with_circles():
    # Chords cross the empty middle, in the data as in its replicates.
    points = np.stack([np.cos(np.arange(300.0)), np.sin(np.arange(300.0))], axis=1).astype(np.float32)
    found = null_test(points, cut(points, 3), KMeans(k=3, starts=1), 7, replicates=19, threads=1)
    assert found.statistic > found.floor
    assert not found.is_natural


def test_two_threads_give_the_same_answer():
    points, truth = islands(4)
    one, two = (null_test(points, truth, KMeans(k=3, starts=1), 7, replicates=19, threads=t) for t in (1, 2))
    assert one == two


def test_a_large_table_is_sampled():
    points, truth = islands(6)
    found = null_test(points, truth, KMeans(k=3, starts=1), 7, replicates=19, most_rows=150, threads=1)
    assert found.is_natural
    assert found.statistic != separation(points, truth)


def test_replicates_that_cannot_be_clustered_have_no_separation():
    class Unable:
        def fit(self, points, rng):
            raise DataError("too few")

    points, truth = islands(6)
    found = null_test(points, truth, Unable(), 7, replicates=19, threads=1)
    assert (found.null_mean, found.null_high) == (0, 0)


def test_what_cannot_be_tested_is_refused():
    points, truth = islands(6)
    clusterer = KMeans(k=3)
    with pytest.raises(ConfigError, match="at least 19 replicates"):
        null_test(points, truth, clusterer, 7, replicates=9, threads=1)
    with pytest.raises(DataError, match="600 points need as many labels, got 599"):
        null_test(points, truth[1:], clusterer, 7, threads=1)
    with pytest.raises(DataError, match="finite points"):
        null_test(np.full((600, 5), np.nan, np.float32), truth, clusterer, 7, threads=1)
