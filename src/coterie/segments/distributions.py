"""Distributions for pictures: numbers in round bins that all segments share, shares of values without small cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie.segments.attributes import CategoryColumn, NumberColumn
from coterie.segments.events import EventCounts
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.types import Activity, Histogram, Shares
from coterie.tables.binning import binned, round_edges
from coterie.tables.suppression import OTHER_VALUES, may_be_named
from coterie.terms import STATE


def histogram(column: NumberColumn, label: int, members: Members, options: ProfileOptions) -> Histogram | None:
    """Give a number's distribution in a segment, or None where fewer than ``min_cell`` of its users are known.

    Single bins are shown however few users they hold.
    """
    known = ~np.isnan(column.values)
    inside = column.values[known & (members.labels == label)]
    if inside.size < options.min_cell:
        return None
    edges = round_edges(column.values[known])
    return Histogram(
        column=column.column,
        edges=edges,
        inside=binned(inside, edges),
        overall=binned(column.values[known], edges),
        median=float(np.median(inside)),
        mean=float(inside.mean()),
    )


def shares(column: CategoryColumn, label: int, options: ProfileOptions) -> Shares | None:
    """Give the shares of a category's values in a segment, or None where no value can be named.

    Named are the ``max_values`` most frequent values among all users, of states all, as far as ``min_cell`` users of
    the segment have them. The others are one entry, ``OTHER_VALUES``, last. Where that entry itself would be of fewer
    users, the smallest named value joins it, so that no small count can be had by subtraction. Of tags, of which one
    user may have several, nothing can be had by subtraction, and there is no such entry.
    """
    counts, overall = column.counts[label], column.counts_all
    known, known_all = int(column.known[label]), column.known_all
    if known < options.min_cell:
        return None
    most = None if column.column == STATE else options.max_values
    named = may_be_named(counts, min_cell=options.min_cell, most=most, adds_up=not column.is_multiple)
    if not named.any():
        return None
    values = [value for value, its in zip(column.values, named, strict=True) if its]
    inside_counts, overall_counts = counts[named].tolist(), overall[named].tolist()
    if not named.all() and not column.is_multiple:
        values.append(OTHER_VALUES)
        inside_counts.append(int(counts[~named].sum()))
        overall_counts.append(int(overall[~named].sum()))
    return Shares(
        column=column.column,
        values=tuple(values),
        inside=tuple(count / known for count in inside_counts),
        overall=tuple(count / known_all for count in overall_counts),
        counts=tuple(inside_counts),
    )


def activity(counts: EventCounts, label: int, members: Members) -> Activity:
    """Give how much a segment does, and at which mean value of all its events."""
    own = members.labels == label
    return Activity(
        events_inside=float(np.median(counts.events[own])),
        events_overall=float(np.median(counts.events)),
        mean_value_inside=_mean_value(counts, own),
        mean_value_overall=_mean_value(counts, np.ones(len(own), dtype=np.bool_)),
    )


def exemplars(members: Members, names: npt.NDArray[np.str_], label: int, options: ProfileOptions) -> tuple[str, ...]:
    """Name the users nearest to a segment's centre, nearest first, level ones in the order of their ids.

    Args:
        names: (n,) of the members: their ids, or titles where they have them.
    """
    own = np.flatnonzero(members.labels == label)
    nearest = own[np.argsort(members.distance[own], kind="stable")][: options.exemplars]
    return tuple(str(name) for name in names[nearest])


def _mean_value(counts: EventCounts, who: npt.NDArray[np.bool_]) -> float | None:
    valued = int(counts.valued[who].sum())
    if counts.values is None or valued == 0:
        return None
    return float(counts.values[who].sum()) / valued
