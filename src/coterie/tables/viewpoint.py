"""The viewpoint: checked and cleaned tables in, the same tables out as whatever is segmented sees them.

Everything from features on reads canonical columns: an entity in ``user_id``, what it is told apart by in ``item_id``.
Users are entities as they come. For items the two change places: a film's row is who took it up, the table of films
describes the entities, the table of people describes what they are told apart by. For a group of tags an event of an
item is an event of each of the item's tags, one row each, so that many events of one user with one tag stay many; then
the tag is the entity. Items without a tag of the group drop out, and so do tables of items, which say nothing of tags.

Cleaning comes before: its rules speak of users and items, whoever is segmented afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import narwhals.stable.v2 as nw

from coterie.errors import ConfigError, DataError, shown
from coterie.tables.types import CheckedTable, Tables, events_of
from coterie.terms import EVENTS, ITEM, ITEMS, OF_ITEMS, OF_USERS, TAG, TAG_GROUP, TITLE, USER, USERS, Role

_SWAPPED: Final[Mapping[Role, Role]] = {EVENTS: EVENTS, USERS: ITEMS, ITEMS: USERS}
_OTHER: Final[Mapping[str, str]] = {USER: ITEM, ITEM: USER}


def seen_by(entity: str, tables: Tables) -> Tables:
    """Give tables as an entity sees them; nothing is read yet.

    Args:
        entity: "users", "items", or "TABLE.tags". tables: checked ones, by the names of the config.

    Returns:
        Tables of the same names. From items or tags: events with ``user_id`` and ``item_id`` exchanged; tables of users
        with role "items", whose tags are their categories' values ("occupation student"); tables of items with role
        "users", whose tags are (user_id, tag) pairs. From tags there are no tables of items.

    Raises:
        ConfigError: an attribute has the name of a canonical column.
        DataError: the tables lack the one whose tags are the entities.
    """
    if entity == OF_USERS:
        return tables
    for table in tables:
        _refuse_own_names(table)
    if entity != OF_ITEMS:
        tables = _by_tag(entity.removesuffix(f".{TAG_GROUP}"), tables)
    return Tables({table.name: _swapped(table) for table in tables})


def role_of(entity: str) -> Role | None:
    """Give the role, in the config, of tables that describe the entities; None for tags, which no table describes."""
    return {OF_USERS: USERS, OF_ITEMS: ITEMS}.get(entity)


def _by_tag(name: str, tables: Tables) -> Tables:
    """Put tags in the place of items."""
    tags = tables[name].tags if name in tables.by_name else None
    if tags is None:
        raise DataError(f"there are no tags of '{name}' to tell which events are whose; give its table of items")
    kept = {}
    for table in tables:
        if table.role == EVENTS:
            rest = [column for column in table.frame.collect_schema().names() if column != ITEM]
            tagged = table.frame.join(tags.select(ITEM, TAG), on=ITEM, how="inner")
            kept[table.name] = table.with_frame(tagged.select(*rest, nw.col(TAG).alias(ITEM)))
        elif table.role == USERS:
            kept[table.name] = table
    return Tables(kept)


def _refuse_own_names(table: CheckedTable) -> None:
    for column in table.attributes:
        if column in {USER, ITEM, TITLE, TAG}:
            raise ConfigError(
                f"'tables.{table.name}.attributes' names {shown(column)}, which is a name of Coterie's own where items "
                "or tags are segmented; rename the column"
            )


def _swapped(table: CheckedTable) -> CheckedTable:
    tags = _categories(table) if table.role == USERS else table.tags
    return replace(
        table,
        role=_SWAPPED[table.role],
        frame=_exchanged(table.frame),
        tags=None if tags is None else _exchanged(tags),
        codes=None if table.codes is None else cache(lambda: events_of(table).turned()),
    )


def _exchanged(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    names = frame.collect_schema().names()
    return frame.select(*(nw.col(column).alias(_OTHER.get(column, column)) for column in names))


def _categories(table: CheckedTable) -> nw.LazyFrame[Any] | None:
    """Give one row a user and value of a category, under the name that the value has beside others: "gender F"."""
    columns = [column for column, kind in table.attributes.items() if kind == "category"]
    if not columns:
        return None
    rows = []
    for column in columns:
        value = nw.concat_str(nw.lit(f"{column.replace('_', ' ')} "), nw.col(column).cast(nw.String))
        rows.append(table.frame.filter(~nw.col(column).is_null()).select(USER, value.alias(TAG)))
    return rows[0] if len(rows) == 1 else nw.concat(rows, how="vertical")
