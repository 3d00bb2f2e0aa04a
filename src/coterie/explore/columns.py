"""How the columns of a table are spread, and what is missing of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.explore.types import Column, ColumnKind, Missing, MissingPattern, Numbers, Values
from coterie.tables.binning import binned, round_edges
from coterie.tables.suppression import (
    OTHER_VALUES,
    coarse_mean,
    may_be_named,
    rounded,
    within_ends,
    without_small_bins,
)
from coterie.tables.trait_cells import sorted_naturally, taken_apart, trait_label
from coterie.terms import ITEM, STATE, TAG, VALUE

MOST_NAMED: Final = 20  # values of a category that are named, states apart
MOST_PATTERNS: Final = 20
_PEOPLE_TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows at hand.

    Args:
        rows: its columns. kinds: of each.
        person: (r,) number of whom each row is about.
        min_cell: how many of them a value needs to be named.
    """

    rows: pl.DataFrame
    kinds: dict[str, ColumnKind]
    person: pl.Series
    min_cell: int


def columns_of(table: Table) -> tuple[Column, ...]:
    """Tell of every column."""
    return tuple(_column(table, name, kind) for name, kind in table.kinds.items())


def told_apart(rows: pl.DataFrame, kinds: Mapping[str, ColumnKind]) -> tuple[pl.DataFrame, dict[str, ColumnKind]]:
    """Add what columns of traits and of text are made of: a number a trait, and how many words a text has.

    Returns:
        The rows with columns added, and the kinds of all, each part behind its column.
    """
    found: dict[str, ColumnKind] = {}
    for name, kind in kinds.items():
        found[name] = kind
        parts: list[pl.Series] = []
        if kind == "traits":
            parts = _traits(rows.get_column(name))
        elif kind == "text":
            words = rows.get_column(name).cast(pl.String).str.extract_all(r"\S+").list.len().cast(pl.Float64)
            parts = [words.alias(f"words in {name}")]
        added = [part for part in parts if part.name not in kinds and part.name not in found]
        rows = rows.with_columns(added)
        found |= dict.fromkeys((part.name for part in added), "number")
    return rows, found


def _traits(cells: pl.Series) -> list[pl.Series]:
    """Give a column of numbers a trait, null where a cell lacks it; several answers of one cell are averaged."""
    keyed = cells.cast(pl.String).alias("_cells").to_frame().with_row_index("_row")
    long = taken_apart(keyed, "_row", "_cells").group_by("_row", ITEM).agg(pl.col(VALUE).sort().mean())
    found = []
    for trait in sorted_naturally(long[ITEM].unique().to_list()):
        its = long.filter(pl.col(ITEM) == trait).select("_row", VALUE)
        found.append(
            keyed.join(its, on="_row", how="left", maintain_order="left")[VALUE].alias(trait_label(cells.name, trait))
        )
    return found


def spread_of(
    values: npt.NDArray[np.float64], min_cell: int, people: npt.NDArray[np.int64] | None = None
) -> Numbers | None:
    """Say how numbers are spread; None where fewer than ``min_cell`` are known.

    Where each row is of another user, counts are rounded to multiples of ``min_cell`` and the mean is told in as wide
    steps: a profile counts almost the same users, and what the two differ by must not tell of few.

    Args:
        values: (r,) those that are known. people: (r,) whom each is about; None where each is about another.
    """
    people = np.arange(len(values)) if people is None else people
    n = len(np.unique(people))
    if n < max(min_cell, 1):
        return None
    edges = _edges(values, people, min_cell)
    ends = (0.0, 1.0) if min_cell == 1 else (_PEOPLE_TAIL, 1 - _PEOPLE_TAIL)
    shares = (ends[0], 0.25, 0.5, 0.75, ends[1])
    low, lower, median, upper, high = (
        float(value) if min_cell == 1 or share == 0.5 or round(min(share, 1 - share) * n, 9) >= min_cell else None
        for value, share in zip(np.quantile(values, shares), shares, strict=True)
    )
    of_people = min_cell if n == len(values) else 1
    counts = tuple(rounded(count, of_people) for count in binned(values, edges))
    mean = coarse_mean(values, of_people)
    return Numbers(low, lower, median, upper, high, mean, min_cell == 1, edges, counts)


def values_of(cells: pl.DataFrame, *, min_cell: int, most: int | None = MOST_NAMED) -> Values | None:
    """Say how often each value is there, those that few have as one; None where none can be named.

    Args:
        cells: ``value`` and ``person``, one row each that has a value; a person may have several.
    """
    who = pl.col("person").n_unique().alias("people")
    ordered = cells.group_by("value").agg(pl.len().alias("rows"), who)
    ordered = ordered.sort("rows", "value", descending=[True, False])
    rows, people = (ordered[name].to_numpy().astype(np.int64) for name in ("rows", "people"))
    if 0 < cells["person"].n_unique() < min_cell:
        return None
    named = may_be_named(people, min_cell=min_cell, most=most)
    values = ordered["value"].to_list()
    while named.any() and not named.all() and _people_of_others(cells, ordered, named) < min_cell:
        named[np.flatnonzero(named)[-1]] = False  # the same people's values may have been counted as several people's
    if not named.any():
        return None
    shown, counts = [value for value, its in zip(values, named, strict=True) if its], rows[named].tolist()
    if not named.all():
        shown, counts = [*shown, OTHER_VALUES], [*counts, int(rows[~named].sum())]
    of_people = min_cell if cells["person"].is_unique().all() else 1
    told = tuple(rounded(count, of_people) for count in counts)
    return Values(tuple(shown), told, int(np.count_nonzero(~named)))


def tags_of(tags: pl.DataFrame, *, most: int = MOST_NAMED) -> Values | None:
    """Say how many items have each of the most frequent tags.

    Args:
        tags: ``tag``, one row a pair of item and tag.
    """
    counted = tags.group_by(TAG).agg(pl.len().alias("rows")).sort("rows", TAG, descending=[True, False])
    head = counted.head(most)
    if not head.height:
        return None
    return Values(tuple(head[TAG].to_list()), tuple(head["rows"].to_list()), counted.height - head.height, False)


def missing_of(rows: pl.DataFrame, kinds: dict[str, ColumnKind], min_cell: int = 1) -> Missing:
    """Say which columns are missing together, by how many rows miss the same ones.

    Args:
        min_cell: rows that a pattern needs to be told by itself.
    """
    counts = {name: rows[name].null_count() for name in kinds}
    some = sorted((name for name, n in counts.items() if n), key=lambda name: (-counts[name], name))
    if not some:
        return Missing((), (MissingPattern((), rows.height),) if rows.height else ())
    blanks = rows.select(pl.col(name).is_null() for name in some).group_by(some).agg(pl.len().alias("_rows"))
    found = [
        MissingPattern(tuple(name for name, is_blank in zip(some, cells, strict=True) if is_blank), n)
        for *cells, n in blanks.iter_rows()
    ]
    found.sort(key=lambda pattern: (-pattern.rows, len(pattern.columns), pattern.columns))
    held = np.array([pattern.rows for pattern in found], dtype=np.int64)
    told = may_be_named(held, min_cell=min_cell, most=MOST_PATTERNS)
    patterns = tuple(pattern for pattern, its in zip(found, told, strict=True) if its)
    return Missing(tuple(some), patterns, int(np.count_nonzero(~told)), int(held[~told].sum()))


def _column(table: Table, name: str, kind: ColumnKind) -> Column:
    series = table.rows[name]
    known = series.drop_nulls()
    numbers = values = None
    if kind == "number":
        is_known = series.is_not_null() & series.cast(pl.Float64).is_finite().fill_null(False)
        people = table.person.filter(is_known).to_numpy()
        numbers = spread_of(series.filter(is_known).cast(pl.Float64).to_numpy(), table.min_cell, people)
    elif kind in {"category", "us_zip"}:
        most = None if name == STATE else MOST_NAMED
        cells = pl.DataFrame({"value": series.cast(pl.String), "person": table.person}).drop_nulls("value")
        values = values_of(cells, min_cell=table.min_cell, most=most)
    return Column(name, kind, len(known), series.null_count(), known.n_unique(), numbers, values)


def _edges(values: npt.NDArray[np.float64], people: npt.NDArray[np.int64], min_cell: int) -> tuple[float, ...]:
    """Give round bins, put together until none tells of too few people."""
    edges = round_edges(within_ends(values, min_cell, people))
    held = _people_in(values, people, edges)
    while min_cell > 1 and any(0 < count < min_cell for count in held):
        edges, _ = without_small_bins(edges, held, min_cell)
        held = _people_in(values, people, edges)
    return edges


def _people_in(
    values: npt.NDArray[np.float64], people: npt.NDArray[np.int64], edges: tuple[float, ...]
) -> tuple[int, ...]:
    places = np.clip(np.searchsorted(np.array(edges), values, side="right") - 1, 0, len(edges) - 2)
    bins = np.unique(np.stack([places, people]), axis=1)[0]
    return tuple(np.bincount(bins, minlength=len(edges) - 1).tolist())


def _people_of_others(cells: pl.DataFrame, ordered: pl.DataFrame, named: npt.NDArray[np.bool_]) -> int:
    others = ordered.filter(pl.Series(~named)).select("value")
    return cells.join(others, on="value", how="semi")["person"].n_unique()
