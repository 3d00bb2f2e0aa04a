"""What the report shows of the exploration: what to look at first, then tables and figures to open.

Users are users here and items items, whatever is segmented: these are the tables as they are declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coterie.explore.comparing import compared, shown_change, shown_number
from coterie.explore.types import Exploration, LongTail, RuleDone, TableExplored, TopOfValue
from coterie.report.contents import ReportContents
from coterie.report.figures import Figure, of_columns, of_data
from coterie.report.words import counted, percent

SHOWN_AT_ONCE = ("timeline", "values", "lorenz")
_UNDRAWN = frozenset({"value", "us_zip"})
FOLDED = ("long-tail", "missing", "associations")


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One line of the table of before and after, in words."""

    measure: str
    before: str
    after: str
    change: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The figures of one table's columns, and how many columns have none."""

    table: str
    figures: tuple[Figure, ...]
    n_more: int


@dataclass(frozen=True, slots=True)
class DataSection:
    """What the section shows.

    Args:
        events: name of the table of events that is told of, or "". sentences: what to know first.
        warnings: columns that carry the same thing. figures: at once. more: folded.
        cleaning, rules, top_items, columns: folded.
    """

    events: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    figures: tuple[Figure, ...]
    more: tuple[Figure, ...]
    cleaning: tuple[ComparedRow, ...]
    rules: tuple[RuleDone, ...]
    top_items: tuple[TopOfValue, ...]
    columns: tuple[Columns, ...]


def data_section(contents: ReportContents) -> DataSection | None:
    """Give the section, or None of a run that kept no exploration."""
    found = contents.exploration
    if found is None:
        return None
    figures = of_data(contents)
    main = found.main_events
    return DataSection(
        events=main.name if main is not None else "",
        sentences=tuple(_sentences(main)) if main is not None else (),
        warnings=tuple(_warnings(found)),
        figures=tuple(figures[name] for name in SHOWN_AT_ONCE if name in figures),
        more=tuple(figures[name] for name in FOLDED if name in figures),
        cleaning=_cleaning(found, main),
        rules=tuple(rule for rule in found.rules if rule.outcome == "cleaned"),
        top_items=main.events.top_items if main is not None and main.events is not None else (),
        columns=tuple(_columns(found)),
    )


def _sentences(main: TableExplored) -> list[str]:
    if main.events is None or main.events.of_users is None or main.events.of_items is None:
        return []
    users, items = main.events.of_users, main.events.of_items
    told = f"{counted(users.n, 'user')} have {counted(main.rows, 'event')} with {counted(items.n, 'item')}"
    span = main.events.activity
    told += f", from {span.first} to {span.last}." if span is not None else "."
    return [told, f"{_unequal(users, 'users')} {_unequal(items, 'items')}"]


def _unequal(tail: LongTail, who: str) -> str:
    if tail.top_tenth is None:
        return f"{tail.half:,} of the {tail.n:,} {who} have half of the events."
    return f"The tenth of the {who} with most events has {percent(tail.top_tenth)} of them."


def _warnings(found: Exploration) -> list[str]:
    return [
        f"{pair.left} and {pair.right} of {table.name} carry the same thing ({pair.strength:.2f}): use one of the two."
        for table in found.tables
        for pair in table.associations.same
    ]


def _cleaning(found: Exploration, main: TableExplored | None) -> tuple[ComparedRow, ...]:
    cleaned = found.cleaned(main.name) if main is not None else None
    if cleaned is None:
        return ()
    return tuple(
        ComparedRow(
            line.measure,
            shown_number(line.before, is_share=line.is_share),
            shown_number(line.after, is_share=line.is_share),
            shown_change(line.change),
        )
        for line in compared(cleaned)
    )


def _columns(found: Exploration) -> Iterator[Columns]:
    for place, table in enumerate(found.tables):
        figures = of_columns(place, table)
        if figures:
            spread = [
                column for column in table.columns if (column.values or column.numbers) and column.kind not in _UNDRAWN
            ]
            yield Columns(table.name, figures, max(0, len(spread) - len(figures)))
