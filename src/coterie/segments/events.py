"""What a table of events says of segments: per user how much, per segment which items, tags and values.

Rows are counted in lazy plans; what is collected is one row a user, and one row a segment and item or tag. The sums
are of whole numbers, so they do not depend on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.statistics import RatioSums
from coterie.segments.types import TopItems
from coterie.tables.types import CheckedTable, Tables
from coterie.terms import ITEM, LABEL, NOISE, TAG, TITLE, USER, VALUE

MOST_VALUES = 10  # of so many distinct values each has its own list of top items

_EVENTS, _POSITIVE, _SUM, _VALUED = "_events", "_positive", "_sum", "_valued"
_ITEMS = "_items"
_USERS, _Y, _YY, _YN, _RANK = "_users", "_y", "_yy", "_yn", "_rank"
_SUMS = (_USERS, _Y, _YY, _YN)


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """Positive events by segment and key, an item or a tag; only keys of at least ``min_users`` users.

    Args:
        labels: (m,) titles or tags.
        users: (k, m) users of the segment with such an event. users_all: (m,) of all.
        inside, overall: sums for ratios, of (k, m) and (1, m).
    """

    labels: tuple[str, ...]
    users: npt.NDArray[np.int64]
    users_all: npt.NDArray[np.int64]
    inside: RatioSums
    overall: RatioSums


@dataclass(frozen=True, slots=True)
class EventCounts:
    """One table of events, counted.

    Args:
        table: its name.
        events: (n,) events of each member; positive: those of them that are positive.
        values: (n,) sum of each member's values, None where events have no value; valued: (n,) events that have one.
        items, tags: tags is None where items have none.
        top_items: one tuple a segment.
    """

    table: str
    events: npt.NDArray[np.int64]
    positive: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64] | None
    valued: npt.NDArray[np.int64]
    items: KeyCounts
    tags: KeyCounts | None
    top_items: tuple[tuple[TopItems, ...], ...]


def count_events(tables: Tables, table: CheckedTable, members: Members, options: ProfileOptions) -> EventCounts:
    """Count the events of the members; events of others are left out."""
    rows, has_value = _rows(table, members, options)
    per_user, by_value = local.collect_all([_per_user(rows), _by_user_value(rows)])
    values = by_value.select(VALUE).unique()
    sums = _sums(by_value)
    totals = members.frame().join(per_user.join(sums, on=USER, how="left"), on=USER, how="left", maintain_order="left")
    totals = totals.fill_null(0)
    few_values = has_value and 0 < values.height <= MOST_VALUES

    titles = _titles(tables)
    pairs = _positive_pairs(rows, totals)
    plans = [_titled(_by_item(pairs), titles), _titled(_top(rows, few_values, options.top_items), titles)]
    tagged = _tags(tables, options.min_items)
    if tagged is not None:
        plans.append(_by_tag(pairs, tagged))
    items, top, *tags = local.collect_all(plans)
    positive = totals[_POSITIVE].to_numpy()
    return EventCounts(
        table=table.name,
        events=totals[_EVENTS].to_numpy(),
        positive=positive,
        values=totals[_SUM].to_numpy() if has_value else None,
        valued=totals[_VALUED].to_numpy(),
        items=_key_counts(items, (ITEM, TITLE), positive, members, options),
        tags=_key_counts(tags[0], (TAG, TAG), positive, members, options) if tags else None,
        top_items=tuple(_top_items(top, label, options.top_items) for label in range(members.n_segments)),
    )


def _rows(table: CheckedTable, members: Members, options: ProfileOptions) -> tuple[nw.LazyFrame[Any], bool]:
    """Members' events as user, item, value, label and whether positive (0 or 1); and whether events have values."""
    has_value = VALUE in table.frame.collect_schema().names()
    columns = [nw.col(USER), nw.col(ITEM)]
    columns.append(nw.col(VALUE).cast(nw.Float64) if has_value else nw.lit(None, dtype=nw.Float64).alias(VALUE))
    rows = local.here(table.frame.select(*columns)).join(local.lazy(members.frame()), on=USER, how="inner")
    if has_value and options.positive_from is not None:
        positive = (nw.col(VALUE) >= options.positive_from).fill_null(value=False).cast(nw.Int64)
        return rows.with_columns(positive.alias(_POSITIVE)), True
    return rows.with_columns(nw.lit(1, dtype=nw.Int64).alias(_POSITIVE)), has_value


def _per_user(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return rows.group_by(USER).agg(
        nw.len().cast(nw.Int64).alias(_EVENTS),
        nw.col(_POSITIVE).sum(),
        nw.col(VALUE).count().cast(nw.Int64).alias(_VALUED),
    )


def _by_user_value(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    known = rows.filter(~nw.col(VALUE).is_null())
    return known.group_by(USER, VALUE).agg(nw.len().cast(nw.Int64).alias(_VALUED))


def _sums(by_value: pl.DataFrame) -> pl.DataFrame:
    """Sum each user's values, each different one once and in order, so that the last bits do not depend on the rows."""
    ordered = by_value.sort(USER, VALUE)
    users = ordered[USER].unique(maintain_order=True)
    places = ordered[USER].rle_id().to_numpy()
    sums = np.bincount(places, ordered[VALUE].to_numpy() * ordered[_VALUED].to_numpy(), len(users))
    return pl.DataFrame({USER: users, _SUM: sums.astype(np.float64)})


def _positive_pairs(rows: nw.LazyFrame[Any], totals: pl.DataFrame) -> nw.LazyFrame[Any]:
    """Positive events a user and item (y), beside the user's total of them (n)."""
    total = local.lazy(totals.select(USER, pl.col(_POSITIVE).alias("_n")))
    counted = rows.filter(nw.col(_POSITIVE) == 1).group_by(USER, LABEL, ITEM).agg(nw.len().cast(nw.Int64).alias(_Y))
    return counted.join(total, on=USER, how="inner")


def _by_item(pairs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return _summed(pairs, ITEM)


def _by_tag(pairs: nw.LazyFrame[Any], tags: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    tagged = pairs.join(tags, on=ITEM, how="inner")
    return _summed(tagged.group_by(USER, LABEL, TAG, "_n").agg(nw.col(_Y).sum()), TAG)


def _summed(pairs: nw.LazyFrame[Any], key: str) -> nw.LazyFrame[Any]:
    y, n = nw.col(_Y), nw.col("_n")
    products = pairs.with_columns((y * y).alias(_YY), (y * n).alias(_YN))
    return products.group_by(LABEL, key).agg(
        nw.len().cast(nw.Int64).alias(_USERS), *(nw.col(name).sum() for name in (_Y, _YY, _YN))
    )


def _top(rows: nw.LazyFrame[Any], by_value: bool, n: int) -> nw.LazyFrame[Any]:
    """Events a segment, value and item, of those among the n most frequent; more than n where some are level."""
    if by_value:
        rows = rows.filter(~nw.col(VALUE).is_null())
    else:
        rows = rows.with_columns(nw.lit(None, dtype=nw.Float64).alias(VALUE))
    counted = rows.filter(nw.col(LABEL) != NOISE).group_by(LABEL, VALUE, ITEM).agg(nw.len().alias(_EVENTS))
    rank = nw.col(_EVENTS).rank("min", descending=True).over(LABEL, VALUE)
    return counted.with_columns(rank.alias(_RANK)).filter(nw.col(_RANK) <= n)


def _titles(tables: Tables) -> nw.LazyFrame[Any] | None:
    """One title an item that has one; of several the first in the alphabet."""
    frames = [
        local.here(table.frame.select(ITEM, TITLE))
        for table in tables.items
        if TITLE in table.frame.collect_schema().names()
    ]
    if not frames:
        return None
    return nw.concat(frames).filter(~nw.col(TITLE).is_null()).group_by(ITEM).agg(nw.col(TITLE).min())


def _titled(counted: nw.LazyFrame[Any], titles: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any]:
    """Add titles; an item without one is called by its id."""
    if titles is None:
        return counted.with_columns(nw.col(ITEM).alias(TITLE))
    joined = counted.join(titles, on=ITEM, how="left")
    return joined.with_columns(nw.coalesce(nw.col(TITLE), nw.col(ITEM)).alias(TITLE))


def _tags(tables: Tables, min_items: int) -> nw.LazyFrame[Any] | None:
    frames = [local.here(table.tags.select(ITEM, TAG)) for table in tables.items if table.tags is not None]
    if not frames:
        return None
    pairs = nw.concat(frames).filter(~nw.col(TAG).is_null()).unique()
    if min_items == 1:
        return pairs
    common = pairs.group_by(TAG).agg(nw.len().alias(_ITEMS)).filter(nw.col(_ITEMS) >= min_items)
    return pairs.join(common.select(TAG), on=TAG, how="semi")


def _key_counts(
    sums: pl.DataFrame,
    names: tuple[str, str],
    positive: npt.NDArray[np.int64],
    members: Members,
    options: ProfileOptions,
) -> KeyCounts:
    """Lay sums by label and key out as segment by key, keys in the order of their id.

    Args:
        names: the column of the key and that of its label.
    """
    key, label = names
    keys = sums.group_by(key).agg(pl.col(label).first().alias("_label"), pl.col(_USERS).sum().alias("_all"))
    keys = keys.filter(pl.col("_all") >= options.min_users).sort(key).with_row_index("_place")
    placed = sums.join(keys.select(key, "_place"), on=key)
    k, m = members.n_segments, keys.height
    cells = (placed[LABEL].to_numpy().astype(np.int64) % (k + 1)) * m + placed["_place"].to_numpy().astype(np.int64)
    grids = {}
    for name in _SUMS:
        grid = np.zeros((k + 1) * m, dtype=np.int64)  # the last row is noise: -1 modulo k + 1
        grid[cells] = placed[name].to_numpy()
        grids[name] = grid.reshape(k + 1, m)
    inside, overall = _ratio_sums(grids, positive, members)
    users = grids[_USERS]
    return KeyCounts(tuple(keys["_label"].to_list()), users[:k], users.sum(axis=0), inside, overall)


def _ratio_sums(
    grids: dict[str, npt.NDArray[np.int64]], positive: npt.NDArray[np.int64], members: Members
) -> tuple[RatioSums, RatioSums]:
    k = members.n_segments
    rows = members.labels.astype(np.int64) % (k + 1)
    n, nn, users = (
        np.bincount(rows, weights, minlength=k + 1)[:, None] for weights in (positive, positive**2.0, positive > 0)
    )
    sums = [grids[_Y], grids[_YY], grids[_YN], n, nn, users]
    floats = [np.asarray(part, dtype=np.float64) for part in sums]
    return RatioSums(*(part[:k] for part in floats)), RatioSums(*(part.sum(axis=0, keepdims=True) for part in floats))


def _top_items(top: pl.DataFrame, label: int, n: int) -> tuple[TopItems, ...]:
    """Lists of one segment, highest value first; level items in the order of their titles, then of their ids."""
    own = top.filter(pl.col(LABEL) == label)
    ordered = own.sort([VALUE, _EVENTS, TITLE, ITEM], descending=[True, True, False, False])
    lists = ordered.group_by(VALUE, maintain_order=True).head(n).partition_by(VALUE, maintain_order=True)
    return tuple(TopItems(part[VALUE][0], tuple(part.select(TITLE, _EVENTS).iter_rows())) for part in lists)
