from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from coterie._kernels import gram_of_times, halved, times, times_half, turned
from coterie.embedding import decomposing
from coterie.embedding.decomposing import leading
from coterie.parallel import THREADS_VARIABLE


def sparse(n: int, m: int, density: float = 0.1, seed: int = 0) -> sp.csr_array:
    rng = np.random.default_rng(seed)
    return sp.csr_array(sp.random_array((n, m), density=density, rng=rng, format="csr"), dtype=np.float32)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "m", "width"), [(1, 1, 1), (40, 7, 3), (3_000, 200, 33), (5, 900, 16)])
def test_times_is_the_product(n, m, width, kind):
    cells, block = sparse(n, m), np.random.default_rng(1).normal(size=(m, width)).astype(kind)
    found = times(cells, block)
    assert found.dtype == kind
    assert found == pytest.approx(cells.astype(np.float64) @ block.astype(np.float64), rel=1e-4, abs=1e-5)


def test_times_of_empty_rows_and_of_no_rows_is_zero():
    assert not times(sp.csr_array((3, 2), dtype=np.float32), np.ones((2, 4))).any()
    assert times(sp.csr_array((0, 2), dtype=np.float32), np.ones((2, 4))).shape == (0, 4)


def test_times_refuses_a_block_of_other_height():
    with pytest.raises(ValueError, match="block has shape"):
        times(sparse(3, 4), np.ones((5, 2)))


def as_single(halves: np.ndarray) -> np.ndarray:
    return (halves.astype(np.uint32) << 16).view(np.float32)


def test_halved_takes_the_nearest_number_of_16_bits_and_the_even_one_of_two():
    values = np.array([1.0, -1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, 0.0, 3e38, -1e-30], np.float32)
    found = as_single(halved(values))
    assert found[:6].tolist() == [1.0, -1.0, 1.0, 1 + 2**-6, 1 + 2**-7, 0.0]
    assert found == pytest.approx(values, rel=2**-8)


@pytest.mark.parametrize(("n", "m", "width"), [(40, 7, 3), (3_000, 200, 32), (5, 900, 64), (300, 50, 96)])
def test_times_half_is_the_product_of_what_was_rounded(n, m, width):
    cells, block = sparse(n, m), halved(np.random.default_rng(1).normal(size=(m, width)))
    expected = cells.astype(np.float64) @ as_single(block).astype(np.float64)
    single, half = np.empty((n, width), np.float32), np.empty((n, width), np.uint16)
    times_half(cells, block, single)
    times_half(cells, block, half)
    assert single == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert np.array_equal(half, halved(single))


def test_the_product_goes_where_there_is_room_for_it():
    cells, block = sparse(40, 7), halved(np.ones((7, 3)))
    for out in (np.empty((40, 4), np.uint16), np.empty((40, 3)), np.empty((3, 40), np.float32).T):
        with pytest.raises(ValueError, match=r"expected uint16 or float32 \(40, 3\), contiguous"):
            times_half(cells, block, out)


@pytest.mark.parametrize(("n", "m", "width"), [(1, 1, 1), (40, 7, 3), (9_000, 300, 16), (5, 900, 64)])
def test_gram_of_times_is_that_of_the_product(n, m, width):
    cells, block = sparse(n, m), np.random.default_rng(1).normal(size=(m, width)).astype(np.float32)
    product = cells.astype(np.float64) @ block.astype(np.float64)
    assert gram_of_times(cells, block) == pytest.approx(product.T @ product, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 7), (9_000, 300), (5, 900), (0, 3)])
def test_turned_is_the_transpose(n, m):
    cells = sparse(n, m)
    found, expected = turned(cells), cells.T.tocsr()
    assert found.shape == (m, n)
    assert np.array_equal(found.indptr, expected.indptr)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.data, expected.data)


def test_leading_vectors_carry_as_much_as_those_of_arpack():
    cells = sparse(800, 300)
    values, vectors = leading(cells, 10, np.random.default_rng(0))
    best = np.sort(svds(cells.astype(np.float64), 10, return_singular_vectors=False))[::-1]
    assert np.square(values).sum() == pytest.approx(np.square(best).sum(), rel=2e-3)
    assert vectors.T @ vectors == pytest.approx(np.eye(10), abs=1e-10)


def test_clear_vectors_are_found_to_single_precision():
    rng = np.random.default_rng(2)
    left, right = np.linalg.qr(rng.normal(size=(500, 4)))[0], np.linalg.qr(rng.normal(size=(90, 4)))[0]
    cells = sp.csr_array((left * [9.0, 5.0, 3.0, 2.0]) @ right.T, dtype=np.float32)
    values, vectors = leading(cells, 6, rng)
    assert values[:4] == pytest.approx([9, 5, 3, 2], rel=1e-6)
    assert (values[4:] < 1e-5).all()
    assert np.abs((vectors[:, :4] * right).sum(axis=0)) == pytest.approx(np.ones(4), abs=1e-6)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (1, 4)])
def test_rank_up_to_the_smaller_side(shape):
    dense = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    values, _ = leading(sp.csr_array(dense), min(shape), np.random.default_rng(0))
    assert values == pytest.approx(np.linalg.svd(dense.astype(float))[1], rel=1e-5)


def test_numbers_of_16_bits_lose_nothing_of_the_energy_that_counts(monkeypatch):
    cells = sparse(3_000, 400)
    exact, _ = leading(cells, 20, np.random.default_rng(0))
    monkeypatch.setattr(decomposing, "SMALL", 0)
    values, vectors = leading(cells, 20, np.random.default_rng(0))
    assert np.square(values).sum() == pytest.approx(np.square(exact).sum(), rel=decomposing.ENOUGH)
    assert vectors.T @ vectors == pytest.approx(np.eye(20), abs=1e-10)
    assert values == pytest.approx(np.linalg.svd(cells @ vectors, compute_uv=False), rel=1e-6)


def test_none_of_many_equal_values_is_missed(monkeypatch):
    cells = sp.csr_array(sp.block_diag([np.ones((20, 3))] * 30 + [np.full((20, 3), 0.5)] * 30), dtype=np.float32)
    for small in (decomposing.SMALL, 0):
        monkeypatch.setattr(decomposing, "SMALL", small)
        values, _ = leading(cells, 32, np.random.default_rng(0))
        assert values == pytest.approx(np.repeat([60**0.5, 15**0.5], [30, 2]), rel=1e-4)


def test_columns_without_cells_are_in_no_vector(monkeypatch):
    cells = sp.csr_array(sp.hstack([sparse(500, 60), sp.csr_array((500, 40))]), dtype=np.float32)
    for small in (decomposing.SMALL, 0):
        monkeypatch.setattr(decomposing, "SMALL", small)
        _, vectors = leading(cells, 12, np.random.default_rng(0))
        assert not vectors[60:].any()


@pytest.mark.parametrize("small", [decomposing.SMALL, 0])
def test_bits_do_not_depend_on_the_number_of_threads(monkeypatch, small):
    monkeypatch.setattr(decomposing, "SMALL", small)
    cells, found = sparse(4_000, 500), []
    for threads in ("1", "2"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        values, vectors = leading(cells, 5, np.random.default_rng(0))
        found.append(values.tobytes() + vectors.tobytes())
    assert found[0] == found[1]
