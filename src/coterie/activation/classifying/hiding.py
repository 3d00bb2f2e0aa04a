"""Tables of which less is known: events hidden at random, whole tables left out, so that features see what is left.

What is hidden is hidden before any feature is made. Everything here works on tables as what is segmented sees them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.features.aligning import placed
from coterie.features.contract import Ids
from coterie.tables import CheckedTable, Tables
from coterie.tables.coded import Coded
from coterie.tables.types import events_of
from coterie.terms import EVENTS, USER, USERS

Counts = npt.NDArray[np.int64]


def of_entities(tables: Tables, ids: Ids) -> Tables:
    """Give the tables with the events of some entities alone.

    Args:
        ids: (n,) sorted.
    """
    return Tables({table.name: _of_some(table, ids) for table in tables})


def _of_some(table: CheckedTable, ids: Ids) -> CheckedTable:
    if table.role != EVENTS:
        return table
    events = events_of(table)
    kept = placed(events.user, events.users, ids) >= 0
    return CheckedTable.of_events(table.name, events.take(kept), table.attributes)


def events_each(tables: Tables, ids: Ids) -> Counts:
    """(n,) events of each entity, over all tables of events."""
    found = np.zeros(len(ids), np.int64)
    for table in tables.events:
        events = events_of(table)
        at = placed(events.user, events.users, ids)
        found += np.bincount(at[at >= 0], minlength=len(ids))
    return found


def thinned(tables: Tables, ids: Ids, kept: Counts, rng: np.random.Generator) -> Tables:
    """Give tables with at most so many events of each entity, drawn at random over all tables of events together.

    The same generator draws in the same order whatever is kept, so that more events always hold the fewer.

    Args:
        tables: of these entities alone (see ``of_entities``). ids: (n,) sorted. kept: (n,) events that stay.
    """
    names = [table.name for table in tables.events]
    coded = [events_of(tables[name]) for name in names]
    if not coded:
        return tables
    entity = np.concatenate([placed(events.user, events.users, ids) for events in coded])
    stays = _ranks(entity, rng.random(len(entity))) < kept[entity]
    ends = np.cumsum([events.n_events for events in coded])[:-1]
    left = dict(zip(names, np.split(stays, ends), strict=True))
    rest = {name: _with(tables[name], events.take(left[name])) for name, events in zip(names, coded, strict=True)}
    return Tables({table.name: rest.get(table.name, table) for table in tables})


def _with(table: CheckedTable, events: Coded) -> CheckedTable:
    return CheckedTable.of_events(table.name, events, table.attributes)


def _ranks(entity: npt.NDArray[np.integer[Any]], uniforms: npt.NDArray[np.float64]) -> Counts:
    """(e,) place of each event among those of its entity, in the order of its number."""
    order = np.lexsort((uniforms, entity))
    counts = np.bincount(entity, minlength=1)
    starts = np.concatenate([[0], np.cumsum(counts)])
    ranks = np.empty(len(entity), np.int64)
    ranks[order] = np.arange(len(entity)) - starts[entity[order]]
    return ranks


def with_empty(tables: Tables, like: Tables) -> Tables:
    """Give tables with an empty one in place of each that others have and these have not."""
    missing = {table.name: emptied(table) for table in like if table.name not in tables.by_name}
    return Tables({**tables.by_name, **missing})


def emptied(table: CheckedTable) -> CheckedTable:
    """Give a table without rows."""
    if table.role == EVENTS:
        events = events_of(table)
        return CheckedTable.of_events(table.name, events.take(np.zeros(events.n_events, np.bool_)), table.attributes)
    tags = None if table.tags is None else table.tags.head(0)
    return replace(table, frame=table.frame.head(0), tags=tags)


def without_descriptions(tables: Tables) -> Tables:
    """Give tables in which nobody is described: tables of what is segmented are empty."""
    return Tables({table.name: emptied(table) if table.role == USERS else table for table in tables})


def rows_of(table: CheckedTable, ids: Ids) -> npt.NDArray[np.bool_]:
    """(n,) whether a table has a row of an entity."""
    if table.role == EVENTS:
        return np.isin(ids, events_of(table).users)
    held = local.collect(table.frame.select(USER).unique())[USER]
    return np.isin(ids, np.array(held.cast(pl.String).to_list(), np.str_))
