"""Tables whose columns have no names, or none that says anything: what the values and the other files make of them.

A table in which one column has a value of its own in each row describes users or items; one whose columns share their
values with two such columns holds events. Which of the two are users is told by what is known of people and of things,
by the file's name, or else by the habit to write the user first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from coterie.errors import shown
from coterie.tables.inference import names
from coterie.tables.inference.attributes import describe_users, person_signs, thing_signs
from coterie.tables.inference.by_name import guess_items
from coterie.tables.inference.columns import ColumnLook
from coterie.tables.inference.events import guess_events
from coterie.tables.inference.guesses import TableGuess, is_ratinglike
from coterie.tables.inference.look import FileLook, NoTableError
from coterie.terms import ITEM, ITEMS, USER, USERS, Role

_SAME_KEYS: Final = 0.2  # Jaccard similarity of two sets of ids from which they may be the same ids
_LABELS: Final = {"user": USER, "item": ITEM, "value": "rating", "time": "timestamp"}


@dataclass(frozen=True, slots=True)
class Keyed:
    """A table that describes something: which column is its key, and of what, where that is known."""

    name: str
    look: FileLook
    key: ColumnLook
    role: Role | None
    why: str


def keyed(name: str, look: FileLook) -> Keyed | None:
    """Give the key of a table that describes users or items; None if no column is unique."""
    key = next((column for column in look.columns if column.is_unique and _could_be_key(column)), None)
    if key is None:
        return None
    rest = [column for column in look.columns if column is not key]
    hints = names.words(look.path.name)
    if bool(hints & names.USER) != bool(hints & names.ITEM):
        return Keyed(name, look, key, USERS if hints & names.USER else ITEMS, "by the file's name")
    persons, things = person_signs(rest), thing_signs(rest)
    if persons != things:
        role, what = (USERS, "what is known of people") if persons > things else (ITEMS, "what is known of things")
        return Keyed(name, look, key, role, f"it holds {what}")
    return Keyed(name, look, key, None, "")


def paired(look: FileLook) -> list[ColumnLook]:
    """Give the columns that could be users and items of events: values that rows share; none if there are not two."""
    shared = [column for column in look.columns if _could_be_key(column) and not column.is_unique]
    return shared if len(shared) > 1 else []


def guess_keyed(table: Keyed) -> TableGuess:
    """Give the users or items table.

    Raises:
        NoTableError: what it describes is not known, or nothing in it describes it.
    """
    if table.role is None:
        raise NoTableError(
            f"each row has its own {shown(table.key.name)}, but nothing tells whether these are users or items"
        )
    if table.role == ITEMS:
        guess = guess_items(table.name, table.look, table.key)
    else:
        rest = [column for column in table.look.columns if column is not table.key]
        found = describe_users(rest, has_names=table.look.has_names)
        guess = TableGuess(
            table.name,
            table.look,
            USERS,
            user=table.key.name,
            attributes=found.attributes,
            unused=found.unused,
            notes=found.notes,
            labels=found.labels,
        )
    labels = {} if table.look.has_names else {table.key.name: USER if table.role == USERS else ITEM, **guess.labels}
    return replace(guess, labels=labels, notes={**guess.notes, "role": table.why})


def guess_pairs(name: str, look: FileLook, others: Sequence[tuple[Role | None, ColumnLook]]) -> TableGuess:
    """Give the events table.

    Args:
        name: the table's. look: the file.
        others: role and key column of the tables that describe something.

    Raises:
        NoTableError: no two columns could be users and items.
    """
    could_be = paired(look) or [column for column in look.columns if _could_be_key(column)]
    if len(could_be) < 2:
        raise NoTableError("no two of its columns could be users and items")
    user, item, why = _assigned(could_be, others)
    guess = guess_events(name, look, (user, item), {"user": why, "item": why}, by_name=False)
    if look.has_names:
        return guess
    columns = {"user": guess.user, "item": guess.item, "value": guess.value, "time": guess.time and guess.time[0]}
    return replace(guess, labels={column: _LABELS[key] for key, column in columns.items() if column is not None})


def resolved(table: Keyed, events: Iterable[TableGuess]) -> Keyed:
    """Say what a table describes by the column of events that has its keys."""
    if table.role is not None:
        return table
    best: tuple[float, Role, str] = (_SAME_KEYS, USERS, "")
    for guess in events:
        for role, column in ((USERS, guess.user), (ITEMS, guess.item)):
            likeness = _likeness(table.key, guess.look.column(str(column)))
            if likeness > best[0]:
                best = (likeness, role, guess.name)
    return replace(table, role=best[1], why=f"its keys are those in '{best[2]}'") if best[2] else table


def _could_be_key(column: ColumnLook) -> bool:
    return column.can_be_key and column.time is None and column.n_distinct > 1 and not is_ratinglike(column)


def _assigned(
    could_be: Sequence[ColumnLook], others: Sequence[tuple[Role | None, ColumnLook]]
) -> tuple[ColumnLook, ColumnLook, str]:
    """Give user and item: the pair of columns whose values are most like the keys of the other tables."""
    best, best_score = (could_be[0], could_be[1]), 0.0
    for user in could_be:
        for item in could_be:
            if user is item:
                continue
            score = _best_likeness(user, USERS, others) + _best_likeness(item, ITEMS, others)
            if score > best_score:
                best, best_score = (user, item), score
    why = (
        "by its values, which other files describe" if best_score else "by the habit to write the user before the item"
    )
    return (*best, why)


def _best_likeness(column: ColumnLook, role: Role, others: Sequence[tuple[Role | None, ColumnLook]]) -> float:
    likenesses = [_likeness(column, key) for its_role, key in others if its_role == role]
    best = max(likenesses, default=0.0)
    return best if best >= _SAME_KEYS else 0.0


def _likeness(one: ColumnLook, other: ColumnLook) -> float:
    union = len(one.distinct | other.distinct)
    return len(one.distinct & other.distinct) / union if union else 0.0
