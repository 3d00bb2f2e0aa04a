"""What the looks add up to: one record a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from coterie.config import Duplicates
from coterie.tables.inference.columns import ColumnLook, TimeLook
from coterie.tables.inference.look import FileLook
from coterie.terms import AttributeKind, Role

# The scales that people rate on, narrow ones first.
_SCALES: Final = ((-1.0, 1.0), (0.0, 1.0), (1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 7.0), (1.0, 10.0), (0.0, 10.0))
_MOST_GRADES: Final = 21  # 0 to 10 in halves


@dataclass(frozen=True, slots=True)
class TableGuess:
    """What one file is taken for.

    Args:
        name: of the table in the config. look: the file.
        role: events, users or items.
        user, item, value, title: columns. time: the time's column and how it is written.
        range: lowest and highest value.
        tag_column, tag_split: a text column to cut (a column of lists where tag_split is "").
        tag_columns: one-hot columns.
        attributes: kind by column. duplicates: of events; None for the other roles.
        keeps_unknown: events of users or items that no table describes are kept.
        unused: why a column is not used, by column.
        notes: what is uncertain, by key of the config; "" for the table as a whole.
        labels: proposed names by column, for files without a header.
    """

    name: str
    look: FileLook
    role: Role
    user: str | None = None
    item: str | None = None
    value: str | None = None
    time: tuple[str, TimeLook] | None = None
    range: tuple[float, float] | None = None
    title: str | None = None
    tag_column: str | None = None
    tag_split: str = ""
    tag_columns: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeKind] = field(default_factory=dict)
    duplicates: Duplicates | None = None
    keeps_unknown: bool = False
    unused: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, column: str) -> str:
        """Give the name under which the config speaks of a column."""
        return self.labels.get(column, column)

    @property
    def key(self) -> str:
        """The column that names what a users or items table describes."""
        return str(self.user if self.role == "users" else self.item)


def rating_scale(column: ColumnLook) -> tuple[float, float] | None:
    """Give the narrowest scale that people rate on and that holds all values seen; None if they are no ratings."""
    grades = column.grades
    if not column.is_numeric or not 2 <= len(grades) <= _MOST_GRADES or column.is_unique:
        return None
    is_whole = all(grade.is_integer() for grade in grades)
    doubled_is_whole = all((2 * grade).is_integer() for grade in grades)
    for low, high in _SCALES:
        fits = low <= grades[0] and grades[-1] <= high
        if fits and (is_whole or (doubled_is_whole and low != 1.0)):
            return low, high
    return None


def is_ratinglike(column: ColumnLook) -> bool:
    """Say whether a column without a name may be ratings: few whole or half grades that many rows share."""
    return rating_scale(column) is not None and column.n_values >= 2 * column.n_distinct
