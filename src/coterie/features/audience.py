"""Who takes something up: events and a table of people in, what an entity's fans have in common out.

For items and tags as entities (``coterie.tables.viewpoint``), whose events name people where users' events name items.
A fan is a person of a positive event, once however many events there are. Means and shares of few fans are drawn
towards those of all fans, and each column is given as its distance from all fans, in units of how far single fans
differ, so that an age and a rare occupation weigh alike. What all fans are like, those units and the ranks of the fit
are frozen.
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
from coterie.features.aligning import ENTITY, as_ids, columns_of, index_frame, on_index, require_columns, table_of
from coterie.features.contract import FeatureBlock, Ids
from coterie.features.people import People, described
from coterie.features.preparation import OTHER
from coterie.features.scaling import usable_spread
from coterie.features.traits import percentiles, shares_within
from coterie.features.weighting import ROUNDING
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.tables.viewpoint import seen_by
from coterie.terms import EVENTS, ITEM, OF_ITEMS, STATE, USER, VALUE

KIND: Final = "audience"
OPTIONS: Final = (
    "people",
    "columns",
    "column",
    "form",
    "low",
    "high",
    "positive_from",
    "min_fans",
    "smoothing",
    "min_count",
    "block_weight",
)
_PERSON: Final = "_person"  # int32, a person's position among the sorted ids of the people
_LIKED: Final = "_liked"  # float64, a pair's mean value

Form = Literal["mean", "poles", "percentile"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fans:
    """What makes a fan.

    Args:
        table: events. where: the block in the config. positive_from: mean value of a person's events from which they
            are a fan; None: any event. min_fans: an entity with fewer of whom something is known is left out.
    """

    table: str
    where: str
    positive_from: float | None
    min_fans: int

    def pairs(self, tables: Tables) -> nw.LazyFrame[Any]:
        """Give the distinct (user_id, item_id) pairs of entity and fan."""
        table = table_of(tables, self.table, EVENTS, self.where)
        if self.positive_from is None:
            return table.frame.select(USER, ITEM).unique()
        require_columns(table, [VALUE], self.where)
        floor = self.positive_from - ROUNDING * abs(self.positive_from)  # a mean's last bits do not decide
        means = table.frame.group_by(USER, ITEM).agg(nw.col(VALUE).mean().alias(_LIKED))
        return means.filter(nw.col(_LIKED) >= floor).select(USER, ITEM)

    def matrix(self, tables: Tables, ids: Ids, people: Ids) -> sp.csr_array:
        """(n, p) CSR of 1 for a fan; a row of fewer than ``min_fans`` is empty."""
        placed = on_index(self.pairs(tables), ids).join(index_frame(people, ITEM, _PERSON), on=ITEM, how="inner")
        rows = local.collect(placed.select(ENTITY, _PERSON)).sort(ENTITY, _PERSON)
        entity = rows[ENTITY].to_numpy().astype(np.int64)
        enough = np.bincount(entity, minlength=len(ids))[entity] >= self.min_fans
        entity, person = entity[enough], rows[_PERSON].to_numpy()[enough]
        starts = np.searchsorted(entity, np.arange(len(ids) + 1))
        return sp.csr_array((np.ones(len(entity)), person, starts), shape=(len(ids), len(people)))


@dataclass(frozen=True, slots=True, eq=False)
class FittedAudience:
    """Frozen columns, and what all fans of the fit are like.

    Args:
        name: the block's name. fans: who they are. people: what is known of them.
        form: see ``Audience``. smoothing: fans of average kind that each entity is given.
        overall, spread: (m,) mean over all fans, and how far single ones lie from it, > 0.
        reference: (r, m) sorted shares of the fit for "percentile", else (0, m).
    """

    name: str
    fans: Fans
    people: People
    form: Form
    smoothing: float
    overall: Floats
    spread: Floats
    reference: Floats

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(m,) names: of a number, of its poles ("age low"), "attribute=category" of a category."""
        return np.array(self.people.names, dtype=np.str_)

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the CSR rows of ``ids``; an entity with fewer than ``min_fans`` has an empty one.

        Raises:
            ModelError: a table lacks a column that the fit had.
            DataError: a person has several rows.
        """
        turned = turned_round(tables, self.people.table, self.fans.where)
        known = as_ids(local.collect(turned[self.people.table].frame.select(USER))[USER])
        fans = self.fans.matrix(tables, ids, known)
        values = described(self.people, turned, known)
        sums, counts = (fans @ values.cells).toarray(), (fans @ values.known).toarray()
        rows = self._prepared(sums, counts)
        rows[np.diff(fans.indptr) == 0] = 0.0
        return FeatureBlock(self.name, ids, self.columns, sp.csr_array(rows.astype(np.float32)))

    def _prepared(self, sums: Floats, counts: Floats) -> Floats:
        if self.form == "percentile":
            return percentiles(shares_within(sums), self.reference)
        weight = counts + self.smoothing
        drawn = (sums + self.smoothing * self.overall) / np.where(weight > 0, weight, 1.0)
        return np.where(weight > 0, drawn - self.overall, 0.0) / self.spread

    def to_arrays(self) -> Frozen:
        """Give columns, means and ranks as data."""
        fans, people = self.fans, self.people
        meta = {
            "name": self.name,
            "table": fans.table,
            "where": fans.where,
            "positive_from": fans.positive_from,
            "min_fans": fans.min_fans,
            "people": people.table,
            "column": people.column,
            "numbers": list(people.numbers),
            "poles": None if people.poles is None else list(people.poles),
            "categories": [[name, list(kept)] for name, kept in people.categories],
            "form": self.form,
            "smoothing": self.smoothing,
        }
        return Frozen(KIND, meta, {"overall": self.overall, "spread": self.spread, "reference": self.reference})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted block."""
        meta = frozen.meta
        fans = Fans(meta["table"], meta["where"], meta["positive_from"], meta["min_fans"])
        people = People(
            table=meta["people"],
            where=meta["where"],
            column=meta["column"],
            numbers=tuple(meta["numbers"]),
            poles=None if meta["poles"] is None else (meta["poles"][0], meta["poles"][1]),
            categories=tuple((name, tuple(kept)) for name, kept in meta["categories"]),
        )
        return cls(meta["name"], fans, people, meta["form"], meta["smoothing"], **dict(frozen.arrays))


class Audience:
    """Settings of a block of what fans are like.

    Args:
        name: the block's name. table: a table of role "events", as items or tags see it.
        people: the table of users in the config that describes the fans; None: the only one.
        columns: their attributes (or traits of ``column``); None: all numbers and categories (or traits).
        column: the attribute of kind "traits" that holds all traits of a person.
        form: what a column holds:

            - "mean" (default): a number's mean over the fans, a category's share of them.
            - "poles": the share of fans at each number's low pole, and at its high one; a category's share of them.
            - "percentile": counts at the poles and of the categories, as shares within the row, ranked among those of
              the fit, in (0, 1).
        low, high: poles, in the numbers' unit: up to, and from here on.
        positive_from: mean value of a person's events with an entity from which they are its fan; None: any event.
        min_fans: entities with fewer fans that ``people`` knows are left out, >= 1.
        smoothing: as if so many fans of average kind were added, >= 0; not for "percentile", which has no average.
        min_count: categories of fewer people among the fans become "other", >= 1.
        block_weight: weight beside other basis blocks, > 0.

    Raises:
        ConfigError: an option is unknown, out of range, or does not belong to the form.

    Source: shares in units of the root of their mean, as in correspondence analysis (Greenacre 2007, "Correspondence
    Analysis in Practice", chapter 4); numbers in units of their standard deviation.
    """

    Fitted: ClassVar[type[FittedAudience]] = FittedAudience

    def __init__(
        self,
        name: str,
        table: str,
        *,
        people: str | None = None,
        columns: Sequence[str] | None = None,
        column: str | None = None,
        form: str = "mean",
        low: float = 2.0,
        high: float = 4.0,
        positive_from: float | None = None,
        min_fans: int = 5,
        smoothing: float = 20.0,
        min_count: int = 10,
        block_weight: float = 1.0,
        **unknown: Any,
    ) -> None:
        where = f"features.{name}"
        refuse_unknown(unknown, OPTIONS, where)
        self.name, self.table = name, table
        self.people = None if people is None else options.text(people, f"{where}.people")
        self.column = None if column is None else options.text(column, f"{where}.column")
        self.columns = None if columns is None else options.names(columns, f"{where}.columns")
        self.form = cast(Form, options.one_of(form, get_args(Form), f"{where}.form"))
        self.low = options.number(low, f"{where}.low")
        self.high = options.number(high, f"{where}.high")
        if self.low >= self.high:
            raise ConfigError(f"'{where}.low' is {self.low:g} and 'high' {self.high:g}; expected low below high")
        self.positive_from = None if positive_from is None else options.number(positive_from, f"{where}.positive_from")
        self.min_fans = options.whole(min_fans, f"{where}.min_fans", low=1)
        self.smoothing = options.number(smoothing, f"{where}.smoothing", low=0)
        self.min_count = options.whole(min_count, f"{where}.min_count", low=1)
        self.block_weight = options.above_zero(block_weight, f"{where}.block_weight")

    def entities(self, tables: Tables) -> Ids:
        """Give the sorted ids of entities with at least ``min_fans`` fans that the people's table knows.

        Raises:
            ConfigError: there is no table of people, or values are asked for that the events have not.
        """
        people = local.here(tables[self._people(tables)].frame.select(ITEM).unique())
        known = local.here(self._fans(tables).pairs(tables)).join(people, on=ITEM, how="semi")
        counted = known.group_by(USER).agg(nw.len().alias("_fans")).filter(nw.col("_fans") >= self.min_fans)
        return as_ids(local.collect(counted.select(USER))[USER])

    def fit(self, tables: Tables, ids: Ids) -> FittedAudience:
        """Learn what the fans of ``ids`` are like.

        Raises:
            ConfigError: the people's table lacks a column, or has none that can be used.
            DataError: no entity has ``min_fans`` fans, or a number is unknown for all of them.
        """
        fans, table = self._fans(tables), self._people(tables)
        turned = turned_round(tables, table, fans.where)
        known = as_ids(local.collect(turned[table].frame.select(USER))[USER])
        matrix = fans.matrix(tables, ids, known)
        if not matrix.nnz:
            raise DataError(
                f"nothing in '{self.table}' has {self.min_fans} fans that '{table}' knows; "
                f"lower 'features.{self.name}.min_fans'"
            )
        weights = np.asarray(matrix.sum(axis=0)).ravel()
        chosen = self._chosen(turned, table, known[weights > 0])
        if not chosen.names:
            raise DataError(f"nothing is known of the fans in '{table}'; choose other 'features.{self.name}.columns'")
        values = described(chosen, turned, known)
        overall, spread = _overall(values.cells, values.known, weights, len(chosen.number_names))
        self._refuse_unknown_numbers(chosen, overall)
        reference = np.empty((0, len(overall)))
        if self.form == "percentile":
            reference = np.sort(shares_within((matrix @ values.cells).toarray()[np.diff(matrix.indptr) > 0]), axis=0)
        return FittedAudience(self.name, fans, chosen, self.form, self.smoothing, overall, spread, reference)

    def _fans(self, tables: Tables) -> Fans:
        table = table_of(tables, self.table, EVENTS, f"features.{self.name}")
        if self.positive_from is not None and VALUE not in columns_of(table):
            raise ConfigError(
                f"'features.{self.name}.positive_from' needs values, and the table '{self.table}' has no 'value'; "
                "take it out"
            )
        return Fans(self.table, f"features.{self.name}", self.positive_from, self.min_fans)

    def _people(self, tables: Tables) -> str:
        names = [table.name for table in tables.items]
        where = f"features.{self.name}.people"
        if self.people is not None and self.people not in names:
            raise ConfigError(
                f"'{where}' is {shown(self.people)}{nearest(self.people, names)}; an audience is described by a table "
                "of users, where [project] entity is 'items' or tags"
            )
        if self.people is None and len(names) != 1:
            found = ", ".join(f"'{name}'" for name in names) or "none"
            raise ConfigError(f"'{where}' must say which table of people describes the audience; found {found}")
        return self.people or names[0]

    def _chosen(self, turned: Tables, name: str, fans: Ids) -> People:
        """Choose columns, and the categories that are kept, by the people who are fans of anything."""
        table, where = turned[name], f"features.{self.name}"
        poles = None if self.form == "mean" else (self.low, self.high)
        if self.column is not None:
            empty = People(name, where, self.column, (), poles, ())
            traits = empty.answers.traits(turned, fans, self.columns)
            return People(name, where, self.column, traits, poles, ())
        usable = [column for column, kind in table.attributes.items() if kind in {"number", "category"}]
        wanted = usable if self.columns is None else [self._resolved(table, column) for column in self.columns]
        if not wanted:
            raise ConfigError(
                f"the table '{name}' has no number or category for '{where}'; declare some in tables.{name}.attributes"
            )
        wanted = list(dict.fromkeys(wanted))
        numbers = tuple(column for column in wanted if table.attributes[column] == "number")
        categories = tuple(
            (column, self._kept(table, column, fans)) for column in wanted if table.attributes[column] == "category"
        )
        return People(name, where, None, numbers, poles, categories)

    def _resolved(self, table: CheckedTable, column: str) -> str:
        where = f"features.{self.name}.columns"
        kind = table.attributes.get(column)
        if kind is None:
            raise ConfigError(
                f"'{where}' names {shown(column)}, no attribute of '{table.name}'{nearest(column, table.attributes)}"
            )
        if kind == "us_zip":
            return STATE
        if kind not in {"number", "category"}:
            raise ConfigError(f"'{where}' names '{column}' of kind '{kind}'; expected a number, category or zip code")
        return column

    def _kept(self, table: CheckedTable, column: str, fans: Ids) -> tuple[str, ...]:
        cells = on_index(table.frame.select(USER, nw.col(column).cast(nw.String).alias(column)), fans)
        counted = local.collect(cells.filter(~nw.col(column).is_null()).group_by(column).agg(nw.len().alias("_n")))
        enough = counted.filter((pl.col("_n") >= self.min_count) & (pl.col(column) != OTHER))
        kept = sorted(enough[column].to_list())
        return (*kept, OTHER) if len(kept) < counted.height else tuple(kept)

    def _refuse_unknown_numbers(self, chosen: People, overall: Floats) -> None:
        for name, mean in zip(chosen.names, overall, strict=True):
            if np.isnan(mean):
                raise DataError(
                    f"'{name}' of '{chosen.table}' is unknown for every fan; "
                    f"leave it out of 'features.{self.name}.columns'"
                )


def turned_round(tables: Tables, name: str, where: str) -> Tables:
    """Give the people's table with the people in ``user_id``, as features of users read it.

    Raises:
        ConfigError: it does not describe what entities are told apart by.
    """
    table = tables[name]
    if table.role != "items":
        raise ConfigError(f"'{where}.people' needs a table of those who take entities up, got '{name}'")
    return seen_by(OF_ITEMS, Tables({name: table}))


def _overall(cells: sp.csr_array, known: sp.csr_array, weights: Floats, n_numbers: int) -> tuple[Floats, Floats]:
    """Give mean and spread over all fans: of numbers the standard deviation, of shares the root of their mean."""
    total = known.T @ weights
    overall = np.where(total > 0, (cells.T @ weights) / np.where(total > 0, total, 1.0), np.nan)
    spread = np.sqrt(overall)
    for at in range(n_numbers):
        values, where = cells[:, [at]].toarray().ravel(), known[:, [at]].toarray().ravel() > 0
        error = (values[where] - overall[at]) ** 2
        spread[at] = np.sqrt(np.sum(error * weights[where]) / total[at]) if total[at] else np.nan
        spread[at] = usable_spread(float(spread[at]), values[where]) if total[at] else np.nan
    return overall, np.where(spread > 0, spread, 1.0)
