"""Which cells of a table of users are withheld, so that no group of a few can be had: not read, and not by subtraction.

A cell of 1 to ``least - 1`` users is withheld, and with it as many others as keep it from being worked out from what is
shown: the other cells, the totals of segments, and the totals of everybody. What is promised of every small cell: some
table of non-negative numbers agrees with all that is shown and has at least ``least`` users in that cell. So it cannot
be told from a cell that might have been shown. Users in no segment (noise) are a row of their own that is never shown.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def hidden_in_columns(counts: Counts, least: int) -> Mask:
    """Say what to withhold where only the totals of columns are known, as where users may be in several columns.

    Args:
        counts: (k + 1, m) users by group, the last of them users in no segment. least: the smallest cell to show.

    Returns:
        (k + 1, m): small cells and the last row; where what is withheld of a column would be fewer than ``least``
        users together, the smallest other cell as well, and columns of fewer users whole.

    Example:
        >>> hidden_in_columns(np.array([[9, 40], [7, 30], [3, 0], [0, 0]]), 5)[:, 0].tolist()
        [False, True, True, True]
    """
    hidden = (counts > 0) & (counts < least)
    hidden[-1] = True
    total = counts.sum(axis=0)
    hidden[:, (total > 0) & (total < least)] = True
    together = np.where(hidden, counts, 0).sum(axis=0)
    short = np.flatnonzero((together > 0) & (together < least))
    shown = np.where(hidden[:, short] | (counts[:, short] == 0), np.iinfo(np.int64).max, counts[:, short])
    if shown.size:
        hidden[shown.argmin(axis=0), short] = True
    return hidden


def hidden_in_table(counts: Counts, least: int, rows: Mask | None = None) -> Mask:
    """Say what to withhold where each user is in one cell, and the totals of rows and columns are known.

    Every small cell gets three others that are withheld, at the corners of a rectangle: the one in its row and the one
    in its column are large enough to have given it ``least`` users, and the fourth to take them. Rows and columns whose
    total is small are withheld whole, and columns with a cell for which there is no such rectangle.

    Args:
        counts: (k + 1, v) users by group, the last of them users in no segment. least: the smallest cell to show.
        rows: (k + 1,) groups to withhold whole in any case; the last one always is.

    Returns:
        (k + 1, v), all True where nothing can be shown.

    Source:
        The hypercube method: Repsilber 1994, "Preservation of confidentiality in aggregated data"; Hundepool et al.
        2012, "Statistical Disclosure Control", section 4.4.
    """
    k, v = counts.shape
    hidden_rows = np.zeros(k, np.bool_) if rows is None else rows.copy()
    hidden_rows[-1] = True
    hidden_rows = _enough(counts.sum(axis=1), least, hidden_rows)
    hidden_columns = _enough(counts.sum(axis=0), least, np.zeros(v, np.bool_))
    hidden = np.ones((k, v), np.bool_)
    while not hidden_rows.all() and not hidden_columns.all():
        pooled = _pooled(_pooled(counts, hidden_rows).T, hidden_columns).T
        found, stuck = _by_rectangles(pooled, least)
        if stuck is None:
            hidden[np.ix_(~hidden_rows, ~hidden_columns)] = found[:-1, :-1]
            break
        left = np.flatnonzero(~hidden_columns)  # the column in question goes, of those pooled already the next smallest
        least_used = left[np.argmin(counts[:, left].sum(axis=0)[::-1]) * -1 - 1]
        hidden_columns[left[stuck] if stuck < len(left) else least_used] = True
    return hidden


def _enough(totals: Counts, least: int, hidden: Mask) -> Mask:
    """Withhold small totals, and the smallest others until what is withheld is enough together, or nothing."""
    hidden = hidden | ((totals > 0) & (totals < least))
    for place in np.argsort(totals, kind="stable"):
        if not 0 < int(totals[hidden].sum()) < least:
            break
        hidden[place] = True
    return hidden


def _pooled(counts: Counts, hidden: Mask) -> Counts:
    """Give the rows that are not withheld, and one of all the others together, last."""
    return np.vstack([counts[~hidden], counts[hidden].sum(axis=0, keepdims=True)])


def _by_rectangles(counts: Counts, least: int) -> tuple[Mask, int | None]:
    """Withhold small cells, the last row and what they need; the second is a column whose cell has no rectangle."""
    hidden = (counts > 0) & (counts < least)
    hidden[-1] = True
    small = np.argwhere((counts > 0) & (counts < least))
    for row, column in small[np.argsort(counts[tuple(small.T)], kind="stable")]:
        lacking = least - counts[row, column]
        beside, above = counts[row] >= lacking, counts[:, column] >= lacking
        beside[column] = above[row] = False
        if not beside.any() or not above.any():
            return hidden, int(column)
        more = np.where(hidden, 0, counts + 1)  # what a corner would cost; an empty cell is hardly a loss
        cost = np.where(np.outer(above, beside), more + more[row][None, :] + more[:, [column]], np.iinfo(np.int64).max)
        # Of level ones the last: columns come most frequent first.
        other_row, other_column = divmod(_last_smallest(cost), counts.shape[1])
        hidden[row, other_column] = hidden[other_row, column] = hidden[other_row, other_column] = True
    return hidden, None


def _last_smallest(cost: Counts) -> int:
    return cost.size - 1 - int(np.argmin(cost.ravel()[::-1]))


def lost(counts: Counts, hidden: Mask) -> float:
    """Give the share of users in what is withheld, of the segments of which anything is shown."""
    some = ~hidden[:-1].all(axis=1)
    total = int(counts[:-1][some].sum())
    return float(np.where(hidden[:-1], counts[:-1], 0)[some].sum()) / total if total else 1.0
