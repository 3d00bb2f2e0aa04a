"""What one frozen model sees in two sets of tables: those it was fitted on, and later ones.

The same model reads both, so that whatever differs is in the tables: what segments are formed on, what they are
described by, how much users do, where they fall, how surely, and how much of it the model does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.activation.drift import MOST_BINS_OF_CELLS, Counts, Drift, Kind, binned, cuts_of, inhabited, measured
from coterie.activation.suppression import hidden_in_row
from coterie.clustering.contract import Assignment
from coterie.config import Config
from coterie.engines import local
from coterie.errors import CoterieError
from coterie.features.assembling import make_descriptors
from coterie.features.contract import Feature, Ids, Matrix
from coterie.model import SegmentModel
from coterie.tables import Tables
from coterie.tables.suppression import MIN_CELL
from coterie.tables.titles import titles_by_item
from coterie.tables.types import events_of
from coterie.terms import NOISE, STATE, USER, USERS

MOST_SHOWN = 20  # columns of one kind, the ones that moved most
DISTINCT = 20  # values of events, as many as which are looked at one by one


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model makes of one set of tables.

    Args:
        tables: as what is segmented sees them. ids: (n,) sorted. found: their segments. known: (n,) whether the model
            knows anything of each. least: users that a figure needs to be told.
    """

    tables: Tables
    ids: Ids
    found: Assignment
    known: npt.NDArray[np.bool_]
    least: int = MIN_CELL


@dataclass(frozen=True, slots=True)
class Mix:
    """The users of each segment as one model sees them; None where a number is not shown.

    Args:
        segments: ids, largest first; the last is "", those in none. before, after: users.
        drift: of the shares.
    """

    segments: tuple[str, ...]
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]
    drift: Drift


@dataclass(frozen=True, slots=True)
class Moved:
    """Columns of one kind.

    Args:
        n_columns: that were measured. n_moved, n_major: of them, that moved beyond chance, at least moderately or far.
        n_rare: columns that were not measured, since too few users have them before and after.
        columns: those that moved most.
    """

    n_columns: int
    n_moved: int
    n_major: int
    n_rare: int
    columns: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class TableDrift:
    """How tables have moved away from those that a model was fitted on.

    Args:
        n_before, n_after: of what is segmented.
        confidence: strength of the segments that the model gives. mix: where users fall by it.
        activity: events and values of each table of events. basis, descriptors: what segments are formed on, what they
            are described by.
        new_items: share of the later events that are of items that the earlier tables do not have; None without events.
        unknown_before, unknown_after: share of whom the model knows nothing.
        left_out: what could not be measured, and why.
    """

    n_before: int
    n_after: int
    confidence: Drift
    mix: Mix
    activity: tuple[Drift, ...]
    basis: Moved
    descriptors: Moved
    new_items: float | None
    unknown_before: float
    unknown_after: float
    left_out: tuple[str, ...]


def look(model: SegmentModel, tables: Tables, ids: Ids, least: int = MIN_CELL) -> Seen:
    """Give what a model makes of tables.

    Raises:
        ModelError: the tables lack what the fit had.
    """
    found = model.apply(tables, ids)
    _, known = model.space.basis.apply_known(tables, ids)
    return Seen(tables, ids, found, known, least)


def table_drift(model: SegmentModel, config: Config, before: Seen, after: Seen) -> TableDrift:
    """Measure how far the tables have moved.

    Args:
        config: of the model's run. before: the tables of the fit. after: later ones.
    """
    basis, n_rare = _basis(model, before, after)
    described, left_out = _descriptors(config, before, after)
    segments = _segments(model)
    return TableDrift(
        n_before=len(before.ids),
        n_after=len(after.ids),
        confidence=_confidence(before, after),
        mix=_mix(segments, model, before, after),
        activity=tuple(_activity(before, after)),
        basis=_titled(_moved(basis, n_rare), config, before.tables),
        descriptors=_titled(_moved(described, 0), config, before.tables),
        new_items=_new_items(before.tables, after.tables),
        unknown_before=_unknown(before),
        unknown_after=_unknown(after),
        left_out=left_out,
    )


def _titled(moved: Moved, config: Config, tables: Tables) -> Moved:
    """Call columns that are items by their titles."""
    titles = titles_by_item(tables)

    def named(one: Drift) -> Drift:
        block, _, item = one.name.partition(":")
        of_items = block in config.features and config.features[block].kind == "interactions"
        return replace(one, label=f"{block}: {titles[item]}") if of_items and item in titles else one

    return replace(moved, columns=tuple(map(named, moved.columns)))


def _unknown(seen: Seen) -> float:
    return float(1 - seen.known.mean()) if len(seen.known) else 0.0


def _segments(model: SegmentModel) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model.segment_ids))


def _mix(segments: Sequence[str], model: SegmentModel, before: Seen, after: Seen) -> Mix:
    place = np.array([*(segments.index(name) for name in model.segment_ids), len(segments)])
    was, now = (
        np.bincount(place[seen.found.labels], minlength=len(segments) + 1) for seen in (before, after)
    )  # NOISE is -1, the last place
    order = [*np.argsort(-was[:-1], kind="stable").tolist(), len(segments)]
    was, now = was[order].astype(np.int64), now[order].astype(np.int64)
    called = [*segments, ""]
    return Mix(
        tuple(called[at] for at in order),
        _shown(was, before.least),
        _shown(now, before.least),
        measured("segments", "mix", inhabited(was, now)),
    )


def _shown(counts: Counts, least: int) -> tuple[int | None, ...]:
    return tuple(
        None if gone else int(n) for n, gone in zip(counts.tolist(), hidden_in_row(counts, least).tolist(), strict=True)
    )


def _confidence(before: Seen, after: Seen) -> Drift:
    was, now = (seen.found.strength[seen.found.labels != NOISE] for seen in (before, after))
    return _of_values("strength", "confidence", was, now, least=before.least)


def _of_values(
    name: str, kind: Kind, was: npt.NDArray[np.float64], now: npt.NDArray[np.float64], *, least: int, times: int = 1
) -> Drift:
    """Measure a column of numbers, NaN for what is missing."""
    cuts = cuts_of(was)
    counts = inhabited(binned(was, cuts), binned(now, cuts))
    return measured(name, kind, counts, times=times, means=(_mean(was, least), _mean(now, least)))


def _mean(values: npt.NDArray[np.float64], least: int) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) >= least else None


def _activity(before: Seen, after: Seen) -> Iterator[Drift]:
    for table in before.tables.events:
        if table.name not in after.tables.by_name:
            continue
        was, now = (_events_each(seen, table.name) for seen in (before, after))
        yield _of_values(f"{table.name}: events", "activity", was, now, least=before.least)
        values = [events_of(seen.tables[table.name]).value for seen in (before, after)]
        if values[0] is not None and values[1] is not None:
            # Events of one user are alike, so they say no more than their users do of what is chance.
            sizes = len(before.ids), len(after.ids)
            yield _of_event_values(f"{table.name}: value", values[0], values[1], sizes, before.least)


def _of_event_values(
    name: str, was: npt.NDArray[np.float64], now: npt.NDArray[np.float64], sizes: tuple[int, int], least: int
) -> Drift:
    was, now = np.asarray(was, np.float64), np.asarray(now, np.float64)
    distinct = np.unique(was[~np.isnan(was)])
    cuts = distinct[1:] if len(distinct) <= DISTINCT else cuts_of(was)
    held = inhabited(binned(was, cuts), binned(now, cuts))
    scaled = tuple(counts * (users / max(int(counts.sum()), 1)) for counts, users in zip(held, sizes, strict=True))
    return measured(name, "activity", (scaled[0], scaled[1]), means=(_mean(was, least), _mean(now, least)))


def _events_each(seen: Seen, name: str) -> npt.NDArray[np.float64]:
    events = events_of(seen.tables[name])
    counts = np.zeros(len(seen.ids))
    at = np.searchsorted(seen.ids, events.users)
    is_here = (at < len(seen.ids)) & (seen.ids[np.minimum(at, len(seen.ids) - 1)] == events.users)
    counts[at[is_here]] = np.diff(events.indptr)[is_here]
    return counts


def _new_items(before: Tables, after: Tables) -> float | None:
    total, new = 0, 0
    for table in after.events:
        if table.name not in before.by_name:
            continue
        events, known = events_of(table), events_of(before[table.name]).items
        is_new = ~np.isin(events.items, known)
        total, new = total + events.n_events, new + int(is_new[events.item].sum())
    return new / total if total else None


def _basis(model: SegmentModel, before: Seen, after: Seen) -> tuple[list[Drift], int]:
    was, was_joined, names = model.space.columns_of(before.tables, before.ids)
    now, now_joined, _ = model.space.columns_of(after.tables, after.ids)
    width = was.shape[1]
    embedded, n_rare = _of_matrix(names[:width], "basis", was, now, times=len(names), least=before.least)
    joined, more = _of_matrix(names[width:], "basis", was_joined, now_joined, times=len(names), least=before.least)
    return [*embedded, *joined], n_rare + more


def _of_matrix(
    names: Sequence[str], kind: Kind, was: Matrix, now: Matrix, *, times: int, least: int
) -> tuple[list[Drift], int]:
    """Measure each column of two (n, m) matrices; gives also how many too few users have."""
    if not sp.issparse(was) or not sp.issparse(now):
        dense = [np.asarray(one.todense() if sp.issparse(one) else one, np.float64) for one in (was, now)]
        return [
            _of_values(name, kind, dense[0][:, c], dense[1][:, c], least=least, times=times)
            for c, name in enumerate(names)
        ], 0
    found, n_rare = [], 0
    columns = [sp.csc_array(one) for one in (was, now)]
    for c, name in enumerate(names):
        cells = [one.data[one.indptr[c] : one.indptr[c + 1]].astype(np.float64) for one in columns]
        if max(map(len, cells)) < least:
            n_rare += 1
            continue
        found.append(_of_cells(name, kind, cells, (was.shape[0], now.shape[0]), times=times, least=least))
    return found, n_rare


def _of_cells(
    name: str, kind: Kind, cells: list[npt.NDArray[np.float64]], users: tuple[int, int], *, times: int, least: int
) -> Drift:
    """Measure a column that is mostly zero: those who have nothing of it, and bins of what the others have."""
    cuts = cuts_of(cells[0], MOST_BINS_OF_CELLS)
    counts = [np.append(n - len(own), binned(own, cuts)) for own, n in zip(cells, users, strict=True)]
    held = [len(own) / max(n, 1) if len(own) >= least else None for own, n in zip(cells, users, strict=True)]
    return measured(name, kind, inhabited(*counts), times=times, means=(held[0], held[1]))


def _descriptors(config: Config, before: Seen, after: Seen) -> tuple[list[Drift], tuple[str, ...]]:
    """Measure what segments are described by: attributes as their table has them, other blocks as columns."""
    asked, left_out = make_descriptors(config), []
    jobs: list[tuple[Feature, tuple[str, ...]]] = []
    for feature in asked:
        chosen = config.features[feature.name]
        table = before.tables.by_name.get(feature.table)
        if chosen.kind == "attributes" and table is not None:
            columns = tuple(chosen.options.get("columns") or table.attributes)
            jobs.append((feature, columns if table.role == USERS else ()))
        else:
            jobs.append((feature, ("",)))
    times = sum(len(columns) for _, columns in jobs)
    found: list[Drift] = []
    for feature, columns in jobs:
        try:
            if columns == ("",):
                fitted = feature.fit(before.tables, before.ids)
                values = [fitted.apply(seen.tables, seen.ids).values for seen in (before, after)]
                names = [f"{feature.name}:{column}" for column in fitted.columns.tolist()]
                found += _of_matrix(
                    names, "descriptor", values[0], values[1], times=times + len(names), least=before.least
                )[0]
            else:
                found += _of_attributes(feature, columns, before, after, times)
        except CoterieError as error:
            left_out.append(f"features.{feature.name}: {error}")
    return found, tuple(left_out)


def _of_attributes(feature: Feature, columns: Sequence[str], before: Seen, after: Seen, times: int) -> Iterator[Drift]:
    kinds = before.tables[feature.table].attributes
    for asked in columns:
        column = STATE if kinds.get(asked) == "us_zip" else asked
        kind = kinds.get(column)
        if kind not in {"number", "category"}:
            continue
        cells = [_attribute(seen, feature.table, column) for seen in (before, after)]
        name = f"{feature.name}:{column}"
        if kind == "number":
            was, now = (cell.cast(pl.Float64).fill_null(np.nan).to_numpy() for cell in cells)
            yield _of_values(name, "descriptor", was, now, least=before.least, times=times)
        else:
            yield _of_categories(name, cells[0], cells[1], times, before.least)


def _attribute(seen: Seen, table: str, column: str) -> pl.Series:
    frame = seen.tables[table].frame.select(USER, nw.col(column))
    rows = local.collect(frame).unique(USER, keep="any")
    index = pl.DataFrame({USER: seen.ids.tolist()}, schema={USER: pl.String})
    return index.join(rows, on=USER, how="left", maintain_order="left")[column]


def _of_categories(name: str, was: pl.Series, now: pl.Series, times: int, least: int) -> Drift:
    """Measure a category; values of few users before count together, as do those that nobody had."""
    counts = [dict(cell.cast(pl.String).fill_null("").value_counts().iter_rows()) for cell in (was, now)]
    kept = sorted(value for value, n in counts[0].items() if n >= least)
    tables = [
        np.array([*(one.get(value, 0) for value in kept), sum(n for value, n in one.items() if value not in kept)])
        for one in counts
    ]
    return measured(name, "descriptor", inhabited(tables[0], tables[1]), times=times)


def _moved(found: Sequence[Drift], n_rare: int) -> Moved:
    order = sorted(found, key=lambda one: (not one.has_moved, -one.psi, one.name))
    return Moved(
        n_columns=len(found),
        n_moved=sum(one.has_moved for one in found),
        n_major=sum(one.level == "major" for one in found),
        n_rare=n_rare,
        columns=tuple(order[:MOST_SHOWN]),
    )
