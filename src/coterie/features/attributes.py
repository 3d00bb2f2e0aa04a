"""What users are: a users table in, numbers scaled and categories one-hot out.

All that the columns need (fill, centre and spread of a number, the categories that are kept) is learned from the fit's
users and frozen. A user whom the table does not know gets the row of someone whose every attribute is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self, cast, get_args

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.config import refuse_unknown
from coterie.engines import local
from coterie.errors import ConfigError, DataError, nearest, shown
from coterie.features import options
from coterie.features.aligning import ENTITY, index_frame, require_columns, table_of, users_of
from coterie.features.contract import FeatureBlock, Ids, Matrix
from coterie.features.scaling import usable_spread
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.terms import STATE, USER, USERS

KIND: Final = "attributes"
OPTIONS: Final = ("columns", "scale", "impute", "min_count", "block_weight")
MISSING: Final = "missing"
OTHER: Final = "other"
SPARSE_BELOW: Final = 0.1  # share of entries that are not zero under which CSR takes less memory and time

Scale = Literal["standard", "none", "minmax", "robust"]
Impute = Literal["median", "mean"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """How one number is prepared: missing becomes ``fill``, then (x - centre) / spread.

    Args:
        name: the attribute. fill, centre: in its unit. spread: in its unit, > 0.
    """

    name: str
    fill: float
    centre: float
    spread: float

    def prepare(self, values: pl.Series) -> Floats:
        """(n,) prepared values of (n,) raw ones."""
        raw = _known_or_nan(values)
        return (np.where(np.isfinite(raw), raw, self.fill) - self.centre) / self.spread


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """Which categories of one attribute are columns.

    Args:
        name: the attribute. categories: those kept, sorted; then "other" and "missing" where the fit had them.
    """

    name: str
    categories: tuple[str, ...]

    def codes(self, values: pl.Series) -> npt.NDArray[np.int32]:
        """(n,) positions in ``categories``; -1 for a row of zeros: missing, or unknown without an "other"."""
        known = {MISSING: -1} | {category: code for code, category in enumerate(self.categories)}
        found = values.fill_null(MISSING).replace_strict(
            list(known), list(known.values()), default=known.get(OTHER, -1), return_dtype=pl.Int32
        )
        codes: npt.NDArray[np.int32] = found.to_numpy()
        return codes


@dataclass(frozen=True, slots=True, eq=False)
class FittedAttributes:
    """Frozen columns: the numbers first, then each attribute's categories.

    Args:
        name: the block's name. table: its users table.
        numbers, categories: how each attribute is prepared.
        is_sparse: whether ``apply`` gives CSR.
    """

    name: str
    table: str
    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]
    is_sparse: bool

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(m,) names: the attribute of a number, "attribute=category" of a category."""
        hot = [f"{column.name}={category}" for column in self.categories for category in column.categories]
        return np.array([column.name for column in self.numbers] + hot, dtype=np.str_)

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the prepared rows of ``ids``.

        Raises:
            ModelError: the table lacks an attribute that the fit had.
            DataError: a user has several rows.
        """
        where = f"features.{self.name}"
        table = table_of(tables, self.table, USERS, where)
        numbers, categories = [part.name for part in self.numbers], [part.name for part in self.categories]
        require_columns(table, numbers + categories, where)
        rows = _rows(table, ids, numbers, categories)
        return FeatureBlock(self.name, ids, self.columns, self._matrix(rows))

    def _matrix(self, rows: pl.DataFrame) -> Matrix:
        parts = [sp.csr_array(column.prepare(rows[column.name]).reshape(-1, 1)) for column in self.numbers]
        parts += [_one_hot(column.codes(rows[column.name]), len(column.categories)) for column in self.categories]
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
            "categories": [[column.name, list(column.categories)] for column in self.categories],
        }
        prepared = np.array([[part.fill, part.centre, part.spread] for part in self.numbers], dtype=np.float64)
        return Frozen(KIND, meta, {"numbers": prepared.reshape(-1, 3)})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta = frozen.meta
        prepared = frozen.arrays["numbers"].tolist()
        numbers = tuple(NumberColumn(name, *row) for name, row in zip(meta["numbers"], prepared, strict=True))
        categories = tuple(CategoryColumn(name, tuple(kept)) for name, kept in meta["categories"])
        return cls(meta["name"], meta["table"], numbers, categories, meta["is_sparse"])


class Attributes:
    """Settings of a block of attributes.

    Args:
        name: the block's name. table: a table of role "users".
        columns: the attributes; None for all of kind "number" and "category". A US zip code stands for the state that
            is derived from it; free text cannot be a column.
        scale: what numbers are brought to, by the known values of the fit: "standard" (mean 0, standard deviation 1),
            "minmax" (0 to 1 in the fit, later values may lie outside), "robust" (median 0, interquartile range 1) or
            "none". A number that does not vary in the fit is only centred.
        impute: what a missing number becomes: the fit's "median" or "mean", or a number in the attribute's unit.
        min_count: categories of fewer users in the fit become "other", >= 1.
        block_weight: weight beside other basis blocks, > 0.

    A missing category is the category "missing" where the fit had one, else a row of zeros. A category that the fit did
    not have becomes "other" where there is one, else a row of zeros.

    Raises:
        ConfigError: an option is unknown or out of range.
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
        min_count: int = 10,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.columns = None if columns is None else _names(columns, f"{where}.columns")
        self.scale = cast(Scale, options.one_of(scale, get_args(Scale), f"{where}.scale"))
        self.impute: Impute | float = (
            cast(Impute, options.one_of(impute, get_args(Impute), f"{where}.impute"))
            if isinstance(impute, str)
            else options.number(impute, f"{where}.impute")
        )
        self.min_count = options.whole(min_count, f"{where}.min_count", low=1)
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of the table's users."""
        return users_of(table_of(tables, self.table, USERS, f"features.{self.name}"))

    def fit(self, tables: Tables, ids: Ids) -> FittedAttributes:
        """Learn fills, scales and categories from the rows of ``ids``.

        Raises:
            ConfigError: a column is not an attribute of the table, or of a kind that cannot be a column.
            DataError: a number has no known value, or a user has several rows.
        """
        table = table_of(tables, self.table, USERS, f"features.{self.name}")
        numbers, categories = self._chosen(table)
        rows = _rows(table, ids, numbers, categories)
        known = rows.filter(pl.col(_IS_KNOWN))
        prepared = tuple(self._number(name, rows[name]) for name in numbers)
        kept = tuple(CategoryColumn(name, _categories(known[name], self.min_count)) for name in categories)
        width = len(prepared) + sum(len(column.categories) for column in kept)
        is_sparse = len(prepared) + len(kept) < SPARSE_BELOW * width
        return FittedAttributes(self.name, self.table, prepared, kept, is_sparse)

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

    def _resolved(self, table: CheckedTable, name: str) -> str:
        where = f"features.{self.name}.columns"
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

    def _number(self, name: str, values: pl.Series) -> NumberColumn:
        raw = _known_or_nan(values)
        known = np.sort(raw[np.isfinite(raw)])  # sorted, so that sums do not depend on the order of users
        if len(known) == 0:
            raise DataError(
                f"the number '{name}' of '{self.table}' is missing for every user; "
                f"leave it out of 'features.{self.name}.columns'"
            )
        centre, spread = _centre_and_spread(known, self.scale)
        return NumberColumn(name, _fill(known, self.impute), centre, usable_spread(spread, known))


_IS_KNOWN = "_is_known"


def _rows(table: CheckedTable, ids: Ids, numbers: Sequence[str], categories: Sequence[str]) -> pl.DataFrame:
    """Collect one row an id, in the order of ``ids``; all null where the table does not know it."""
    wanted = table.frame.select(
        USER,
        *(nw.col(name).cast(nw.Float64) for name in numbers),
        *(nw.col(name).cast(nw.String) for name in categories),
        nw.lit(True).alias(_IS_KNOWN),
    )
    joined = index_frame(ids).join(local.here(wanted), on=USER, how="left")
    rows = local.collect(joined.with_columns(nw.col(_IS_KNOWN).fill_null(False))).sort(ENTITY)
    if rows.height > len(ids):
        twice = rows.filter(pl.col(ENTITY).is_duplicated())[USER][0]
        raise DataError(
            f"the table '{table.name}' has several rows of the user {shown(twice)}, and attributes need one; "
            f"set tables.{table.name}.duplicates to 'first', 'last' or 'reject'"
        )
    return rows


def _known_or_nan(values: pl.Series) -> Floats:
    raw: Floats = values.fill_null(np.nan).to_numpy().astype(np.float64)
    return raw


def _fill(known: Floats, impute: Impute | float) -> float:
    if impute == "median":
        return float(np.median(known))
    return float(known.mean()) if impute == "mean" else float(impute)


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


def _categories(values: pl.Series, min_count: int) -> tuple[str, ...]:
    """Give the categories that are columns: the frequent ones sorted, then "other" and "missing" where they occur."""
    counted = values.fill_null(MISSING).value_counts(name="users")
    counts = dict(zip(counted[values.name].to_list(), counted["users"].to_list(), strict=True))
    named = {category: users for category, users in counts.items() if category not in {MISSING, OTHER}}
    kept = sorted(category for category, users in named.items() if users >= min_count)
    tail = [OTHER] if OTHER in counts or len(kept) < len(named) else []
    return (*kept, *tail, *([MISSING] if MISSING in counts else []))


def _one_hot(codes: npt.NDArray[np.int32], width: int) -> sp.csr_array:
    rows = np.flatnonzero(codes >= 0)
    return sp.csr_array((np.ones(len(rows)), (rows, codes[rows])), shape=(len(codes), width))


def _names(columns: object, where: str) -> tuple[str, ...]:
    if not isinstance(columns, list | tuple) or not columns or not all(isinstance(name, str) for name in columns):
        raise ConfigError(f"'{where}' is {shown(columns)}; expected a list of attributes' names")
    return tuple(columns)
