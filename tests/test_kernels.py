"""Kernels give what plain NumPy gives, and the same bits however many threads they use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from coterie import _kernels
from coterie._kernels import library
from coterie._kernels.rows import pair_order
from coterie.parallel import THREADS_VARIABLE, kernel_threads, map_in_order, single_threaded


def clouds(n: int, d: int, k: int, seed: int = 0, apart: float = 6.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = apart * rng.normal(size=(k, d))
    points = centres[rng.integers(0, k, n)] + rng.normal(size=(n, d))
    return (points - points.mean(axis=0)).astype(np.float32)


def plain_start(points: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Greedy k-means++ as the paper has it, from one start's (k, trials) uniforms."""
    chosen = [int(uniforms[0, 0] * len(points))]
    nearest = cdist(points, points[chosen], "sqeuclidean")[:, 0]
    for row in uniforms[1:]:
        drawn = [int(np.searchsorted(np.cumsum(nearest), u * nearest.sum(), side="right")) for u in row]
        lowered = [np.minimum(nearest, cdist(points, points[[i]], "sqeuclidean")[:, 0]) for i in drawn]
        best = int(np.argmin([values.sum() for values in lowered]))
        chosen.append(drawn[best])
        nearest = lowered[best]
    return points[chosen].astype(np.float64)


def plain_lloyd(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, float]:
    exact = points.astype(np.float64)
    for _ in range(300):
        labels = cdist(exact, centres).argmin(axis=1)
        moved = np.stack([exact[labels == c].mean(axis=0) for c in range(len(centres))])
        if np.allclose(moved, centres, rtol=0, atol=1e-12):
            break
        centres = moved
    return centres, float(cdist(exact, centres, "sqeuclidean").min(axis=1).sum())


@pytest.mark.parametrize(("n", "d", "k"), [(50, 1, 2), (400, 3, 3), (900, 7, 5), (2_500, 16, 9), (3_000, 33, 20)])
def test_kmeans_is_lloyd_from_greedy_starts(n, d, k):
    points = clouds(n, d, k)
    uniforms = np.random.default_rng(1).random((1, k, 3))
    found = _kernels.kmeans(points, points, uniforms, most=300, tolerance=0.0)
    centres, inertia = plain_lloyd(points, plain_start(points, uniforms[0]))
    assert found.centres == pytest.approx(centres, abs=1e-4)
    assert found.inertia == pytest.approx(inertia, rel=1e-5)


def test_the_best_of_several_starts_is_kept():
    points = clouds(2_000, 8, 6, apart=1.0)
    uniforms = np.random.default_rng(2).random((6, 12, 4))
    alone = [_kernels.kmeans(points, points, uniforms[s : s + 1], most=300, tolerance=0.0) for s in range(6)]
    together = _kernels.kmeans(points, points, uniforms, most=300, tolerance=0.0)
    assert together.inertia <= min(one.inertia for one in alone) * 1.005
    assert together.iterations <= sum(one.iterations for one in alone)
    assert together.given_up < 6


def test_from_where_centres_are_lloyd_goes_on():
    points = clouds(3_000, 9, 6, apart=1.0)
    first = points[:6].astype(np.float64)
    found = _kernels.kmeans_from(points, first, most=300, tolerance=0.0)
    centres, inertia = plain_lloyd(points, first)
    assert found.centres == pytest.approx(centres, abs=1e-4)
    assert found.inertia == pytest.approx(inertia, rel=1e-5)
    assert np.array_equal(first, points[:6]), "centres that are handed in stay as they are"
    with pytest.raises(ValueError, match="cannot have 0 centres"):
        _kernels.kmeans_from(points, np.zeros((0, 9)), most=300, tolerance=0.0)


def test_a_start_that_gets_no_lower_than_a_bound_is_no_answer():
    points = clouds(2_000, 8, 6, apart=1.0)
    uniforms = np.random.default_rng(2).random((2, 6, 3))
    free = _kernels.kmeans(points, points, uniforms, most=300, tolerance=0.0)
    above = _kernels.kmeans(points, points, uniforms, most=300, tolerance=0.0, bound=1.01 * free.inertia)
    below = _kernels.kmeans(points, points, uniforms, most=300, tolerance=0.0, bound=0.9 * free.inertia)
    assert (above.inertia, above.centres.tobytes()) == (free.inertia, free.centres.tobytes())
    assert below.inertia == np.inf
    assert below.iterations < free.iterations


def test_bits_do_not_depend_on_the_number_of_threads(monkeypatch):
    points = clouds(9_000, 11, 7, apart=1.0)
    uniforms = np.random.default_rng(3).random((3, 9, 4))
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        fit = _kernels.kmeans(points, points[:4_000], uniforms, most=50, tolerance=0.0)
        assigned = _kernels.assign(points, fit.centres)
        found.append((fit.centres.tobytes(), fit.inertia, *map(np.ndarray.tobytes, assigned)))
    assert found[0] == found[1] == found[2]


def test_a_centre_that_loses_its_rows_gets_the_farthest():
    # Two starts at one place: the second has no row of its own, and takes the row farthest from its centre.
    points = np.array([[0], [0], [0], [1], [9]], np.float32)
    uniforms = np.array([[[0.0], [0.0], [0.0]]])
    found = _kernels.kmeans(points, np.zeros((3, 1), np.float32), uniforms, most=300, tolerance=0.0)
    assert sorted(found.centres[:, 0]) == pytest.approx([0, 1, 9])
    assert found.inertia == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (7, 2, 3), (3_000, 5, 4), (1_500, 20, 17)])
def test_assign_finds_the_nearest_and_the_second_nearest(n, d, k):
    rng = np.random.default_rng(4)
    points, centres = rng.normal(size=(n, d)), rng.normal(size=(k, d))
    labels, own, other = _kernels.assign(points, centres)
    distances = np.sort(cdist(points, centres), axis=1)
    assert np.array_equal(labels, cdist(points, centres).argmin(axis=1))
    assert own == pytest.approx(distances[:, 0], rel=1e-12)
    assert other == pytest.approx(distances[:, min(1, k - 1)], rel=1e-12)
    alone = [_kernels.assign(points[[i]], centres) for i in range(0, n, 97)]
    assert all(one[1][0] == own[i] and one[2][0] == other[i] for one, i in zip(alone, range(0, n, 97), strict=True))


def test_a_tie_goes_to_the_first_centre():
    labels, own, other = _kernels.assign(np.zeros((2, 1)), np.array([[1.0], [-1.0], [2.0]]))
    assert (labels.tolist(), own.tolist(), other.tolist()) == ([0, 0], [1.0, 1.0], [1.0, 1.0])


@pytest.mark.parametrize(("points", "centres"), [(np.zeros(3), np.zeros((1, 3))), (np.zeros((2, 3)), np.zeros((1, 2)))])
def test_other_shapes_are_refused(points, centres):
    with pytest.raises(ValueError, match="has shape"):
        _kernels.assign(points, centres)


def test_more_centres_than_rows_are_refused():
    points = np.zeros((2, 1), np.float32)
    with pytest.raises(ValueError, match="cannot have 3 centres"):
        _kernels.kmeans(points, points, np.zeros((1, 3, 1)), most=1, tolerance=0.0)


def test_a_library_that_is_not_there_is_an_error_that_says_what_to_run(monkeypatch, tmp_path):
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "native.so")
    library.library.cache_clear()
    try:
        with pytest.raises(ImportError, match=r"not built for this machine .* pip install --editable \."):
            _kernels.assign(np.zeros((1, 1)), np.zeros((1, 1)))
    finally:
        library.library.cache_clear()


def test_a_kernel_takes_one_thread_where_tasks_run_side_by_side(monkeypatch):
    monkeypatch.setenv(THREADS_VARIABLE, "3")
    assert kernel_threads() == 3
    with single_threaded():
        assert kernel_threads() == 1
        with single_threaded():
            pass
        assert kernel_threads() == 1
    assert kernel_threads() == 3
    for threads in (1, 2):
        assert list(map_in_order(lambda _: kernel_threads(), range(3), threads=threads)) == [1, 1, 1]
    assert kernel_threads() == 3


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=60),
    st.sampled_from([1, 2, 5]),
)
def test_rows_are_ordered_by_user_then_item_and_stay_as_they_stood(pairs, threads):
    users, items = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COTERIE_THREADS", str(threads))
        order, indptr = pair_order(users, items, 6)
    assert order.tolist() == np.lexsort((items, users)).tolist()
    assert indptr.tolist() == np.searchsorted(np.sort(users), np.arange(7)).tolist()


def test_rows_out_of_range_are_refused():
    with pytest.raises(ValueError, match="expected 0 to 1"):
        pair_order(np.array([2], np.int32), np.array([0], np.int32), 2)


@pytest.mark.parametrize(("q", "n", "d", "k"), [(1, 1, 1, 1), (3, 50, 2, 50), (600, 1_000, 16, 10), (70, 301, 33, 7)])
def test_top_k_are_the_largest_products(q, n, d, k):
    rng = np.random.default_rng(6)
    queries, points = rng.normal(size=(q, d)).astype(np.float32), rng.normal(size=(n, d)).astype(np.float32)
    indices, scores = _kernels.top_k(queries, points, k)
    products = queries.astype(np.float64) @ points.astype(np.float64).T
    assert np.array_equal(indices, np.argsort(-products, axis=1)[:, :k])
    assert scores == pytest.approx(np.take_along_axis(products, indices, axis=1), abs=1e-4)


def test_top_k_takes_the_smallest_number_on_a_tie_and_leaves_out_the_query_itself():
    points = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [-1, 0]], np.float32)
    indices, scores = _kernels.top_k(points, points, 2)
    assert indices.tolist() == [[0, 2], [1, 0], [0, 2], [0, 2], [4, 1]]
    indices, scores = _kernels.top_k(points, points, 3, exclude_self=True)
    assert indices.tolist() == [[2, 3, 1], [0, 2, 3], [0, 3, 1], [0, 2, 1], [1, 0, 2]]
    assert scores[4].tolist() == [0, -1, -1]


def test_top_k_has_the_same_bits_alone_and_for_any_number_of_threads(monkeypatch):
    points, found = clouds(1_700, 19, 4), []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        found.append(b"".join(part.tobytes() for part in _kernels.top_k(points, points, 5, exclude_self=True)))
    assert found[0] == found[1] == found[2]
    indices, scores = _kernels.top_k(points, points, 5)
    for row in (0, 9, 1_699):
        alone = _kernels.top_k(points[[row]], points, 5)
        assert (alone[0].tobytes(), alone[1].tobytes()) == (indices[row].tobytes(), scores[row].tobytes())


@pytest.mark.parametrize(("k", "exclude_self"), [(0, False), (4, False), (3, True)])
def test_more_answers_than_points_are_refused(k, exclude_self):
    points = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match=rf"no {k} nearest of {3 - exclude_self} points"):
        _kernels.top_k(points, points, k, exclude_self=exclude_self)


def test_products_with_what_is_no_number_are_refused():
    with pytest.raises(ValueError, match="finite"):
        _kernels.top_k(np.ones((1, 2), np.float32), np.array([[1.0, np.nan]], np.float32), 1)
