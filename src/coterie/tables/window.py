"""A moving window: the span of time whose events a run is made from.

An age counts back from the newest event and not from the clock, so that the same tables give the same run next year.
Where the window has an end, its beginning counts back from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt

from coterie.config import Window
from coterie.errors import ConfigError, DataError, shown
from coterie.moments import Ago, moment, written
from coterie.tables.coded import Coded


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since_s`` on and before ``until_s``, seconds since 1970; None where the window is open."""

    since_s: float | None
    until_s: float | None

    def holds(self, times: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """(e,) whether each time lies in it."""
        inside = np.ones(len(times), np.bool_)
        if self.since_s is not None:
            inside &= times >= self.since_s
        if self.until_s is not None:
            inside &= times < self.until_s
        return inside

    def condition(self, column: str) -> nw.Expr:
        """Say the same of a column."""
        inside = nw.lit(True)
        if self.since_s is not None:
            inside = inside & (nw.col(column) >= self.since_s)
        if self.until_s is not None:
            inside = inside & (nw.col(column) < self.until_s)
        return inside

    def told(self) -> str:
        """Say it in words."""
        since = f"from {written(self.since_s)} on" if self.since_s is not None else ""
        until = f"before {written(self.until_s)}" if self.until_s is not None else ""
        return " and ".join(part for part in (since, until) if part)


def needs_newest(window: Window) -> bool:
    """Say whether the window hangs on the newest event."""
    ends_ago = window.until is not None and isinstance(moment(window.until), Ago)
    return ends_ago or (window.until is None and window.since is not None and isinstance(moment(window.since), Ago))


def span_of(window: Window, newest: Iterable[float]) -> Span | None:
    """Give the span of a window; None where it is open on both sides.

    Args:
        newest: time of the newest event of each table of events; looked at where ``needs_newest`` says so.

    Raises:
        ConfigError: it ends before it begins.
        DataError: it hangs on the newest event, and there is none.
    """
    if window.is_open:
        return None
    last = max(newest, default=None) if needs_newest(window) else None
    if needs_newest(window) and last is None:
        raise DataError("no event has a good time, so there is no newest one to count 'window' back from")
    until_s = None if window.until is None else _before(moment(window.until), last)
    since_s = None if window.since is None else _before(moment(window.since), until_s if until_s is not None else last)
    if since_s is not None and until_s is not None and since_s >= until_s:
        raise ConfigError(
            f"the window from {shown(window.since)} to {shown(window.until)} ends at {written(until_s)}, which is not "
            f"after it begins at {written(since_s)}"
        )
    return Span(since_s, until_s)


def _before(found: float | Ago, end_s: float | None) -> float:
    if not isinstance(found, Ago):
        return found
    assert end_s is not None  # of an age there is always an end to count from
    return end_s - found.seconds


def within(events: Coded, span: Span, table: str) -> Coded:
    """Give the events of a window.

    Raises:
        DataError: there is none; says when the table's events were.
    """
    times = events.time
    assert times is not None  # the config's own check has seen to it
    inside = span.holds(times)
    if not inside.any():
        seen = f"go from {written(float(times.min()))} to {written(float(times.max()))}" if len(times) else "are none"
        raise DataError(
            f"no event of table '{table}' is in the window, {span.told()}: its good ones {seen}; choose another window"
        )
    return events.take(inside)
