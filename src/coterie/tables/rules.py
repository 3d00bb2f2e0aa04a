"""The names of what checks and cleaning do to rows, and how they are counted.

A rule's name is the text of ``_reason`` in the rejects and of ``RuleCount.rule`` in the report; it never holds a value,
so that equal faults count together. The offending value stands in the row itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import narwhals.stable.v2 as nw

from coterie.engines import local
from coterie.errors import SHOWN_CHARACTERS
from coterie.tables.types import RuleCount
from coterie.terms import COLUMN, REASON

# Faults of one cell.
NULL_KEY: Final = "null key"
NOT_AN_ID: Final = "not an id"
NEGATIVE_ID: Final = "negative id"
MISSING: Final = "missing"
NOT_A_NUMBER: Final = "not a number"
NOT_FINITE: Final = "not finite"
OUT_OF_RANGE: Final = "out of range"
NOT_A_DATE: Final = "not a date"
FUTURE_DATE: Final = "future date"
NOT_A_FLAG: Final = "not a flag"
NOT_TRAITS: Final = "not traits"

# Faults of a row among others.
UNKNOWN_USER: Final = "unknown user"
UNKNOWN_ITEM: Final = "unknown item"
DUPLICATE: Final = "duplicate"
CONFLICT: Final = "conflicting duplicate"

# What a declared policy takes out; no fault of the rows.
SUPERSEDED: Final = "superseded"  # another row of the same user and item was to be kept
MERGED: Final = "merged"  # its value went into the mean or sum of the user and item
REPEATED: Final = "repeated row"  # says of a user or item nothing that another row does not say, but for tags
OUTSIDE: Final = "outside the window"
KEPT_OUT: Final = "kept out"  # of users who were forgotten and are not to come back
DROP_USERS: Final = "drop_users"
MAX_EVENTS: Final = "max_events_per_user"
MIN_EVENTS: Final = "min_events_per_user"
MIN_USERS: Final = "min_users_per_item"

# Endings of the rules that take no row out.
BLANKED: Final = ", cell blanked"
KEPT: Final = ", kept"

_DECLARED: Final = frozenset(
    {SUPERSEDED, MERGED, REPEATED, OUTSIDE, KEPT_OUT, DROP_USERS, MAX_EVENTS, MIN_EVENTS, MIN_USERS}
)


def takes_rows_out(rule: str) -> bool:
    """Say whether a rule removes the rows that it counts; the others blank a cell or only count."""
    return not rule.endswith((BLANKED, KEPT))


def counts_as_reject(rule: str) -> bool:
    """Say whether a rule's rows count towards ``max_reject_share``."""
    return takes_rows_out(rule) and rule not in _DECLARED


def rejected_rows(counts: Iterable[RuleCount], table: str) -> int:
    """Count a table's rows that were refused."""
    return sum(count.rows for count in counts if count.table == table and count.counts_as_reject)


def cleaned_rows(counts: Iterable[RuleCount], table: str) -> int:
    """Count a table's rows that a declared policy or cleaning rule took out."""
    return sum(
        count.rows
        for count in counts
        if count.table == table and takes_rows_out(count.rule) and not count.counts_as_reject
    )


def tally(table: str, rejects: nw.LazyFrame[Any], keys: tuple[str, ...]) -> tuple[RuleCount, ...]:
    """Count a table's rejects by column and rule, most frequent first.

    Args:
        table: its name in the config.
        rejects: the source's columns, ``_column`` and ``_reason``.
        keys: the source's key columns; what they hold is the example where a fault is of the whole row.
    """
    groups = local.collect(rejects.group_by(COLUMN, REASON).agg(rows=nw.len())).sort(
        "rows", COLUMN, REASON, descending=[True, False, False]
    )
    counts = []
    for column, rule, rows in groups.iter_rows():
        cells = nw.concat_str([nw.col(key).cast(nw.String) for key in ([column] if column else keys)], separator=" / ")
        of_group = rejects.filter((nw.col(COLUMN) == column) & (nw.col(REASON) == rule))
        example = local.collect(of_group.select(example=cells.min())).item()
        counts.append(RuleCount(table, rule, column, rows, counts_as_reject(rule), shorten(example)))
    return tuple(counts)


def shorten(example: str | None) -> str:
    """Give an example on one line that a report has room for; nothing for a blank one."""
    text = " ".join((example or "").split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."
