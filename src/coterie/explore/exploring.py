"""From checked tables, and what cleaning did, to the exploration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from coterie.engines import local
from coterie.explore.associations import associate
from coterie.explore.columns import Table, columns_of, missing_of, tags_of, told_apart
from coterie.explore.events import event_columns, explore_events, looked_at
from coterie.explore.types import (
    Column,
    ColumnKind,
    Exploration,
    Missing,
    MissingPattern,
    RuleDone,
    TableExplored,
)
from coterie.tables import CheckedTable, RuleCount, Tables, rules
from coterie.tables.census import census
from coterie.tables.cleaning import CleaningAccount
from coterie.tables.suppression import MIN_CELL
from coterie.tables.titles import titles_by_item
from coterie.tables.types import events_of
from coterie.terms import EVENTS, ITEM, ITEMS, TAG, TIME, TITLE, USER, USERS, VALUE

MOST_HELD = 60  # columns up to which single traits and lengths of texts are held against all others
_NO_CLEANING = CleaningAccount((), ())


def explore(
    tables: Tables,
    counts: Iterable[RuleCount] = (),
    read: Mapping[str, int] | None = None,
    cleaning: CleaningAccount | None = None,
    *,
    min_cell: int = MIN_CELL,
) -> Exploration:
    """Say what tables hold.

    Args:
        tables: checked and cleaned, as the config declares them. counts: what checks and cleaning did.
        read: rows of each source; by default those of the tables. cleaning: events before and after.
        min_cell: users that a value or bin needs to be told of.
    """
    account = cleaning or _NO_CLEANING
    titles = titles_by_item(tables)
    return Exploration(
        tables=tuple(_table(table, titles, read or {}, min_cell) for table in tables),
        cleaning=account.events,
        rules=tuple(_rules(counts, account)),
    )


def _table(table: CheckedTable, titles: Mapping[str, str], read: Mapping[str, int], min_cell: int) -> TableExplored:
    found = _of_events(table, titles, min_cell) if table.role == EVENTS else _of_entities(table, min_cell)
    return TableExplored(**found, read=read.get(table.name, found["rows"]))  # type: ignore[arg-type]


def _of_events(table: CheckedTable, titles: Mapping[str, str], min_cell: int) -> dict[str, object]:
    events = events_of(table)
    kinds: dict[str, ColumnKind] = dict(table.attributes)
    sample = looked_at(events)
    named: tuple[tuple[str, ColumnKind], ...] = ((VALUE, "value"), (TIME, "time"))
    own = {name: kind for name, kind in named if name in sample.columns}
    columns = event_columns(events, table.attributes, census(events), min_cell)
    whole = Missing((), (MissingPattern((), events.n_events),) if events.n_events else ())
    return {
        "name": table.name,
        "role": table.role,
        "rows": events.n_events,
        "columns": columns,
        # Keys, value and time are there in every event that the checks let through.
        "missing": missing_of(events.others, kinds) if kinds else whole,
        "associations": associate(sample, own | kinds),
        "events": explore_events(events, titles, min_cell),
    }


def _of_entities(table: CheckedTable, min_cell: int) -> dict[str, object]:
    key = USER if table.role == USERS else ITEM
    rows = local.collect(table.frame)
    rows = rows.sort(key, *(name for name in rows.columns if name != key))  # sums depend on the order that they go in
    kinds: dict[str, ColumnKind] = {key: "key"}
    if table.role == ITEMS and TITLE in rows.columns:
        kinds[TITLE] = "title"
    kinds |= table.attributes
    person = pl.Series(range(rows.height), dtype=pl.Int64)
    least = min_cell if table.role == USERS else 1
    parted, all_kinds = told_apart(rows, kinds)
    columns = columns_of(Table(parted, all_kinds, person, least))
    return {
        "name": table.name,
        "role": table.role,
        "rows": rows.height,
        "columns": (*columns, *_tags(table, rows.height)),
        "missing": missing_of(rows, kinds, least),
        "associations": associate(parted, all_kinds if len(all_kinds) <= MOST_HELD else kinds),
        "events": None,
    }


def _tags(table: CheckedTable, n_items: int) -> tuple[Column, ...]:
    if table.tags is None:
        return ()
    tags = local.collect(table.tags.select(ITEM, TAG).unique())
    tagged = tags[ITEM].n_unique()
    return (Column(TAG, "tags", tagged, n_items - tagged, tags[TAG].n_unique(), values=tags_of(tags)),)


def _rules(counts: Iterable[RuleCount], account: CleaningAccount) -> Iterable[RuleDone]:
    effects = {(effect.table, effect.rule): effect for effect in account.effects}
    for count in counts:
        if not count.rows:
            continue
        effect = effects.get((count.table, count.rule))
        took = rules.takes_rows_out(count.rule)
        outcome = "rejected" if count.counts_as_reject else "cleaned" if took else "kept"
        users, items = (None, None) if effect is None else (effect.users, effect.items)
        yield RuleDone(count.table, count.rule, count.column, count.rows, outcome, users, items)  # type: ignore[arg-type]
