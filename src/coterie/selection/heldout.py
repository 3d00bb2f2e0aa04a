"""Events as (user, item) pairs for the measurement of lift, and tables without the held-out ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.config import Config
from coterie.engines import local
from coterie.features.contract import Ids
from coterie.features.weighting import FIVE_STARS, FIVE_STARS_POSITIVE, ROUNDING
from coterie.selection.lift import Codes, Pairs, hold_out
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, USER, VALUE

_EVENTS = "_events"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All pairs of the segmented users, with the ids behind their numbers.

    Args:
        pairs: distinct ones. users: (n,) sorted ids. items: (m,) sorted ids. events: (n,) events of each user.
        everybody: (q,) number of the user of each pair of the table, also of users who are not segmented.
        segmented: (q,) whether that user is; p of them are.
    """

    pairs: Pairs
    users: Ids
    items: Ids
    events: npt.NDArray[np.int64]
    everybody: Codes
    segmented: npt.NDArray[np.bool_]

    def hold_out(self, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Choose pairs to hold out; the same ones of a user whoever else is segmented, so that recipes are comparable.

        Returns:
            (p,) whether the pair is held out; see ``lift.hold_out``.
        """
        return hold_out(self.everybody, share, rng)[self.segmented]


def event_table(config: Config, tables: Tables) -> CheckedTable | None:
    """Give the table whose events are held out.

    Returns:
        The first table of events that a basis block is made from; where segments are formed on other things, the first
        table of events; None where there is none.
    """
    for feature in config.features.values():
        if feature.use == "basis" and tables[feature.from_].role == EVENTS:
            return tables[feature.from_]
    return next(iter(tables.events), None)


def positive_floor(config: Config, table: CheckedTable) -> float | None:
    """Give the value from which an event counts as liked.

    Returns:
        The config's ``positive_from``; without it 4 where the highest value is 5; else None: the user's own mean where
        there are values, every event where there are none.
    """
    if config.evaluation.positive_from is not None or VALUE not in table.frame.collect_schema().names():
        return config.evaluation.positive_from
    highest = local.collect(table.frame.select(nw.col(VALUE).max()))[VALUE].item()
    return FIVE_STARS_POSITIVE if highest == FIVE_STARS else None


def catalogue(table: CheckedTable, ids: Ids, positive_from: float | None) -> Catalogue:
    """Collect the distinct pairs of some users, in canonical order.

    Args:
        table: events. ids: (n,) sorted user ids. positive_from: see ``positive_floor``.
    """
    has_value = VALUE in table.frame.collect_schema().names()
    value = nw.col(VALUE).mean() if has_value else nw.len().cast(nw.Float64)
    counted = table.frame.group_by(USER, ITEM).agg(value.alias(VALUE), nw.len().alias(_EVENTS))
    everything = local.collect(counted).sort(USER, ITEM)
    segmented = everything[USER].is_in(pl.Series(ids).implode())
    everybody = everything[USER].rle_id().to_numpy().astype(np.int64)
    pairs = everything.filter(segmented)
    items = np.asarray(pairs[ITEM].unique().sort().to_numpy(), dtype=str)
    users = np.searchsorted(ids, np.asarray(pairs[USER].to_numpy(), dtype=str))
    columns = np.searchsorted(items, np.asarray(pairs[ITEM].to_numpy(), dtype=str))
    values = pairs[VALUE].to_numpy()
    positive = _positive(users, values, positive_from) if has_value else np.ones(len(values), np.bool_)
    events = np.bincount(users, pairs[_EVENTS].to_numpy(), len(ids)).astype(np.int64)
    found = Pairs(users, columns, positive, len(ids), len(items))
    return Catalogue(found, ids, items, events, everybody, segmented.to_numpy())


def _positive(
    users: npt.NDArray[np.int64], values: npt.NDArray[np.float64], positive_from: float | None
) -> npt.NDArray[np.bool_]:
    """Compare with the floor as the feature block "positive" does: a mean's last bits neither pass nor fail a value."""
    if positive_from is not None:
        return values >= positive_from - ROUNDING * abs(positive_from)
    counts = np.maximum(np.bincount(users), 1)
    means = np.bincount(users, values) / counts
    sizes = np.bincount(users, np.abs(values)) / counts
    liked: npt.NDArray[np.bool_] = values >= (means - ROUNDING * sizes)[users]
    return liked


def without(tables: Tables, found: Catalogue, held: npt.NDArray[np.bool_]) -> Tables:
    """Give the tables with the held-out pairs taken out of every table of events, at hand, so that none leaks."""
    gone = local.lazy(
        pl.DataFrame({USER: found.users[found.pairs.users[held]], ITEM: found.items[found.pairs.items[held]]})
    )
    return Tables({table.name: _less(table, gone) for table in tables})


def _less(table: CheckedTable, gone: nw.LazyFrame[Any]) -> CheckedTable:
    if table.role != EVENTS:
        return table
    # Collected, since features read a table several times.
    return replace(table, frame=local.lazy(local.collect(table.frame.join(gone, on=[USER, ITEM], how="anti"))))
