"""Events before cleaning and after it, line by line, as a table for people has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.tables.census import Census
from coterie.tables.cleaning import EventsCleaned


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure.

    Args:
        measure: what is measured. before, after: None where there is nothing to measure. is_share: of 1, else a number.
    """

    measure: str
    before: float | None
    after: float | None
    is_share: bool = False

    @property
    def change(self) -> float | None:
        """By how much it changed, as a share of what it was; None where that says nothing."""
        if not self.before or self.after is None:
            return None
        return self.after / self.before - 1


def compared(cleaned: EventsCleaned) -> tuple[Compared, ...]:
    """Set a table of events before cleaning beside what is left of it; measures that neither has are left out."""
    lines = zip(_measures(cleaned.before), _measures(cleaned.after), strict=True)
    found = (Compared(before.measure, before.before, after.before, before.is_share) for before, after in lines)
    return tuple(line for line in found if line.before is not None or line.after is not None)


def shown_number(value: float | None, *, is_share: bool = False) -> str:
    """Write one of the numbers: 1,234 or 65.5 or 6.30%; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    if is_share:
        return f"{value:.2%}" if value >= 0.0001 or value == 0 else f"{value:.1e}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def shown_change(change: float | None) -> str:
    """Write a change as +3.1%, or "none"."""
    if change is None:
        return ""
    return "none" if change == 0 else f"{change:+.1%}".replace("-", "\N{MINUS SIGN}")


def _measures(of: Census) -> Iterator[Compared]:
    per_user, per_item = of.per_user, of.per_item
    yield _line("users", of.users)
    yield _line("items", of.items)
    yield _line("events", of.events)
    yield _line("density", of.density, is_share=True)
    yield _line("events of a user, median", per_user.median if per_user else None)
    yield _line("events of a user, mean", round(per_user.mean, 2) if per_user else None)
    yield _line("events of an item, median", per_item.median if per_item else None)
    yield _line("events of an item, most", per_item.most if per_item else None)
    yield _line("inequality of users (Gini)", round(per_user.gini, 3) if per_user else None)
    yield _line("inequality of items (Gini)", round(per_item.gini, 3) if per_item else None)
    yield _line("mean value", None if of.mean_value is None else round(of.mean_value, 3))


def _line(measure: str, value: float | None, *, is_share: bool = False) -> Compared:
    return Compared(measure, value, None, is_share)
