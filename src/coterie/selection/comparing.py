"""Recipes side by side: what another basis or embedding would have given, and why its figures look as they do."""

from __future__ import annotations

import math

from coterie.selection.choice import Choice
from coterie.selection.scores import Measure, measure_of, value_of
from coterie.selection.separation import EMBEDDING
from coterie.selection.types import Candidate

MOSTLY = 0.5
MORE_APART = 0.05  # of silhouette: below it two recipes are as far apart as each other


def comparisons(choice: Choice) -> tuple[str, ...]:
    """Put each other recipe's best candidate beside the chosen one, in a sentence or two.

    The best candidate of a recipe is the one with the highest lift (or explained variance, or silhouette, whichever is
    known of the chosen one) of those that meet the floors, or of all where none does.
    """
    chosen = choice.candidate
    measure = measure_of(chosen)  # what is known of the chosen one, and nothing else in its place
    names = dict.fromkeys(candidate.recipe for candidate in choice.candidates)
    return tuple(
        _beside(_best([c for c in choice.candidates if c.recipe == name], measure), chosen, measure)
        for name in names
        if name != chosen.recipe
    )


def _best(candidates: list[Candidate], measure: Measure) -> Candidate:
    eligible = [candidate for candidate in candidates if not candidate.misses]
    return max(eligible or candidates, key=lambda c: (value_of(c, measure), -c.k))


def _beside(other: Candidate, chosen: Candidate, measure: Measure) -> str:
    name = other.recipe or "the config as it stands"
    told = f"Recipe '{name}' ({other.method}, k = {other.k}): silhouette {other.silhouette.value:.2f} against "
    told += f"{chosen.silhouette.value:.2f}"
    if other.lift is not None and chosen.lift is not None:
        told += f", lift {other.lift.lift.value:.2f} against {chosen.lift.lift.value:.2f}"
    if other.explained is not None and chosen.explained is not None:
        told += f", held-out columns explained {other.explained.value.value:.1%} against "
        told += f"{chosen.explained.value.value:.1%}"
    told += f", least stability {min(other.jaccard):.2f} against {min(chosen.jaccard):.2f}."
    is_further_apart = other.silhouette.value >= chosen.silhouette.value + MORE_APART
    if not is_further_apart or not -math.inf < value_of(other, measure) < value_of(chosen, measure):
        return told
    return f"{told} {_why(other, by_events=chosen.lift is not None)}"


def _why(other: Candidate, *, by_events: bool) -> str:
    """Say why a recipe looks better apart and pays less."""
    about, lower = (
        ("what people take up next", "the lift is lower")
        if by_events
        else ("what is not in it", "less of the other columns is explained")
    )
    if other.separated_by and other.separated_by[0][0] != EMBEDDING and other.separated_by[0][1] >= MOSTLY:
        column, share = other.separated_by[0]
        return (
            f"Its segments look further apart because they are mostly bands of one column: {share:.0%} of what "
            f"separates them lies along '{column}'. A single column always cuts into neat bands; {about} hardly "
            f"depends on it, which is why {lower}."
        )
    return (
        "A higher silhouette only says that its points lie in tighter clumps of their own space; the segments know "
        f"less of {about}, and that is what they are for."
    )
