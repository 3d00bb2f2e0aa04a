"""Sessions of users measured: an events table and a plan in, one raw number a user and column out.

Rows are grouped where the table lives; only groups are brought here. Every sum runs over one user's own groups in the
order of their categories and values, so that a user's numbers depend neither on other users nor on the order of rows.

Source:
    Entropy rate of a stationary Markov chain: Cover & Thomas (2006), "Elements of Information Theory", eq. 4.22, with
    the user's own shares of steps in place of the stationary distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.errors import DataError
from coterie.features.aligning import ENTITY, EVENTS_SEEN, on_index
from coterie.features.contract import Ids
from coterie.features.preparation import codes_of
from coterie.features.session_plan import Plan, Vocabulary
from coterie.features.weighting import totals
from coterie.tables import CheckedTable
from coterie.terms import TIME, USER

HOUR_S: Final = 3_600.0
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
THURSDAY: Final = 3  # 1970-01-01, the day that times are counted from

_FROM: Final = "_from"
_HOURS: Final = "_hours"
_CATEGORY: Final = "_category"
_STEP: Final = "_step"  # position among the steps that have columns
_NUMBER: Final = "_number"
Floats = npt.NDArray[np.float64]
Measures = dict[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class _Grouped:
    """Groups of rows, sorted by user and by what they are grouped by; ``at`` is the user's position."""

    rows: pl.DataFrame

    @property
    def at(self) -> npt.NDArray[np.int64]:
        return self.rows[ENTITY].to_numpy().astype(np.int64)

    @property
    def events(self) -> Floats:
        return self.floats(EVENTS_SEEN)

    def floats(self, column: str) -> Floats:
        found: Floats = self.rows[column].cast(pl.Float64).to_numpy()
        return found


def measure(table: CheckedTable, ids: Ids, plan: Plan) -> Measures:
    """Give each measure of ``ids``, in the plan's order: (n,) numbers, NaN where not known.

    Raises:
        DataError: the logarithm meets a number below zero.
    """
    n = len(ids)
    sessions = _grouped(table, ids, {})
    counts = totals(sessions.at, sessions.events, n)
    found: Measures = {}
    found |= _amounts(table, ids, plan, None, counts)
    for category in plan.categories:
        found |= _amounts(table, ids, plan, category, counts)
        found |= {f"entropy[{category.name}]": _entropy(table, ids, category)} if plan.entropy else {}
        found |= _transitions(table, ids, plan, category)
    found |= _clock(table, ids, plan)
    return {name: np.where(counts > 0, numbers, np.nan) for name, numbers in found.items()}


def count_categories(table: CheckedTable, ids: Ids, column: str) -> Mapping[str | None, int]:
    """Count the sessions of ``ids`` by category; None is a missing one."""
    rows = _grouped(table, ids, {_CATEGORY: nw.col(column).cast(nw.String)}).rows
    return dict(rows.group_by(_CATEGORY).agg(pl.col(EVENTS_SEEN).sum()).iter_rows())


def count_steps(table: CheckedTable, ids: Ids, category: Vocabulary) -> Mapping[tuple[str, str], int]:
    """Count the steps of ``ids`` by the categories that they lead from and to."""
    rows = _steps(table, ids, category).rows
    counted = rows.group_by(_FROM, _CATEGORY).agg(pl.col(EVENTS_SEEN).sum())
    return {(start, end): steps for start, end, steps in counted.iter_rows()}


def _grouped(
    table: CheckedTable, ids: Ids, by: Mapping[str, nw.Expr], where: nw.Expr | None = None, number: str | None = None
) -> _Grouped:
    """Count the rows of each of ``ids`` by expressions, and by the values of a number where one is named."""
    values = {_NUMBER: nw.col(number).cast(nw.Float64)} if number is not None else {}
    rows = table.frame.filter(where) if where is not None else table.frame
    rows = rows.select(USER, **by, **values)
    if number is not None:
        rows = rows.filter(nw.col(_NUMBER).is_finite())
    keys = [*by, *values]
    counted = rows.group_by(USER, *keys).agg(nw.len().alias(EVENTS_SEEN))
    return _Grouped(local.collect(on_index(counted, ids)).sort(ENTITY, *keys))


def _amounts(table: CheckedTable, ids: Ids, plan: Plan, category: Vocabulary | None, sessions: Floats) -> Measures:
    """Counts, shares, sums and means: of all of a user's sessions, or of those of each category."""
    found: Measures = {}
    if "count" in plan.forms or (category is not None and "share" in plan.forms):
        counts = _summed(table, ids, category, None)[0]
        if "count" in plan.forms:
            found |= _named("events", category, np.log1p(counts) if plan.log else counts)
        if "share" in plan.forms and category is not None:
            found |= _named("share", category, counts / np.where(sessions > 0, sessions, np.nan)[:, None])
    for number in plan.numbers if {"sum", "mean"} & set(plan.forms) else ():
        counts, sums = _summed(table, ids, category, number)
        amounts = {"sum": sums, "mean": sums / np.where(counts > 0, counts, np.nan)}
        for form in (form for form in plan.forms if form in amounts):
            name = f"{form}({number})"
            found |= _named(name, category, _logarithm(amounts[form], name) if plan.log else amounts[form])
    return found


def _summed(table: CheckedTable, ids: Ids, category: Vocabulary | None, number: str | None) -> tuple[Floats, Floats]:
    """(n, k) sessions with a known number and the sums of it, by the k kept categories; k = 1 without a category."""
    by = {_CATEGORY: nw.col(category.column).cast(nw.String)} if category is not None else {}
    grouped = _grouped(table, ids, by, number=number)
    width = len(category.kept) if category is not None else 1
    codes = codes_of(grouped.rows[_CATEGORY], category.kept) if category is not None else np.zeros(len(grouped.at))
    kept = codes >= 0
    cells = (grouped.at * width + codes)[kept].astype(np.int64)
    counts = totals(cells, grouped.events[kept], len(ids) * width)
    values = grouped.floats(_NUMBER) * grouped.events if number is not None else grouped.events
    shape = (len(ids), width)
    return counts.reshape(shape), totals(cells, values[kept], len(ids) * width).reshape(shape)


def _named(name: str, category: Vocabulary | None, numbers: Floats) -> Measures:
    names = [name] if category is None else [f"{name}[{category.name}={kept}]" for kept in category.kept]
    return dict(zip(names, numbers.T, strict=True))


def _logarithm(amounts: Floats, name: str) -> Floats:
    if (amounts < 0).any():
        raise DataError(
            f"a user's {name} is {np.nanmin(amounts):g}, and log = true expects amounts >= 0; "
            "set the range of its column or take 'log' out"
        )
    return np.log1p(amounts)


def _entropy(table: CheckedTable, ids: Ids, category: Vocabulary) -> Floats:
    """(n,) Shannon entropy in nats of a user's sessions over all categories; NaN where none is known."""
    column = nw.col(category.column)
    grouped = _grouped(table, ids, {_CATEGORY: column.cast(nw.String)}, where=~column.is_null())
    return _entropy_of(grouped.at, grouped.events, grouped.at, len(ids))


def _entropy_of(
    at: npt.NDArray[np.integer[Any]], events: Floats, within: npt.NDArray[np.integer[Any]], n: int
) -> Floats:
    """(n,) -sum of p ln q by ``at``: p is a group's share of all of ``at``, q its share of ``within``."""
    of_all, of_group = totals(at, events, n), totals(within, events)
    surprise = np.log(of_group[within] / events)
    entropy = totals(at, events * surprise, n) / np.where(of_all > 0, of_all, 1.0)
    return np.where(of_all > 0, entropy, np.nan)


def _steps(table: CheckedTable, ids: Ids, category: Vocabulary) -> _Grouped:
    """Count each user's steps from one session to the next by (from, to); sessions of one time go by their category.

    Sessions without a category or a time are passed over.
    """
    column = nw.col(category.column).cast(nw.String)
    known = table.frame.filter(nw.col(TIME).is_finite() & ~nw.col(category.column).is_null())
    rows = known.select(USER, nw.col(TIME), column.alias(_CATEGORY)).with_columns(
        nw.col(_CATEGORY).shift(1).over(USER, order_by=[TIME, _CATEGORY]).alias(_FROM)
    )
    counted = rows.filter(~nw.col(_FROM).is_null()).group_by(USER, _FROM, _CATEGORY).agg(nw.len().alias(EVENTS_SEEN))
    return _Grouped(local.collect(on_index(counted, ids)).sort(ENTITY, _FROM, _CATEGORY))


def _transitions(table: CheckedTable, ids: Ids, plan: Plan, category: Vocabulary) -> Measures:
    if plan.transitions == "none":
        return {}
    steps = _steps(table, ids, category)
    n_steps = totals(steps.at, steps.events, len(ids))
    shares = steps.events / n_steps[steps.at]
    known = n_steps > 0
    starts, ends = steps.rows[_FROM], steps.rows[_CATEGORY]
    if plan.transitions == "summary":
        stays = totals(steps.at, shares * (starts == ends).to_numpy(), len(ids))
        found = {"stays": stays, "entropy_rate": _entropy_rate(steps, len(ids))}
        return {f"{name}[{category.name}]": np.where(known, numbers, np.nan) for name, numbers in found.items()}
    width = len(category.steps) + 1
    cells = totals(steps.at * width + _step_codes(steps, category), shares, len(ids) * width).reshape(len(ids), width)
    names = [
        *(f"step[{category.name}={start} > {end}]" for start, end in category.steps),
        f"step[{category.name}, other]",
    ]
    return dict(zip(names, np.where(known[:, None], cells, np.nan).T, strict=True))


def _step_codes(steps: _Grouped, category: Vocabulary) -> npt.NDArray[np.int64]:
    """(g,) position of each group's step among those of the fit, their number for any other."""
    known = pl.DataFrame(list(category.steps), schema={_FROM: pl.String, _CATEGORY: pl.String}, orient="row")
    placed = steps.rows.select(_FROM, _CATEGORY).join(
        known.with_row_index(_STEP), on=[_FROM, _CATEGORY], how="left", maintain_order="left"
    )
    codes: npt.NDArray[np.int64] = placed[_STEP].cast(pl.Int64).fill_null(len(category.steps)).to_numpy()
    return codes


def _entropy_rate(steps: _Grouped, n: int) -> Floats:
    """(n,) entropy in nats of where a user goes next, given where they are."""
    pairs = steps.rows.select(pl.struct(ENTITY, _FROM).rle_id()).to_series().to_numpy()
    return _entropy_of(steps.at, steps.events, pairs, n)


def _clock(table: CheckedTable, ids: Ids, plan: Plan) -> Measures:
    """Shares of a user's sessions by hour of the day and by day of the week, Monday first."""
    if not plan.clock:
        return {}
    hours = ((nw.col(TIME) + plan.utc_offset_h * HOUR_S) / HOUR_S).floor()
    grouped = _grouped(table, ids, {_HOURS: hours}, where=nw.col(TIME).is_finite())
    since = grouped.floats(_HOURS).astype(np.int64)
    slots = {
        "hour": (since % 24, [f"hour={hour:02d}" for hour in range(24)]),
        "weekday": ((since // 24 + THURSDAY) % 7, [f"weekday={day}" for day in WEEKDAYS]),
    }
    return {name: share for kind in plan.clock for name, share in _profile(grouped, *slots[kind], len(ids))}


def _profile(grouped: _Grouped, slots: npt.NDArray[np.int64], names: list[str], n: int) -> Iterator[tuple[str, Floats]]:
    width = len(names)
    cells = totals(grouped.at * width + slots, grouped.events, n * width).reshape(n, width)
    sessions = cells.sum(axis=1, keepdims=True)
    shares = cells / np.where(sessions > 0, sessions, np.nan)
    yield from zip(names, shares.T, strict=True)
