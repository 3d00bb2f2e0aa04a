from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.plots.records import sample_map


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_by_hand():
    # Variance 8 along (0, 1, 0), 2 along (1, 0, 0), 0 along the third: axes swap, and 80 % and 20 % are explained.
    points = np.array([[1.0, 0, 5], [-1, 0, 5], [0, 2, 5], [0, -2, 5]])
    found = sample_map(points, ["s-1", "s-1", "s-2", "s-2"], rng())
    np.testing.assert_allclose(found.x, [0, 0, 2, -2], atol=1e-12)
    np.testing.assert_allclose(found.y, [1, -1, 0, 0], atol=1e-12)
    assert found.explained == pytest.approx((0.8, 0.2))
    assert found.segments == ("s-1", "s-1", "s-2", "s-2")
    assert (found.n_total, found.sampled) == (4, False)


def test_a_sample_keeps_the_axes_of_all_users():
    points = np.random.default_rng(0).normal(size=(200, 4)) * [4, 2, 1, 1]
    ids = [f"s-{n % 3 + 1}" for n in range(200)]
    whole, part = sample_map(points, ids, rng()), sample_map(points, ids, rng(), limit=50)
    assert part.sampled
    assert (len(part.x), len(part.y), len(part.segments), part.n_total) == (50, 50, 50, 200)
    assert part.explained == whole.explained
    assert set(part.x) <= set(whole.x)


@pytest.mark.parametrize(("n", "d"), [(0, 3), (1, 3), (5, 1), (3, 0)])
def test_edges_give_flat_maps(n: int, d: int):
    found = sample_map(np.ones((n, d)), ["s-1"] * n, rng())
    assert len(found.x) == n
    assert found.explained == (0.0, 0.0)
    assert not found.x.any()


def test_one_dimension_has_a_flat_second_axis():
    found = sample_map(np.array([[0.0], [1.0], [2.0]]), ["s-1"] * 3, rng())
    np.testing.assert_allclose(found.x, [-1, 0, 1])
    assert found.explained == pytest.approx((1.0, 0.0))
    assert not found.y.any()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31))
def test_shift_and_row_order_do_not_move_anybody(seed: int):
    source = np.random.default_rng(seed)
    points = source.normal(size=(30, 4)) * [8, 4, 2, 1]
    order = source.permutation(30)
    ids = [f"s-{n + 1}" for n in range(30)]
    one = sample_map(points, ids, rng())
    two = sample_map(points[order] + 7, [ids[n] for n in order], rng())
    np.testing.assert_allclose(two.x, one.x[order], atol=1e-6)
    np.testing.assert_allclose(two.y, one.y[order], atol=1e-6)


def test_errors():
    points = np.zeros((2, 2))
    with pytest.raises(DataError, match=r"shape \(2, 2\) and 1 segment ids; expected \(n, d\) and n ids"):
        sample_map(points, ["s-1"], rng())
    with pytest.raises(DataError, match="values that are not finite"):
        sample_map(np.array([[np.nan, 0]]), ["s-1"], rng())
    with pytest.raises(DataError, match="limit = 0; expected 1 or more"):
        sample_map(points, ["s-1", "s-1"], rng(), limit=0)
