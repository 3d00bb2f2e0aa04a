from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coterie.clustering.centroid import KMeans
from coterie.errors import ConfigError, DataError
from coterie.randomness import generator
from coterie.selection.references import sample_rows
from coterie.selection.sls import Link, Node, across, lineage, within
from coterie.selection.stability import Resampling
from tests.contracts.clusterer_contract import three_clouds


def labels(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def resampling(points, k: int, seed: int = 7) -> Resampling:
    clusterer = KMeans(k=k, starts=2)
    return Resampling(points, clusterer.fit(points, np.random.default_rng(0)).fit_labels, clusterer, seed)


def test_across_by_hand():
    two, three = labels(0, 0, 0, 0, 1, 1, 1, 1), labels(0, 0, 0, 1, 1, 1, 2, 2)
    first, second = across([two, three])
    assert np.isnan(first).all()
    # 0 comes from 0 alone; 1 by a third from 0 and two thirds from 1; 2 from 1 alone.
    entropy = -(1 / 3 * np.log(1 / 3) + 2 / 3 * np.log(2 / 3))
    assert second == pytest.approx([1, 1 - entropy / np.log(2), 1])


def test_a_segment_from_all_alike_has_none():
    assert across([labels(0, 1, 2), labels(0, 0, 0)])[1] == pytest.approx([0])


def test_noise_is_one_more_place_to_come_from():
    found = across([labels(0, 0, 1, -1), labels(0, 1, -1, 1)])[1]
    assert found == pytest.approx([1, 1 - np.log(2) / np.log(3)])


def test_from_one_segment_all_come_from_it():
    assert across([labels(0, 0, 0), labels(0, 1, 1)])[1] == pytest.approx([1, 1])
    assert across([]) == []


def test_the_lineage_by_hand():
    found = lineage([labels(0, 0, 0, 1, -1), labels(1, 0, 0, 0, 2)], [2, 3])
    entropy = -(1 / 3 * np.log(1 / 3) + 2 / 3 * np.log(2 / 3))
    assert found.nodes[:2] == (Node(2, 0, 3, None), Node(2, 1, 1, None))
    assert [(n.k, n.cluster, n.size) for n in found.nodes[2:]] == [(3, 0, 3), (3, 1, 1), (3, 2, 1)]
    assert [n.slsa for n in found.nodes[2:]] == pytest.approx([1 - entropy / np.log(3), 1, 1])
    assert found.links == (Link(2, 0, 3, 0, 2), Link(2, 1, 3, 0, 1), Link(2, 0, 3, 1, 1))


@given(arrays(np.int32, 30, elements=st.integers(0, 3)), arrays(np.int32, 30, elements=st.integers(0, 4)))
def test_stability_across_is_a_share_and_knows_no_numbers(some, others):
    before, after = (np.unique(numbers, return_inverse=True)[1].astype(np.int32) for numbers in (some, others))
    found = across([before, after])[1]
    assert ((found >= 0) & (found <= 1)).all()
    assert across([before.max() - before, after])[1] == pytest.approx(found)
    assert across([after, after])[1] == pytest.approx(np.ones(after.max() + 1))
    assert sum(link.members for link in lineage([before, after], [4, 5]).links) == 30


def test_clouds_are_stable_within_and_slices_of_one_blob_are_not():
    clouds = within(resampling(three_clouds()[0], 3), pairs=8, threads=1)
    sliced = within(
        resampling(np.random.default_rng(0).normal(0, 1, (150, 4)).astype(np.float32), 5), pairs=8, threads=1
    )
    assert clouds.shape == (8, 3)
    assert clouds.min() > 0.95
    assert sliced.mean(axis=0).min() < 0.6


def test_a_blob_beside_clouds_that_is_cut_is_the_unstable_part():
    clouds, _ = three_clouds()
    found = within(resampling(clouds, 4), pairs=8, threads=1).mean(axis=0)
    assert sorted(found)[1] < 0.8 < sorted(found)[2]


def test_of_many_users_samples_are_clustered_and_compared():
    points, truth = three_clouds()
    few = replace(resampling(points, 3), most=50)
    assert within(few, pairs=3, threads=1).min() == 1
    # A third that lives only outside the users compared is nobody's there, and so found nowhere.
    alone = truth.astype(np.int32).clip(0, 1)
    alone[np.setdiff1d(np.arange(120), sample_rows(120, 50, generator(7, "slsw-rows")))[0]] = 2
    assert (within(replace(few, labels=alone), pairs=3, threads=1)[:, 2] == 0).all()


def test_within_gives_the_same_for_two_threads():
    one, two = (within(resampling(three_clouds()[0], 4), pairs=4, threads=t) for t in (1, 2))
    assert (one == two).all()


def test_a_sample_that_cannot_be_clustered_agrees_with_nothing():
    tiny = within(resampling(np.array([[0.0], [1.0], [5.0]], np.float32), 3), pairs=10, threads=1)
    assert (tiny == 0).all(axis=1).any()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="solutions of 2 and 3 users"):
        across([labels(0, 1), labels(0, 1, 1)])
    with pytest.raises(DataError, match="2 solutions need as many ks, got 1"):
        lineage([labels(0, 1), labels(0, 1)], [2])
    with pytest.raises(ConfigError, match="at least one pair of samples, got 0"):
        within(resampling(three_clouds()[0], 3), pairs=0, threads=1)
