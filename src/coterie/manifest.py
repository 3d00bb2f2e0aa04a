"""The manifest: what a run read, did and cost, so that it can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coterie.terms import A_USER, AN_ITEM, Noun

SCHEMA = "coterie.manifest"
VERSION = 1


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
