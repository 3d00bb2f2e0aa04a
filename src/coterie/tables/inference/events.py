"""The columns of an events table beside user and item: value, its range, time, and what to do with duplicates."""

from __future__ import annotations

from typing import Final

from coterie.config import Duplicates
from coterie.tables.inference import names
from coterie.tables.inference.columns import ColumnLook, TimeLook
from coterie.tables.inference.guesses import TableGuess, is_ratinglike, rating_scale
from coterie.tables.inference.look import FileLook
from coterie.terms import EVENTS

_VALUE_HINTS: Final = (names.RATING, names.COUNT, names.MONEY)


def guess_events(
    name: str, look: FileLook, pair: tuple[ColumnLook, ColumnLook], notes: dict[str, str], *, by_name: bool
) -> TableGuess:
    """Give an events table whose user and item are known.

    Args:
        name: the table's. look: the file. pair: its columns of users and of items.
        notes: what is uncertain about these, by key of the config.
        by_name: the other columns are told by their names, else by their values.
    """
    user, item = pair
    rest = [column for column in look.columns if column not in (user, item)]
    time = _time(rest, notes, by_name=by_name)
    rest = [column for column in rest if column is not time]
    value = _value(rest, notes, by_name=by_name)
    is_amount = value is not None and bool(names.words(value.name) & (names.COUNT | names.MONEY))
    scale = rating_scale(value) if value is not None and not is_amount else None
    guess = TableGuess(
        name,
        look,
        EVENTS,
        user=user.name,
        item=item.name,
        value=value.name if value else None,
        time=(time.name, time.time or TimeLook()) if time else None,
        range=scale,
        duplicates=_duplicates(look, pair, value, has_time=time is not None, notes=notes),
        unused={column.name: "" for column in rest if column is not value},
        notes=notes,
    )
    if scale is not None:
        notes["range"] = "the scale that holds all values seen; a value outside is rejected"
    return guess


def _time(rest: list[ColumnLook], notes: dict[str, str], *, by_name: bool) -> ColumnLook | None:
    timely = [column for column in rest if column.time is not None]
    hinted = [column for column in timely if names.words(column.name) & names.TIME]
    written = [column for column in timely if column.kind == "time"]
    found = hinted or written or ([] if by_name else timely)
    if not found:
        hints = [column for column in rest if names.words(column.name) & names.TIME and column.kind == "text"]
        if hints:
            notes["time"] = f"'{hints[0].name}' sounds like a time, but how it is written is not known here"
        return None
    time = found[0]
    if time.time and time.time.also:
        notes["time"] = f"the values seen fit '{time.time.also}' just as well"
    elif not by_name:
        notes["time"] = "by its values, which would be times since 1990"
    elif len(found) > 1:
        notes["time"] = f"it could also be {', '.join(repr(column.name) for column in found[1:4])}"
    return time


def _value(rest: list[ColumnLook], notes: dict[str, str], *, by_name: bool) -> ColumnLook | None:
    numbers = [column for column in rest if column.is_numeric]
    if not by_name:
        found = next((column for column in numbers if is_ratinglike(column)), None)
        if found is not None:
            notes["value"] = f"by its values: {found.n_distinct} different numbers, taken for ratings"
        return found
    for meaning in _VALUE_HINTS:
        for column in numbers:
            hints = names.words(column.name)
            if hints & meaning and not names.is_key(column.name, names.USER | names.ITEM):
                return column
    others = [f"'{column.name}'" for column in numbers if not names.words(column.name) & names.ID][:3]
    if others:
        notes["value"] = f"no column is named like a value, so an event counts as one; it could be {', '.join(others)}"
    return None


def _duplicates(
    look: FileLook,
    pair: tuple[ColumnLook, ColumnLook],
    value: ColumnLook | None,
    *,
    has_time: bool,
    notes: dict[str, str],
) -> Duplicates | None:
    if value is not None and names.words(value.name) & (names.COUNT | names.MONEY):
        notes["duplicates"] = "several events of one user and item are added up; 'last' would keep the latest value"
        return "sum"
    if has_time:
        notes["duplicates"] = "of several events of one user and item the latest counts"
        return "last"
    if value is not None:
        notes["duplicates"] = "of several events of one user and item the largest value counts; there is no time"
        return "max"
    if look.rows.select(column.name for column in pair).is_duplicated().any():
        notes["duplicates"] = "users have several events with one item, and nothing tells them apart"
        return "keep"
    return "reject"
