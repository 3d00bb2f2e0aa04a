"""Answers of steps, from the cache or made now, with a journal of which it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from coterie.runs.cache import Cache
from coterie.runs.journal import Journal, Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """The cache, with a journal of what came from it."""

    cache: Cache
    journal: Journal

    def advanced(self, what: str, done: int, total: int) -> None:
        """Pass on how far a step is."""
        self.journal.listener.advanced(what, done, total)

    @contextmanager
    def step(self, name: Step) -> Iterator[Answering]:
        """Measure a step that has several answers; it came from the cache if all of them did."""
        with self.journal.step(name) as noted:
            step = Answering(name, self.cache, noted)
            yield step
            noted["cached"] = bool(step.were_there) and all(step.were_there)

    def answer(
        self,
        step: Step,
        key: str,
        make: Callable[[Path], None],
        load: Callable[[Path], T],
        rows: Callable[[T], Mapping[str, int]] = lambda _: {},
    ) -> tuple[T, Path]:
        """Give a step's answer and its folder; ``rows`` counts for the journal what went in and came out."""
        with self.journal.step(step) as noted:
            found, place, noted["cached"] = self.cache.answer(step, key, make, load)
            noted.update(rows(found))
        return found, place


@dataclass(frozen=True, slots=True)
class Answering:
    """A step under way.

    Args:
        noted: for the journal. were_there: whether each answer so far came from the cache.
    """

    name: Step
    cache: Cache
    noted: dict[str, Any]
    were_there: list[bool] = field(default_factory=list)

    def answer(self, key: str, make: Callable[[Path], None], load: Callable[[Path], T]) -> T:
        """Give one of the step's answers."""
        found, _, was_there = self.cache.answer(self.name, key, make, load)
        self.were_there.append(was_there)
        return found
