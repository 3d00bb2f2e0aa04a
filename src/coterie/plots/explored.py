"""The plots of what the tables hold, by name; see ``coterie.plots.catalogue``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from coterie.explore.types import EventsExplored, TableExplored
from coterie.plots.associations import associations
from coterie.plots.cleaning import before_after, values_before_after
from coterie.plots.longtail import long_tail, lorenz
from coterie.plots.missing import missing
from coterie.plots.plot import Plot, Shown
from coterie.plots.theme import Chart
from coterie.plots.timeline import timeline
from coterie.plots.topitems import top_items
from coterie.tables.cleaning import EventsCleaned

DATA: Final = "The data"


def _of_events(draw: Callable[[EventsExplored], Chart | None]) -> Callable[[Shown], Chart | None]:
    """Draw the table of most events, where there is an event."""

    def drawn(shown: Shown) -> Chart | None:
        main = shown.exploration.main_events if shown.exploration is not None else None
        return draw(main.events) if main is not None and main.events is not None and main.rows else None

    return drawn


def _of_cleaning(draw: Callable[[EventsCleaned], Chart | None]) -> Callable[[Shown], Chart | None]:
    def drawn(shown: Shown) -> Chart | None:
        main = shown.exploration.main_events if shown.exploration is not None else None
        cleaned = shown.exploration.cleaned(main.name) if shown.exploration is not None and main is not None else None
        return draw(cleaned) if cleaned is not None else None

    return drawn


def _scores(record: EventsCleaned) -> Chart | None:
    return values_before_after(record) if record.before.scores else None


def _timeline(events: EventsExplored) -> Chart | None:
    return timeline(events.activity) if events.activity is not None else None


def _top_items(events: EventsExplored) -> Chart | None:
    return top_items(events.top_items) if events.top_items else None


def _tables(shown: Shown) -> tuple[TableExplored, ...]:
    return shown.exploration.tables if shown.exploration is not None else ()


def _missing(shown: Shown) -> Chart | None:
    """Draw the table that misses most."""
    table = max(_tables(shown), key=missing_cells, default=None)
    return missing(table) if table is not None and missing_cells(table) else None


def _associations(shown: Shown) -> Chart | None:
    """Draw the table of most pairs."""
    table = max(_tables(shown), key=lambda table: table.associations.n_pairs, default=None)
    return associations(table) if table is not None and table.associations.n_pairs else None


def missing_cells(table: TableExplored) -> int:
    """Count the cells of a table that are missing."""
    return sum(column.missing for column in table.columns if column.name in table.missing.columns)


# Titles and notes name neither users nor items: whatever is segmented may be called so, but tables are as declared.
EXPLORED: Final[tuple[Plot, ...]] = (
    Plot(
        "timeline",
        "Activity over time",
        "Events a day, week, month or year.",
        DATA,
        _of_events(_timeline),
        as_declared=True,
    ),
    Plot(
        "values",
        "Values before and after cleaning",
        "Grey: before. Blue: after. Where both have the same shape, cleaning did not bend the picture.",
        DATA,
        _of_cleaning(_scores),
        as_declared=True,
    ),
    Plot(
        "lorenz",
        "How evenly events are spread",
        "The further a line sags, the fewer have most events. Gini: 0 is even, 1 is one has all.",
        DATA,
        _of_events(lorenz),
        as_declared=True,
    ),
    Plot(
        "long-tail",
        "The long tail",
        "From the one with most events down; each step of an axis is ten times the one before.",
        DATA,
        _of_events(long_tail),
        as_declared=True,
    ),
    Plot(
        "top-items",
        "Most frequent for each value",
        "How many events give the value.",
        DATA,
        _of_events(_top_items),
        as_declared=True,
    ),
    Plot(
        "cleaning",
        "Before and after cleaning",
        "Rows that the checks let through, and what the rules of cleaning left of them.",
        DATA,
        _of_cleaning(before_after),
        as_declared=True,
    ),
    Plot(
        "missing",
        "What is missing together",
        "Each column of the picture is a pattern; below it stands how many rows have it.",
        DATA,
        _missing,
        as_declared=True,
    ),
    Plot(
        "associations",
        "What goes together",
        "Dark: one column tells the other. With !: both carry the same thing. 0 is nothing in common.",
        DATA,
        _associations,
        as_declared=True,
    ),
)
