"""What the columns beside the key of a users or items table are: title, tags, attributes, or nothing to use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from coterie.tables.inference import names
from coterie.tables.inference.columns import ColumnLook
from coterie.terms import FILE, ITEM, ROW, STATE, TAG, TITLE, USER, AttributeKind

ONE_HOT_FROM: Final = 3  # so many 0/1 columns in a row are tags
_MOST_CATEGORIES: Final = 60
_CATEGORY_SHARE: Final = 0.5  # differing values a row above which a text is rather a name
_AGES: Final = (3, 115)
_TITLE_LENGTH: Final = 6.0
_FLAGS: Final = frozenset({"0", "1", "true", "false", "True", "False"})
# Names that checked tables use themselves.
_TAKEN: Final = frozenset({USER, ITEM, TITLE, TAG, ROW, FILE})


@dataclass(frozen=True, slots=True)
class Described:
    """The columns of a users or items table beside its key.

    Args:
        title: the column of names for people. tag_column, tag_split, tag_columns: tags.
        attributes: kind by column. unused: reason by column. notes: what is uncertain, by key of the config.
        labels: proposed names by column, where columns have none.
    """

    title: str | None = None
    tag_column: str | None = None
    tag_split: str = ""
    tag_columns: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeKind] = field(default_factory=dict)
    unused: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def says_something(self) -> bool:
        """Anything is known beside the key."""
        return bool(self.title or self.tag_column or self.tag_columns or self.attributes)


def describe_users(columns: Sequence[ColumnLook], *, has_names: bool) -> Described:
    """Sort out the columns of a users table beside its key."""
    return _attributes(columns, Described(), has_names=has_names)


def describe_items(columns: Sequence[ColumnLook], *, has_names: bool) -> Described:
    """Sort out the columns of an items table beside its key."""
    found = Described()
    title = _title(columns, has_names=has_names)
    flags = one_hot(columns)
    splits = [column for column in columns if (column.split or column.kind == "list") and column.name != title]
    named = [column for column in columns if column.kind == "text" and names.words(column.name) & names.TAGS]
    notes: dict[str, str] = {}
    tag = None
    if flags:
        notes["tags"] = f"{len(flags)} columns of 0 and 1 side by side are taken for one-hot tags"
        if splits:
            notes["tags"] += f"; the tags in '{splits[0].name}' could be taken instead"
    elif splits or named:
        tag = next((column for column in splits if column in named), (splits or named)[0])
        if tag.kind != "list" and not tag.split:
            notes["tags"] = "no value seen holds more than one tag; 'split' says what would stand between two"
    taken = {title, *flags, tag.name if tag else None}
    found = _attributes([column for column in columns if column.name not in taken], found, has_names=has_names)
    labels = {**found.labels, **({title: "title"} if title and not has_names else {})}
    return Described(
        title,
        tag.name if tag else None,
        (tag.split or "|") if tag and tag.kind != "list" else "",
        flags,
        found.attributes,
        found.unused,
        {**found.notes, **notes},
        labels,
    )


def one_hot(columns: Sequence[ColumnLook]) -> tuple[str, ...]:
    """Give the longest run of neighbouring columns that hold only 0 and 1."""
    best: list[str] = []
    run: list[str] = []
    before = None
    for column in columns:
        is_flag = column.distinct <= _FLAGS and column.n_values == column.n_rows
        follows = before is not None and column.place == before + 1
        run = [*run, column.name] if is_flag and (follows or not run) else [column.name] if is_flag else []
        before = column.place
        best = max(best, run, key=len)
    return tuple(best) if len(best) >= ONE_HOT_FROM else ()


def person_signs(columns: Iterable[ColumnLook]) -> int:
    """Count the columns that look like what is known of people: gender, age, zip code."""
    return sum(_is_gender(column) + _is_age(column) + _is_zip(column) for column in columns)


def thing_signs(columns: Sequence[ColumnLook]) -> int:
    """Count what looks like what is known of things: titles, addresses, tags."""
    signs = sum(column.is_url + bool(column.split) for column in columns)
    return signs + bool(one_hot(columns)) + (_title(columns, has_names=False) is not None)


def _title(columns: Sequence[ColumnLook], *, has_names: bool) -> str | None:
    texts = [column for column in columns if column.kind == "text" and not column.is_url]
    if has_names:
        hinted = [column.name for column in texts if names.words(column.name) & names.TITLE]
        return hinted[0] if hinted else None
    for column in texts:
        if column.n_distinct >= 0.9 * column.n_values and column.mean_length >= _TITLE_LENGTH and not _is_zip(column):
            return column.name
    return None


def _attributes(columns: Sequence[ColumnLook], found: Described, *, has_names: bool) -> Described:
    attributes: dict[str, AttributeKind] = {}
    unused: dict[str, str] = {}
    labels: dict[str, str] = {}
    notes: list[str] = []
    for column in columns:
        kind, reason = _kind(column, has_names=has_names)
        if column.name in _TAKEN:
            kind, reason = None, "a name of Coterie's own; rename the column to use it"
        elif kind == "us_zip" and "us_zip" in attributes.values():
            kind, reason = None, "a second zip code"
        if kind is None:
            unused[column.name] = reason
            continue
        attributes[column.name] = kind
        label = None if has_names else _label(column)
        if label is not None and label not in labels.values():
            labels[column.name] = label
            notes.append(f"'{label}' is so called by its values")
    if STATE in attributes and "us_zip" in attributes.values():
        del attributes[STATE]
        unused[STATE] = "it is derived from the zip code"
    if any(column.kind == "flag" for column in columns):
        notes.append("columns of 0 and 1 are categories")
    all_notes = {**found.notes, **({"attributes": "; ".join(notes)} if notes else {})}
    return Described(attributes=attributes, unused=unused, notes=all_notes, labels=labels)


def _kind(column: ColumnLook, *, has_names: bool) -> tuple[AttributeKind | None, str]:
    hints = names.words(column.name) if has_names else frozenset()
    if column.kind in {"empty", "list", "other"}:
        return None, "no values" if column.kind == "empty" else "lists, records or bytes"
    if column.kind == "time" or (column.time is not None and (hints & names.TIME or column.time.unit)):
        return None, "a date or time"
    if hints & names.ZIP or (not has_names and _is_zip(column)):
        return ("us_zip", "") if column.us_zip_share >= 0.5 else (None, "postal codes, but not US ones")
    if column.n_distinct == 1:
        return None, "the same value in all rows"
    if column.kind == "flag":
        return "category", ""
    if column.is_numeric:
        is_nameless = not has_names and not _is_age(column)
        is_number_of_row = column.is_unique and column.is_whole and (is_nameless or bool(hints & names.ID))
        return (None, "a number of its own a row") if is_number_of_row else ("number", "")
    if column.is_url:
        return None, "web addresses"
    if column.n_distinct <= _MOST_CATEGORIES and column.n_distinct <= max(3, _CATEGORY_SHARE * column.n_values):
        return "category", ""
    return None, f"{column.n_distinct:,} different texts in {column.n_values:,} rows"


def _label(column: ColumnLook) -> str | None:
    if _is_gender(column):
        return "gender"
    if _is_zip(column):
        return "zip"
    return "age" if _is_age(column) else None


def _is_gender(column: ColumnLook) -> bool:
    values = {value.lower() for value in column.distinct}
    return column.kind == "text" and bool(values & {"m", "male"}) and values <= names.GENDERS


def _is_age(column: ColumnLook) -> bool:
    return column.kind == "integer" and _AGES[0] <= column.low < 40 < column.high <= _AGES[1] and column.n_distinct > 5


def _is_zip(column: ColumnLook) -> bool:
    return column.us_zip_share >= 0.9 and column.n_distinct > 1
