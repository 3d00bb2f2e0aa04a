"""Events as (user, item) pairs for the measurement of lift, and tables without the held-out ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.config import Config
from coterie.features.aligning import placed
from coterie.features.contract import Ids
from coterie.features.weighting import FIVE_STARS, FIVE_STARS_POSITIVE, ROUNDING
from coterie.selection.lift import Pairs, hold_out
from coterie.tables import CheckedTable, Tables
from coterie.tables.coded import Coded, Numbers
from coterie.tables.types import events_of
from coterie.terms import EVENTS, VALUE


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All pairs of the segmented users, with the ids behind their numbers.

    Args:
        pairs: distinct ones. users: (n,) sorted ids. items: (m,) sorted ids. events: (n,) events of each user.
        everybody: (q,) number of the user of each pair of the table, also of users who are not segmented.
        segmented: (q,) whether that user is; p of them are. None where all are.
        source: the events that the pairs are of, in their order. first: (e,) which of them begins a pair; None where
            each is one.
    """

    pairs: Pairs
    users: Ids
    items: Ids
    events: npt.NDArray[np.int64]
    everybody: npt.NDArray[np.integer[Any]]
    segmented: npt.NDArray[np.bool_] | None
    source: Coded
    first: npt.NDArray[np.bool_] | None

    def hold_out(self, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Choose pairs to hold out; the same ones of a user whoever else is segmented, so that recipes are comparable.

        Returns:
            (p,) whether the pair is held out; see ``lift.hold_out``.
        """
        held = hold_out(self.everybody, share, rng)
        return held if self.segmented is None else held[self.segmented]

    def events_of_pairs(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Say which (e,) events of the source are of chosen ones of the p pairs."""
        if self.segmented is not None:
            of_all = np.zeros(len(self.everybody), np.bool_)
            of_all[self.segmented] = chosen
            chosen = of_all
        return chosen if self.first is None else chosen[np.cumsum(self.first) - 1]


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
    value = events_of(table).value
    if value is None or not np.isfinite(value).any():
        return None
    return FIVE_STARS_POSITIVE if np.nanmax(value) == FIVE_STARS else None


def catalogue(table: CheckedTable, ids: Ids, positive_from: float | None) -> Catalogue:
    """Collect the distinct pairs of some users, in canonical order.

    Args:
        table: events. ids: (n,) sorted user ids. positive_from: see ``positive_floor``.
    """
    source = events_of(table)
    first = source.is_first
    is_single = bool(first.all())
    user, item = (source.user, source.item) if is_single else (source.user[first], source.item[first])
    counts = None if is_single else np.diff(np.append(np.flatnonzero(first), len(first)))
    values = pair_means(source.value, first, is_single)

    users = placed(user, source.users, ids)
    segmented = users >= 0
    all_are = bool(segmented.all())
    if not all_are:
        users, item = users[segmented], item[segmented]
        values, counts = (None if part is None else part[segmented] for part in (values, counts))
    present = np.bincount(item, minlength=len(source.items)) > 0
    items = source.items[present]
    positive = np.ones(len(users), np.bool_) if values is None else _positive(users, values, positive_from)
    events = np.bincount(users, counts, len(ids)).astype(np.int64)
    pairs = Pairs(users, placed(item, source.items, items), positive, len(ids), len(items))
    return Catalogue(
        *(pairs, ids, items, events, user, None if all_are else segmented, source, None if is_single else first)
    )


def pair_means(value: Numbers | None, first: npt.NDArray[np.bool_], is_single: bool) -> Numbers | None:
    """Give the mean of the known values of each pair; NaN where none is known."""
    if value is None or is_single:
        return value
    pair = np.cumsum(first) - 1
    known = np.isfinite(value)
    sums = np.bincount(pair[known], value[known], minlength=int(first.sum()))
    counts = np.bincount(pair[known], minlength=int(first.sum()))
    means: npt.NDArray[np.float64] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means


def _positive(
    users: npt.NDArray[np.integer[Any]], values: Numbers, positive_from: float | None
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
    return Tables({table.name: _less(table, found, held) for table in tables})


def _less(table: CheckedTable, found: Catalogue, held: npt.NDArray[np.bool_]) -> CheckedTable:
    if table.role != EVENTS:
        return table
    events = events_of(table)
    if events is found.source:
        gone = found.events_of_pairs(held)
    else:
        users = placed(events.user, events.users, found.users).astype(np.int64)
        items = placed(events.item, events.items, found.items)
        keys = np.where((users >= 0) & (items >= 0), users * len(found.items) + items, -1)
        taken = found.pairs.users[held].astype(np.int64) * len(found.items) + found.pairs.items[held]
        gone = np.isin(keys, taken)
    return CheckedTable.of_events(table.name, events.only(~gone), table.attributes)
