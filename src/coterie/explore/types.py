"""The exploration: what each table holds, column by column, and what checks and cleaning did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from coterie.tables.cleaning import EventsCleaned
from coterie.terms import Role

SCHEMA: Final = "coterie.exploration"
VERSION: Final = 1

# From here on two columns carry the same thing: one tells 0.9 x 0.9 = 81 % of the variance of the other (of its ranks,
# or in the sense of Cramér's V of its categories), so that a basis with both counts one thing twice.
# Source: Hinkle, Wiersma & Jurs, "Applied Statistics for the Behavioral Sciences" (2003), who call 0.90 and more "very
# high"; Dormann et al. (2013), "Collinearity", find that models suffer from 0.7 on.
SAME_FROM: Final = 0.9
SAME_ROWS: Final = 20  # rows with both below which even that much may be chance

ColumnKind = Literal["key", "value", "time", "title", "tags", "number", "category", "us_zip", "traits", "text"]
Measure = Literal["cramers_v", "correlation_ratio", "spearman"]
Unit = Literal["day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers are spread.

    Args:
        low, lower, median, upper, high: for events and items the smallest, the quartiles and the largest; for users the
            5th percentile, the quartiles and the 95th, each only where at least five users lie beyond it, else None.
        mean: of all. has_ends: whether ``low`` and ``high`` are the very ends.
        edges: (b + 1,) of bins, each with its lower edge. counts: (b,) rows; no bin of users holds few, and
            its outermost ones hold whoever lies beyond.
    """

    low: float | None
    lower: float | None
    median: float | None
    upper: float | None
    high: float | None
    mean: float
    has_ends: bool
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """How often each value of a category is there.

    Args:
        values: most frequent first; "(other)" stands last where not all are named.
        counts: rows of each. n_other: different values that are not named.
        adds_up: whether counts sum up to the rows that have any; of tags an item may have several.
    """

    values: tuple[str, ...]
    counts: tuple[int, ...]
    n_other: int
    adds_up: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Args:
        name: in the config, or canonical where Coterie gives it a role. known, missing: rows with and without it.
        distinct: different ones; not counted of times.
        numbers, values: how it is spread; None where the other one tells, neither can, or too few users are known.
    """

    name: str
    kind: ColumnKind
    known: int
    missing: int
    distinct: int | None
    numbers: Numbers | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class MissingPattern:
    """Columns that are missing together in some rows; none for rows where nothing is."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing together.

    Args:
        columns: that miss anything, most missing first.
        patterns: most frequent first, whole rows among them; of users none that fewer than five have.
        more_patterns, more_rows: left out of ``patterns``, and the rows that have them.
    """

    columns: tuple[str, ...]
    patterns: tuple[MissingPattern, ...]
    more_patterns: int = 0
    more_rows: int = 0


@dataclass(frozen=True, slots=True)
class Association:
    """How far two columns go together.

    Args:
        measure: Cramér's V (bias-corrected) of two categories, the correlation ratio of a category and a number,
            Spearman's rank correlation of two numbers. rows: that have both.
        strength: in [0, 1], of Spearman in [-1, 1]. same: whether both carry the same thing (``SAME_FROM``).
    """

    left: str
    right: str
    measure: Measure
    strength: float
    rows: int
    same: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that is not held against others, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Associations:
    """Which columns of a table go together.

    Args:
        columns: that were held against each other. pairs: strongest first, at most ``MOST_PAIRS``, and all pairs of the
            columns of the strongest ones.
        n_pairs: that could be measured. left_out: columns that were not.
        looked_at: rows; fewer than the table's where it is events and long, evenly spaced in the order of users.
    """

    columns: tuple[str, ...]
    pairs: tuple[Association, ...]
    n_pairs: int
    left_out: tuple[LeftOut, ...]
    looked_at: int

    @property
    def same(self) -> tuple[Association, ...]:
        """Pairs that carry the same thing."""
        return tuple(pair for pair in self.pairs if pair.same)


@dataclass(frozen=True, slots=True)
class LorenzPoint:
    """The least active ``share`` of all have ``of_events`` of the events; both in [0, 1]."""

    share: float
    of_events: float


@dataclass(frozen=True, slots=True)
class RankPoint:
    """Who has the ``rank``-th most events has ``events``."""

    rank: int
    events: int


@dataclass(frozen=True, slots=True)
class LongTail:
    """How unevenly events are spread over items, or over users.

    Args:
        n: items or users that have events. gini: from 0, all have as many, to nearly 1.
        lorenz: at most 101 points, from (0, 0) to (1, 1). ranked: at most 101 of the ranks, evenly on a log scale;
            of users without the ends, and the points of both of enough users each.
        half: how many of the most active have half of all events. top_tenth: share of the events that the most active
            tenth has; None where that is fewer users than may be told of.
    """

    n: int
    gini: float
    lorenz: tuple[LorenzPoint, ...]
    ranked: tuple[RankPoint, ...]
    half: int
    top_tenth: float | None


@dataclass(frozen=True, slots=True)
class Activity:
    """Events over time.

    Args:
        unit: a week begins on Monday. starts: ISO date of each unit's first day, UTC, without gaps.
        events: (t,). first, last: dates of the first and last event.
    """

    unit: Unit
    starts: tuple[str, ...]
    events: tuple[int, ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class TopItem:
    """An item by its title, or its id where it has none, and how many events it has."""

    title: str
    events: int


@dataclass(frozen=True, slots=True)
class TopOfValue:
    """The items most often given a value, most frequent first; level ones by title, then by id.

    Args:
        value: or None, for all events, where they carry no value or too many different ones.
    """

    value: float | None
    items: tuple[TopItem, ...]


@dataclass(frozen=True, slots=True)
class EventsExplored:
    """What only events have.

    Args:
        users, items: different ones. activity: None where events have no time.
        top_items: by value, highest first.
    """

    users: int
    items: int
    of_users: LongTail | None
    of_items: LongTail | None
    activity: Activity | None
    top_items: tuple[TopOfValue, ...]


@dataclass(frozen=True, slots=True)
class TableExplored:
    """One table.

    Args:
        rows: after checks and cleaning. read: of the source. columns: in the order of the table, keys first.
        events: None of tables of users and items.
    """

    name: str
    role: Role
    rows: int
    read: int
    columns: tuple[Column, ...]
    missing: Missing
    associations: Associations
    events: EventsExplored | None


@dataclass(frozen=True, slots=True)
class RuleDone:
    """What one check or cleaning rule did to one table.

    Args:
        rows: it took out, or changed where ``outcome`` is "kept". outcome: "rejected" by a check, "cleaned" by a
            declared rule, "kept" where a cell was blanked or rows were only counted.
        users, items: that have no row left for it; None of checks, which look at rows one by one.
    """

    table: str
    rule: str
    column: str
    rows: int
    outcome: Literal["rejected", "cleaned", "kept"]
    users: int | None
    items: int | None


@dataclass(frozen=True, slots=True)
class Exploration:
    """What the tables hold, as declared, and what checks and cleaning did.

    Args:
        tables: in the order of the config. cleaning: of each table of events, before and after. rules: that did
            anything, checks first.
    """

    tables: tuple[TableExplored, ...]
    cleaning: tuple[EventsCleaned, ...]
    rules: tuple[RuleDone, ...]

    @property
    def main_events(self) -> TableExplored | None:
        """The table of most events, of level ones the first; None where there is none."""
        return max((table for table in self.tables if table.events), key=lambda table: table.rows, default=None)

    def cleaned(self, name: str) -> EventsCleaned | None:
        """Give a table of events before and after cleaning."""
        return next((one for one in self.cleaning if one.table == name), None)
