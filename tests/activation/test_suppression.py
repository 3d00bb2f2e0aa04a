"""Small cells are hidden, and nobody gets them back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from coterie.activation.suppression import hidden, hidden_in_row, is_small, with_totals
from coterie.tables.suppression import MIN_CELL

TABLES = arrays(
    np.int64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.sampled_from([0, 0, 1, 2, 4, 5, 9, 40])
)


def test_a_table_without_small_cells_is_shown_whole():
    assert not hidden(with_totals(np.array([[10, 0], [7, 8]]))).any()


def test_a_small_cell_takes_others_with_it():
    mask = hidden(with_totals(np.array([[30, 2, 9], [8, 20, 6], [7, 9, 50]])))
    assert mask[0, 1]
    assert (mask[:3, :3].sum(axis=1) != 1).all()
    assert (mask[:3, :3].sum(axis=0) != 1).all()
    assert not mask[-1].any()
    assert not mask[:, -1].any()


def test_a_small_total_is_hidden_too():
    table = with_totals(np.array([[1, 2], [30, 40]]))
    mask = hidden(table)
    assert mask[0].all()
    assert mask[1, -1] or mask[-1, -1]


@given(TABLES)
@settings(max_examples=40)
def test_a_reader_of_what_is_shown_cannot_prove_of_a_cell_that_it_is_small(counts):
    table = with_totals(counts)
    mask = hidden(table)
    assert mask[is_small(table)].all()
    for row, column in np.argwhere(is_small(table)):
        if not mask.all():
            assert largest(table, mask, (row, column)) >= MIN_CELL - 1e-6


def largest(table, mask, cell):
    """Solve for every cell of the table, totals too, with the shown ones fixed."""
    rows, columns = table.shape
    equations = []
    for r in range(rows):
        equation = np.zeros(table.shape)
        equation[r, :-1], equation[r, -1] = 1, -1
        equations.append(equation.ravel())
    for c in range(columns):
        equation = np.zeros(table.shape)
        equation[:-1, c], equation[-1, c] = 1, -1
        equations.append(equation.ravel())
    bounds = [(None if m else v, None if m else v) for m, v in zip(mask.ravel(), table.ravel().tolist(), strict=True)]
    bounds = [(0 if low is None else low, high) for low, high in bounds]
    cost = np.zeros(table.size)
    cost[cell[0] * columns + cell[1]] = -1
    answer = linprog(cost, A_eq=np.array(equations), b_eq=np.zeros(len(equations)), bounds=bounds)
    return np.inf if answer.status == 3 else -answer.fun


@given(st.lists(st.sampled_from([0, 1, 3, 5, 6, 100]), min_size=1, max_size=6))
def test_one_row_never_hides_one_cell_alone(counts):
    mask = hidden_in_row(counts)
    gone = np.array(counts)[mask]
    assert mask[is_small(counts)].all()
    assert not mask.any() or mask.all() or (len(gone) > 1 and gone.sum() >= MIN_CELL)


@pytest.mark.parametrize("counts", [[], [0], [7]])
def test_edges_of_one_row(counts):
    assert not hidden_in_row(counts).any()
