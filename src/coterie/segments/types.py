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
PROFILES_VERSION = 1

MarkKind = Literal["item", "tag", "category", "number"]


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
            categories the share of its users with a known value. overall: the same among all users.
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
        edges: (b + 1,) bin edges, the same for every segment of a run.
        inside: (b,) users of the segment. overall: (b,) all users.
        median, mean: of the segment.
    """

    column: str
    edges: tuple[float, ...]
    inside: tuple[int, ...]
    overall: tuple[int, ...]
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
    """

    value: float | None
    items: tuple[tuple[str, int], ...]


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
    """

    segment_id: str
    marks: tuple[Mark, ...]
    top_items: tuple[TopItems, ...]
    numbers: tuple[Histogram, ...]
    shares: tuple[Shares, ...]
    exemplars: tuple[str, ...]
    activity: Activity | None
    sentences: tuple[str, ...]

    def to_polars(self) -> pl.DataFrame:
        """Give one row a mark: kind, table, column, label, shares, index with its interval, effect, p-values."""
        return marks_frame([self])

    def _repr_html_(self) -> str:
        """Show its sentences and its strongest significant marks, in a notebook."""
        return profile_html(self)
