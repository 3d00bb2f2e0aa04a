from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import is_valid_linkage

from coterie import frozen
from coterie.clustering.som import MAX_CELLS, FittedMap, SelfOrganisingMap
from coterie.errors import ConfigError, DataError
from coterie.terms import NOISE
from tests.contracts.clusterer_contract import ClustererContract, three_clouds


class TestSelfOrganisingMap(ClustererContract):
    @pytest.fixture(params=[{}, {"rows": 2, "columns": 2}, {"rows": 1}, {"columns": 3, "epochs": 1}])
    def clusterer(self, request):
        return SelfOrganisingMap(k=3, **request.param)


def fitted(points, **options) -> FittedMap:
    return SelfOrganisingMap(**options).fit(np.asarray(points, np.float32), np.random.default_rng(0))


def test_two_cells_by_hand():
    # One epoch at radius 1: the cells start on either side of the mean, so each holds the points of one value; then it
    # moves to the mean of its own points and of the other's weighed by e ** -.5.
    found = fitted([[-1.0], [-1.0], [-1.0], [3.0], [3.0]], k=2, rows=1, columns=2, epochs=1)
    near = np.exp(-0.5)
    low, high = (-3 + near * 6) / (3 + near * 2), (6 - near * 3) / (2 + near * 3)
    assert found.grid.codebook.ravel() == pytest.approx([low, high])
    assert found.grid.heights == pytest.approx([high - low] * 2)
    assert found.fit_labels.tolist() == [0, 0, 0, 1, 1]
    assert found.grid.hits.tolist() == [3, 2]
    assigned = found.assign(np.array([[3.0], [0.0]], np.float32))
    assert assigned.labels.tolist() == [1, 0]
    assert assigned.distance == pytest.approx([0, 1])
    assert assigned.strength == pytest.approx([1 - (3 - high) / (3 - low), 1 - low / high])


def test_cells_side_by_side_are_alike():
    points = np.random.default_rng(0).uniform(0, (1.5, 1), (800, 2)).astype(np.float32)
    grid = fitted(points, k=4, rows=8, columns=8).grid
    cells = grid.codebook.reshape(8, 8, 2)
    gaps = np.linalg.norm(cells[:, :, None, None] - cells[None, None], axis=-1)
    beside = np.mean([gaps[r, c, r, c + 1] for r in range(8) for c in range(7)])
    assert beside < 0.3 * gaps.mean()
    assert grid.heights.reshape(8, 8)[3, 4] == pytest.approx(
        np.mean([gaps[3, 4, r, c] for r, c in ((2, 4), (4, 4), (3, 3), (3, 5))])
    )
    # Unfolded: the map's corners lie near those of the rectangle, its sides along the sides.
    corners = cells[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.abs(corners - [[0, 0], [1.5, 0], [0, 1], [1.5, 1]]).max() < 0.2


def test_ridges_part_clouds_and_empty_cells_have_no_cluster():
    points, truth = three_clouds()
    grid = fitted(points, k=3).grid
    assert grid.hits.sum() == 120
    assert ((grid.labels == NOISE) == (grid.hits == 0)).all()
    assert (grid.hits == 0).any()
    assert grid.heights[grid.hits == 0].mean() > grid.heights[grid.hits > 2].mean()
    assert (fitted(points, k=3).fit_labels == truth).all()


def test_the_longer_side_lies_along_the_longer_axis():
    rng = np.random.default_rng(0)
    found = fitted(rng.normal(0, (9, 1, 0.1), (400, 3)), k=2)
    assert found.grid.columns > 4 * found.grid.rows
    assert found.grid.rows * found.grid.columns == pytest.approx(100, abs=12), "5 sqrt(400) cells"
    assert fitted(rng.normal(0, 1, (400, 1)), k=2).grid.rows == 1
    upright = fitted(rng.normal(0, (9, 1), (400, 2)), k=2, rows=20, columns=3).grid.codebook.reshape(20, 3, 2)
    assert abs(np.corrcoef(upright[:, 1, 0], np.arange(20))[0, 1]) > 0.99


def test_a_given_side_is_kept_and_the_other_follows():
    points, _ = three_clouds()
    assert (fitted(points, k=3, rows=5).grid.rows, fitted(points, k=3, rows=5).grid.columns) == (5, 11)
    assert fitted(points, k=3, columns=60).grid.rows == 1
    assert fitted(points, k=3, rows=2, columns=2).grid.codebook.shape == (4, 4)


def test_fewer_inhabited_cells_than_clusters_give_fewer_clusters():
    points = np.repeat(np.array([[0.0], [1.0], [2.0], [3.0], [50.0]], np.float32), 30, axis=0)
    found = fitted(points, k=4, rows=1, columns=4)
    assert found.grid.hits.tolist() == [60, 60, 0, 30]
    assert found.n_clusters == 3
    assert (found.assign(points).labels == found.fit_labels).all()


def test_the_record_and_the_tree_stay_with_the_map(tmp_path):
    found = fitted(three_clouds()[0], k=3)
    frozen.save(found.to_arrays(), tmp_path, "clusterer")
    loaded = FittedMap.from_arrays(frozen.load(tmp_path, "clusterer"))
    for name in ("codebook", "hits", "heights", "labels"):
        assert getattr(loaded.grid, name).tobytes() == getattr(found.grid, name).tobytes()
    assert (loaded.grid.rows, loaded.grid.columns) == (found.grid.rows, found.grid.columns)
    assert is_valid_linkage(loaded.dendrogram.tree)
    assert len(loaded.fit_labels) == 0


def test_neither_seed_nor_starts_matter():
    points = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    one = SelfOrganisingMap(k=4, starts=1).fit(points, np.random.default_rng(0))
    other = SelfOrganisingMap(k=4, starts=5).fit(points, np.random.default_rng(1))
    assert one.grid.codebook.tobytes() == other.grid.codebook.tobytes()


def test_fewer_distinct_points_than_clusters_are_refused():
    with pytest.raises(DataError, match="3 clusters were asked of 2 distinct points"):
        fitted([[0.0], [1.0], [1.0]], k=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 0}, "'clustering.options.som.rows' is '0'; expected a whole number >= 1"),
        ({"columns": "many"}, "'clustering.options.som.columns' is 'many'"),
        ({"epochs": 0}, "'clustering.options.som.epochs' is '0'"),
        ({"rows": 1, "columns": 2, "k": 3}, f"a map of 2 cells; expected k = 3 to {MAX_CELLS:,}"),
        ({"rows": 50, "columns": 50}, "a map of 2,500 cells"),
        ({"rows": 2000}, "a map of 2,000 cells"),
    ],
)
def test_a_wrong_size_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        SelfOrganisingMap(**options)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.floats(-50, 50))
def test_the_unit_and_the_origin_of_the_embedding_do_not_matter(factor, shift):
    points, _ = three_clouds()
    moved = fitted((points.astype(np.float64) + shift) * factor, k=3, rows=3, columns=4)
    assert (moved.fit_labels == fitted(points, k=3, rows=3, columns=4).fit_labels).all()
