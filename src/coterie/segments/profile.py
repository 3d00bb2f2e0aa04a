"""The profile of every segment: tables and members in, ``SegmentProfile`` records out.

Segments are compared with everybody, noise among them; tests leave the segment out of the other side. Where several
tables hold events, marks come from each of them; top items and activity from the first that segments were formed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.segments import distributions
from coterie.segments.attributes import CategoryColumn, NumberColumn, count_categories, read_numbers, titles_of
from coterie.segments.events import EventCounts, count_events
from coterie.segments.marks import Family, families, marks_of
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.sentences import sentences
from coterie.segments.types import SegmentProfile
from coterie.tables.types import Tables

__all__ = ["Members", "ProfileOptions", "profile_segments"]

_DEFAULT = ProfileOptions()


@dataclass(frozen=True, slots=True)
class _Counted:
    """Everything that the tables say of the members, and (n,) what they are called."""

    names: npt.NDArray[np.str_]
    main: EventCounts | None
    numbers: tuple[NumberColumn, ...]
    categories: tuple[CategoryColumn, ...]
    families: tuple[Family, ...]


def profile_segments(
    tables: Tables, members: Members, options: ProfileOptions = _DEFAULT
) -> tuple[SegmentProfile, ...]:
    """Profile every segment, in the order of ``members.segment_ids``.

    Raises:
        DataError: a table of users describes a member twice.
    """
    events = tuple(count_events(tables, table, members, options) for table in tables.events)
    numbers, categories = read_numbers(tables, members), count_categories(tables, members)
    compared = families(events, numbers, categories, members)
    counted = _Counted(titles_of(tables, members), _main(events, members), numbers, categories, compared)
    return tuple(_profile(counted, label, members, options) for label in range(members.n_segments))


def _main(events: Sequence[EventCounts], members: Members) -> EventCounts | None:
    on_basis = [counts for counts in events if counts.table in members.basis_tables]
    return next(iter([*on_basis, *events]), None)


def _profile(counted: _Counted, label: int, members: Members, options: ProfileOptions) -> SegmentProfile:
    marks = marks_of(counted.families, label, options)
    numbers = (distributions.histogram(column, label, members, options) for column in counted.numbers)
    shares = (distributions.shares(column, label, options) for column in counted.categories)
    return SegmentProfile(
        segment_id=members.segment_ids[label],
        marks=marks,
        top_items=() if counted.main is None else counted.main.top_items[label],
        numbers=tuple(histogram for histogram in numbers if histogram is not None),
        shares=tuple(share for share in shares if share is not None),
        exemplars=distributions.exemplars(members, counted.names, label, options),
        activity=None if counted.main is None else distributions.activity(counted.main, label, members),
        sentences=sentences(marks, members.noun),
    )
