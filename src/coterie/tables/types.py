"""What flows out of the tables step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals.stable.v2 as nw

from coterie.errors import UnknownNameError
from coterie.tables.coded import Coded, Later, encoded
from coterie.terms import EVENTS, ITEMS, USERS, AttributeKind, Role


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What one check or cleaning rule did to one table.

    Args:
        table: the table's name in the config.
        rule: for example "null key", "not a number", "out of range", "duplicate", "min_events_per_user".
        column: the source's column, or "".
        rows: rows it took out (or changed, for rules that only blank a cell).
        counts_as_reject: whether the rows count towards ``max_reject_share``; what a declared policy or cleaning rule
            takes out does not.
        example: one offending value as text, shortened, or "".
    """

    table: str
    rule: str
    column: str
    rows: int
    counts_as_reject: bool
    example: str = ""


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """One table with canonical columns.

    Args:
        name: its name in the config.
        role: events, users or items.
        frame: events: user_id, item_id and, where the config names them, value, time_s and attributes; users: user_id
            and attributes; items: item_id, title (where named) and attributes. Ids are text; numbers are float64; a
            missing attribute is null; a ``us_zip`` attribute adds a ``state`` column.
        attributes: kind per attribute column of the frame; ``state`` is there as a category.
        tags: item_id, tag: one row a pair, for items that have tags; else None.
        codes: gives the rows of events with numbers for ids, where they were numbered already; see ``events_of``.
    """

    name: str
    role: Role
    frame: nw.LazyFrame[Any]
    attributes: Mapping[str, AttributeKind] = field(default_factory=dict)
    tags: nw.LazyFrame[Any] | None = None
    codes: Later | None = field(default=None, compare=False)

    @classmethod
    def of_events(cls, name: str, coded: Coded, attributes: Mapping[str, AttributeKind]) -> CheckedTable:
        """Give a table of events that are numbered already."""
        return cls(name, EVENTS, coded.frame(), attributes, codes=lambda: coded)

    def with_frame(self, frame: nw.LazyFrame[Any]) -> CheckedTable:
        """Give the table with other rows."""
        return replace(self, frame=frame, codes=None)


def events_of(table: CheckedTable) -> Coded:
    """Give all events of a table with numbers for ids; reads and numbers them where that was not done before.

    Raises:
        DataError: an id is missing.
    """
    return table.codes() if table.codes is not None else encoded(table.frame)


@dataclass(frozen=True, slots=True)
class Tables:
    """All checked and cleaned tables of a project, by name."""

    by_name: Mapping[str, CheckedTable]

    def __getitem__(self, name: str) -> CheckedTable:
        if name not in self.by_name:
            raise UnknownNameError("table", name, self.by_name)
        return self.by_name[name]

    def __iter__(self) -> Iterator[CheckedTable]:
        return iter(self.by_name.values())

    def of_role(self, role: Role) -> tuple[CheckedTable, ...]:
        """Give the tables of one role, in the order of the config."""
        return tuple(table for table in self if table.role == role)

    @property
    def events(self) -> tuple[CheckedTable, ...]:
        """Tables of events."""
        return self.of_role(EVENTS)

    @property
    def users(self) -> tuple[CheckedTable, ...]:
        """Tables that describe users."""
        return self.of_role(USERS)

    @property
    def items(self) -> tuple[CheckedTable, ...]:
        """Tables that describe items."""
        return self.of_role(ITEMS)
