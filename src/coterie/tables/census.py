"""What a table of events holds, in a few numbers, taken before cleaning and after it so that the two can be compared.

Events are read from their arrays, some at a time; nothing here is as long as the table but the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from coterie.tables.coded import Coded, Numbers

MOST_VALUES: Final = 20  # different values up to which each is counted by itself: scores, not durations
AT_ONCE: Final = 2**22  # events read at a time
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spread:
    """How a count is spread over users, or over items: how many events each has.

    Args:
        least, lower, median, upper, most: the smallest count, its quartiles and the largest.
        mean: events over users. gini: from 0, all have as many, to nearly 1, one has them all.
    """

    least: int
    lower: float
    median: float
    upper: float
    most: int
    mean: float
    gini: float


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """How many events carry a value."""

    value: float
    events: int


@dataclass(frozen=True, slots=True)
class Census:
    """What a table of events holds.

    Args:
        users, items: different ones that have events. events: rows. pairs: different pairs of user and item.
        density: share in [0, 1] of all pairs of these users and items that have an event.
        per_user, per_item: events of each; None where there is none.
        scores: by value, ascending; none where events carry none, or more than ``MOST_VALUES`` different ones.
        mean_value: of all events that carry a value, or None.
    """

    users: int
    items: int
    events: int
    pairs: int
    density: float
    per_user: Spread | None
    per_item: Spread | None
    scores: tuple[ScoreCount, ...]
    mean_value: float | None


def census(events: Coded) -> Census:
    """Count a table of events."""
    per_user, per_item = np.diff(events.indptr), item_counts(events)
    per_user, per_item = per_user[per_user > 0], per_item[per_item > 0]
    users, items = len(per_user), len(per_item)
    pairs = _pairs(events)
    scores, mean = _values(events.value)
    return Census(
        users=users,
        items=items,
        events=events.n_events,
        pairs=pairs,
        density=pairs / (users * items) if users and items else 0.0,
        per_user=spread(per_user),
        per_item=spread(per_item),
        scores=scores,
        mean_value=mean,
    )


def spread(counts: Counts) -> Spread | None:
    """Say how counts are spread; None where there are none.

    Args:
        counts: (n,) positive, in any order.
    """
    if not len(counts):
        return None
    lower, median, upper = (float(at) for at in np.quantile(counts, (0.25, 0.5, 0.75)))
    ends = int(counts.min()), int(counts.max())
    return Spread(ends[0], lower, median, upper, ends[1], float(counts.mean()), gini(counts))


def gini(counts: Counts) -> float:
    """Give the Gini coefficient of counts: 0 where all are the same, (n - 1) / n where one holds everything.

    Source: Gini (1912); computed as in Sen, "On Economic Inequality" (1973), from the ranks of the sorted counts.

    Example:
        >>> gini(np.array([0, 0, 0, 8]))
        0.75
    """
    ordered = np.sort(counts).astype(np.float64)
    n, total = len(ordered), float(ordered.sum())
    if n == 0 or total == 0:
        return 0.0
    ranks = np.arange(1, n + 1)
    return max(0.0, float(2 * (ranks * ordered).sum() / (n * total) - (n + 1) / n))


def item_counts(events: Coded) -> Counts:
    """Give (m,) events of each item."""
    counts = np.zeros(len(events.items), np.int64)
    for rows in slices(events.n_events):
        counts += np.bincount(events.item[rows], minlength=len(counts))
    return counts


def distinct_values(column: Numbers | None, most: int = MOST_VALUES) -> npt.NDArray[Any] | None:
    """Give the different values of a column, ascending, NaN left out; None where there are more than ``most``."""
    if column is None:
        return None
    found: npt.NDArray[Any] = np.empty(0, column.dtype)
    for rows in slices(len(column)):
        part = column[rows]
        fresh = part[~np.isnan(part)] if part.dtype.kind == "f" else part
        # Most are known after a few: only what is new is sorted.
        while len(fresh := fresh[~_among(fresh, found)]):
            found = np.union1d(found, fresh[:4096])
            if len(found) > most:
                return None
    return found


def score_codes(part: Numbers, values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Give the place of each cell among the values, and whether it is one of them; the others have no place."""
    places = np.searchsorted(values, part)
    places[places == len(values)] = 0
    return places, values[places] == part


def slices(n: int) -> Iterator[slice]:
    """Cut ``n`` rows into parts."""
    return (slice(begin, min(begin + AT_ONCE, n)) for begin in range(0, n, AT_ONCE))


def _among(part: Numbers, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return score_codes(part, values)[1] if len(values) else np.zeros(len(part), np.bool_)


def _pairs(events: Coded) -> int:
    """Count the different pairs: rows are in order of user and item."""
    pairs = 0
    for rows in slices(events.n_events):
        before = slice(max(rows.start - 1, 0), rows.stop)
        user, item = events.user[before], events.item[before]
        pairs += int(np.count_nonzero((user[1:] != user[:-1]) | (item[1:] != item[:-1]))) + (rows.start == 0)
    return pairs


def _values(column: Numbers | None) -> tuple[tuple[ScoreCount, ...], float | None]:
    if column is None or not len(column):
        return (), None
    total, known = 0.0, 0
    for rows in slices(len(column)):
        total += float(np.nansum(column[rows], dtype=np.float64))
        known += int(np.count_nonzero(~np.isnan(column[rows])))
    values = distinct_values(column)
    counts = np.zeros(0 if values is None else len(values), np.int64)
    for rows in slices(len(column)) if values is not None and len(values) else ():
        places, is_known = score_codes(column[rows], values)  # type: ignore[arg-type]
        counts += np.bincount(places[is_known], minlength=len(counts))
    scores = zip(() if values is None else values.tolist(), counts.tolist(), strict=True)
    return tuple(ScoreCount(float(value), n) for value, n in scores), total / known if known else None
