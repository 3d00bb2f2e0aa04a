"""What tables of users say of segments: who has which value, and how numbers are spread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.errors import DataError, shown
from coterie.features.answers import Answers
from coterie.features.contract import Ids
from coterie.segments.members import Members
from coterie.segments.statistics import MeanSums
from coterie.segments.suppression import Mask, hidden_in_columns, hidden_in_table
from coterie.tables.trait_cells import trait_label
from coterie.tables.types import CheckedTable, Tables
from coterie.terms import LABEL, NOISE, TAG, TITLE, USER, AttributeKind

_COUNT = "_count"
_NAME = "_name"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A numeric attribute, or one trait of an attribute that holds many.

    Args:
        values: (n,) of the members, NaN where unknown or not finite.
        attribute: the attribute that holds the trait; "" where the column is one itself.
    """

    table: str
    column: str
    values: npt.NDArray[np.float64]
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """A categorical attribute, counted.

    Args:
        values: (v,) most frequent first, level ones in the order of the alphabet.
        counts: (k, v) users of the segment. counts_all: (v,) of all, noise among them.
        known: (k,) users of the segment with a value. known_all: of all. A user may have several values where these
            are tags; else these are the sums of the counts.
    """

    table: str
    column: str
    values: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    counts_all: npt.NDArray[np.int64]
    known: npt.NDArray[np.int64]
    known_all: int

    @property
    def is_multiple(self) -> bool:
        """Whether some have several values, so that shares add up to more than 1."""
        return int(self.counts_all.sum()) > self.known_all

    def hidden(self, least: int) -> Mask:
        """Give (k, v) which counts are withheld so that no cell of fewer than ``least`` users can be had."""
        counts = np.vstack([self.counts, self.counts_all - self.counts.sum(axis=0)])
        of = hidden_in_columns if self.is_multiple else hidden_in_table
        return of(counts, least)[:-1]


def read_numbers(tables: Tables, members: Members) -> tuple[NumberColumn, ...]:
    """Read the numeric attributes of the members.

    Raises:
        DataError: a table describes a member twice.
    """
    found: list[NumberColumn] = []
    for table in tables.users:
        for column in _of_kind(table, "traits"):
            found += _traits(tables, table, column, members)
        columns = _of_kind(table, "number")
        if not columns:
            continue
        cells = [nw.col(column).cast(nw.Float64) for column in columns]
        rows = local.collect(_joined(table.frame.select(USER, *cells), members).drop(LABEL))
        _refuse_repeated(table, rows[USER].filter(rows[USER].is_duplicated()))
        aligned = members.frame().join(rows, on=USER, how="left", maintain_order="left")
        for column in columns:
            values = aligned[column].fill_null(float("nan")).to_numpy()
            found.append(NumberColumn(table.name, column, np.where(np.isfinite(values), values, np.nan)))
    return tuple(found)


def _traits(tables: Tables, table: CheckedTable, attribute: str, members: Members) -> list[NumberColumn]:
    """Read an attribute that holds many traits."""
    answers = Answers(table.name, f"tables.{table.name}.attributes.{attribute}", attribute)
    traits = answers.traits(tables, members.ids, None)
    values = answers.matrix(tables, members.ids, traits)
    names = [trait_label(attribute, trait) for trait in traits]
    return [NumberColumn(table.name, name, values[:, place], attribute) for place, name in enumerate(names)]


def count_categories(tables: Tables, members: Members) -> tuple[CategoryColumn, ...]:
    """Count the values of the categorical attributes of the members, states among them.

    Raises:
        DataError: a table describes a member twice.
    """
    found: list[CategoryColumn] = []
    for table in tables.users:
        columns = _of_kind(table, "category")
        if not columns:
            continue
        rows = _joined(table.frame.select(USER, *(nw.col(column).cast(nw.String) for column in columns)), members)
        repeated, *counts = local.collect_all([_repeated(rows), *(_counted(rows, column) for column in columns)])
        _refuse_repeated(table, repeated[USER])
        for column, counted in zip(columns, counts, strict=True):
            found.append(_category(table.name, column, counted, members))
    return (*found, *_count_tags(tables, members))


def _count_tags(tables: Tables, members: Members) -> tuple[CategoryColumn, ...]:
    """Count the tags of the members: those of items, where items are what is segmented."""
    found = []
    for table in tables.users:
        if table.tags is None:
            continue
        rows = _joined(table.tags.select(USER, TAG).unique(), members)
        tagged = rows.group_by(LABEL).agg(nw.col(USER).n_unique().cast(nw.Int64).alias(_COUNT))
        counted, known = local.collect_all([_counted(rows, TAG), tagged])
        column = _category(table.name, TAG, counted, members)
        of_label = dict(known.select(LABEL, _COUNT).iter_rows())
        inside = np.array([of_label.get(label, 0) for label in range(members.n_segments)], dtype=np.int64)
        found.append(replace(column, known=inside, known_all=sum(of_label.values())))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A categorical attribute, user by user.

    Args:
        values: (n,) text, null where unknown.
    """

    table: str
    column: str
    values: pl.Series


def read_categories(tables: Tables, ids: Ids) -> tuple[Values, ...]:
    """Read the categorical attributes of some users, in the order of their ids; each is described once."""
    asked = pl.DataFrame({USER: pl.Series(ids.tolist(), dtype=pl.String)})
    found = []
    for table in tables.users:
        columns = _of_kind(table, "category")
        if columns:
            cells = table.frame.select(USER, *(nw.col(column).cast(nw.String) for column in columns))
            rows = local.collect(local.here(cells).join(local.lazy(asked), on=USER, how="inner"))
            aligned = asked.join(rows, on=USER, how="left", maintain_order="left")
            found += [Values(table.name, column, aligned[column]) for column in columns]
    return tuple(found)


def titles_of(tables: Tables, members: Members) -> npt.NDArray[np.str_]:
    """Give (n,) names of the members for people: their titles where a table has them, else their ids."""
    titled = members.frame().select(USER, pl.col(USER).alias(_NAME))
    for table in tables.users:
        if TITLE in table.frame.collect_schema().names():
            known = table.frame.filter(~nw.col(TITLE).is_null()).group_by(USER).agg(nw.col(TITLE).min())
            rows = local.collect(known)
            joined = titled.join(rows, on=USER, how="left", maintain_order="left")
            titled = joined.select(USER, pl.coalesce(TITLE, _NAME).alias(_NAME))
    return np.array(titled[_NAME].to_list(), dtype=np.str_)


def mean_sums(values: npt.NDArray[np.float64], members: Members) -> tuple[MeanSums, MeanSums]:
    """Give the sums of one number for every segment (k, 1) and for all (1, 1); NaN is left out."""
    groups = [values[members.labels == label] for label in range(members.n_segments)]
    rows = [_moments(group) for group in [*groups, values]]
    columns = [np.array(column, dtype=np.float64)[:, None] for column in zip(*rows, strict=True)]
    return MeanSums(*(column[:-1] for column in columns)), MeanSums(*(column[-1:] for column in columns))


def _moments(values: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return 0.0, 0.0, 0.0, 0.0
    mean = float(known.mean())
    return float(known.size), mean, float(((known - mean) ** 2).sum()), float(known.min())


def _of_kind(table: CheckedTable, kind: AttributeKind) -> list[str]:
    return [column for column, its in table.attributes.items() if its == kind]


def _joined(frame: nw.LazyFrame[Any], members: Members) -> nw.LazyFrame[Any]:
    return local.here(frame).join(local.lazy(members.frame()), on=USER, how="inner")


def _counted(rows: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    known = rows.filter(~nw.col(column).is_null()).select(LABEL, column)
    return known.group_by(LABEL, column).agg(nw.len().cast(nw.Int64).alias(_COUNT))


def _category(table: str, column: str, counted: pl.DataFrame, members: Members) -> CategoryColumn:
    overall = counted.group_by(column).agg(pl.col(_COUNT).sum()).sort([_COUNT, column], descending=[True, False])
    place = {value: number for number, value in enumerate(overall[column].to_list())}
    counts = np.zeros((members.n_segments, len(place)), dtype=np.int64)
    for label, value, count in _cells(counted, column):
        counts[label, place[value]] = count
    counts_all = overall[_COUNT].to_numpy()
    return CategoryColumn(table, column, tuple(place), counts, counts_all, counts.sum(axis=1), int(counts_all.sum()))


def _cells(counted: pl.DataFrame, column: str) -> Iterable[tuple[int, str, int]]:
    inside: Iterable[Any] = counted.filter(pl.col(LABEL) != NOISE).select(LABEL, column, _COUNT).iter_rows()
    return inside


def _repeated(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return rows.group_by(USER).agg(nw.len().alias(_COUNT)).filter(nw.col(_COUNT) > 1).select(USER)


def _refuse_repeated(table: CheckedTable, users: pl.Series) -> None:
    if users.len():
        raise DataError(
            f"the table '{table.name}' describes the user {shown(users.sort()[0])} more than once; profiles need one "
            "row a user, so set its 'duplicates'"
        )
