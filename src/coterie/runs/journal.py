"""Steps as they go: told to whoever listens, measured, and written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from coterie.manifest import StepRecord
from coterie.runs.measuring import measured

Step = Literal[
    "sources",
    "tables",
    "explore",
    "screening",
    "embedding",
    "clustering",
    "proof",
    "evidence",
    "profile",
    "model",
    "scoring",
    "graph",
    "report",
]
STEPS: tuple[Step, ...] = get_args(Step)


class Listener(Protocol):
    """Told what a run does, for a progress bar or a log."""

    def started(self, step: str) -> None:
        """A step begins."""

    def advanced(self, what: str, done: int, total: int) -> None:
        """A part of the step that takes long is so far."""

    def finished(self, record: StepRecord) -> None:
        """A step is done."""


class Silence:
    """A listener that tells nobody."""

    def started(self, step: str) -> None:
        """A step begins."""

    def advanced(self, what: str, done: int, total: int) -> None:
        """A part of the step is so far."""

    def finished(self, record: StepRecord) -> None:
        """A step is done."""


@dataclass(slots=True)
class Journal:
    """Steps done so far, with what they cost."""

    listener: Listener
    done: list[StepRecord] = field(default_factory=list)

    @contextmanager
    def step(self, name: Step) -> Iterator[dict[str, Any]]:
        """Measure a step; the block may note ``cached``, ``rows_in`` and ``rows_out``."""
        noted: dict[str, Any] = {"cached": False}
        self.listener.started(name)
        with measured() as cost:
            yield noted
        record = StepRecord(name, round(cost.seconds, 4), round(cost.peak_mb, 1), **noted)
        self.done.append(record)
        self.listener.finished(record)
