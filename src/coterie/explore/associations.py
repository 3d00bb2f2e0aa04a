"""How far two columns of a table go together, by three measures that all run from 0, not at all, to 1, wholly.

Rows that miss either column are left out of a pair. A measure that cannot be taken (one value only, too few rows) is
None and its pair is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.explore.types import (
    SAME_FROM,
    SAME_ROWS,
    Association,
    Associations,
    ColumnKind,
    LeftOut,
    Measure,
)

MOST_COLUMNS: Final = 200  # held against each other, which makes 19,900 pairs
MOST_PAIRS: Final = 300  # kept, and all pairs of the columns of a matrix
MATRIX_COLUMNS: Final = 14  # that a person can look over
# Fewer rows a value than this and chance alone makes values tell each other.
# Source: Cochran (1954), "Some methods for strengthening the common chi-square tests": five expected in a cell.
ROWS_A_VALUE: Final = 5
LEAST_ROWS: Final = 10  # that have both; of fewer any two columns seem to go together, and people can be told
ROUNDING: Final = 1e-12  # of a sum of shares: its root would pass for an association
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_KINDS: Final = frozenset({"number", "category", "us_zip", "value", "time"})


def cramers_v(left: Codes, right: Codes) -> float | None:
    """Give the bias-corrected Cramér's V of two categories.

    Args:
        left, right: (r,) places of their values, from 0 on.

    Returns:
        In [0, 1]: 0 where they are independent, 1 where the one with more values tells the other; None where either has
        one value only.

    Source: Bergsma (2013), "A bias-correction for Cramér's V and Tschuprow's T", equations 4 to 6.
    """
    n = len(left)
    if n < 2:
        return None
    rows, columns = (np.bincount(codes) for codes in (left, right))
    k, m = int(np.count_nonzero(rows)), int(np.count_nonzero(columns))
    if min(k, m) < 2:
        return None
    cells, counts = np.unique(left * len(columns) + right, return_counts=True)
    expected = rows[cells // len(columns)].astype(np.float64) * columns[cells % len(columns)]
    phi = float((counts.astype(np.float64) ** 2 / expected).sum()) - 1.0
    phi -= (k - 1) * (m - 1) / (n - 1)
    most = min(k - (k - 1) ** 2 / (n - 1), m - (m - 1) ** 2 / (n - 1)) - 1
    if most <= 0:
        return None
    return min(1.0, float(np.sqrt(phi / most))) if phi > ROUNDING else 0.0


def correlation_ratio(groups: Codes, numbers: Floats) -> float | None:
    """Give the correlation ratio (eta) of a category and a number.

    Args:
        groups: (r,) places of the category's values. numbers: (r,) without NaN.

    Returns:
        In [0, 1]: its square is the share of the number's variance between the values of the category; None where the
        number or the category does not vary.

    Source: Pearson (1905), "On the general theory of skew correlation and non-linear regression".
    """
    if len(numbers) < 2:
        return None
    counts = np.bincount(groups)
    centred = numbers - numbers.mean()
    total = float((centred**2).sum())
    spread = float(np.abs(numbers).max())
    if np.count_nonzero(counts) < 2 or total <= len(numbers) * (np.finfo(np.float64).eps * spread) ** 2:
        return None
    sums = np.bincount(groups, weights=centred)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    return min(1.0, float(np.sqrt(between / total)))


def spearman(left: Floats, right: Floats) -> float | None:
    """Give Spearman's rank correlation, level ones with the mean of their ranks.

    Returns:
        In [-1, 1]; None where either does not vary.

    Source: Spearman (1904), "The proof and measurement of association between two things".
    """
    return _pearson(_ranks(left), _ranks(right)) if len(left) > 1 else None


def associate(rows: pl.DataFrame, kinds: Mapping[str, ColumnKind]) -> Associations:
    """Hold the columns of a table against each other."""
    left_out = list(_unfit(rows, kinds))
    unfit = {column.column for column in left_out}
    fit = [name for name, kind in kinds.items() if kind in _KINDS and name not in unfit]
    left_out += [
        LeftOut(name, f"only {MOST_COLUMNS} columns are held against each other") for name in fit[MOST_COLUMNS:]
    ]
    fit = fit[:MOST_COLUMNS]
    cells = {name: _cells(rows[name], kinds[name]) for name in fit}
    numbers = {name for name in fit if not _is_category(kinds[name])}
    whole = {name: _ranks(cells[name]) for name in numbers if not np.isnan(cells[name]).any()}
    found = []
    for left, right in combinations(fit, 2):
        if left in whole and right in whole:
            strength, n, measure = _pearson(whole[left], whole[right]), rows.height, "spearman"
        else:
            strength, n, measure = _held(cells[left], cells[right], left in numbers, right in numbers)
        if strength is not None and n >= LEAST_ROWS:
            same = abs(strength) >= SAME_FROM and n >= SAME_ROWS
            found.append(Association(left, right, measure, strength, n, same))  # type: ignore[arg-type]
    found.sort(key=lambda pair: (-round(abs(pair.strength), 12), pair.left, pair.right))
    matrix = set(strongest(fit, found))
    kept = [pair for at, pair in enumerate(found) if at < MOST_PAIRS or {pair.left, pair.right} <= matrix]
    return Associations(tuple(fit), tuple(kept), len(found), tuple(left_out), rows.height)


def strongest(columns: Sequence[str], pairs: Sequence[Association], most: int = MATRIX_COLUMNS) -> tuple[str, ...]:
    """Give the columns of the strongest pairs, in the order of the table.

    Args:
        pairs: strongest first.
    """
    found: list[str] = []
    for pair in pairs:
        fresh = [column for column in (pair.left, pair.right) if column not in found]
        if len(found) + len(fresh) <= most:
            found += fresh
    return tuple(column for column in columns if column in found)


def _unfit(rows: pl.DataFrame, kinds: Mapping[str, ColumnKind]) -> Iterator[LeftOut]:
    for name, kind in kinds.items():
        if kind not in _KINDS:
            continue
        known = rows[name].drop_nulls()
        distinct = known.n_unique()
        if distinct < 2:
            yield LeftOut(name, "has one value" if distinct else "is missing in every row")
        elif _is_category(kind) and distinct * ROWS_A_VALUE > len(known):
            yield LeftOut(name, f"has {distinct:,} different values in {len(known):,} rows, nearly one each")


def _is_category(kind: ColumnKind) -> bool:
    return kind in {"category", "us_zip"}


def _cells(column: pl.Series, kind: ColumnKind) -> Floats:
    """Give numbers as they are and categories as places, both with NaN for what is missing."""
    if _is_category(kind):
        column = column.cast(pl.String).rank("dense") - 1
    wide: Floats = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return wide


def _held(left: Floats, right: Floats, left_counts: bool, right_counts: bool) -> tuple[float | None, int, Measure]:
    both = ~(np.isnan(left) | np.isnan(right))
    a, b, n = left[both], right[both], int(np.count_nonzero(both))
    if left_counts and right_counts:
        return spearman(a, b), n, "spearman"
    if left_counts or right_counts:
        groups, numbers = (b, a) if left_counts else (a, b)
        return correlation_ratio(groups.astype(np.int64), numbers), n, "correlation_ratio"
    return cramers_v(a.astype(np.int64), b.astype(np.int64)), n, "cramers_v"


def _ranks(numbers: Floats) -> Floats:
    ranks: Floats = pl.Series(numbers).rank("average").to_numpy()
    return ranks - (len(numbers) + 1) / 2


def _pearson(left: Floats, right: Floats) -> float | None:
    """Correlate centred ranks."""
    scale = float(np.sqrt((left @ left) * (right @ right)))
    return None if scale == 0 else float(np.clip((left @ right) / scale, -1.0, 1.0))
