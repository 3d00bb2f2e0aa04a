"""Cleaning: whole users and items taken out by declared rules, each with its count.

The rules in order: ``drop_users`` takes out users by what is known of them, ``max_events_per_user`` those who do more
than a person does; then ``min_events_per_user`` and ``min_users_per_item`` take turns until both hold. Events are
counted over all tables of events together, since a user may watch in one table and rate in another; an item's users
likewise. Users without events stay in the tables of users, and items stay in the tables of items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from coterie.config import Clean
from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.tables import rules
from coterie.tables.census import Census, census
from coterie.tables.coded import Coded, Codes, Ids, Rows
from coterie.tables.filter import parse_filter
from coterie.tables.types import CheckedTable, RuleCount, Tables, events_of
from coterie.terms import EVENTS, USER, USERS, AttributeKind

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What one cleaning rule took out of one table.

    Args:
        table: its name. rule: its name.
        rows: taken out.
        users, items: that had rows in the table before the rule and have none after it.
    """

    table: str
    rule: str
    rows: int
    users: int
    items: int


@dataclass(frozen=True, slots=True)
class EventsCleaned:
    """A table of events before cleaning and after it; before, it has gone through the checks."""

    table: str
    before: Census
    after: Census


@dataclass(frozen=True, slots=True)
class CleaningAccount:
    """What cleaning did.

    Args:
        events: one entry a table of events. effects: of each rule that took something out, in the order they were
            applied; floors that took turns are told together.
    """

    events: tuple[EventsCleaned, ...]
    effects: tuple[RuleEffect, ...]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Tables after cleaning.

    Args:
        tables: what stays, at hand. counts: rows that each rule took out of each table.
        account: what that did to the events.
    """

    tables: Tables
    counts: tuple[RuleCount, ...]
    account: CleaningAccount


class _Taken:
    """What rules took out so far, by rule and table."""

    def __init__(self) -> None:
        self._effects: dict[tuple[str, str], RuleEffect] = {}

    def add(self, rule: str, table: str, *, rows: int, users: int, items: int = 0) -> None:
        before = self._effects.get((rule, table), RuleEffect(table, rule, 0, 0, 0))
        self._effects[rule, table] = RuleEffect(
            table, rule, before.rows + rows, before.users + users, before.items + items
        )

    @property
    def effects(self) -> tuple[RuleEffect, ...]:
        return tuple(effect for effect in self._effects.values() if effect.rows)


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
    taken = _Taken()
    before = {table.name: census(events_of(table)) for table in tables.events}
    by_name = dict(tables.by_name)
    if config.drop_users is not None:
        dropped = _users_to_drop(tables, config.drop_users)
        for name, table in by_name.items():
            if table.role in {EVENTS, USERS}:
                by_name[name] = _without(table, dropped, taken)
    if config.max_events_per_user is not None or config.min_events_per_user > 1 or config.min_users_per_item > 1:
        events = Tables(by_name).events
        kept = _core({table.name: events_of(table) for table in events}, config, taken) if events else {}
        for table in events:
            by_name[table.name] = CheckedTable.of_events(table.name, kept[table.name], table.attributes)
    _refuse_emptied(Tables(by_name), config, taken)
    counts = (RuleCount(of.table, of.rule, "", of.rows, counts_as_reject=False) for of in taken.effects)
    touched = {effect.table for effect in taken.effects}
    account = CleaningAccount(
        tuple(
            EventsCleaned(name, counted, census(events_of(by_name[name])) if name in touched else counted)
            for name, counted in before.items()
        ),
        taken.effects,
    )
    return Cleaned(Tables(by_name), tuple(counts), account)


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
    if table.role == EVENTS:
        coded = events_of(table)
        gone = np.isin(coded.users, np.array(local.collect(dropped)[USER].to_list(), np.str_))
        kept = coded.take(~gone[coded.user])
        users, items = (len(ids) - len(left) for ids, left in ((coded.users, kept.users), (coded.items, kept.items)))
        taken.add(rules.DROP_USERS, table.name, rows=coded.n_events - kept.n_events, users=users, items=items)
        return CheckedTable.of_events(table.name, kept, table.attributes)
    before = local.collect(table.frame.select(n=nw.len())).item()
    kept_rows = local.collect(table.frame.join(dropped, on=USER, how="anti"))
    taken.add(rules.DROP_USERS, table.name, rows=before - kept_rows.height, users=before - kept_rows.height)
    return replace(table, frame=local.lazy(kept_rows))


def _core(events: Mapping[str, Coded], config: Clean, taken: _Taken) -> dict[str, Coded]:
    """Give the events of the users and the items that stay.

    Taking out a user may bring an item below its floor and the other way round, so both floors are applied until
    neither takes anything out: the largest set for which both hold, whichever is applied first.
    """
    state = _State(events, taken)
    if config.max_events_per_user is not None:
        state.keep_users(state.per_user() <= config.max_events_per_user, rules.MAX_EVENTS)
    n_events = -1
    while n_events != (n_events := state.n_events):
        if config.min_events_per_user > 1:
            state.keep_users(state.per_user() >= config.min_events_per_user, rules.MIN_EVENTS)
        if config.min_users_per_item > 1:
            state.keep_items(state.users_per_item() >= config.min_users_per_item, rules.MIN_USERS)
    return {name: coded.take(state.kept[name]) for name, coded in events.items()}


class _State:
    """Events of several tables under the numbers that their users and items have in all of them together.

    Args:
        events: by table. taken: what rules took out is added here.
    """

    def __init__(self, events: Mapping[str, Coded], taken: _Taken) -> None:
        self._taken = taken
        self._users = np.unique(np.concatenate([coded.users for coded in events.values()]))
        self._items = np.unique(np.concatenate([coded.items for coded in events.values()]))
        self._user = {name: _places(self._users, coded.users)[coded.user] for name, coded in events.items()}
        self._item = {name: _places(self._items, coded.items)[coded.item] for name, coded in events.items()}
        self._first = _first_of_all(self._user, self._item, events, len(self._items))
        self.kept = {name: np.ones(coded.n_events, np.bool_) for name, coded in events.items()}
        self._left_of_user = {name: np.bincount(user, minlength=len(self._users)) for name, user in self._user.items()}
        self._left_of_item = {name: np.bincount(item, minlength=len(self._items)) for name, item in self._item.items()}

    @property
    def n_events(self) -> int:
        """Events that are left."""
        return sum(int(np.count_nonzero(kept)) for kept in self.kept.values())

    def per_user(self) -> Counts:
        """(n,) events that are left of each user."""
        return sum(self._left_of_user.values(), np.zeros(len(self._users), np.int64))

    def users_per_item(self) -> Counts:
        """(m,) users that are left of each item."""
        counts = np.zeros(len(self._items), np.int64)
        for name, kept in self.kept.items():
            counts += np.bincount(self._item[name][kept & self._first[name]], minlength=len(self._items))
        return counts

    def keep_users(self, stays: Rows, rule: str) -> None:
        self._keep(self._user, stays, rule)

    def keep_items(self, stays: Rows, rule: str) -> None:
        self._keep(self._item, stays, rule)

    def _keep(self, codes: Mapping[str, Codes], stays: Rows, rule: str) -> None:
        for name, kept in self.kept.items():
            left = kept & stays[codes[name]]
            gone = kept & ~left
            users = _emptied(self._left_of_user[name], self._user[name][gone])
            items = _emptied(self._left_of_item[name], self._item[name][gone])
            self._taken.add(rule, name, rows=int(np.count_nonzero(gone)), users=users, items=items)
            self.kept[name] = left


def _emptied(counts: Counts, gone: Codes) -> int:
    """Take what is gone off the counts, in place, and say how many of them that leaves with nothing."""
    taken = np.bincount(gone, minlength=len(counts))
    counts -= taken
    return int(np.count_nonzero((counts == 0) & (taken > 0)))


def _places(together: Ids, ids: Ids) -> Codes:
    return np.searchsorted(together, ids).astype(np.int32)


def _first_of_all(
    user: Mapping[str, Codes], item: Mapping[str, Codes], events: Mapping[str, Coded], n_items: int
) -> dict[str, Rows]:
    """Say of each event whether it is the first of its user and item in all tables.

    A rule takes out all events of a user or an item, so what is the first stays the first as long as it stays.
    """
    if len(events) == 1:
        return {name: coded.is_first for name, coded in events.items()}
    keys = np.concatenate([user[name].astype(np.int64) * n_items + item[name] for name in events])
    first = np.zeros(len(keys), np.bool_)
    first[np.unique(keys, return_index=True)[1]] = True
    cuts = np.cumsum([coded.n_events for coded in events.values()])[:-1]
    return dict(zip(events, np.split(first, cuts), strict=True))


def _refuse_emptied(tables: Tables, config: Clean, taken: _Taken) -> None:
    for table in tables.events:
        took = {effect.rule: effect.rows for effect in taken.effects if effect.table == table.name}
        if took and not events_of(table).n_events:
            said = ", ".join(f"{rule} = {getattr(config, rule)!r} took out {rows:,}" for rule, rows in took.items())
            raise DataError(f"cleaning leaves no event in table '{table.name}': {said}; loosen these rules in [clean]")
