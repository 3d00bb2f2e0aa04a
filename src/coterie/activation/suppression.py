"""Small cells of a table of users hidden, and as many others that nobody gets them back by subtraction.

A table with its totals goes in; which cells are not to be shown comes out. A cell of one to four users is hidden. Where
it is alone in its row or column another goes with it; then a linear programme plays the reader who knows everything
that is shown: as long as it can prove of a hidden small cell that it is small, one more cell is hidden.

Source:
    Cox (1980), "Suppression methodology and statistical disclosure control"; Fischetti & Salazar (2001), "Solving the
    cell suppression problem on tabular data with linear constraints" (the reader as a linear programme).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from coterie.tables.suppression import MIN_CELL

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Cell = tuple[int, int]


def is_small(counts: npt.ArrayLike, least: int = MIN_CELL) -> Mask:
    """Say which counts are of somebody, and of too few to be told of."""
    held = np.asarray(counts)
    return np.asarray((held > 0) & (held < least))


def with_totals(counts: Counts) -> Counts:
    """Give an (r, c) table with a last column and a last row of totals."""
    wide = np.hstack([counts, counts.sum(axis=1, keepdims=True)])
    return np.vstack([wide, wide.sum(axis=0, keepdims=True)])


def hidden(table: Counts) -> Mask:
    """Say which cells of a table are not to be shown.

    Args:
        table: (r + 1, c + 1) users, totals last (see ``with_totals``).

    Returns:
        The same shape; totals may be among them. What is shown gives no small cell away.
    """
    mask = is_small(table)
    while True:
        lonely = _lonely(table, mask) or _proven(table, mask)
        if lonely is None:
            return mask
        mask[lonely] = True


def hidden_in_row(counts: npt.ArrayLike, least: int = MIN_CELL) -> Mask:
    """Say which of (n,) counts, whose sum is known, are not to be shown, since fewer than ``least`` are."""
    held = np.asarray(counts, np.int64)[None, :]
    if held.size == 0:
        return np.zeros(0, np.bool_)
    # One row: its total is known, and each column is its own total.
    mask: Mask = is_small(held, least)[0]
    while mask.any() and (mask.sum() < 2 or held[0][mask].sum() < least) and not mask.all():
        rest = np.flatnonzero(~mask)
        mask[rest[np.lexsort((rest, held[0][rest], held[0][rest] == 0))[0]]] = True
    return mask


def _lines(shape: Cell) -> Iterator[list[Cell]]:
    """Give every row and column with its total last."""
    rows, columns = shape
    yield from ([(row, column) for column in range(columns)] for row in range(rows))
    yield from ([(row, column) for row in range(rows)] for column in range(columns))


def _lonely(table: Counts, mask: Mask) -> Cell | None:
    """Give a cell that has to go with the hidden one of its line; None where every line has none or enough."""
    for line in _lines((table.shape[0], table.shape[1])):
        gone = [cell for cell in line if mask[cell]]
        if not gone:
            continue
        inner = [cell for cell in gone if cell != line[-1]]
        too_few = not mask[line[-1]] and sum(int(table[cell]) for cell in inner) < MIN_CELL
        if len(gone) < 2 or too_few:
            found = _smallest(table, mask, line)
            if found is not None:
                return found
    return None


def _smallest(table: Counts, mask: Mask, line: list[Cell]) -> Cell | None:
    """Give the cell of a line that is missed least: the smallest with somebody in it, an empty one, then a total."""
    shown = [cell for cell in line if not mask[cell]]
    last = (table.shape[0] - 1, table.shape[1] - 1)

    def cost(cell: Cell) -> tuple[bool, bool, int]:
        is_total = cell[0] == last[0] or cell[1] == last[1]
        return is_total and line[-1] == cell, int(table[cell]) == 0, int(table[cell])

    return min(shown, key=cost, default=None)


def _proven(table: Counts, mask: Mask) -> Cell | None:
    """Give one more cell to hide where what is shown proves of a small one that it is small."""
    cells = [(int(row), int(column)) for row, column in np.argwhere(mask)]
    place = {cell: at for at, cell in enumerate(cells)}
    equations, values = _known(table, mask, place)
    for cell in cells:
        if is_small(table[cell]) and _most(place[cell], len(cells), equations, values) < MIN_CELL:
            row, column = cell
            lines = [[(row, c) for c in range(table.shape[1])], [(r, column) for r in range(table.shape[0])]]
            found = [one for line in lines if (one := _smallest(table, mask, line)) is not None]
            if found:
                return min(found, key=lambda one: (int(table[one]) == 0, int(table[one])))
    return None


def _known(table: Counts, mask: Mask, place: dict[Cell, int]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Give what the shown cells say of the hidden ones: in each line the cells add to the total."""
    rows, values = [], []
    for line in _lines((table.shape[0], table.shape[1])):
        if not any(mask[cell] for cell in line):
            continue
        equation, value = np.zeros(len(place)), 0
        for cell in line:
            sign = -1 if cell == line[-1] else 1
            if mask[cell]:
                equation[place[cell]] += sign
            else:
                value -= sign * int(table[cell])
        rows.append(equation)
        values.append(value)
    return np.array(rows), values


def _most(at: int, n: int, equations: npt.NDArray[np.float64], values: list[int]) -> float:
    """Give the largest number that a hidden cell may be."""
    from scipy.optimize import linprog  # noqa: PLC0415  # only where cells are hidden

    cost = np.zeros(n)
    cost[at] = -1
    answer = linprog(cost, A_eq=equations, b_eq=values, bounds=(0, None), method="highs")
    if answer.status == 3:  # unbounded: nothing is known of it
        return float("inf")
    return float(-answer.fun) + 1e-6
