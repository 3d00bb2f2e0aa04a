"""What is measured of a user's sessions: which numbers and categories, in which forms, with the fit's vocabulary.

A plan is all that a user's raw measures depend on; it is made once, from the sessions of the fit, and frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from coterie import records
from coterie.features.preparation import MISSING, OTHER
from coterie.terms import ITEM

ITEM_CATEGORY: Final = "item"  # the word by which an option names the item itself

Form = Literal["count", "share", "sum", "mean"]
Transitions = Literal["none", "steps", "summary"]
Clock = Literal["hour", "weekday"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One category as the fit knew it.

    Args:
        name: the attribute, or "item". column: its column in the table.
        kept: categories with columns of their own: the most frequent ones sorted, then "other" and "missing" where the
            fit had them. steps: the most frequent (from, to) pairs, sorted; empty where steps are not measured.
    """

    name: str
    column: str
    kept: tuple[str, ...]
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Args:
        numbers: columns of numbers. categories: what they and the counts are split by. forms: see ``Sessions``.
        entropy, transitions, clock, utc_offset_h, log: see ``Sessions``.
    """

    numbers: tuple[str, ...]
    categories: tuple[Vocabulary, ...]
    forms: tuple[Form, ...]
    entropy: bool
    transitions: Transitions
    clock: tuple[Clock, ...]
    utc_offset_h: float
    log: bool

    @property
    def needs_time(self) -> bool:
        """Whether times are read."""
        return bool(self.clock) or self.transitions != "none"

    @property
    def columns_read(self) -> tuple[str, ...]:
        """Columns of the table beside those that every table of events has."""
        categories = [category.column for category in self.categories if category.column != ITEM]
        return (*self.numbers, *categories)

    def to_json(self) -> dict[str, Any]:
        """Give the plan as plain data."""
        plain: dict[str, Any] = records.plain(self)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Give back an equal plan."""
        categories = tuple(
            Vocabulary(
                one["name"], one["column"], tuple(one["kept"]), tuple((start, end) for start, end in one["steps"])
            )
            for one in plain["categories"]
        )
        lists = {name: tuple(plain[name]) for name in ("numbers", "forms", "clock")}
        return cls(**{**plain, **lists, "categories": categories})


def most_frequent_categories(counts: Mapping[str | None, int], top: int) -> tuple[str, ...]:
    """Give the ``top`` most frequent categories sorted, of equal ones the first in the alphabet; then "other" and
    "missing" where they occur.
    """
    named = {str(category): n for category, n in counts.items() if category not in {None, MISSING, OTHER}}
    kept = sorted(_leading(named, top))
    tail = [OTHER] if OTHER in counts or len(kept) < len(named) else []
    return (*kept, *tail, *([MISSING] if None in counts or MISSING in counts else []))


def most_frequent_steps(counts: Mapping[tuple[str, str], int], top: int) -> tuple[tuple[str, str], ...]:
    """Give the ``top`` most frequent (from, to) pairs, sorted; of equal ones the first in the alphabet."""
    return tuple(sorted(_leading(counts, top)))


def _leading(counts: Mapping[Any, int], top: int) -> Sequence[Any]:
    return sorted(counts, key=lambda one: (-counts[one], one))[:top]
