"""One attribute at a time: raw cells in, prepared numbers or category codes out, by what the fit's users taught.

A number goes through clipping, filling, the logarithm and the scale, in this order: bounds and fills are in the
attribute's own unit. A category is filled, then matched against the categories that are columns.

Source:
    Factor analysis of mixed data: Pagès (2004), "Analyse factorielle de données mixtes", Revue de statistique
    appliquée 52(4): numbers standardised, each one-hot column centred and divided by the root of its share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.errors import DataError
from coterie.features.scaling import usable_spread

MISSING: Final = "missing"
OTHER: Final = "other"

Scale = Literal["standard", "none", "minmax", "robust"]
Impute = Literal["median", "mean", "most_frequent"]
Coding = Literal["plain", "famd"]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How numbers are to be prepared.

    Args:
        scale: what they are brought to. impute: what a missing one becomes, or a number in the attribute's unit.
        clip: the two quantiles of the fit beyond which they are cut, or None. is_log: whether ln(1 + x) is taken.
    """

    scale: Scale
    impute: Impute | float
    clip: tuple[float, float] | None
    is_log: bool


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """How one number is prepared: cut to [low, high], missing becomes the fill, ln(1 + x), then (x - centre) / spread.

    Args:
        name: the attribute. fill, low, high: in its unit. centre, spread: in its unit or its logarithm's, spread > 0.
        is_log: whether the logarithm is taken. group_fills: (g,) fills by group, empty for one fill for all.
    """

    name: str
    fill: float
    centre: float
    spread: float
    low: float = -np.inf
    high: float = np.inf
    is_log: bool = False
    group_fills: tuple[float, ...] = ()

    def prepare(self, values: pl.Series, groups: Codes) -> Floats:
        """(n,) prepared values of (n,) raw ones, whose groups are positions in ``group_fills`` or -1.

        Raises:
            DataError: the logarithm meets a number below zero.
        """
        raw = np.clip(known_or_nan(values), self.low, self.high)
        fills = np.array([*self.group_fills, self.fill])[groups if self.group_fills else -1]
        filled = np.where(np.isfinite(raw), raw, fills)
        return ((_logarithm(filled, self.name) if self.is_log else filled) - self.centre) / self.spread


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """Which categories of one attribute are columns, and what stands in them.

    Args:
        name: the attribute. categories: those kept, sorted; then "other" and "missing" where the fit had them.
        fill: what a missing one becomes. group_fills: (g,) fills by group, empty for one fill for all.
        shares: (c,) shares of the fit's users, by which the columns are weighed; empty for columns of 0 and 1.
    """

    name: str
    categories: tuple[str, ...]
    fill: str = MISSING
    group_fills: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    def filled(self, values: pl.Series, groups: Codes) -> pl.Series:
        """(n,) categories without gaps."""
        fills = np.array([*self.group_fills, self.fill], dtype=object)[groups if self.group_fills else -1]
        return values.fill_null(pl.Series(np.broadcast_to(fills, len(values)).tolist(), dtype=pl.String))

    def prepare(self, values: pl.Series, groups: Codes) -> sp.csr_array:
        """(n, c) columns of (n,) raw categories; a row of zeros where nothing is known."""
        codes = codes_of(self.filled(values, groups), self.categories)
        hot = one_hot(codes, len(self.categories))
        if not self.shares:
            return hot
        shares = np.array(self.shares)
        weighed = np.where(codes[:, None] >= 0, (hot.toarray() - shares) / np.sqrt(shares), 0.0)
        return sp.csr_array(weighed)


def codes_of(values: pl.Series, categories: Sequence[str]) -> Codes:
    """(n,) positions in ``categories`` of (n,) text; -1 for a row of zeros: missing, or unknown without an "other"."""
    known = {MISSING: -1} | {category: code for code, category in enumerate(categories)}
    return looked_up(values.fill_null(MISSING), known, otherwise=known.get(OTHER, -1))


def looked_up(values: pl.Series, places: Mapping[str, int], *, otherwise: int = -1) -> Codes:
    """(n,) the place of each text, ``otherwise`` where it has none, -1 where there is no text."""
    found = values.replace_strict(list(places), list(places.values()), default=otherwise, return_dtype=pl.Int32)
    return np.where(values.is_null().to_numpy(), np.int32(-1), found.to_numpy())


def group_codes(values: pl.Series | None, groups: Sequence[str], n: int) -> Codes:
    """(n,) positions in ``groups``; -1 for no group, or one that the fit did not have."""
    if values is None:
        return np.full(n, -1, np.int32)
    return looked_up(values, {group: code for code, group in enumerate(groups)})


def fit_number(name: str, values: pl.Series, groups: Codes, n_groups: int, rule: NumberRule) -> NumberColumn | None:
    """Learn how a number is prepared; None where nobody has a known one.

    Args:
        values: (n,) of the fit's users. groups: (n,) their groups, or -1. n_groups: 0 for one fill for all.

    Raises:
        DataError: the logarithm meets a number below zero.
    """
    raw = known_or_nan(values)
    is_known = np.isfinite(raw)
    known = np.sort(raw[is_known])  # sorted, so that sums do not depend on the order of users
    if len(known) == 0:
        return None
    low, high = (-np.inf, np.inf) if rule.clip is None else map(float, np.quantile(known, rule.clip))
    known = np.clip(known, low, high)
    of_groups = [np.sort(np.clip(raw[is_known & (groups == group)], low, high)) for group in range(n_groups)]
    fill = _fill(known, rule.impute)
    group_fills = tuple(_fill(members, rule.impute) if len(members) else fill for members in of_groups)
    scaled = _logarithm(known, name) if rule.is_log else known
    centre, spread = _centre_and_spread(scaled, rule.scale)
    return NumberColumn(name, fill, centre, usable_spread(spread, scaled), low, high, rule.is_log, group_fills)


def fit_category(
    name: str, values: pl.Series, groups: Codes, n_groups: int, *, impute: str, min_count: int, coding: Coding
) -> CategoryColumn | None:
    """Learn which categories of an attribute are columns; None where the most frequent is asked for and there is none.

    Args:
        values: (n,) of the fit's users that the table knows. groups: (n,) their groups, or -1.
        impute: "most_frequent", or the category that a missing one becomes. min_count: rarer ones become "other".
    """
    fill, group_fills = impute, tuple[str, ...]()
    if impute == "most_frequent":
        if values.null_count() == len(values):
            return None
        fill = _mode(values)
        of_groups = [values.filter(pl.Series(groups == group)) for group in range(n_groups)]
        group_fills = tuple(fill if rows.null_count() == len(rows) else _mode(rows) for rows in of_groups)
    bare = CategoryColumn(name, (), fill, group_fills)
    filled = bare.filled(values, groups)
    categories = kept_categories(Counter(filled.to_list()), min_count)
    hits = np.bincount(codes_of(filled, categories), minlength=len(categories)) / max(len(filled), 1)
    return CategoryColumn(name, categories, fill, group_fills, tuple(hits.tolist()) if coding == "famd" else ())


def kept_categories(counts: Mapping[str, int], min_count: int) -> tuple[str, ...]:
    """Give the categories that are columns: the frequent ones sorted, then "other" and "missing" where they occur."""
    named = {category: users for category, users in counts.items() if category not in {MISSING, OTHER}}
    kept = sorted(category for category, users in named.items() if users >= min_count)
    tail = [OTHER] if OTHER in counts or len(kept) < len(named) else []
    return (*kept, *tail, *([MISSING] if MISSING in counts else []))


def known_or_nan(values: pl.Series) -> Floats:
    """(n,) numbers, NaN where there is none."""
    raw: Floats = values.fill_null(np.nan).to_numpy().astype(np.float64)
    return raw


def _logarithm(values: Floats, name: str) -> Floats:
    if (values < 0).any():
        raise DataError(
            f"the number '{name}' goes down to {values.min():g}, and log = true expects numbers >= 0; "
            f"leave '{name}' out of 'columns', give it a range, or take 'log' out"
        )
    return np.log1p(values)


def _fill(known: Floats, impute: Impute | float) -> float:
    match impute:
        case "median":
            return float(np.median(known))
        case "mean":
            return float(known.mean())
        case "most_frequent":  # of several the least
            numbers, counts = np.unique(known, return_counts=True)
            return float(numbers[counts.argmax()])
        case constant:
            return float(constant)


def _mode(values: pl.Series) -> str:
    """Give the most frequent known category, of several the first in the alphabet."""
    counts = Counter(values.drop_nulls().to_list())
    return str(min(counts, key=lambda category: (-counts[category], category)))


def _centre_and_spread(known: Floats, scale: Scale) -> tuple[float, float]:
    match scale:
        case "standard":
            return float(known.mean()), float(known.std())
        case "minmax":
            return float(known[0]), float(known[-1] - known[0])
        case "robust":
            low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
            return float(middle), float(high - low)
        case "none":
            return 0.0, 1.0


def one_hot(codes: Codes, width: int) -> sp.csr_array:
    """(n, width) 1 in the column of each code; a row of zeros for -1."""
    rows = np.flatnonzero(codes >= 0)
    return sp.csr_array((np.ones(len(rows)), (rows, codes[rows])), shape=(len(codes), width))
