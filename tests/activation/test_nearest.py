"""Nearest rows by the cosine: exact, whatever is looked up beside them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from coterie.activation import approximate
from coterie.activation import nearest as module
from coterie.activation.nearest import directions, nearest, nearest_of_each
from coterie.randomness import generator


def some(kind, n=60, m=12, seed=1):
    rng = generator(seed, "nearest")
    values = rng.normal(size=(n, m)).astype(np.float32)
    if kind == "sparse":
        values[rng.random((n, m)) < 0.7] = 0
        wide = np.zeros((n, m + module.WIDEST_DENSE), np.float32)
        wide[:, :m] = values
        return sp.csr_array(wide)
    return values


@pytest.fixture(autouse=True)
def _sparse_stays_sparse(monkeypatch):
    monkeypatch.setattr(module, "PER_CELL", 0)


def test_sparse_rows_are_made_dense_where_that_is_faster(monkeypatch):
    matrix = some("sparse")
    sparse = nearest(of(matrix), np.arange(60), 5)
    assert sp.issparse(of(matrix).rows)
    monkeypatch.setattr(module, "PER_CELL", 2_000)
    assert not sp.issparse(of(matrix).rows)
    dense = nearest(of(matrix), np.arange(60), 5)
    np.testing.assert_allclose(dense.cosines, sparse.cosines, atol=1e-6)
    monkeypatch.setattr(module, "DENSE_BYTES", 1_000)
    assert sp.issparse(of(matrix).rows)


def of(matrix, known=None):
    n = matrix.shape[0]
    return directions(
        np.array([f"u{i:03}" for i in range(n)]), [(matrix, np.ones(n, bool) if known is None else known)]
    )


def brute(matrix, k):
    """The same by all products, sorted by cosine and then by id; no cosine of 0 or less."""
    rows = (matrix.toarray() if sp.issparse(matrix) else matrix).astype(np.float64)
    norms = np.linalg.norm(rows, axis=1)
    rows /= np.where(norms > 0, norms, 1)[:, None]
    found = rows @ rows.T
    answers = []
    for i, row in enumerate(found):
        others = [j for j in range(len(row)) if j != i and row[j] > 1e-9]
        answers.append(sorted(others, key=lambda j: (-round(row[j], 6), j))[:k])
    return answers, found


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("k", [1, 7, 80])
def test_exact_is_brute_force(kind, k):
    matrix = some(kind)
    found = nearest(of(matrix), np.arange(60), k)
    expected, cosines = brute(matrix, k)
    for i, (own, values) in enumerate(zip(found.places.tolist(), found.cosines, strict=True)):
        kept = [place for place in own if place >= 0]
        assert kept == expected[i]
        np.testing.assert_allclose(values[: len(kept)], cosines[i, kept], atol=1e-6)


def test_a_case_by_hand():
    matrix = np.array([[1, 0], [1, 0], [1, 1], [0, 1], [-1, 0], [2, 0]], np.float32)
    found = nearest(of(matrix), np.array([0, 4]), 3)
    assert found.places.tolist() == [[1, 5, 2], [-1, -1, -1]]  # level ones by id; nobody is near to who has none
    assert found.cosines[0].tolist() == pytest.approx([1, 1, 0.5**0.5])


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_ties_go_to_the_smallest_id_and_nobody_is_near_to_itself(kind):
    matrix = some(kind)
    twice = sp.csr_array(sp.vstack([matrix] * 3)) if kind == "sparse" else np.vstack([matrix] * 3)
    found = nearest(of(twice), np.arange(180), 2)
    known = np.diff(matrix.indptr) > 0 if kind == "sparse" else np.ones(60, bool)
    for i in np.flatnonzero(np.tile(known, 3)).tolist():
        assert found.places[i].tolist() == [j for j in (i % 60, i % 60 + 60, i % 60 + 120) if j != i]


@given(st.integers(0, 59), st.sampled_from(["dense", "sparse"]), st.integers(1, 20))
def test_a_row_alone_has_the_same_bits_as_in_a_batch(row, kind, k):
    among = of(some(kind))
    batch, alone = nearest(among, np.arange(60), k), nearest(among, np.array([row]), k)
    assert (batch.places[row] == alone.places[0]).all()
    assert (batch.cosines[row] == alone.cosines[0]).all()


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_blocks_give_what_one_block_gives(kind, monkeypatch):
    among = of(some(kind))
    whole = nearest(among, np.arange(60), 5)
    monkeypatch.setattr(module, "QUERIES", 7)
    monkeypatch.setattr(module, "CELLS", 150)
    blocks = list(nearest_of_each(among, 5))
    assert len(blocks) > 5
    assert np.concatenate([own for own, _ in blocks]).tolist() == list(range(60))
    assert (np.concatenate([found.cosines for _, found in blocks]) == whole.cosines).all()
    assert (np.concatenate([found.places for _, found in blocks]) == whole.places).all()


def test_other_rows_change_nothing_but_who_is_there():
    matrix = some("dense")
    order = generator(2, "order").permutation(60)
    whole, shuffled = nearest(of(matrix), np.arange(60), 4), nearest(of(matrix[order]), np.arange(60), 4)
    assert (whole.places[order] == order[shuffled.places]).all()
    assert (whole.cosines[order] == shuffled.cosines).all()


def test_every_block_that_is_known_counts_alike():
    first, second = some("dense", seed=1), 1000 * some("dense", seed=2)
    known = np.arange(60) != 3
    ids = np.array([f"u{i:03}" for i in range(60)])
    among = directions(ids, [(first, np.ones(60, bool)), (second, known)])
    rows = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in (first, second)]
    mean = (rows[0][1] @ rows[0][2] + rows[1][1] @ rows[1][2]) / 2
    assert among.rows[1] @ among.rows[2] == pytest.approx(mean, abs=1e-6)
    assert among.rows[3] @ among.rows[2] == pytest.approx(rows[0][3] @ rows[0][2] / 2**0.5, abs=1e-6)
    assert (among.rows[3, 12:] == 0).all()


def test_of_whom_nothing_is_known_is_near_to_nobody():
    matrix = some("dense")
    matrix[5] = 0
    among = of(matrix, np.arange(60) != 9)
    assert np.flatnonzero(~among.known).tolist() == [5, 9]
    found = nearest(among, np.arange(60), 59)
    assert (found.places[[5, 9]] == -1).all()
    assert not np.isin(found.places, [5, 9]).any()


@pytest.mark.parametrize("n", [0, 1])
def test_nobody_and_one_alone(n):
    found = nearest(of(some("dense")[:n]), np.arange(n), 3)
    assert found.places.shape == (n, 3)
    assert (found.places == -1).all()


def test_an_index_is_refused_where_it_would_save_nothing():
    assert approximate.refusal(of(some("dense"))) == ("exact: below 400,000 an index saves nothing, and these are 60")
    assert "an index is for dense rows" in approximate.refusal(of(some("sparse")))


def test_an_index_finds_nearly_all_and_says_how_many():
    pytest.importorskip("faiss", reason="the extra 'index' is not installed")
    rng = generator(3, "index")
    centres = rng.normal(size=(20, 8))
    among = of((centres[rng.integers(20, size=3000)] + 0.3 * rng.normal(size=(3000, 8))).astype(np.float32))
    index = approximate.build(among, 7)
    measured = approximate.recall(index, among, 5, 7)
    assert measured.n_sample == 1000
    assert 0.9 < measured.low <= measured.value <= measured.high <= 1
    (block, found), *_ = approximate.nearest_of_each(index, among, 5, np.arange(3000))
    exact = nearest(among, block, 5)
    assert (found.places == exact.places).mean() > 0.9
    assert not (found.places == block[:, None]).any()
    again = approximate.nearest_of_each(approximate.build(among, 7), among, 5, np.arange(3000))
    assert (next(again)[1].cosines == found.cosines).all()
