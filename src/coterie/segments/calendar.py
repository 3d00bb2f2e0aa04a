"""When a segment is active: its events by weekday and hour, or by month where only dates are known, against everybody.

Times are taken as they are written, seconds since 1970 in UTC. Cells count users, so that a cell of a few is withheld.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.features.aligning import placed
from coterie.parallel import default_threads, map_in_order
from coterie.segments.events import some_at_a_time
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.suppression import hidden_in_table, lost
from coterie.segments.types import Calendar
from coterie.tables.coded import Coded, Codes

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HOURS = 168
_FIRST_DAY = 3  # 1970-01-01 was a Thursday
_STEPS = ((1, "hour of the week"), (3, "three hours of the week"), (6, "six hours of the week"), (24, "weekday"))
LOST = 0.1  # share of users and cells that are withheld, up to which a grid is not too fine
MOST_YEARS = 12  # of months; the last ones are shown
DIGITS = 5
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Grid:
    """(k + 1, cells) events, and users behind them; users in no segment last."""

    events: Counts
    users: Counts


def calendars(events: Coded, members: Members, options: ProfileOptions) -> tuple[Calendar | None, ...]:
    """Give every segment's calendar, in the finest grid in which nearly all cells may be shown."""
    nothing = (None,) * members.n_segments
    if events.time is None or not members.n_segments:
        return nothing
    place = placed(np.arange(len(events.users), dtype=np.int32), events.users, members.ids)
    hours = _counted(events, place, members, (_hours, HOURS))
    if not hours.events.any():
        return nothing
    if not hours.events[:, np.arange(HOURS) % 24 != 0].any():
        return _of_months(events, place, members, options)
    for step, unit in _STEPS:
        grid = hours if step == 1 else _counted(events, place, members, (_in_steps(step), HOURS // step))
        hidden = hidden_in_table(grid.users, options.min_cell)
        if step == 24 or lost(grid.users, hidden) <= LOST:
            columns = ("all day",) if step == 24 else tuple(f"{hour:02}" for hour in range(0, 24, step))
            return _shown(grid, hidden, (unit, WEEK, columns))
    raise AssertionError("the last step is always taken")


def _of_months(events: Coded, place: Codes, members: Members, options: ProfileOptions) -> tuple[Calendar | None, ...]:
    times = events.time
    assert times is not None
    known = times[~np.isnan(times)]
    first, last = (1970 + int(_months(np.array([end]))[0]) // 12 for end in (known.min(), known.max()))
    first = max(first, last - MOST_YEARS + 1)
    begin = (first - 1970) * 12

    def month(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return _months(times) - begin

    grid = _counted(events, place, members, (month, (last - first + 1) * 12))
    hidden = hidden_in_table(grid.users, options.min_cell)
    return _shown(grid, hidden, ("month", tuple(str(year) for year in range(first, last + 1)), MONTHS))


def _hours(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Give the hour of the week, 0 to 167 from Monday on."""
    hours: npt.NDArray[np.int64] = np.floor_divide(times, 3600).astype(np.int64)
    return (hours + 24 * _FIRST_DAY) % HOURS


def _in_steps(step: int) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.int64]]:
    return lambda times: _hours(times) // step


def _months(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Give months since January 1970."""
    days = np.floor_divide(times, 86400).astype(np.int64).astype("datetime64[D]")
    months: npt.NDArray[np.int64] = days.astype("datetime64[M]").astype(np.int64)
    return months


def _counted(
    events: Coded, place: Codes, members: Members, cells: tuple[Callable[[npt.NDArray[Any]], Any], int]
) -> _Grid:
    cell_of, n_cells = cells
    rows = (members.labels % (members.n_segments + 1)).astype(np.int64)
    k = members.n_segments + 1

    def one(users: tuple[int, int]) -> tuple[Counts, Counts]:
        some = events.between(*users)
        member, times = place[some.user], some.time
        assert times is not None
        kept = (member >= 0) & ~np.isnan(times)
        if not kept.all():
            member, times = member[kept], times[kept]
        cell = cell_of(times)
        inside = (cell >= 0) & (cell < n_cells)
        if not inside.all():
            member, cell = member[inside], cell[inside]
        if not len(member):
            return np.zeros((k, n_cells), np.int64), np.zeros((k, n_cells), np.int64)
        counted = np.bincount(rows[member] * n_cells + cell, minlength=k * n_cells)
        first = int(member.min())
        met = np.zeros((int(member.max()) - first + 1, n_cells), np.bool_)
        met.ravel()[(member.astype(np.int64) - first) * n_cells + cell] = True
        who, where = np.nonzero(met)
        users_met = np.bincount(rows[who + first] * n_cells + where, minlength=k * n_cells)
        return counted.reshape(k, n_cells), users_met.reshape(k, n_cells)

    found = _Grid(np.zeros((k, n_cells), np.int64), np.zeros((k, n_cells), np.int64))
    for counted, met in map_in_order(one, some_at_a_time(events), threads=default_threads()):
        found.events[...] += counted
        found.users[...] += met
    return found


def _shown(
    grid: _Grid, hidden: npt.NDArray[np.bool_], said: tuple[str, tuple[str, ...], tuple[str, ...]]
) -> tuple[Calendar | None, ...]:
    unit, rows, columns = said
    overall = grid.events.sum(axis=0)
    calendars: list[Calendar | None] = []
    for counts, its_hidden in zip(grid.events[:-1], hidden[:-1], strict=True):
        if its_hidden.all() or not counts.sum():
            calendars.append(None)
            continue
        inside, everybody = (_shares(part, its_hidden, len(columns)) for part in (counts, overall))
        calendars.append(Calendar(unit, rows, columns, inside, everybody))
    return tuple(calendars)


def _shares(counts: Counts, hidden: npt.NDArray[np.bool_], width: int) -> tuple[tuple[float | None, ...], ...]:
    shares = np.round(counts / counts.sum(), DIGITS)
    cells = [None if its else float(share) for share, its in zip(shares, hidden, strict=True)]
    return tuple(tuple(cells[at : at + width]) for at in range(0, len(cells), width))
