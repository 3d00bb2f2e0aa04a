"""The comparison of a run with a later one, or with later tables: its record, and what it asks for.

A verdict is one of three: *nothing to do*, *look* (something moved, and a person should see what) and *retrain* (the
model no longer fits what it is asked about).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from coterie.activation.drift import MAJOR, MODERATE, Drift
from coterie.activation.migration import Migration
from coterie.activation.watching import Moved, TableDrift
from coterie.terms import Noun

SCHEMA: Final = "coterie.comparison"
VERSION: Final = 1

Verdict = Literal["nothing to do", "look", "retrain"]
VERDICTS: Final[tuple[Verdict, ...]] = ("nothing to do", "look", "retrain")
_LOOK, _RETRAIN = 1, 2
AGREE: Final = 0.75  # adjusted Rand index below which two runs tell different segments
# Shares of events or users that the model knows nothing of, and of columns that moved.
SOME, MUCH = 0.10, 0.25
FEW_COLUMNS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is: which of the three this alone asks for, and the finding in a sentence."""

    asks_for: Verdict
    told: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against a later one, or against later tables.

    Args:
        before: id of the run. after: id of the later run, or "present tables".
        entity: what is segmented. is_data: whether the later side is tables that no run was made of.
        migration: who went where. drift: of the tables, as the earlier run's model sees them; None where it cannot.
        left_out: why something was not measured. reasons: what was found, the gravest first.
    """

    before: str
    after: str
    entity: Noun
    is_data: bool
    migration: Migration
    drift: TableDrift | None
    left_out: tuple[str, ...]
    verdict: Verdict
    reasons: tuple[Reason, ...]


def judged(
    migration: Migration, drift: TableDrift | None, entity: Noun, *, is_data: bool
) -> tuple[Verdict, tuple[Reason, ...]]:
    """Give the verdict and what it rests on."""
    found = [] if drift is None else list(_of_tables(drift, entity))
    if not is_data:
        found += _of_segments(migration, entity)
    found.sort(key=lambda one: -one[0])
    reasons = tuple(Reason(VERDICTS[step], told) for step, told in found)
    return VERDICTS[max((step for step, _ in found), default=0)], reasons


def _of_tables(drift: TableDrift, entity: Noun) -> Iterator[tuple[int, str]]:
    for one, what in ((drift.mix.drift, "where they fall"), (drift.confidence, "how surely they fall there")):
        yield from _of_one(one, f"{entity.many} have moved in {what}")
    for one in drift.activity:
        yield from _of_one(
            one, f"{one.called} have moved" if one.name.endswith("events") else f"{one.called} has moved"
        )
    if drift.new_items is not None and drift.new_items >= SOME:
        step = _RETRAIN if drift.new_items >= MUCH else _LOOK
        yield step, f"{drift.new_items:.0%} of the events are of items that the model does not know"
    risen = drift.unknown_after - drift.unknown_before
    if risen >= SOME:
        step = _RETRAIN if risen >= MUCH else _LOOK
        yield (
            step,
            f"of {drift.unknown_after:.0%} of {entity.many} the model knows nothing "
            f"({drift.unknown_before:.0%} at its fit)",
        )
    yield from _of_columns(drift.basis, "columns that segments are formed on", can_retrain=True)
    yield from _of_columns(drift.descriptors, "columns that segments are described by", can_retrain=False)


def _of_one(one: Drift, told: str) -> Iterator[tuple[int, str]]:
    if one.has_moved:
        step = _RETRAIN if one.level == "major" else _LOOK
        yield step, f"{told}: PSI {one.psi:.2f} ({one.level}; by chance {one.chance:.2f})"


def _of_columns(moved: Moved, what: str, *, can_retrain: bool) -> Iterator[tuple[int, str]]:
    if not moved.n_columns or not moved.n_moved:
        return
    told = f"{moved.n_moved:,} of {moved.n_columns:,} {what} have moved, most of all '{moved.columns[0].called}'"
    told += f" (PSI {moved.columns[0].psi:.2f})"
    if can_retrain and moved.n_major >= MUCH * moved.n_columns:
        yield _RETRAIN, told
    elif not can_retrain or moved.n_moved >= FEW_COLUMNS * moved.n_columns:
        yield _LOOK, told


def _of_segments(found: Migration, entity: Noun) -> Iterator[tuple[int, str]]:
    if found.adjusted_rand is not None and found.adjusted_rand < AGREE:
        yield (
            _LOOK,
            (
                f"the two runs put the same {entity.many} into different segments: adjusted Rand index "
                f"{found.adjusted_rand:.2f}, below {AGREE}"
            ),
        )
    changed = [f"{change.segment} {change.change}" for change in found.changed]
    if changed:
        yield _LOOK, f"segments have changed: {', '.join(changed)}"
    elif not found.changes:
        yield _LOOK, f"too few {entity.many} are in both runs to tell which segment is which"


def thresholds() -> tuple[float, float]:
    """Give where the index is called moderate, and major."""
    return MODERATE, MAJOR
