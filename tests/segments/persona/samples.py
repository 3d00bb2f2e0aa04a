"""Segments to make personas of."""

from __future__ import annotations

from coterie.segments.marks import ACTIVITY_LABEL
from coterie.segments.persona import Subject
from coterie.segments.types import Activity, Mark, Segment, SegmentProfile
from coterie.selection.types import Interval, stability_band
from coterie.terms import A_USER, Noun
from tests.segments.samples import mark

RICH: tuple[Mark, ...] = (
    mark("Film-Noir", index=310.0),
    mark("Mystery", index=172.0),
    mark("Drama", index=113.0),
    mark("Comedy", index=38.0),
    mark("Musical", significant=False, index=150.0),
    mark("Third Man, The (1949)", "item", index=297.0),
    mark("Vertigo (1958)", "item", index=240.0),
    mark("Twister (1996)", "item", index=25.0),
    mark("librarian", "category", column="occupation", use="descriptor", inside=0.31, overall=0.21, index=148.0),
    mark("student", "category", column="occupation", use="descriptor", inside=0.1, overall=0.2, index=50.0),
    mark("M", "category", column="gender", use="descriptor", significant=False),
    mark("age", "number", column="age", use="descriptor", inside=39.0, overall=34.1, effect=0.5, index=114.0),
    mark(ACTIVITY_LABEL, "number", column="events", inside=130.0, overall=106.0, effect=0.4, index=123.0),
)


def segment(*, lift: Interval | None = None, stability: float = 0.9, name: str = "Film-Noir & Mystery fans") -> Segment:
    return Segment("s-1", 0, name, 200, 0.25, stability, stability_band(stability), lift, (), name)


def subject(
    marks: tuple[Mark, ...],
    *,
    noun: Noun = A_USER,
    has_events: bool = True,
    of: Segment | None = None,
    is_given: bool = False,
) -> Subject:
    activity = Activity(90.0, 60.0, 3.6, 3.5) if has_events else None
    profile = SegmentProfile("s-1", marks, (), (), (), ("u007",), activity, ())
    return Subject(of or segment(), profile, noun, is_given)


def rich_subject() -> Subject:
    return subject(RICH, of=segment(lift=Interval(1.6, 1.4, 1.8)))


def plain_subject() -> Subject:
    marks = tuple(mark(label, significant=False) for label in ("Horror", "Western"))
    return subject(marks, of=segment(name="Segment 1"))
