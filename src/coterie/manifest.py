"""The manifest: what a run read, did and cost, so that it can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coterie.terms import A_USER, AN_ITEM, Noun

SCHEMA = "coterie.manifest"
VERSION = 2
FORMER = (1,)  # without window, forgotten and notes


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run.

    Args:
        name: tables, features ... report. seconds: wall time. peak_mb: resident memory at its highest in this step.
        cached: whether its answer came from the cache. rows_in, rows_out: where rows are what it handles.
    """

    name: str
    seconds: float
    peak_mb: float
    cached: bool
    rows_in: int | None = None
    rows_out: int | None = None


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One raw table: where it stood (secrets masked), its fingerprint, its rows and what became of them.

    Args:
        read: rows of the source. rejected: rows refused by checks. cleaned: rows taken out by declared rules.
        kept: the rest.
    """

    table: str
    role: str
    location: str
    fingerprint: str
    read: int
    rejected: int
    cleaned: int
    kept: int


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """The span of time whose events a run was made from.

    Args:
        since, until: as they were asked for, None where the window is open.
        since_s, until_s: what these came to, seconds since 1970: from the one on, and before the other.
    """

    since: str | None
    until: str | None
    since_s: float | None
    until_s: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often the frozen model, read back from disk, gives a training user the label of the fit.

    Args:
        n_users: training users asked. n_agree: those that agree.
    """

    n_users: int
    n_agree: int

    @property
    def share(self) -> float:
        """In [0, 1]; 1 is good."""
        return self.n_agree / self.n_users if self.n_users else 1.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run's own account of itself.

    Args:
        n_users: what is segmented, users or else. n_items: what it is told apart by.
        entity: what is segmented, in words. counterpart: what it is told apart by. Manifests of runs that could only
            segment users do not say it.
        window: the span of events that was read; None: all of them.
        forgotten: users of the run who were forgotten since it was made. Rows and vectors of theirs are gone from it;
            what was counted and fitted with them is as it was.
        notes: what a reader must know of the run beside its decision.
    """

    run_id: str
    project: str
    created: str
    seed: int
    engine: str
    threads: int
    coterie: str
    versions: Mapping[str, str]
    config_digest: str
    config: Mapping[str, Any]
    inputs: tuple[InputRecord, ...]
    n_users: int
    n_items: int
    n_events: int
    unsegmented_users: int
    agreement: Agreement
    steps: tuple[StepRecord, ...] = field(default=())
    entity: Noun = A_USER
    counterpart: Noun = AN_ITEM
    window: WindowRecord | None = None
    forgotten: int = 0
    notes: tuple[str, ...] = ()
