"""Cleaning: whole users and items taken out by declared rules, each with its count.

The rules in order: ``drop_users`` takes out users by what is known of them, ``max_events_per_user`` those who do more
than a person does; then ``min_events_per_user`` and ``min_users_per_item`` take turns until both hold. Events are
counted over all tables of events together, since a user may watch in one table and rate in another; an item's users
likewise. Users without events stay in the tables of users, and items stay in the tables of items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import narwhals.stable.v2 as nw

from coterie.config import Clean
from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.tables import rules
from coterie.tables.filter import parse_filter
from coterie.tables.types import CheckedTable, RuleCount, Tables
from coterie.terms import EVENTS, ITEM, USER, USERS, AttributeKind

_TABLE: Final = "table"
_ROWS: Final = "rows"
_Taken = Counter[tuple[str, str]]  # rows taken out by (rule, table)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Tables after cleaning.

    Args:
        tables: what stays, at hand. counts: rows that each rule took out of each table.
    """

    tables: Tables
    counts: tuple[RuleCount, ...]


def filtered_table(kinds: Mapping[str, Mapping[str, AttributeKind]], condition: str) -> str:
    """Give the table of users that has all columns of a ``drop_users`` condition.

    Args:
        kinds: attributes' kinds by table of users, in the order of the config.
        condition: the condition; see ``coterie.tables.filter``.

    Raises:
        ConfigError: there is no table of users, none has all of the columns, or the condition is not understood.
    """
    if not kinds:
        raise ConfigError(
            "'clean.drop_users' is a condition on what is known of users; it needs a table of role 'users'"
        )
    everything = {column: kind for attributes in kinds.values() for column, kind in attributes.items()}
    parse_filter(condition, {USER: "text", **everything})
    for name, attributes in kinds.items():
        if _reads(condition, attributes):
            return name
    raise ConfigError("'clean.drop_users' names columns of several tables; expected columns of one table of users")


def clean(tables: Tables, config: Clean) -> Cleaned:
    """Take out users and items by the declared rules.

    Args:
        tables: checked tables, at hand. config: ``[clean]``.

    Raises:
        ConfigError: ``drop_users`` is not understood.
        DataError: no event is left in a table that had some; names the rules and what they took out.
    """
    taken: _Taken = Counter()
    by_name = dict(tables.by_name)
    if config.drop_users is not None:
        dropped = _users_to_drop(tables, config.drop_users)
        for name, table in by_name.items():
            if table.role in {EVENTS, USERS}:
                by_name[name] = _without(table, dropped, taken)
    if config.max_events_per_user is not None or config.min_events_per_user > 1 or config.min_users_per_item > 1:
        events = Tables(by_name).events
        users, items = _core(events, config, taken)
        for table in events:
            kept = table.frame.join(users, on=USER, how="semi").join(items, on=ITEM, how="semi")
            by_name[table.name] = replace(table, frame=local.lazy(local.collect(kept)))
    _refuse_emptied(Tables(by_name), config, taken)
    counts = (RuleCount(table, rule, "", rows, counts_as_reject=False) for (rule, table), rows in taken.items() if rows)
    return Cleaned(Tables(by_name), tuple(counts))


def _reads(condition: str, attributes: Mapping[str, AttributeKind]) -> bool:
    try:
        parse_filter(condition, {USER: "text", **attributes})
    except ConfigError:
        return False
    return True


def _users_to_drop(tables: Tables, condition: str) -> nw.LazyFrame[Any]:
    table = tables[filtered_table({table.name: table.attributes for table in tables.users}, condition)]
    is_dropped = parse_filter(condition, {USER: "text", **table.attributes})
    return local.lazy(local.collect(table.frame.filter(is_dropped).select(USER)))


def _without(table: CheckedTable, dropped: nw.LazyFrame[Any], taken: _Taken) -> CheckedTable:
    before = local.collect(table.frame.select(n=nw.len())).item()
    kept = local.collect(table.frame.join(dropped, on=USER, how="anti"))
    taken[rules.DROP_USERS, table.name] += before - kept.height
    return replace(table, frame=local.lazy(kept))


def _core(
    events: tuple[CheckedTable, ...], config: Clean, taken: _Taken
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    """Give the users and the items that stay.

    Taking out a user may bring an item below its floor and the other way round, so both floors are applied until
    neither takes anything out: the largest set for which both hold, whichever is applied first.
    """
    pairs = _pairs(events)
    if config.max_events_per_user is not None:
        active = _per_user(pairs).filter(nw.col(_ROWS) <= config.max_events_per_user)
        pairs = _only(pairs, active, USER, rules.MAX_EVENTS, taken)
    n_pairs = -1
    while n_pairs != (n_pairs := local.collect(pairs.select(n=nw.len())).item()):
        if config.min_events_per_user > 1:
            users = _per_user(pairs).filter(nw.col(_ROWS) >= config.min_events_per_user)
            pairs = _only(pairs, users, USER, rules.MIN_EVENTS, taken)
        if config.min_users_per_item > 1:
            items = pairs.group_by(ITEM).agg(nw.col(USER).n_unique().alias(_ROWS))
            items = items.filter(nw.col(_ROWS) >= config.min_users_per_item)
            pairs = _only(pairs, items, ITEM, rules.MIN_USERS, taken)
    return pairs.select(USER).unique(), pairs.select(ITEM).unique()


def _pairs(events: tuple[CheckedTable, ...]) -> nw.LazyFrame[Any]:
    """Count the rows of each user and item in each table."""
    counted = [
        table.frame.group_by(USER, ITEM)
        .agg(nw.len().cast(nw.Int64).alias(_ROWS))
        .with_columns(nw.lit(table.name).alias(_TABLE))
        for table in events
    ]
    return local.lazy(local.collect(nw.concat(counted, how="vertical")))


def _per_user(pairs: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return pairs.group_by(USER).agg(nw.col(_ROWS).sum())


def _only(pairs: nw.LazyFrame[Any], keys: nw.LazyFrame[Any], key: str, rule: str, taken: _Taken) -> nw.LazyFrame[Any]:
    """Leave the pairs of some users or items, and note how many events went with the others."""
    keys = keys.select(key)
    gone = pairs.join(keys, on=key, how="anti").group_by(_TABLE).agg(nw.col(_ROWS).sum())
    kept, lost = local.collect_all([pairs.join(keys, on=key, how="semi"), gone.select(_TABLE, _ROWS)])
    for table, rows in lost.iter_rows():
        taken[rule, table] += rows
    return local.lazy(kept)


def _refuse_emptied(tables: Tables, config: Clean, taken: _Taken) -> None:
    for table in tables.events:
        took = {rule: rows for (rule, name), rows in taken.items() if name == table.name and rows}
        if took and not local.collect(table.frame.head(1)).height:
            said = ", ".join(f"{rule} = {getattr(config, rule)!r} took out {rows:,}" for rule, rows in took.items())
            raise DataError(f"cleaning leaves no event in table '{table.name}': {said}; loosen these rules in [clean]")
