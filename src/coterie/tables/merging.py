"""Several events of one user and item made one, for ``duplicates = "sum"`` and ``"mean"``.

Numbers, the value and attributes alike, become the sum or the mean of those that are known; the time is the latest. A
category stays where the events that know it agree; where they contradict each other the cell is blanked and counted.
"""

from __future__ import annotations

from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.config import Table
from coterie.engines import local
from coterie.tables import rules
from coterie.tables.assessing import beside
from coterie.tables.types import RuleCount
from coterie.terms import ITEM, TIME, USER, VALUE

_TIMES: Final = beside("times")
_KINDS: Final = beside("kinds")


def merge(name: str, table: Table, good: nw.LazyFrame[Any]) -> tuple[nw.LazyFrame[Any], tuple[RuleCount, ...]]:
    """Give one event a user and item, and what that did.

    Args:
        name: the table's name in the config. table: its config, ``duplicates`` being "sum" or "mean".
        good: checked events at hand, with a value.
    """
    times = [nw.col(TIME).max()] if table.time is not None else []
    merged = local.collect(good.group_by(USER, ITEM).agg(nw.len().alias(_TIMES), *times)).sort(USER, ITEM)
    counts = [RuleCount(name, rules.MERGED, "", int(merged[_TIMES].sum()) - merged.height, counts_as_reject=False)]
    for column, kind in {VALUE: "number", **table.attributes}.items():
        if kind == "number":
            found = _number(good, column, table.duplicates)
        else:
            found, contradicted = _category(good, column)
            if contradicted:
                rule = f"{rules.CONFLICT}{rules.BLANKED}"
                counts.append(RuleCount(name, rule, column, contradicted, counts_as_reject=False))
        merged = merged.join(found, on=[USER, ITEM], how="left")
    return local.lazy(merged.select(good.collect_schema().names())), tuple(counts)


def _number(good: nw.LazyFrame[Any], column: str, policy: str) -> pl.DataFrame:
    known = good.filter(~nw.col(column).is_null()).group_by(USER, ITEM, column).agg(nw.len().alias(_TIMES))
    # Each different value of a pair once and in order: the last bits of a sum must not depend on the order of rows.
    rows = local.collect(known).sort(USER, ITEM, column)
    pairs = rows.select(pl.struct(USER, ITEM).rle_id()).to_series().to_numpy()
    sums = np.bincount(pairs, rows[column].to_numpy() * rows[_TIMES].to_numpy())
    counts = np.bincount(pairs, rows[_TIMES].to_numpy())
    numbers = pl.Series(column, sums / counts if policy == "mean" else sums, dtype=pl.Float64)
    return rows.select(USER, ITEM).unique(maintain_order=True).with_columns(numbers)


def _category(good: nw.LazyFrame[Any], column: str) -> tuple[pl.DataFrame, int]:
    """Give what the events of each pair agree on, and the number of pairs whose events do not."""
    known = good.filter(~nw.col(column).is_null()).group_by(USER, ITEM)
    rows = local.collect(known.agg(nw.col(column).n_unique().alias(_KINDS), nw.col(column).min()))
    agreed = rows.filter(pl.col(_KINDS) == 1).drop(_KINDS)
    return agreed, rows.height - agreed.height
