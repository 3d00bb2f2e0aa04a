"""Cramér's V, the correlation ratio and Spearman: solved by hand, and what leaves them as they are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coterie.explore.associations import associate, correlation_ratio, cramers_v, spearman, strongest

codes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=60)


def column(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_cramers_v_by_hand():
    """The table [[4, 1], [1, 4]]: chi-square is 10 (0.8 - 0.2)^2 = 3.6 and phi-square 0.36; corrected 0.36 - 1/9 =
    0.24889, over min(2 - 1/9, 2 - 1/9) - 1 = 0.88889: V = sqrt(0.28).
    """
    left = column(0, 0, 0, 0, 0, 1, 1, 1, 1, 1)
    right = column(0, 0, 0, 0, 1, 0, 1, 1, 1, 1)
    assert cramers_v(left, right) == pytest.approx(0.28**0.5)


def test_cramers_v_of_what_is_independent_is_none_at_all():
    left, right = (np.array(cells) for cells in zip(*[(a, b) for a in range(3) for b in range(3)] * 4, strict=True))
    assert cramers_v(left, right) == 0.0


def test_one_column_that_tells_the_other_has_a_v_of_one():
    town = np.repeat(np.arange(6), 20)
    assert cramers_v(town, town) == pytest.approx(1.0)
    assert cramers_v(town, town // 2) == pytest.approx(1.0, abs=0.03)


@given(codes)
def test_cramers_v_does_not_depend_on_order_or_names(pairs):
    left, right = (np.array(cells) for cells in zip(*pairs, strict=True))
    found = cramers_v(left, right)
    assert cramers_v(right, left) == pytest.approx(found)
    assert cramers_v(3 - left[::-1], right[::-1]) == pytest.approx(found)
    assert found is None or 0 <= found <= 1


@given(codes)
def test_cramers_v_is_that_of_the_whole_table_of_counts(pairs):
    """The other route: chi-square over every cell, empty ones too, as SciPy has it."""
    left, right = (np.array(cells) for cells in zip(*pairs, strict=True))
    table = np.zeros((4, 5))
    np.add.at(table, (left, right), 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    (k, m), n = table.shape, len(pairs)
    found = cramers_v(left, right)
    if min(k, m) < 2 or found is None:
        assert found is None
        return
    phi = stats.chi2_contingency(table, correction=False).statistic / n
    corrected = max(0.0, phi - (k - 1) * (m - 1) / (n - 1))
    most = min(k - (k - 1) ** 2 / (n - 1), m - (m - 1) ** 2 / (n - 1)) - 1
    assert found == pytest.approx(min(1.0, (corrected / most) ** 0.5), abs=2e-6)  # what is under rounding is 0


def test_correlation_ratio_by_hand():
    """Groups {1, 3} and {5, 7}: means 2 and 6 of 4; 2 (2^2) + 2 (2^2) = 16 of 9 + 1 + 1 + 9 = 20."""
    assert correlation_ratio(column(0, 0, 1, 1), np.array([1.0, 3.0, 5.0, 7.0])) == pytest.approx((16 / 20) ** 0.5)


def test_correlation_ratio_ends():
    assert correlation_ratio(column(0, 0, 1, 1), np.array([2.0, 4.0, 4.0, 2.0])) == 0.0
    assert correlation_ratio(column(0, 0, 1, 1), np.array([2.0, 2.0, 4.0, 4.0])) == 1.0


def test_spearman_by_hand():
    """Ranks 1 2 3 4 5 and 2 1 4 3 5: 1 - 6 (1 + 1 + 1 + 1) / (5 24) = 0.8."""
    assert spearman(np.array([1.0, 2, 3, 4, 5]), np.array([20.0, 10, 40, 30, 50])) == pytest.approx(0.8)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=40))
def test_spearman_is_that_of_scipy_where_ranks_are_level(pairs):
    left, right = (np.array(cells, dtype=float) for cells in zip(*pairs, strict=True))
    found = spearman(left, right)
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(left, right).statistic)
        assert spearman(left**3, right) == pytest.approx(found)


@pytest.mark.parametrize("measure", [cramers_v, correlation_ratio, spearman])
def test_what_does_not_vary_has_no_measure(measure):
    same, other = np.zeros(4, dtype=np.int64), np.array([1, 2, 1, 2])
    cast = (lambda cells: cells.astype(float)) if measure is spearman else (lambda cells: cells)
    assert measure(cast(same), cast(other)) is None
    assert measure(cast(other), np.full(4, 0.1) if measure is not cramers_v else same) is None
    assert measure(cast(other[:1]), cast(other[:1])) is None
    assert measure(cast(other[:0]), cast(other[:0])) is None


def test_columns_of_all_kinds_are_held_against_each_other():
    n = 40
    rows = pl.DataFrame(
        {
            "town": ["a", "b"] * (n // 2),
            "county": ["A", "B"] * (n // 2),
            "age": [float(i) for i in range(n)],
            "born": [2000.0 - i for i in range(n - 1)] + [None],
            "name": [f"n{i}" for i in range(n)],
            "none": [None] * n,
            "one": ["x"] * n,
            "note": ["text"] * n,
        },
        schema_overrides={"none": pl.Float64},
    )
    kinds = dict.fromkeys(("town", "county", "name", "one"), "category") | {"age": "number", "born": "number"}
    found = associate(rows, kinds | {"none": "number", "note": "text"})
    assert found.columns == ("town", "county", "age", "born")
    assert {column.column: column.reason for column in found.left_out} == {
        "name": "has 40 different values in 40 rows, nearly one each",
        "one": "has one value",
        "none": "is missing in every row",
    }
    same = {(pair.left, pair.right): (pair.measure, round(pair.strength, 2), pair.rows) for pair in found.same}
    assert same == {("town", "county"): ("cramers_v", 1.0, 40), ("age", "born"): ("spearman", -1.0, 39)}
    assert found.n_pairs == 6
    assert {pair.measure for pair in found.pairs} == {"cramers_v", "spearman", "correlation_ratio"}


def test_few_rows_give_no_warning():
    found = associate(pl.DataFrame({"a": [*range(10)], "b": [*range(10)]}), {"a": "number", "b": "number"})
    assert found.pairs[0].strength == 1.0
    assert found.same == ()


def test_fewer_rows_are_not_held_against_each_other():
    found = associate(pl.DataFrame({"a": [*range(9)], "b": [*range(9)]}), {"a": "number", "b": "number"})
    assert found.pairs == ()


def test_a_matrix_of_the_strongest_columns_is_whole():
    rng = np.random.default_rng(3)
    rows = pl.DataFrame({f"c{i:02}": rng.normal(size=30) for i in range(40)})
    found = associate(rows, dict.fromkeys(rows.columns, "number"))
    assert found.n_pairs == 40 * 39 // 2 > len(found.pairs) >= 300
    chosen = set(strongest(found.columns, found.pairs))
    inside = [pair for pair in found.pairs if {pair.left, pair.right} <= chosen]
    assert len(chosen) == 14
    assert len(inside) == 14 * 13 // 2


@pytest.mark.parametrize("rows", [pl.DataFrame({"a": [], "b": []}), pl.DataFrame({"a": [1.0], "b": [2.0]})])
def test_no_row_and_one_row(rows):
    found = associate(rows.cast(pl.Float64), {"a": "number", "b": "number"})
    assert found.pairs == ()
    assert len(found.left_out) == 2
