"""What candidates are called in figures, and which of them belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coterie.clustering.contract import Labels
from coterie.selection.types import Candidate

_NONE: Labels = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class Solution:
    """A candidate with its name and labels.

    Args:
        place: in the decision sheet. name: tells it from the others. line: its method, with its recipe where that
            is not the chosen one's: what it shares with candidates that differ in k and settings alone.
        labels: (n,) clusters 0..k-1 or NOISE; empty where they are not at hand.
    """

    place: int
    name: str
    line: str
    candidate: Candidate
    labels: Labels

    @property
    def n_clusters(self) -> int:
        """Clusters that the labels name."""
        return int(self.labels.max(initial=-1)) + 1


def solutions(
    candidates: Sequence[Candidate], labels: Sequence[Labels | None], chosen: int = 0
) -> tuple[Solution, ...]:
    """Name candidates by method and k, by a recipe that is not the chosen one's, by settings where these alone differ.

    Args:
        labels: of each candidate, or None. chosen: place of the chosen one.
    """
    lines = [_line(candidate, candidates[chosen].recipe) for candidate in candidates]
    called = [(line, c.k) for line, c in zip(lines, candidates, strict=True)]
    made = []
    for place, (candidate, line, found) in enumerate(zip(candidates, lines, labels, strict=True)):
        name = _name(candidate, candidates[chosen].recipe)
        if called.count((line, candidate.k)) > 1:
            name += "".join(f", {key} = {value}" for key, value in _settings(candidate)) or f" ({place + 1})"
        made.append(Solution(place, name, line, candidate, _NONE if found is None else found))
    return tuple(made)


def _line(candidate: Candidate, recipe: str) -> str:
    return f"{candidate.method}{_other(candidate, recipe)}"


def _name(candidate: Candidate, recipe: str) -> str:
    return f"{candidate.method}, k = {candidate.k}{_other(candidate, recipe)}"


def _other(candidate: Candidate, recipe: str) -> str:
    return "" if candidate.recipe == recipe else f" ({candidate.recipe or 'no recipe'})"


def _settings(candidate: Candidate) -> list[tuple[str, str]]:
    return [
        (key, f"{value:.4g}" if isinstance(value, float) else str(value))
        for key, value in sorted(candidate.settings.items())
    ]
