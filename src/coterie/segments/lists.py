"""Lists of a segment's items: the most frequent ones by value, and items against values, without small cells.

An item's users are a table of segments and values. Its positive values are protected with their totals by segment,
which stand beside an item's index, and all values with their totals over segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from coterie.segments.events import Counts, Scored
from coterie.segments.members import ProfileOptions
from coterie.segments.suppression import Mask, hidden_in_columns, hidden_in_table
from coterie.segments.types import ScoreGrid, TopItems

GRID_ITEMS = 12  # items of a score grid
PASSED_OVER = 10  # more items that are looked at for a list, since some of the first may have to be passed over


@dataclass(frozen=True, slots=True)
class ItemLists:
    """What profiles show of items and values, one entry a segment."""

    top: tuple[tuple[TopItems, ...], ...]
    grids: tuple[ScoreGrid | None, ...]


def item_lists(scored: Scored, options: ProfileOptions) -> ItemLists:
    """Make the lists of every segment; level items in the order of their titles, then of their ids."""
    k = len(scored.events) - 1
    hidden = _Hidden(scored, options)
    top = tuple(_top_of(scored, label, hidden, options) for label in range(k))
    grids = tuple(None if scored.values is None else _grid_of(scored, label, hidden) for label in range(k))
    return ItemLists(top, grids)


class _Hidden:
    """Which cells of which items are withheld; an item is looked at when it is asked for."""

    def __init__(self, scored: Scored, options: ProfileOptions) -> None:
        self._users = scored.events if scored.users is None else scored.users
        self._takers, self._least = scored.takers, options.min_cell
        floor = options.positive_from
        if scored.values is None:
            self._blocks = [np.array([0])]
        else:
            positive = np.ones(len(scored.values), np.bool_) if floor is None else scored.values >= floor
            self._blocks = [np.flatnonzero(positive), np.flatnonzero(~positive)]
        self._partly = scored.values is None and floor is not None
        self._known: dict[int, Mask] = {}

    def of(self, item: int) -> Mask:
        """Give (k + 1, v) whether a cell is withheld."""
        if item not in self._known:
            self._known[item] = self._made(item)
        return self._known[item]

    def _made(self, item: int) -> Mask:
        users = self._users[:, :, item]
        hidden = np.ones(users.shape, np.bool_)
        takers = hidden_in_columns(self._takers[:, [item]], self._least)[:, 0]
        for number, block in enumerate(self._blocks):
            if len(block):
                if number or self._partly:  # no total stands beside these
                    hidden[:, block] = hidden_in_columns(users[:, block], self._least)
                else:
                    hidden[:, block] = hidden_in_table(users[:, block], self._least, takers)
        if self._partly:  # who took it up and liked it stands beside; who did not would be the difference
            others = users[:, 0] - self._takers[:, item]
            hidden[(others > 0) & (others < self._least)] = True
        return hidden


def _top_of(scored: Scored, label: int, hidden: _Hidden, options: ProfileOptions) -> tuple[TopItems, ...]:
    values = [None] if scored.values is None else scored.values.tolist()
    lists = []
    for place in reversed(range(len(values))):
        counts = scored.events[label, place]

        def shown(item: int, place: int = place) -> bool:
            return not hidden.of(item)[label, place]

        items, passed = _first(scored, counts, options.top_items, options.min_cell, shown)
        if items:
            told = tuple((scored.named[item], int(counts[item])) for item in items)
            lists.append(TopItems(values[place], told, passed))
    return tuple(lists)


def _first(scored: Scored, counts: Counts, n: int, least: int, shown: Callable[[int], bool]) -> tuple[list[int], int]:
    """Give the ``n`` most frequent items that may be shown, and how many before the last of them may not."""
    found: list[int] = []
    passed = 0
    for looked_at, item in enumerate(_by_frequency(scored, counts, n + PASSED_OVER, least)):
        if shown(item):
            found.append(item)
            passed = looked_at + 1 - len(found)
        if len(found) == n:
            break
    return found, passed


def _by_frequency(scored: Scored, counts: Counts, n: int, least: int) -> Iterable[int]:
    some = np.flatnonzero(counts >= least)
    if len(some) > n:
        some = np.flatnonzero(counts >= max(least, int(np.partition(counts, -n)[-n])))
    return sorted(some.tolist(), key=lambda item: (-counts[item], scored.named[item], scored.items[item]))


def _grid_of(scored: Scored, label: int, hidden: _Hidden) -> ScoreGrid | None:
    assert scored.values is not None
    counts = scored.events[label].sum(axis=0)
    chosen = list(_by_frequency(scored, counts, GRID_ITEMS, 1))[:GRID_ITEMS]
    rows = []
    for item in chosen:
        cells = zip(scored.events[label, ::-1, item].tolist(), hidden.of(item)[label, ::-1].tolist(), strict=True)
        rows.append(tuple(None if its_hidden else events for events, its_hidden in cells))
    kept = [at for at, row in enumerate(rows) if any(cell for cell in row)]
    if not kept:
        return None
    items = tuple(scored.named[chosen[at]] for at in kept)
    return ScoreGrid(items, tuple(scored.values[::-1].tolist()), tuple(rows[at] for at in kept))
