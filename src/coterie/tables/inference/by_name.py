"""Tables whose columns have names: the names say what they are, the values confirm it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coterie.errors import shown
from coterie.tables.inference import names
from coterie.tables.inference.attributes import describe_items, describe_users
from coterie.tables.inference.columns import ColumnLook
from coterie.tables.inference.events import guess_events
from coterie.tables.inference.guesses import TableGuess
from coterie.tables.inference.look import FileLook
from coterie.tables.inference.look import NoTableError as NoTable
from coterie.terms import ITEMS, USERS

_LISTED: Final = 6


def guess_by_name(name: str, look: FileLook) -> TableGuess | None:
    """Give what a file's names make of it; None if they say nothing.

    Raises:
        NoTableError: the names say what it is, and that it is of no use here.
    """
    user = key_column(look, names.USER)
    item = key_column(look, names.ITEM, besides=user)
    is_about_users = user is not None and user.is_unique
    if user is None and item is None:
        return None
    if user is not None and not is_about_users:
        return _events(name, look, user, item)
    if user is not None and (item is None or not _has_event_columns(look, user, item)):
        found = describe_users(_besides(look, user), has_names=True)
        return TableGuess(
            name, look, USERS, user=user.name, attributes=found.attributes, unused=found.unused, notes=found.notes
        )
    if user is not None:
        return _events(name, look, user, item)
    assert item is not None
    return guess_items(name, look, item)


def guess_items(name: str, look: FileLook, item: ColumnLook) -> TableGuess:
    """Give an items table with its title, tags and attributes.

    Raises:
        NoTableError: nothing in it describes items.
    """
    found = describe_items(_besides(look, item), has_names=look.has_names)
    notes = dict(found.notes)
    if not found.says_something:
        raise NoTable(f"it has items in {shown(item.name)}, but neither users nor anything that describes items")
    if not item.is_unique:
        if not found.tag_column:
            raise NoTable(f"its items in {shown(item.name)} stand in several rows, and it has no users")
        notes["item"] = "an item stands in several rows; their tags are put together"
    return TableGuess(
        name,
        look,
        ITEMS,
        item=item.name,
        title=found.title,
        tag_column=found.tag_column,
        tag_split=found.tag_split,
        tag_columns=found.tag_columns,
        attributes=found.attributes,
        unused=found.unused,
        notes=notes,
        labels=found.labels,
    )


def key_column(look: FileLook, meaning: frozenset[str], *, besides: ColumnLook | None = None) -> ColumnLook | None:
    """Give the column that names users or items: by its own name, or ``id`` by the file's.

    Args:
        look: the file. meaning: ``names.USER`` or ``names.ITEM``.
        besides: the users of a table of events, of which the items are asked; several rows then share an item.
    """
    rest = [column for column in look.columns if column is not besides and column.can_be_key]
    scored = [(names.is_key(column.name, meaning), column) for column in rest]
    best = max((score for score, _ in scored), default=0)
    found = [column for score, column in scored if score == best and score > 0]
    if besides is not None:
        return min(found, key=lambda column: (_is_hardly_shared(column), not _is_id(column)), default=None)
    by_file = [
        column
        for column in rest
        if names.words(look.path.stem) & meaning and column.is_unique and names.words(column.name) == {"id"}
    ]
    if by_file and not any(column.is_unique and _is_id(column) for column in found):
        return by_file[0]
    if meaning is names.USER:  # events have users too, who are not unique there
        return min(found, key=lambda column: (not _is_id(column), column.n_distinct < 2), default=None)
    return min(found, key=lambda column: (not column.is_unique, not _is_id(column)), default=None)


def _events(name: str, look: FileLook, user: ColumnLook, item: ColumnLook | None) -> TableGuess:
    notes: dict[str, str] = {}
    if item is None:
        item, notes["item"] = _stand_in(look, user)
    elif others := _other_items(look, user, item):
        notes["item"] = f"it could also be {', '.join(others)}"
    return guess_events(name, look, (user, item), notes, by_name=True)


def _stand_in(look: FileLook, user: ColumnLook) -> tuple[ColumnLook, str]:
    """Give what users do something with where no column is named like a thing."""
    rest = [column for column in look.columns if column is not user and column.can_be_key]
    topics = [column for column in rest if names.words(column.name) & names.TOPIC]
    texts = [column for column in rest if column.kind == "text" and 1 < column.n_distinct < column.n_values]
    found = topics or texts
    if not found:
        raise NoTable(f"it has users in {shown(user.name)}, several rows each, but no column that could be items")
    why = "no column is named like an item; this is what else users have in common"
    others = [f"'{column.name}'" for column in texts if column is not found[0]][:_LISTED]
    return found[0], why + (f", as they have {', '.join(others)}" if others else "")


def _other_items(look: FileLook, user: ColumnLook, item: ColumnLook) -> list[str]:
    return [
        f"'{column.name}'"
        for column in look.columns
        if column not in (user, item)
        and column.can_be_key
        and names.is_key(column.name, names.ITEM | names.TOPIC)
        and column.n_distinct > 1
    ][:_LISTED]


def _has_event_columns(look: FileLook, user: ColumnLook, item: ColumnLook) -> bool:
    """Say whether a table in which each user seen stands once has a time or a value, and nothing personal."""
    hints = [names.words(column.name) for column in look.columns if column not in (user, item)]
    is_personal = any(found & (names.PERSONAL | names.ZIP) for found in hints)
    return not is_personal and (not hints or any(found & (names.TIME | names.RATING | names.COUNT) for found in hints))


def _is_id(column: ColumnLook) -> bool:
    return bool(names.words(column.name) & names.ID)


def _is_hardly_shared(column: ColumnLook) -> bool:
    return column.n_distinct < 2 or column.n_distinct > 0.5 * column.n_values


def _besides(look: FileLook, key: ColumnLook) -> Sequence[ColumnLook]:
    return [column for column in look.columns if column is not key]
