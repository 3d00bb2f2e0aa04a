"""Who went where between two segmentations of the same users: the matrix, and what became of each segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.activation.suppression import hidden, with_totals
from coterie.errors import DataError
from coterie.segments.matching import Lineage, Partition, match, says_enough
from coterie.tables.suppression import MIN_CELL
from coterie.terms import NOISE

Counts = npt.NDArray[np.int64]
Cells = tuple[int | None, ...]  # None: not shown, since it is small or would give a small one away


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a segment.

    Args:
        segment: its id; of the earlier run where it is gone, else of the later one.
        change: kept, split, merged, born or retired. of: segments that it comes from, or that it went into.
        score: Jaccard in [0, 1] with the segment it is or resembles most.
    """

    segment: str
    change: str
    of: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Migration:
    """Users by where they were and where they are. Cells of fewer than ``least`` users are not shown, nor what would
    give them away.

    Args:
        before, after: (a,) and (b,) ids of segments.
        users: (a + 2, b + 2): one row a segment before, then those who were in none, then those who came; one column a
            segment after, then those who are in none, then those who left.
        row_totals, column_totals: of ``users``. n_users: in either.
        n_both: users in both, None where it would give away how few came or left.
        stayed: share of the users in both who are where their segment is now, of what is shown.
        is_least: whether ``stayed`` leaves out cells that are not shown.
        adjusted_rand: of the users whom both put into a segment: 1 the same partition, 0 no more alike than by chance;
            None where there are none.
        changes: one a segment after, then one a segment that is gone; empty where too few users are in both.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    users: tuple[Cells, ...]
    row_totals: Cells
    column_totals: Cells
    n_users: int
    n_both: int | None
    stayed: float | None
    is_least: bool
    adjusted_rand: float | None
    changes: tuple[Change, ...]
    least: int = MIN_CELL

    @property
    def changed(self) -> tuple[Change, ...]:
        """What is not simply kept."""
        return tuple(change for change in self.changes if change.change != "kept")


def migration(before: Partition, after: Partition, *, same_segments: bool = False, least: int = MIN_CELL) -> Migration:
    """Count who went where.

    Args:
        before, after: users and their segments; those in none have the label NOISE.
        same_segments: whether one model gave both, so that equal names are equal segments; else segments are matched by
            their users.
        least: the smallest cell of users to show.

    Raises:
        DataError: there is nobody to compare.
    """
    if not len(before.ids) and not len(after.ids):
        raise DataError("there are no users to compare; expected some in either run")
    counts = _counted(before, after)
    table = with_totals(counts)
    mask = hidden(table, least)
    lineage = None if same_segments or not says_enough(before, after) else match(before, after)
    heirs = _same(before, after) if same_segments else _heirs(before, lineage)
    shown = tuple(
        tuple(None if mask[r, c] else int(table[r, c]) for c in range(table.shape[1])) for r in range(len(table))
    )
    n_came, n_left = shown[-2][-1], shown[-1][-2]
    n_both = None if n_came is None or n_left is None else int(table[-1, -1]) - n_came - n_left
    stayed, is_least = _stayed(table, mask, heirs, int(counts[:-1, :-1].sum()))
    return Migration(
        before=before.names,
        after=after.names,
        users=tuple(row[:-1] for row in shown[:-1]),
        row_totals=tuple(row[-1] for row in shown[:-1]),
        column_totals=shown[-1][:-1],
        n_users=int(table[-1, -1]),
        n_both=n_both,
        stayed=stayed,
        is_least=is_least,
        adjusted_rand=_adjusted_rand(counts[: len(before.names), : len(after.names)]),
        changes=() if lineage is None else _changes(after, lineage),
        least=least,
    )


def _counted(before: Partition, after: Partition) -> Counts:
    everybody = np.union1d(before.ids, after.ids)
    a, b = len(before.names), len(after.names)
    rows, columns = np.full(len(everybody), a + 1), np.full(len(everybody), b + 1)
    for places, side, none in ((rows, before, a), (columns, after, b)):
        places[np.searchsorted(everybody, side.ids)] = np.where(side.labels == NOISE, none, side.labels)
    counts = np.zeros((a + 2, b + 2), np.int64)
    np.add.at(counts, (rows, columns), 1)
    return counts


def _same(before: Partition, after: Partition) -> dict[int, int]:
    places = {name: place for place, name in enumerate(after.names)}
    return {row: places[name] for row, name in enumerate(before.names) if name in places}


def _heirs(before: Partition, lineage: Lineage | None) -> dict[int, int]:
    """Give the place after of each segment before that lives on."""
    if lineage is None:
        return {}
    rows = {name: row for row, name in enumerate(before.names)}
    return {rows[heir.id]: column for column, heir in enumerate(lineage.heirs) if heir.id in rows}


def _stayed(
    table: Counts, mask: npt.NDArray[np.bool_], heirs: dict[int, int], n_both: int
) -> tuple[float | None, bool]:
    if not heirs or not n_both:
        return None, False
    cells = [cell for cell in heirs.items() if not mask[cell]]
    return sum(int(table[cell]) for cell in cells) / n_both, len(cells) < len(heirs)


def _adjusted_rand(counts: Counts) -> float | None:
    """Give the adjusted Rand index from the (a, b) table of users in segments.

    Source:
        Hubert & Arabie (1985), "Comparing partitions", equation 5.
    """
    n = float(counts.sum())
    if n < 2:
        return None

    def pairs(values: npt.NDArray[Any]) -> float:
        held = values.astype(np.float64)
        return float((held * (held - 1) / 2).sum())

    both, rows, columns = pairs(counts), pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
    expected = rows * columns / (n * (n - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _changes(after: Partition, lineage: Lineage) -> tuple[Change, ...]:
    called = {heir.id: name for heir, name in zip(lineage.heirs, after.names, strict=True) if heir.id}
    found = [
        Change(name, heir.change, heir.parents, heir.score)
        for name, heir in zip(after.names, lineage.heirs, strict=True)
    ]
    gone = [
        Change(lost.id, lost.change, (called.get(lost.into, lost.into),) if lost.into else (), lost.score)
        for lost in lineage.gone
    ]
    return (*found, *gone)
