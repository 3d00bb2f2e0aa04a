"""Distributions for pictures: numbers in round bins that all segments share, shares of values without small cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie.segments.attributes import CategoryColumn, NumberColumn
from coterie.segments.events import EventCounts
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.suppression import Mask, hidden_in_columns, hidden_in_table, lost
from coterie.segments.types import Activity, Histogram, Shares
from coterie.tables.binning import binned, round_edges
from coterie.tables.suppression import OTHER_VALUES, within_ends
from coterie.terms import NOISE, STATE

JOINED = (1, 2, 3, 4)  # bins at a time
LOST = 0.1  # share of users in bins that are withheld, up to which bins are not too fine


def histograms(column: NumberColumn, members: Members, options: ProfileOptions) -> tuple[Histogram | None, ...]:
    """Give a number's distribution in every segment, None where too few of its users are known.

    All have the same bins, the finest in which hardly anybody falls into a bin that is withheld; neighbours are joined
    where round ones are too fine. Whoever lies beyond the outermost edges is in the outermost bins.
    """
    known = ~np.isnan(column.values)
    if not known.any():
        return (None,) * members.n_segments
    finest = round_edges(within_ends(column.values[known], options.min_cell))
    groups = [column.values[known & (members.labels == label)] for label in range(members.n_segments)]
    others = column.values[known & (members.labels == NOISE)]
    tried = []
    for step in JOINED:
        edges = _joined(finest, step)
        counts = np.array([binned(group, edges) for group in [*groups, others]], dtype=np.int64)
        hidden = hidden_in_table(counts, options.min_cell)
        tried.append((lost(counts, hidden), step, edges, counts, hidden))
        if tried[-1][0] <= LOST:
            break
    _, _, edges, counts, hidden = min(tried, key=lambda one: (one[0] > LOST, one[0], one[1]))
    overall = _masked(counts.sum(axis=0), np.asarray(hidden.all(axis=0)))
    return tuple(
        Histogram(column.column, edges, _masked(counts[label], hidden[label]), overall, *_middle(group))
        if not hidden[label].all()
        else None
        for label, group in enumerate(groups)
    )


def _joined(edges: tuple[float, ...], step: int) -> tuple[float, ...]:
    """Join bins of equal width, as many at a time; the last one keeps that width."""
    width = (edges[-1] - edges[0]) / (len(edges) - 1) * step
    kept = edges[::step]
    return kept if (len(edges) - 1) % step == 0 else (*kept, kept[-1] + width)


def _masked(counts: npt.NDArray[np.int64], hidden: Mask) -> tuple[int | None, ...]:
    return tuple(None if its else count for count, its in zip(counts.tolist(), hidden.tolist(), strict=True))


def _middle(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(np.median(values)), float(values.mean())


def shares(column: CategoryColumn, label: int, hidden: Mask, options: ProfileOptions) -> Shares | None:
    """Give the shares of a category's values in a segment, or None where no value can be named.

    Named are the ``max_values`` most frequent values among all users, of states all, as far as they are not withheld
    and ``min_cell`` users of the segment have them. The others are one entry, ``OTHER_VALUES``, last; of tags, of which
    one user may have several, there is no such entry.

    Args:
        hidden: (k, v) what is withheld (``CategoryColumn.hidden``).
    """
    counts, overall = column.counts[label], column.counts_all
    known, known_all = int(column.known[label]), column.known_all
    named = (counts >= options.min_cell) & ~hidden[label]
    if column.column != STATE:
        named[options.max_values :] = False
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


def activity(counts: EventCounts, label: int, members: Members, options: ProfileOptions) -> Activity | None:
    """Give how much a segment does, and at which mean value of all its events; None of a segment of few users.

    A mean value is withheld like the mean of a number: with it those that would give it back by subtraction.
    """
    own = members.labels == label
    if own.sum() < options.min_cell:
        return None
    return Activity(
        events_inside=float(np.median(counts.events[own])),
        events_overall=float(np.median(counts.events)),
        mean_value_inside=None if _valued_hidden(counts, members, options)[label] else _mean_value(counts, own),
        mean_value_overall=_mean_value(counts, np.ones(len(own), dtype=np.bool_)),
    )


def exemplars(members: Members, names: npt.NDArray[np.str_], label: int, options: ProfileOptions) -> tuple[str, ...]:
    """Name the users nearest to a segment's centre, nearest first, level ones in the order of their ids.

    Of a segment of fewer than ``min_cell`` users nobody is named: a list of them would be all of it.

    Args:
        names: (n,) of the members: their ids, or titles where they have them.
    """
    own = np.flatnonzero(members.labels == label)
    if len(own) < options.min_cell:
        return ()
    nearest = own[np.argsort(members.distance[own], kind="stable")][: options.exemplars]
    return tuple(str(name) for name in names[nearest])


def _valued_hidden(counts: EventCounts, members: Members, options: ProfileOptions) -> Mask:
    """Say of which (k,) segments the mean value is withheld, so that no sum over few users can be had."""
    groups = members.labels[counts.valued > 0] % (members.n_segments + 1)
    users = np.bincount(groups, minlength=members.n_segments + 1)[:, None]
    return hidden_in_columns(users, options.min_cell)[:-1, 0]


def _mean_value(counts: EventCounts, who: npt.NDArray[np.bool_]) -> float | None:
    valued = int(counts.valued[who].sum())
    return None if counts.values is None or not valued else float(counts.values[who].sum()) / valued
