from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from coterie.segments.suppression import hidden_in_columns, hidden_in_table, lost

LEAST = 5


def most(counts: np.ndarray, hidden: np.ndarray, at: tuple[int, int], *, with_rows: bool) -> float:
    """The most users that a withheld cell may have, for all that is shown: other cells, and totals.

    Totals of columns that are withheld whole are known only together.
    """
    unknown = [tuple(cell) for cell in np.argwhere(hidden)]
    sums, totals = [], []
    if with_rows:
        for row in range(len(counts)):
            sums.append([1.0 if cell[0] == row else 0.0 for cell in unknown])
            totals.append(counts[row][hidden[row]].sum())
    whole = hidden.all(axis=0)
    for columns in [[column] for column in np.flatnonzero(~whole)] + ([np.flatnonzero(whole)] if with_rows else []):
        sums.append([1.0 if cell[1] in columns else 0.0 for cell in unknown])
        totals.append(counts[:, columns][hidden[:, columns]].sum())
    wanted = [-1.0 if cell == at else 0.0 for cell in unknown]
    if not with_rows and whole[at[1]]:
        return np.inf
    return -linprog(wanted, A_eq=sums, b_eq=totals, method="highs").fun


def tables(draw, widest: int = 7):
    k, v = draw(st.integers(2, 6)), draw(st.integers(1, widest))
    cell = st.one_of(st.just(0), st.integers(1, 6), st.integers(0, 60))
    return np.array([[draw(cell) for _ in range(v)] for _ in range(k)])


@settings(max_examples=150, deadline=None)
@given(st.composite(tables)())
def test_no_small_cell_of_a_table_can_be_had(counts):
    hidden = hidden_in_table(counts, LEAST)
    assert hidden[(counts > 0) & (counts < LEAST)].all()
    assert hidden[-1].all()
    if hidden.all():
        return
    for at in np.argwhere((counts > 0) & (counts < LEAST)):
        # Users in no segment are known only as what is left, together with segments that are withheld whole.
        assert most(*as_known(counts, hidden, tuple(at)), with_rows=True) >= LEAST - 1e-6


def as_known(counts, hidden, at):
    """Put rows that are withheld whole together: their totals are known only as what is left of everybody."""
    whole = hidden.all(axis=1)
    order = [*np.flatnonzero(~whole), None]
    rows = [counts[row] if row is not None else counts[whole].sum(axis=0) for row in order]
    masks = [hidden[row] if row is not None else np.ones(counts.shape[1], bool) for row in order]
    return np.array(rows), np.array(masks), (order.index(None if whole[at[0]] else at[0]), at[1])


@settings(max_examples=150, deadline=None)
@given(st.composite(tables)())
def test_no_small_cell_of_columns_can_be_had(counts):
    hidden = hidden_in_columns(counts, LEAST)
    for at in np.argwhere((counts > 0) & (counts < LEAST)):
        assert most(counts, hidden, tuple(at), with_rows=False) >= LEAST - 1e-6


def test_two_segments_hide_each_other():
    """Of 43 who have it 40 are in the one: the other's 3 are everybody less these."""
    counts = np.array([[40, 20], [3, 30], [0, 0]])
    assert hidden_in_columns(counts, LEAST)[:2].tolist() == [[True, False], [True, False]]
    assert hidden_in_table(counts, LEAST).all()


def test_a_rectangle_by_hand():
    """The 2 could be had from its row and its column; the cheapest rectangle has the corners 6, 7 and 9."""
    counts = np.array([[2, 6, 30], [7, 9, 40], [50, 60, 70], [0, 0, 0]])
    assert hidden_in_table(counts, LEAST)[:3].tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, False],
    ]


def test_safe_tables_stay_whole():
    counts = np.array([[5, 0, 9], [8, 7, 0], [0, 0, 0]])
    assert not hidden_in_table(counts, LEAST)[:2].any()
    assert not hidden_in_columns(counts, LEAST)[:2].any()


def test_a_few_in_no_segment_take_the_smallest_segment_with_them():
    counts = np.array([[30, 30], [6, 8], [2, 1]])
    assert hidden_in_table(counts, LEAST).tolist() == [[False, False], [True, True], [True, True]]


@pytest.mark.parametrize(("counts", "share"), [([[90, 10], [50, 50], [0, 0]], 0.05), ([[1, 1], [1, 1], [0, 0]], 1.0)])
def test_what_is_lost(counts, share):
    counts = np.array(counts)
    hidden = np.zeros(counts.shape, bool) if share < 1 else np.ones(counts.shape, bool)
    hidden[-1] = True
    hidden[0, 1] = True
    assert lost(counts, hidden) == pytest.approx(share)
