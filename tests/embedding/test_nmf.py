from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import nnls
from sklearn import decomposition

from coterie.embedding import nmf
from coterie.embedding.nmf import NMF, nonnegative_solutions
from coterie.errors import ConfigError, DataError
from tests.contracts.embedder_contract import EmbedderContract, block_matrix


def fit(matrix=None, **options):
    return NMF(**options).fit(block_matrix() if matrix is None else matrix, np.random.default_rng(0))


class TestRowNormalised(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return NMF(dims=5)


class TestPenalisedAsItIs(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return NMF(dims=4, normalise="none", l1=0.5, l2=1.0, unit_rows=False)


class TestDense(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return NMF(dims=3)

    @pytest.fixture
    def matrix(self):
        return block_matrix().toarray()


def test_a_bounded_least_squares_problem_by_hand():
    # Free, 2w + v = 1 and w + 2v = -1 give (1, -1); bounded, v is 0 and 2w = 1.
    gram = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert nonnegative_solutions(gram, np.array([[1.0, -1.0], [3.0, 3.0]])) == pytest.approx(
        np.array([[0.5, 0.0], [1.0, 1.0]]), abs=1e-7
    )


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 10)), arrays(np.float64, (7,), elements=st.floats(-10, 10)))
def test_solutions_equal_those_of_the_active_set_method(top, target):
    parts = np.vstack([top, np.eye(3)])  # the unit rows hold the columns apart
    found = nonnegative_solutions(parts.T @ parts, (target @ parts)[None])[0]
    assert found == pytest.approx(nnls(parts, target)[0], abs=1e-5)


def test_a_row_that_needs_more_sweeps_than_there_are_ends_near(monkeypatch):
    monkeypatch.setattr(nmf, "MAX_SWEEPS", 3)
    gram = np.array([[1.0, 0.9], [0.9, 1.0]])
    found = nonnegative_solutions(gram, np.array([[1.9, 1.9]]))[0]
    assert found == pytest.approx([1.0, 1.0], abs=0.7)
    assert found != pytest.approx([1.0, 1.0], abs=1e-3)


def test_two_plain_parts_are_found():
    matrix = sp.csr_array(np.array([[3, 4, 0], [6, 8, 0], [0, 0, 5], [3, 4, 5]], np.float32))
    points = fit(matrix, dims=2, normalise="none", unit_rows=False).apply(matrix)
    first = int(points[0].argmax())  # which part is which is not fixed
    expected = np.array([[5, 0], [10, 0], [0, 5], [5, 5]], np.float32)
    assert points[:, [first, 1 - first]] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("penalties", [{}, {"l1": 0.05, "l2": 0.1}])
def test_folding_the_training_rows_in_gives_their_weights_of_the_fit(penalties):
    matrix = block_matrix()
    fitted = fit(matrix, dims=3, normalise="none", unit_rows=False, iterations=5000, **penalties)
    penalty = sum(penalties.values())
    model = decomposition.NMF(
        fitted.dims,
        init="nndsvda",
        alpha_W=penalty / matrix.shape[1],
        l1_ratio=penalties["l1"] / penalty if penalty else 0.0,
        max_iter=5000,
        tol=0.0,
        random_state=0,
    )
    weights = model.fit_transform(matrix.astype(np.float64))
    lengths = np.linalg.norm(model.components_, axis=1)
    assert fitted.apply(matrix) == pytest.approx(weights * lengths, abs=1e-3 * (weights * lengths).max())


def test_points_are_never_negative():
    matrix = block_matrix()
    assert fit(matrix).apply(matrix).min() >= 0


def test_a_higher_l1_gives_more_zeros():
    matrix = block_matrix()
    few, many = ((fit(matrix, dims=6, l1=l1).apply(matrix) == 0).sum() for l1 in (0.0, 0.1))
    assert many > few


@given(st.floats(0.1, 100))
def test_a_row_scaled_by_any_factor_keeps_its_place_when_rows_are_normalised(factor):
    matrix = block_matrix()
    assert FITTED.apply(matrix * factor) == pytest.approx(FITTED.apply(matrix), abs=1e-4)


FITTED = fit(dims=3)


def test_a_row_of_zeros_is_the_zero_point():
    assert not FITTED.apply(block_matrix())[7].any()


def test_no_rows_give_no_points():
    assert FITTED.apply(block_matrix()[:0]).shape == (0, 3)


def test_a_small_matrix_gives_fewer_dims():
    assert fit(np.ones((2, 3), np.float32)).dims <= 2


def test_shuffled_rows_give_the_same_points():
    matrix = block_matrix()
    order = np.random.default_rng(1).permutation(matrix.shape[0])
    assert fit(matrix[order], dims=2).apply(matrix) == pytest.approx(fit(matrix, dims=2).apply(matrix), abs=1e-3)


def test_a_negative_cell_is_refused_in_the_fit_and_later():
    negative = block_matrix() * -1
    with pytest.raises(DataError, match="nmf needs cells >= 0, got -5"):
        fit(negative)
    with pytest.raises(DataError, match="nmf needs cells >= 0"):
        FITTED.apply(negative)


def test_a_matrix_of_nothing_is_refused():
    with pytest.raises(DataError, match="nothing for nmf to learn from"):
        fit(sp.csr_array((4, 3), dtype=np.float32))


def test_penalties_that_leave_nothing_are_refused():
    with pytest.raises(DataError, match="l1 = 100 and l2 = 0 are so high that every component is zero"):
        fit(l1=100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims": 0}, "'embedding.dims' is '0'; expected a whole number >= 1"),
        ({"normalise": "rows"}, "'embedding.normalise' is 'rows'; did you mean 'row'"),
        ({"l1": -0.1}, "'embedding.l1' is '-0.1'; expected a number >= 0"),
        ({"l2": "much"}, "'embedding.l2' is 'much'; expected a number >= 0"),
        ({"iterations": 1.5}, r"'embedding.iterations' is '1\.5'; expected a whole number >= 1"),
        ({"unit_rows": 1}, "'embedding.unit_rows' is '1'; expected true or false"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        NMF(**options)
