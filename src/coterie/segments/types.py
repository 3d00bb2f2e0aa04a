"""Records of segments and their profiles: what ``segments.json`` and ``profiles.json`` hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from coterie.segments.display import marks_frame, profile_html
from coterie.segments.matching import Change
from coterie.selection.types import Interval, StabilityBand
from coterie.terms import Use

SEGMENTS_SCHEMA = "coterie.segments"
SEGMENTS_VERSION = 1
PROFILES_SCHEMA = "coterie.profiles"
PROFILES_VERSION = 3

MarkKind = Literal["item", "tag", "category", "number"]
ColumnKind = Literal["tag", "number", "activity", "category", "flag", "item"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment in short.

    Args:
        id: "s-1", "s-2" ..., the same after every retrain (``coterie.segments.matching``).
        cluster: the label behind it; of several that a person merged, the largest.
        name: the name that a person gave, else the working name.
        size: users. share: of all segmented users, in [0, 1].
        stability: bootstrap Jaccard in [0, 1]; band: its name.
        lift: segment lift within the segment, None without events.
        marks: the few strongest significant features, in words for a table: "Film-Noir 215".
        working_name: made only from what is significant.
        colour: "#RRGGBB" chosen by a person; None: that of the number in its id.
        change: what became of it since the run before. score: Jaccard in [0, 1] with what it was then, None at first.
        parents: earlier segments that it comes from, its own id among them.
        resembles: an earlier segment that this may be, which a person is asked; its own id where it is kept on thin
            evidence; "" where nothing is to be asked.
        merged: labels of the other clusters that a person merged into it. Its stability is then that of its weakest
            cluster, and its lift was not measured.
    """

    id: str
    cluster: int
    name: str
    size: int
    share: float
    stability: float
    band: StabilityBand
    lift: Interval | None
    marks: tuple[str, ...]
    working_name: str = ""
    colour: str | None = None
    change: Change = "born"
    score: float | None = None
    parents: tuple[str, ...] = ()
    resembles: str = ""
    merged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """One feature of one segment against everybody.

    Args:
        kind: item, tag, category (an attribute's value) or number (an attribute's mean).
        table: the table it comes from.
        column: the attribute, or "item", or "tag".
        label: for people: the title, the tag, the value, the attribute.
        use: whether segments were formed on it (basis: the test describes) or not (descriptor: the test tests).
        n: users of the segment that have it (items, tags, categories) or whose value is known (numbers).
        n_all: the same among all users.
        inside: share in [0, 1] or mean within the segment: of items and tags the share of its positive events, of
            categories the share of its users with a known value. overall: the same among all users. What too few users
            are behind is no mark (``coterie.segments.suppression``).
        index: 100 * inside / overall, with its 95 % interval; 100 = average. None for numbers that can be negative, of
            which the mean has no index.
        effect: log2(inside / rest) for shares, Cohen's d against the rest for numbers (for "events per user", which are
            skewed, on a log scale, as is their test).
        p: two-sided p-value against the rest. p_adjusted: Benjamini-Hochberg over all
            comparisons of the same use, of all segments.
        significant: p_adjusted < 0.05.
        poles: of a number between two opposites, what its low and its high end are called; None for others. Its label
            is then both: "playful to serious".
    """

    kind: MarkKind
    table: str
    column: str
    label: str
    use: Use
    n: int
    n_all: int
    inside: float
    overall: float
    index: Interval | None
    effect: float
    p: float
    p_adjusted: float
    significant: bool
    poles: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """A numeric attribute's distribution.

    Args:
        column: the attribute.
        edges: (b + 1,) bin edges, the same for every segment of a run; the outermost bins hold whoever lies beyond.
        inside: (b,) users of the segment, None where they are few or would tell of few. overall: (b,) all users, None
            in bins that no segment is shown in.
        median, mean: of the segment.
    """

    column: str
    edges: tuple[float, ...]
    inside: tuple[int | None, ...]
    overall: tuple[int | None, ...]
    median: float
    mean: float


@dataclass(frozen=True, slots=True)
class Shares:
    """A categorical attribute's distribution, most frequent value first.

    Args:
        column: the attribute; "state" for US states.
        values: (v,) values. inside: (v,) shares within the segment's users with a known value. overall: among all.
        counts: (v,) users of the segment.
    """

    column: str
    values: tuple[str, ...]
    inside: tuple[float, ...]
    overall: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopItems:
    """The items that the segment gave one value most often.

    Args:
        value: the value, for example 5.0, or None where events have no value.
        items: (title, events) pairs, most frequent first, at most ten.
        passed: titles that would stand among them and are left out, since with their number that of a few users of
            another segment or value could be had.
    """

    value: float | None
    items: tuple[tuple[str, int], ...]
    passed: int = 0


@dataclass(frozen=True, slots=True)
class DistinctItem:
    """An item that tells a segment from others.

    Args:
        n: users of the segment. index: 100 * its share of the segment's events over its share of all.
        shrunk: the index, drawn towards 100 by as much as it is known badly (``coterie.segments.distinctive``).
    """

    label: str
    n: int
    index: float
    shrunk: float


@dataclass(frozen=True, slots=True)
class ScoreGrid:
    """How often a segment gave its most frequent items which value.

    Args:
        items: (i,) titles, most frequent first. values: (v,) highest first.
        events: (i, v) events; None where too few users are behind them.
    """

    items: tuple[str, ...]
    values: tuple[float, ...]
    events: tuple[tuple[int | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Percentile:
    """Where a segment's users stand among all users: 50 is the middle, 90 far up.

    Args:
        kind: "tag": the share that a tag has of a user's events; "number": an attribute or trait; "activity".
        percentile: mean of the percentile ranks of the segment's users; a rank is the share of all users with less, and
            half of those with the same, times 100.
        n_users: users it was measured on, a sample where there are many.
    """

    kind: ColumnKind
    column: str
    percentile: float
    n_users: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a segment is active, against everybody; times are UTC.

    Args:
        unit: what one cell is: "hour of the week", or coarser where few users are behind hours; "month" of dates.
        rows, columns: what the grid's rows and columns are called.
        inside, overall: (r, c) shares of the segment's events and of all; None where too few users are behind them.
    """

    unit: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    inside: tuple[tuple[float | None, ...], ...]
    overall: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """One readable column that tells whether a user is of the segment.

    Args:
        bits: mutual information of the two, in bits, corrected for its bias; share: of all there is to know, in [0, 1].
        over: whether more of it speaks for the segment. n_users: users it was measured on.
    """

    kind: ColumnKind
    column: str
    bits: float
    share: float
    over: bool
    n_users: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One feature by which a segment differs from its nearest neighbour.

    Args:
        here, there: share or mean in the segment and in the neighbour. effect: as of a ``Mark``, against the neighbour.
        p_adjusted: Benjamini-Hochberg over all features of the same use and all such pairs.
    """

    kind: MarkKind
    table: str
    column: str
    label: str
    use: Use
    here: float
    there: float
    effect: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The segment whose centre is nearest.

    Args:
        distance: between the two centres, in units of the embedding.
        differences: the significant ones, strongest first; none where the two differ by chance alone.
    """

    segment_id: str
    distance: float
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule on a column of the table that ``coterie profile --columns`` writes.

    Args:
        label: the column for people. operator: with which the column is compared with the value.
        or_missing: whether a user of whom the column is not known meets it.
    """

    column: str
    label: str
    operator: Literal["<=", ">", "=", "<>"]
    value: float | str
    or_missing: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A few conditions that pick most of a segment's users and few others: a shallow decision tree.

    Args:
        paths: a user is picked by any path of which all conditions hold.
        sentence: the same for people. sql: the same as what follows WHERE.
        precision: share of the picked users that are of the segment. recall: share of its users that are picked.
        base: share of the segment among users, which is the precision of picking blindly. All three are of users that
            the rule was not made on, and rounded to hundredths.
        n_fitted, n_measured: users that the rule was made on, and measured on; samples where there are many.
    """

    paths: tuple[tuple[Condition, ...], ...]
    sentence: str
    sql: str
    precision: float
    recall: float
    base: float
    n_fitted: int
    n_measured: int


@dataclass(frozen=True, slots=True)
class Activity:
    """How much a segment does: medians over its users, beside the median over all users."""

    events_inside: float
    events_overall: float
    mean_value_inside: float | None
    mean_value_overall: float | None


@dataclass(frozen=True, slots=True)
class SegmentProfile:
    """All that is known of one segment.

    Args:
        segment_id: "s-1" ...
        marks: significant and other notable features, strongest first; over-indexed and under-indexed alike.
        top_items: one entry a value, highest value first.
        numbers, shares: distributions of the attributes.
        exemplars: ids of the users nearest to the centre.
        activity: None where there are no events.
        sentences: a few plain sentences on what marks the segment, each made from significant marks only.
        distinctive: items by their shrunk index. scores: items by value, None where events have no value.
        percentiles: of tags, traits and activity, furthest from the middle first.
        calendar: None where events have no time. markers: most telling first.
        neighbour: None where there is one segment. rule: None where no rule was found.
    """

    segment_id: str
    marks: tuple[Mark, ...]
    top_items: tuple[TopItems, ...]
    numbers: tuple[Histogram, ...]
    shares: tuple[Shares, ...]
    exemplars: tuple[str, ...]
    activity: Activity | None
    sentences: tuple[str, ...]
    distinctive: tuple[DistinctItem, ...] = ()
    scores: ScoreGrid | None = None
    percentiles: tuple[Percentile, ...] = ()
    calendar: Calendar | None = None
    markers: tuple[Marker, ...] = ()
    neighbour: Neighbour | None = None
    rule: Rule | None = None

    def to_polars(self) -> pl.DataFrame:
        """Give one row a mark: kind, table, column, label, shares, index with its interval, effect, p-values."""
        return marks_frame([self])

    def _repr_html_(self) -> str:
        """Show its sentences and its strongest significant marks, in a notebook."""
        return profile_html(self)
