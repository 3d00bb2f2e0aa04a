from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie._kernels import ALS_LANES, Ridges, als_descend, als_solve
from coterie.embedding.als import ALS, solve_side
from coterie.errors import ConfigError, DataError
from coterie.parallel import THREADS_VARIABLE
from tests.contracts.embedder_contract import EmbedderContract, block_matrix


def fit(matrix=None, seed=0, **options):
    return ALS(**options).fit(block_matrix() if matrix is None else matrix, np.random.default_rng(seed))


class TestImplicit(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return ALS(dims=5, alpha=2.0)


class TestExplicit(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return ALS(kind="explicit", dims=4)


class TestExplicitWithBiases(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return ALS(kind="explicit", dims=4, remove_bias=False, unit_rows=False)

    @pytest.fixture
    def matrix(self):
        return block_matrix().toarray()


def test_one_implicit_point_by_hand():
    # Items 2 and 1 in one dimension; a row took up the first with r = 3, alpha = 2:
    # (2*2 + 1*1 + 6*2*2 + ridge 1) x = (1 + 6) * 2, so x = 14 / 30.
    cells = np.array([[3.0, 0.0]])
    side = Ridges(sp.csr_array((1 + 2 * cells) * (cells > 0)), np.array([6.0], np.float32), np.array([1.0]))
    assert solve_side(side, np.array([[2.0], [1.0]]), np.array([[5.0]])).item() == pytest.approx(14 / 30)


def test_explicit_residuals_by_hand():
    # Mean 3; item biases 4/7 and -4/7 (sum 4 or -4 of 2 ratings and 5 at the mean); both rows sum to the same and have
    # residuals 2 - 4/7 and -2 + 4/7, so no bias of their own.
    matrix = np.array([[5.0, 1.0], [5.0, 1.0]], np.float32)
    fitted = fit(matrix, kind="explicit", dims=1, regularisation=0.01)
    assert fitted.item_bias == pytest.approx([4 / 7, -4 / 7])
    assert fitted.to_arrays().meta["mean"] == 3.0
    left, right = fitted.factors.ravel()
    assert left == pytest.approx(-right)


def implicit_loss(matrix, users, items, alpha, ridge):
    confidence = 1 + alpha * matrix
    errors = confidence * ((matrix > 0) - users @ items.T) ** 2
    return errors.sum() + ridge * ((users**2).sum() + (items**2).sum())


def explicit_loss(matrix, users, items, ridge):
    seen = matrix > 0
    errors = np.where(seen, matrix - users @ items.T, 0.0) ** 2
    penalties = (users**2).sum(axis=1) @ seen.sum(axis=1) + (items**2).sum(axis=1) @ seen.sum(axis=0)
    return errors.sum() + ridge * penalties


def test_points_are_where_the_implicit_loss_is_flat():
    matrix = block_matrix().toarray().astype(float)
    fitted = fit(matrix, dims=3, alpha=2.0, regularisation=0.5, unit_rows=False)
    users = fitted.apply(matrix).astype(float)
    here = implicit_loss(matrix, users, fitted.factors, 2.0, 0.5)
    for step in np.random.default_rng(0).normal(0, 0.01, (20, *users.shape)):
        assert implicit_loss(matrix, users + step, fitted.factors, 2.0, 0.5) > here


def test_points_are_where_the_explicit_loss_is_flat():
    matrix = block_matrix().toarray().astype(float)
    fitted = fit(matrix, kind="explicit", remove_bias=False, dims=3, unit_rows=False)
    users = fitted.apply(matrix).astype(float)
    here = explicit_loss(matrix, users, fitted.factors, 0.1)
    for step in np.random.default_rng(0).normal(0, 0.01, (20, *users.shape)):
        assert explicit_loss(matrix, users + step, fitted.factors, 0.1) > here


@pytest.mark.parametrize("kind", ["implicit", "explicit"])
def test_the_loss_falls_with_every_iteration(kind):
    matrix = block_matrix().toarray().astype(float)
    losses = []
    for iterations in range(1, 6):
        only = {"remove_bias": False} if kind == "explicit" else {}
        fitted = fit(matrix, kind=kind, dims=3, iterations=iterations, unit_rows=False, **only)
        users = fitted.apply(matrix).astype(float)
        last = (users, fitted.factors)
        losses.append(
            implicit_loss(matrix, *last, 1.0, 0.1) if kind == "implicit" else explicit_loss(matrix, *last, 0.1)
        )
    assert losses == sorted(losses, reverse=True)


def plain_solutions(side, fixed, base):
    """Each row's equations, written out and solved by LU."""
    rows, weights = [], side.targets.copy()
    weights.data = np.ones(weights.nnz) if side.weights is None else side.weights
    for weight, target, ridge in zip(weights.toarray(), side.targets.toarray(), side.ridge, strict=True):
        left = base + (fixed.T * weight) @ fixed + ridge * np.eye(len(base))
        rows.append(np.linalg.solve(left, fixed.T @ target))
    return np.array(rows)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 9))
def test_solutions_equal_those_written_out_row_by_row(seed, dims, n_items):
    rng = np.random.default_rng(seed)
    cells = sp.csr_array(rng.integers(0, 3, (7, n_items)).astype(float))
    fixed = rng.standard_normal((n_items, dims))
    weights = None if seed % 2 else cells.data.astype(np.float32)
    side = Ridges((cells * rng.random()).astype(np.float32), weights, rng.random(7) + 0.1)
    assert solve_side(side, fixed, fixed.T @ fixed) == pytest.approx(
        plain_solutions(side, fixed, fixed.T @ fixed), rel=1e-6
    )


# Rows kept at hand, and longer ones; widths that have loops of their own, and others.
@pytest.mark.parametrize(
    ("n_items", "dims"), [(5, 3), (30, 33), (90, 64), (300, 90), (700, 16), (700, 20), (900, 48), (701, 60), (700, 128)]
)
@pytest.mark.parametrize("weighted", [True, False])
def test_many_steps_end_where_the_exact_solution_is(n_items, dims, weighted):
    rng = np.random.default_rng(0)
    cells = sp.csr_array((rng.random((9, n_items)) < 0.9) * rng.random((9, n_items)), dtype=np.float32)
    width = -(-dims // ALS_LANES) * ALS_LANES
    fixed = np.zeros((n_items, width), np.float32)
    fixed[:, :dims] = rng.standard_normal((n_items, dims)) / np.sqrt(n_items)
    base = (fixed.T @ fixed) if weighted else None
    rows = Ridges(cells, cells.data if weighted else None, np.full(9, 0.5))
    found = np.zeros((9, width), np.float32)
    als_descend(rows, fixed, base, found, 40)
    exact = als_solve(rows, fixed.astype(float), np.zeros((width, width)) if base is None else base.astype(float))
    assert found == pytest.approx(exact, rel=1e-3, abs=1e-5)
    assert not found[:, dims:].any()


@pytest.mark.parametrize("kind", ["implicit", "explicit"])
def test_one_thread_and_two_give_the_same_bits(kind, monkeypatch):
    matrix = sp.vstack([block_matrix(seed) for seed in range(10)], format="csr")  # more than two blocks of rows
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv(THREADS_VARIABLE, threads)
        found.append(fit(matrix, kind=kind, dims=3, iterations=3).apply(matrix).tobytes())
    assert found[0] == found[1]


def test_shuffled_rows_give_the_same_points():
    matrix = block_matrix()
    order = np.random.default_rng(1).permutation(matrix.shape[0])
    assert fit(matrix[order], dims=3).apply(matrix) == pytest.approx(fit(matrix, dims=3).apply(matrix), abs=1e-4)


def test_planted_groups_lie_apart():
    matrix = block_matrix()
    points = fit(matrix, dims=2).apply(matrix)
    centres = np.stack([points[:30].mean(axis=0), points[30:].mean(axis=0)])
    nearest = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    known = np.arange(60) != 7
    assert (nearest == np.repeat([0, 1], 30))[known].mean() > 0.95


def test_a_row_of_zeros_is_the_zero_point():
    for kind in ("implicit", "explicit"):
        assert not fit(kind=kind, dims=3).apply(block_matrix())[7].any()


def test_no_rows_give_no_points():
    assert fit(dims=3).apply(block_matrix()[:0]).shape == (0, 3)


def test_one_row_is_enough():
    assert np.isfinite(fit(block_matrix()[[0]]).apply(block_matrix())).all()


def test_a_negative_cell_is_refused_where_cells_are_confidence():
    negative = block_matrix() * -1
    with pytest.raises(DataError, match="implicit als needs cells >= 0, got -5"):
        fit(negative)
    with pytest.raises(DataError, match="implicit als needs cells >= 0"):
        fit(dims=2).apply(negative)
    assert np.isfinite(fit(negative, kind="explicit").apply(negative)).all()


def test_a_matrix_of_nothing_is_refused():
    with pytest.raises(DataError, match="nothing for als to learn from"):
        fit(sp.csr_array((4, 3), dtype=np.float32))


def test_ratings_that_are_all_the_same_are_refused():
    ones = (block_matrix() > 0).astype(np.float32)
    with pytest.raises(DataError, match=r"explicit als needs ratings that differ .* use kind = 'implicit'"):
        fit(ones, kind="explicit")
    assert np.isfinite(fit(ones).apply(ones)).all()


def test_equations_that_rounding_makes_singular_are_refused():
    side = Ridges(sp.csr_array((1, 2)), None, np.array([0.0]))
    with pytest.raises(DataError, match=r"singular but for rounding; raise 'embedding.regularisation'"):
        solve_side(side, np.ones((2, 2)), np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "explicitly"}, "'embedding.kind' is 'explicitly'; did you mean 'explicit'"),
        ({"dims": 2.0}, r"'embedding.dims' is '2\.0'; expected a whole number >= 1"),
        ({"iterations": 0}, "'embedding.iterations' is '0'; expected a whole number >= 1"),
        ({"regularisation": 0}, "'embedding.regularisation' is '0'; expected a number > 0"),
        ({"alpha": -1}, "'embedding.alpha' is '-1'; expected a number > 0"),
        ({"remove_bias": "no", "kind": "explicit"}, "'embedding.remove_bias' is 'no'; expected true or false"),
        ({"unit_rows": 0}, "'embedding.unit_rows' is '0'; expected true or false"),
        ({"kind": "explicit", "alpha": 1}, "'embedding.alpha' is only for kind = 'implicit', got kind = 'explicit'"),
        ({"remove_bias": True}, "'embedding.remove_bias' is only for kind = 'explicit', got kind = 'implicit'"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ALS(**options)
