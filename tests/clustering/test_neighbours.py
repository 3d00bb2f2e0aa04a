from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.clustering import neighbours
from coterie.clustering.neighbours import (
    KDistance,
    NeighbourCount,
    count_neighbours,
    default_min_samples,
    find_knee,
    k_distance_curve,
    kth_distances,
    kth_distances_of_many,
    refuse_crowds,
    sample_rows,
    usable_eps,
)
from coterie.errors import DataError

LINE = np.array([[0.0], [1.0], [2.0], [3.0], [20.0]])


def test_the_curve_by_hand():
    # Of 0, 1, 2, 3 the second neighbour, oneself the first, lies at 1; of 20 it lies at 17. Below the diagonal by most
    # is the last of the low ones: rank 3 of 4 against a height of 0.
    curve = k_distance_curve(LINE, LINE, 2)
    assert curve.distances.tolist() == [1, 1, 1, 1, 17]
    assert (curve.k, curve.knee) == (2, 1.0)
    assert [curve.at(share) for share in (0, 0.5, 0.76, 1)] == [1, 1, 17, 17]


@pytest.mark.parametrize(
    ("distances", "knee"),
    [
        ([1.0, 2, 3, 4], 4.0),  # straight
        ([2.0, 2, 2], 2.0),  # flat
        ([3.0], 3.0),
        ([0.0, 3, 4, 5], 5.0),  # bent the other way: nobody is remote
        ([0.0, 0.1, 0.2, 0.3, 5], 0.3),
    ],
)
def test_where_no_knee_is_nobody_is_left_out(distances, knee):
    assert find_knee(np.array(distances)) == knee


def test_the_knee_is_kneedles():
    # Example of the paper, section II: y = -1 / x + 5 bends at x = .22 when scaled; here turned to bend upwards.
    x = np.linspace(0.1, 1, 1_000)
    rising = np.sort(1 / x)
    below = np.linspace(0, 1, 1_000) - (rising - 1) / 9
    assert find_knee(rising) == rising[below.argmax()]
    assert find_knee(rising) == pytest.approx(1 / np.sqrt(0.1), rel=0.01), "where the slope equals that of the diagonal"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.01, 100), st.floats(0, 100))
def test_the_knee_is_one_of_the_distances_whatever_their_unit(values, unit, shift):
    distances = np.sort(np.array(values))
    assert find_knee(distances) in distances
    scaled = find_knee(distances * 2 + 0.0)
    assert scaled == find_knee(distances) * 2


def test_k_beyond_the_rows_is_the_last_neighbour():
    assert k_distance_curve(LINE, LINE, 50).k == 5


@pytest.mark.parametrize("k", [1, 2, 7, 300])
def test_distances_by_products_equal_those_of_all_pairs(monkeypatch, k):
    points = np.random.default_rng(0).normal(40, 1, (300, 5))
    points[10:20] = points[0]  # copies, whose distance is nothing
    monkeypatch.setattr(neighbours, "BLOCK_CELLS", 3_000)
    rows = np.arange(5, 95)
    found = kth_distances_of_many(rows, points, k)
    assert found == pytest.approx(kth_distances(points[rows], points, k), abs=1e-6)
    assert (found[5:15] == 0).all() == (k < 12)


def test_kth_distances_do_not_depend_on_the_blocks(monkeypatch):
    points = np.random.default_rng(0).normal(size=(40, 3))
    at_once = kth_distances(points, points, 4)
    monkeypatch.setattr(neighbours, "BLOCK_CELLS", 90)
    assert kth_distances(points, points, 4).tobytes() == at_once.tobytes()
    by_hand = [np.sort(np.sqrt(((points - row) ** 2).sum(axis=1)))[3] for row in points]
    assert at_once == pytest.approx(by_hand)


def test_the_rows_that_are_sampled_do_not_depend_on_their_order():
    points = np.random.default_rng(0).normal(size=(3_000, 2)).astype(np.float32)
    sample = sample_rows(points, np.random.default_rng(5))
    assert sample.shape == (1_000, 2)
    assert sample_rows(points[::-1], np.random.default_rng(5)).tobytes() == sample.tobytes()


def test_a_curve_is_thinned():
    points = np.random.default_rng(0).normal(size=(900, 2))
    curve = k_distance_curve(points, points, 4)
    exact = np.sort(kth_distances(points, points, 4))
    assert len(curve.distances) == 500
    assert (curve.distances[0], curve.distances[-1]) == (exact[0], exact[-1])
    assert set(curve.distances) <= set(exact)


@pytest.mark.parametrize(
    ("n_rows", "n_dims", "expected"), [(943, 16, 18), (100_000, 16, 32), (120, 4, 4), (3, 1, 4), (1_000, 3, 6)]
)
def test_default_min_samples(n_rows, n_dims, expected):
    assert default_min_samples(n_rows, n_dims) == expected


@pytest.mark.parametrize(("distance", "eps"), [(0.123412, 0.1235), (12_341.2, 12_350.0), (3.0, 3.0), (7e-5, 7e-5)])
def test_eps_is_rounded_up_to_four_digits(distance, eps):
    curve = KDistance(4, np.array([distance]), distance)
    assert usable_eps(distance, curve, LINE) == eps


@given(st.floats(1e-30, 1e30))
def test_eps_is_never_less_than_the_distance(distance):
    eps = usable_eps(distance, KDistance(4, np.array([distance]), distance), LINE)
    assert distance <= eps <= distance * 1.0011


def test_a_knee_of_zero_gives_a_radius_all_the_same():
    assert usable_eps(0.0, KDistance(2, np.array([0.0, 0.0, 0.5]), 0.0), LINE) == 0.5
    assert usable_eps(0.0, KDistance(2, np.zeros(3), 0.0), LINE) == pytest.approx(2e-5), "a millionth of the spread"
    assert usable_eps(0.0, KDistance(2, np.zeros(3), 0.0), np.ones((3, 2))) == 1.0


def test_neighbours_are_counted_by_hand():
    # Within 1: two for 0, three for 1 and 2, two for 3, one for 20; 11 pairs, of 24 bytes each.
    count = count_neighbours(LINE, LINE, 1.0)
    assert (count.mean, count.pairs, count.size) == (2.2, 11.0, 264.0)
    assert count.fits
    refuse_crowds(count)


def test_too_many_neighbours_are_refused_in_numbers():
    with pytest.raises(DataError) as refused:
        refuse_crowds(NeighbourCount(0.5, 2_000.0, 2e8, 4.8e9))
    assert str(refused.value) == (
        "dbscan with eps 0.5 finds about 2,000 neighbours of each row: 200,000,000 pairs, 4.8 GB; at most 1 GB are "
        "taken: lower 'eps' of dbscan, or use kmeans"
    )
