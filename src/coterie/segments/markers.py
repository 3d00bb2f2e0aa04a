"""Which few columns tell a segment best, and where its users stand among all.

Both are measured on readable columns (``coterie.segments.columns``), of a sample where users are many; items are told
by who took them up, of all users.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.segments.columns import Column
from coterie.segments.marks import Family
from coterie.segments.members import ProfileOptions
from coterie.segments.statistics import RatioSums
from coterie.segments.suppression import hidden_in_columns
from coterie.segments.types import Marker, Percentile

BINS = 10  # of a number, of as many users each as ties let
MOST_MARKERS = 8
MOST_LOOKED_AT = 200  # items, by the difference of shares, whose information is measured
MOST_PERCENTILES = 24
Floats = npt.NDArray[np.float64]


def information(table: Floats) -> float:
    """Give the mutual information of rows and columns in bits, corrected for its bias, at least 0.

    Args:
        table: counts.

    Source:
        Miller 1955, "Note on the bias of information estimates": what chance alone adds is about
        (rows - 1)(columns - 1) / (2 n ln 2).

    Example:
        >>> round(information(np.array([[500.0, 0.0], [0.0, 500.0]])), 3)
        0.999
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n = float(table.sum())
    if n == 0:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    seen = table > 0
    bits = float((table[seen] * np.log2(table[seen] / expected[seen])).sum()) / n
    chance = (table.shape[0] - 1) * (table.shape[1] - 1) / (2 * n * np.log(2))
    return float(max(bits - chance, 0.0))


def binned(column: Column) -> npt.NDArray[np.intp]:
    """Give (n,) the bin of each user: a category's value, a tenth of a number, with bins of their own for 0 and for
    what is unknown.
    """
    if column.kind == "category":
        known = {value: at for at, value in enumerate(sorted({value for value in column.values if value is not None}))}
        return np.array([len(known) if value is None else known[value] for value in column.values], dtype=np.intp)
    values = column.values
    unknown = np.isnan(values)
    edges = np.unique(np.quantile(values[~unknown], np.arange(1, BINS) / BINS)) if not unknown.all() else np.zeros(0)
    bins = np.searchsorted(edges, values, side="left")
    bins[values == 0] = len(edges) + 1
    bins[unknown] = len(edges) + 2
    return bins


def markers(
    columns: Sequence[Column], labels: npt.NDArray[Any], items: Family | None, options: ProfileOptions, k: int
) -> tuple[tuple[Marker, ...], ...]:
    """Give every segment's most telling columns and items.

    Args:
        labels: (s,) of the users that the columns are of. items: comparisons of items of all users, or None.
        k: segments.
    """
    found: list[list[tuple[float, Marker]]] = [[] for _ in range(k)]
    for column in columns:
        bins = binned(column)
        of_all = np.bincount(bins).astype(np.float64)
        for label in range(k):
            inside = np.bincount(bins[labels == label], minlength=len(of_all)).astype(np.float64)
            bits = information(np.vstack([inside, of_all - inside]))
            entropy = _entropy(float(inside.sum()), float(of_all.sum()))
            if bits > 0 and entropy > 0:
                over = _is_over(column, labels == label)
                named = column.column if column.kind in {"tag", "flag"} else column.label
                marker = Marker(column.kind, named, bits, bits / entropy, over, len(labels))
                found[label].append((bits, marker))
    for label in range(k):
        found[label] += _of_items(items, label, options)
    return tuple(_first(one) for one in found)


def _first(found: Iterable[tuple[float, Marker]]) -> tuple[Marker, ...]:
    ordered = sorted(found, key=lambda one: (-one[0], one[1].kind, one[1].column))
    return tuple(marker for _, marker in ordered[:MOST_MARKERS])


def _is_over(column: Column, own: npt.NDArray[np.bool_]) -> bool:
    if column.kind == "category":
        return True
    inside, rest = column.values[own], column.values[~own]
    inside, rest = inside[~np.isnan(inside)], rest[~np.isnan(rest)]
    return bool(inside.size and rest.size and inside.mean() > rest.mean())


def _of_items(items: Family | None, label: int, options: ProfileOptions) -> list[tuple[float, Marker]]:
    """Tell of items by who took them up, of users who took up any."""
    if items is None or not items.labels:
        return []
    assert isinstance(items.inside, RatioSums)
    own, everybody = float(items.inside.users[label, 0]), float(items.n_users)
    entropy = _entropy(own, everybody)
    took, took_all = items.n[label].astype(np.float64), items.n_all.astype(np.float64)
    likely = np.flatnonzero(~items.hidden[label] & (items.p_adjusted[label] < options.fdr))
    over = took * everybody > took_all * own
    # A rough order by the difference of shares keeps the exact figure to the few that may be among the first.
    apart = np.abs(took / max(own, 1) - (took_all - took) / max(everybody - own, 1))
    found = []
    for at in likely[np.argsort(-apart[likely], kind="stable")[:MOST_LOOKED_AT]].tolist():
        table = np.array(
            [[took[at], own - took[at]], [took_all[at] - took[at], everybody - own - took_all[at] + took[at]]]
        )
        bits = information(table)
        if bits > 0 and entropy > 0:
            marker = Marker("item", items.labels[at], bits, bits / entropy, bool(over[at]), int(everybody))
            found.append((bits, marker))
    return found


def _entropy(part: float, whole: float) -> float:
    if not 0 < part < whole:
        return 0.0
    p = part / whole
    return float(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)))


def _middle_ranks(values: Floats) -> Floats:
    """Give of each number how many are smaller, and half of those that are equal."""
    ordered = np.sort(values)
    middle: Floats = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2
    return middle


def percentiles(
    columns: Sequence[Column], labels: npt.NDArray[Any], options: ProfileOptions, k: int
) -> tuple[tuple[Percentile, ...], ...]:
    """Give where every segment's users stand among all, furthest from the middle first.

    It is the mean of ranks and not the rank of the mean, which a few large values move, and which says little where
    most users have nothing of a thing.
    """
    found: list[list[Percentile]] = [[] for _ in range(k)]
    for column in columns:
        if column.kind not in {"tag", "number", "activity"}:
            continue
        known = ~np.isnan(column.values)
        own = labels[known]
        ranks = 100 * _middle_ranks(column.values[known]) / max(len(own), 1)
        counts = np.array([np.count_nonzero(own == label) for label in range(k)], dtype=np.int64)
        rows = np.append(counts, len(own) - counts.sum())[:, None]
        hidden = hidden_in_columns(rows, options.min_cell)[:, 0]
        named = column.column if column.kind == "tag" else column.label
        for label in np.flatnonzero(~hidden[:-1] & (counts > 0)).tolist():
            place = round(float(ranks[own == label].mean()), 1)
            found[label].append(Percentile(column.kind, named, place, len(own)))
    return tuple(
        tuple(sorted(one, key=lambda its: (-abs(its.percentile - 50), its.kind, its.column))[:MOST_PERCENTILES])
        for one in found
    )
