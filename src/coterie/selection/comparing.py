"""Recipes side by side: what another basis or embedding would have given, and why its figures look as they do."""

from __future__ import annotations

from coterie.selection.choice import Choice
from coterie.selection.separation import EMBEDDING
from coterie.selection.types import Candidate

MOSTLY = 0.5
MORE_APART = 0.05  # of silhouette: below it two recipes are as far apart as each other


def comparisons(choice: Choice) -> tuple[str, ...]:
    """Put each other recipe's best candidate beside the chosen one, in a sentence or two.

    The best candidate of a recipe is the one with the highest lift (or explained variance) of those that meet the
    floors, or of all where none does.
    """
    chosen = choice.candidate
    names = dict.fromkeys(candidate.recipe for candidate in choice.candidates)
    return tuple(
        _beside(_best([c for c in choice.candidates if c.recipe == name]), chosen)
        for name in names
        if name != chosen.recipe
    )


def _value(candidate: Candidate) -> float:
    if candidate.lift is not None:
        return candidate.lift.lift.value
    return candidate.silhouette.value if candidate.explained is None else candidate.explained.value.value


def _best(candidates: list[Candidate]) -> Candidate:
    eligible = [candidate for candidate in candidates if not candidate.misses]
    return max(eligible or candidates, key=lambda c: (_value(c), -c.k))


def _beside(other: Candidate, chosen: Candidate) -> str:
    name = other.recipe or "the config as it stands"
    told = f"Recipe '{name}' ({other.method}, k = {other.k}): silhouette {other.silhouette.value:.2f} against "
    told += f"{chosen.silhouette.value:.2f}"
    if other.lift is not None and chosen.lift is not None:
        told += f", lift {other.lift.lift.value:.2f} against {chosen.lift.lift.value:.2f}"
    told += f", least stability {min(other.jaccard):.2f} against {min(chosen.jaccard):.2f}."
    if other.silhouette.value < chosen.silhouette.value + MORE_APART or _value(other) >= _value(chosen):
        return told
    return f"{told} {_why(other)}"


def _why(other: Candidate) -> str:
    """Say why a recipe looks better apart and pays less."""
    if other.separated_by and other.separated_by[0][0] != EMBEDDING and other.separated_by[0][1] >= MOSTLY:
        column, share = other.separated_by[0]
        return (
            f"Its segments look further apart because they are mostly bands of one column: {share:.0%} of what "
            f"separates them lies along '{column}'. A single column always cuts into neat bands; what people take up "
            "next hardly depends on it, which is why the lift is lower."
        )
    return (
        "A higher silhouette only says that its points lie in tighter clumps of their own space; the segments know "
        "less of what people take up next, and that is what they are for."
    )
