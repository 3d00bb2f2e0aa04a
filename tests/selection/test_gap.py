from __future__ import annotations

import numpy as np
import pytest

from coterie.clustering.centroid import KMeans
from coterie.errors import ConfigError, DataError
from coterie.selection.gap import gap_curve, inertia, smallest_sufficient
from coterie.selection.types import GapPoint
from tests.contracts.clusterer_contract import three_clouds


def kmeans(k: int) -> KMeans:
    return KMeans(k=k, starts=2)


def curve(points, **options):
    return gap_curve(points, kmeans, range(2, 6), 7, **({"references": 5, "threads": 1} | options))


def test_inertia_by_hand():
    points = np.array([[0.0, 0], [2, 0], [10, 0], [10, 4]], np.float32)
    assert inertia(points, np.array([0, 0, 1, 1], np.int32)) == pytest.approx(1 + 1 + 4 + 4)
    # Noise is measured from the mean of all, (5.5, 1).
    assert inertia(points, np.array([0, 0, -1, -1], np.int32)) == pytest.approx(2 + 4.5**2 + 1 + 4.5**2 + 9)


def test_the_smallest_sufficient_k_by_hand():
    gaps = [GapPoint(1, 0.1, 0.0), GapPoint(2, 0.5, 0.1), GapPoint(3, 0.58, 0.1), GapPoint(4, 0.9, 0.1)]
    assert smallest_sufficient(gaps) == 2  # 0.5 >= 0.58 - 0.1
    assert smallest_sufficient([GapPoint(1, 0.1, 0.0), GapPoint(2, 0.5, 0.1)]) == 2
    assert smallest_sufficient([GapPoint(1, 0.45, 0.0), GapPoint(2, 0.5, 0.1)]) == 1


def test_three_clouds_are_three_and_a_box_is_one():
    clouds = curve(three_clouds()[0])
    assert [point.k for point in clouds.points] == [1, 2, 3, 4, 5]
    assert clouds.k == 3
    assert curve(np.random.default_rng(0).uniform(size=(300, 3)).astype(np.float32)).k == 1


def test_a_gap_is_the_mean_log_inertia_of_boxes_less_that_of_the_data():
    # On one line the box of n points is uniform over their extent w, whose variance is w^2 / 12.
    points = np.linspace(0, 1, 400, dtype=np.float32)[:, None] ** 2
    at_one = curve(points, references=20).points[0]
    assert at_one.gap == pytest.approx(np.log(1 / 12 / points.var()), abs=0.05)


def test_scale_moves_nothing_and_threads_neither():
    points = three_clouds()[0]
    one, two, scaled = curve(points), curve(points, threads=2), curve(8 * points)
    assert one == two
    assert [p.gap for p in scaled.points] == pytest.approx([p.gap for p in one.points], abs=1e-4)


def test_a_large_table_is_sampled():
    points = three_clouds()[0]
    sampled = curve(points, most_rows=60)
    assert max(sampled.points, key=lambda point: point.gap).k == 3
    assert sampled != curve(points)


def test_points_that_are_all_in_place_have_a_huge_gap():
    points = np.repeat(np.eye(3, dtype=np.float32) * 5, 20, axis=0)
    found = gap_curve(points, kmeans, [2, 3], 7, references=3, threads=1)
    assert found.points[-1].gap > 30
    assert found.k == 3


def test_a_number_of_clusters_that_cannot_be_fitted_is_left_out():
    class Unable:
        def fit(self, points, rng):
            raise DataError("a component shrank onto too few points")

    whole = curve(three_clouds()[0])
    found = gap_curve(
        three_clouds()[0], lambda k: Unable() if k == 4 else kmeans(k), range(2, 6), 7, references=5, threads=1
    )
    assert found.points == tuple(point for point in whole.points if point.k != 4)
    assert found.k == 3


@pytest.mark.parametrize(("ks", "references"), [([], 5), ([1, 2], 5), ([2], 1)])
def test_what_gives_no_curve_is_refused(ks, references):
    with pytest.raises(ConfigError, match="ks >= 2 and at least 2 references"):
        gap_curve(three_clouds()[0], kmeans, ks, 7, references=references, threads=1)
