"""What users are: a users table in, numbers scaled and categories one-hot out.

All that the columns need (fill, centre and spread of a number, the categories that are kept) is learned from the fit's
users and frozen. A user whom the table does not know gets the row of someone whose every attribute is missing.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self, cast, get_args

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.config import refuse_unknown
from coterie.errors import ConfigError, DataError, nearest, shown
from coterie.features import options
from coterie.features.aligning import IS_KNOWN, one_row_each, require_columns, table_of, users_of
from coterie.features.contract import FeatureBlock, Ids, Matrix
from coterie.features.preparation import (
    MISSING,
    CategoryColumn,
    Codes,
    Coding,
    Impute,
    NumberColumn,
    NumberRule,
    Scale,
    fit_category,
    fit_number,
    group_codes,
)
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.terms import STATE, USERS

KIND: Final = "attributes"
OPTIONS: Final = (
    "columns",
    "scale",
    "impute",
    "impute_by",
    "impute_category",
    "clip",
    "log",
    "categories",
    "min_count",
    "block_weight",
)
SPARSE_BELOW: Final = 0.1  # share of entries that are not zero under which CSR takes less memory and time
MISSPELT_FROM: Final = 0.8  # likeness from which a constant is taken for a misspelt choice


@dataclass(frozen=True, slots=True, eq=False)
class FittedAttributes:
    """Frozen columns: the numbers first, then each attribute's categories.

    Args:
        name: the block's name. table: its users table.
        numbers, categories: how each attribute is prepared.
        is_sparse: whether ``apply`` gives CSR.
        impute_by: the attribute by whose groups missing cells are filled, or None. groups: (g,) its categories, sorted.
    """

    name: str
    table: str
    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]
    is_sparse: bool
    impute_by: str | None = None
    groups: tuple[str, ...] = ()

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(m,) names: the attribute of a number, "attribute=category" of a category."""
        hot = [f"{column.name}={category}" for column in self.categories for category in column.categories]
        return np.array([column.name for column in self.numbers] + hot, dtype=np.str_)

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the prepared rows of ``ids``.

        Raises:
            ModelError: the table lacks an attribute that the fit had.
            DataError: a user has several rows, or the logarithm meets a number below zero.
        """
        where = f"features.{self.name}"
        table = table_of(tables, self.table, USERS, where)
        numbers, categories = [part.name for part in self.numbers], [part.name for part in self.categories]
        categories = _with(categories, self.impute_by)
        require_columns(table, numbers + categories, where)
        rows = _rows(table, ids, numbers, categories)
        return FeatureBlock(self.name, ids, self.columns, self._matrix(rows), rows[IS_KNOWN].to_numpy())

    def blanks(self, tables: Tables, ids: Ids) -> npt.NDArray[np.bool_]:
        """(n, m) which cells of ``apply`` are filled in, since nothing is known of them."""
        table = table_of(tables, self.table, USERS, f"features.{self.name}")
        numbers, categories = [part.name for part in self.numbers], [part.name for part in self.categories]
        rows = _rows(table, ids, numbers, categories)
        widths = [1] * len(numbers) + [len(part.categories) for part in self.categories]
        empty = [rows[name].is_null().to_numpy() for name in (*numbers, *categories)]
        return np.repeat(np.array(empty, np.bool_).reshape(len(empty), len(ids)).T, widths, axis=1)

    def _matrix(self, rows: pl.DataFrame) -> Matrix:
        groups = group_codes(rows[self.impute_by] if self.impute_by else None, self.groups, rows.height)
        numbers = [column.prepare(rows[column.name], groups) for column in self.numbers]
        parts = [sp.csr_array(column.reshape(-1, 1)) for column in numbers]
        parts += [column.prepare(rows[column.name], groups) for column in self.categories]
        stacked = sp.csr_array(sp.hstack(parts, format="csr"), dtype=np.float32)
        stacked.eliminate_zeros()
        if self.is_sparse:
            return stacked
        dense: npt.NDArray[np.float32] = stacked.toarray()
        return dense

    def to_arrays(self) -> Frozen:
        """Give the columns' preparation as data."""
        meta = {
            "name": self.name,
            "table": self.table,
            "is_sparse": self.is_sparse,
            "numbers": [column.name for column in self.numbers],
            "logarithms": [column.is_log for column in self.numbers],
            "categories": [[column.name, list(column.categories)] for column in self.categories],
            "category_fills": [[column.fill, list(column.group_fills)] for column in self.categories],
            "impute_by": self.impute_by,
            "groups": list(self.groups),
        }
        prepared = [[part.fill, part.centre, part.spread, part.low, part.high] for part in self.numbers]
        arrays = {
            "numbers": np.array(prepared, dtype=np.float64).reshape(-1, 5),
            "group_fills": np.array([part.group_fills for part in self.numbers], dtype=np.float64),
            "shares": np.array([share for part in self.categories for share in part.shares], dtype=np.float64),
        }
        return Frozen(KIND, meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta, arrays = frozen.meta, frozen.arrays
        facts = zip(meta["numbers"], meta["logarithms"], arrays["group_fills"].tolist(), strict=True)
        numbers = [
            NumberColumn(name, fill, centre, spread, low, high, is_log, tuple(fills))
            for (name, is_log, fills), (fill, centre, spread, low, high) in zip(
                facts, arrays["numbers"].tolist(), strict=True
            )
        ]
        shares = arrays["shares"].tolist()
        ends = np.cumsum([len(kept) for _, kept in meta["categories"]]).tolist() if shares else []
        starts = [0, *ends[:-1]] if shares else [0] * len(meta["categories"])
        parts = zip(meta["categories"], meta["category_fills"], starts, strict=True)
        return cls(
            name=meta["name"],
            table=meta["table"],
            numbers=tuple(numbers),
            categories=tuple(
                CategoryColumn(name, tuple(kept), fill, tuple(fills), tuple(shares[start : start + len(kept)]))
                for (name, kept), (fill, fills), start in parts
            ),
            is_sparse=meta["is_sparse"],
            impute_by=meta["impute_by"],
            groups=tuple(meta["groups"]),
        )


class Attributes:
    """Settings of a block of attributes.

    Args:
        name: the block's name. table: a table of role "users".
        columns: the attributes; None for all of kind "number" and "category". A US zip code stands for the state that
            is derived from it; free text cannot be a column.
        scale: what numbers are brought to, by the known values of the fit: "standard" (mean 0, standard deviation 1),
            "minmax" (0 to 1 in the fit, later values may lie outside), "robust" (median 0, interquartile range 1) or
            "none". A number that does not vary in the fit is only centred.
        impute: what a missing number becomes: the fit's "median", "mean" or "most_frequent" (of several the least), or
            a number in the attribute's unit.
        impute_by: a category: a missing cell gets the median, mean or most frequent of the users of its own group, and
            that of all where the group is unknown or has none.
        impute_category: what a missing category becomes: "missing", a category of its own; the fit's "most_frequent"
            (of several the first in the alphabet); or a category by name.
        clip: [low, high], quantiles of the fit's known numbers in [0, 1], to which numbers are cut before all else.
        log: take ln(1 + x) of every number, which must be >= 0, before it is scaled.
        categories: "plain" gives columns of 0 and 1; "famd" divides each by the root of its share among the fit's
            users and centres it, so that the principal components of the block are those of factor analysis of mixed
            data. Rows are then dense, and scale must be "standard".
        min_count: categories of fewer users in the fit become "other", >= 1.
        block_weight: weight beside other basis blocks, > 0.

    A missing category is the category "missing" where the fit had one, else a row of zeros. A category that the fit did
    not have becomes "other" where there is one, else a row of zeros.

    Raises:
        ConfigError: an option is unknown or out of range, or has no effect beside the others.
    """

    Fitted: ClassVar[type[FittedAttributes]] = FittedAttributes

    def __init__(
        self,
        name: str,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        scale: str = "standard",
        impute: str | float = "median",
        impute_by: str | None = None,
        impute_category: str = "missing",
        clip: Sequence[float] | None = None,
        log: bool = False,
        categories: str = "plain",
        min_count: int = 10,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.columns = None if columns is None else options.names(columns, f"{where}.columns")
        self.scale = cast(Scale, options.one_of(scale, get_args(Scale), f"{where}.scale"))
        self.impute: Impute | float = (
            cast(Impute, options.one_of(impute, get_args(Impute), f"{where}.impute"))
            if isinstance(impute, str)
            else options.number(impute, f"{where}.impute")
        )
        self.impute_by = None if impute_by is None else options.text(impute_by, f"{where}.impute_by")
        self.impute_category = _category_fill(impute_category, f"{where}.impute_category")
        self.clip = None if clip is None else _quantiles(clip, f"{where}.clip")
        self.log = options.flag(log, f"{where}.log")
        self.categories = cast(Coding, options.one_of(categories, get_args(Coding), f"{where}.categories"))
        self._refuse_conflicts(where)
        self.min_count = options.whole(min_count, f"{where}.min_count", low=1)
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    def _refuse_conflicts(self, where: str) -> None:
        if self.categories == "famd" and self.scale != "standard":
            raise ConfigError(f"'{where}.categories' is 'famd', which needs scale = 'standard', got '{self.scale}'")
        if self.impute_by is not None and not isinstance(self.impute, str) and self.impute_category != "most_frequent":
            raise ConfigError(
                f"'{where}.impute_by' has no effect beside impute = {self.impute:g} and impute_category = "
                f"{shown(self.impute_category)}, which are one for all; take it out, or impute a 'median'"
            )
        if self.log and not isinstance(self.impute, str) and self.impute < 0:
            raise ConfigError(f"'{where}.impute' is {self.impute:g}, and log = true expects numbers >= 0")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of the table's users."""
        return users_of(table_of(tables, self.table, USERS, f"features.{self.name}"))

    def fit(self, tables: Tables, ids: Ids) -> FittedAttributes:
        """Learn fills, scales and categories from the rows of ``ids``.

        Raises:
            ConfigError: a column is not an attribute of the table, or of a kind that cannot be a column.
            DataError: an attribute that is to be filled has no known value, the logarithm meets a number below zero, or
                a user has several rows.
        """
        table = table_of(tables, self.table, USERS, f"features.{self.name}")
        numbers, categories = self._chosen(table)
        group_by = None if self.impute_by is None else self._group_column(table)
        rows = _rows(table, ids, numbers, _with(categories, group_by)).filter(pl.col(IS_KNOWN))
        groups = tuple(rows[group_by].drop_nulls().unique().sort().to_list()) if group_by else ()
        codes = group_codes(rows[group_by] if group_by else None, groups, rows.height)
        prepared = tuple(self._number(name, rows[name], codes, len(groups)) for name in numbers)
        kept = tuple(self._category(name, rows[name], codes, len(groups)) for name in categories)
        width = len(prepared) + sum(len(column.categories) for column in kept)
        is_sparse = len(prepared) + len(kept) < SPARSE_BELOW * width and self.categories == "plain"
        return FittedAttributes(self.name, self.table, prepared, kept, is_sparse, group_by, groups)

    def _chosen(self, table: CheckedTable) -> tuple[list[str], list[str]]:
        """Give the names of the numbers and of the categories."""
        usable = [name for name, kind in table.attributes.items() if kind in {"number", "category"}]
        names = usable if self.columns is None else [self._resolved(table, name) for name in self.columns]
        if not names:
            raise ConfigError(
                f"the table '{table.name}' has no number or category for 'features.{self.name}'; "
                f"declare some in tables.{table.name}.attributes"
            )
        unique = list(dict.fromkeys(names))
        return (
            [name for name in unique if table.attributes[name] == "number"],
            [name for name in unique if table.attributes[name] == "category"],
        )

    def _group_column(self, table: CheckedTable) -> str:
        found = self._resolved(table, str(self.impute_by), "impute_by")
        if table.attributes[found] != "category":
            raise ConfigError(
                f"'features.{self.name}.impute_by' names '{found}' of kind '{table.attributes[found]}'; "
                "expected a category"
            )
        return found

    def _resolved(self, table: CheckedTable, name: str, option: str = "columns") -> str:
        where = f"features.{self.name}.{option}"
        if name not in table.attributes:
            raise ConfigError(
                f"'{where}' names {shown(name)}, no attribute of '{table.name}'{nearest(name, table.attributes)}"
            )
        kind = table.attributes[name]
        if kind == "us_zip" and STATE in table.attributes:
            return STATE
        if kind in {"number", "category"}:
            return name
        raise ConfigError(
            f"'{where}' names '{name}' of kind '{kind}'; expected a number, a category, or a zip code with its state"
        )

    def _number(self, name: str, values: pl.Series, groups: Codes, n_groups: int) -> NumberColumn:
        rule = NumberRule(self.scale, self.impute, self.clip, self.log)
        column = fit_number(name, values, groups, n_groups, rule)
        if column is None:
            raise DataError(
                f"the number '{name}' of '{self.table}' is missing for every user; "
                f"leave it out of 'features.{self.name}.columns'"
            )
        return column

    def _category(self, name: str, values: pl.Series, groups: Codes, n_groups: int) -> CategoryColumn:
        column = fit_category(
            name,
            values,
            groups,
            n_groups,
            impute=self.impute_category,
            min_count=self.min_count,
            coding=self.categories,
        )
        if column is None:
            raise DataError(
                f"the category '{name}' of '{self.table}' is missing for every user, so none is most frequent; "
                f"leave it out of 'features.{self.name}.columns' or set impute_category = 'missing'"
            )
        return column


def _rows(table: CheckedTable, ids: Ids, numbers: Sequence[str], categories: Sequence[str]) -> pl.DataFrame:
    """Collect one row an id, in the order of ``ids``; all null where the table does not know it."""
    wanted = [nw.col(name).cast(nw.Float64) for name in numbers]
    return one_row_each(table, ids, *wanted, *(nw.col(name).cast(nw.String) for name in categories))


def _with(columns: Sequence[str], more: str | None) -> list[str]:
    return list(dict.fromkeys([*columns, *([more] if more else [])]))


def _quantiles(clip: object, where: str) -> tuple[float, float]:
    if isinstance(clip, list | tuple) and len(clip) == 2:
        low, high = (options.number(quantile, where, low=0, high=1) for quantile in clip)
        if low < high:
            return low, high
    raise ConfigError(f"'{where}' is {shown(clip)}; expected two quantiles [low, high] with 0 <= low < high <= 1")


def _category_fill(fill: object, where: str) -> str:
    """Give what a missing category becomes; a constant that looks like a misspelt choice is refused."""
    filled = options.text(fill, where)
    choices = (MISSING, "most_frequent")
    if filled not in choices and difflib.get_close_matches(filled.lower(), choices, n=1, cutoff=MISSPELT_FROM):
        raise ConfigError(f"'{where}' is {shown(filled)}{nearest(filled, choices)}")
    return filled
