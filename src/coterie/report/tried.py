"""What the search tried beside the chosen candidate: recipes with their best, and what gave nothing to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from coterie.report.words import MISSING, decimal, percent
from coterie.selection.trials import settings_told
from coterie.selection.types import Candidate, Decision, RecipeTried

AS_IT_STANDS = "the config as it stands"
FELL_OUT = "fell out in the coarse round"


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """One recipe: its cells as text.

    Args:
        coarse: what the coarse round gave. outcome: whether it was measured in full, or why not.
        best: lift, else explained variance, else silhouette of its best candidate. stability: of that one's least
            stable segment. is_chosen: whether the chosen candidate is one of its.
    """

    name: str
    coarse: str
    outcome: str
    best: str
    stability: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """One method with its settings that gave nothing to choose from, and why."""

    recipe: str
    method: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tried:
    """Both tables; either may be empty. ``measure`` is what recipes are compared by."""

    measure: str
    recipes: tuple[RecipeRow, ...]
    left_out: tuple[LeftOutRow, ...]


def tried(decision: Decision) -> Tried:
    """Lay out the recipes where there are several, and what was left out."""
    chosen = decision.candidates[decision.chosen]
    rows = tuple(_row(recipe, decision) for recipe in decision.recipes) if len(decision.recipes) > 1 else ()
    left_out = tuple(
        LeftOutRow(one.recipe or AS_IT_STANDS, _with_settings(one.method, settings_told(one.settings)), one.reason)
        for one in decision.left_out
    )
    return Tried(_measure(chosen), rows, left_out)


def _measure(candidate: Candidate) -> str:
    if candidate.lift is not None:
        return "lift"
    return "silhouette" if candidate.explained is None else "explained variance"


def _row(recipe: RecipeTried, decision: Decision) -> RecipeRow:
    chosen = decision.candidates[decision.chosen]
    own = [candidate for candidate in decision.candidates if candidate.recipe == recipe.name]
    is_chosen = recipe.measured and chosen.recipe == recipe.name
    best = chosen if is_chosen else _best(own, chosen)
    coarse = recipe.coarse_score is not None
    return RecipeRow(
        name=recipe.name or AS_IT_STANDS,
        coarse=f"{decimal(recipe.coarse_score)} ({decimal(recipe.coarse_stability)})" if coarse else MISSING,
        outcome=recipe.failure or ("measured in full" if recipe.measured else FELL_OUT),
        best=MISSING if best is None else _value(best, chosen),
        stability=MISSING if best is None else decimal(min(best.jaccard)),
        is_chosen=is_chosen,
    )


def _best(candidates: list[Candidate], chosen: Candidate) -> Candidate | None:
    """Give a recipe's best: of those that miss no floor, if there are any."""
    eligible = [candidate for candidate in candidates if not candidate.misses] or candidates
    return max(eligible, key=lambda candidate: _number(candidate, chosen) or 0.0, default=None)


def _number(candidate: Candidate, chosen: Candidate) -> float | None:
    if chosen.lift is not None:
        return None if candidate.lift is None else candidate.lift.lift.value
    if chosen.explained is not None:
        return None if candidate.explained is None else candidate.explained.value.value
    return candidate.silhouette.value


def _value(candidate: Candidate, chosen: Candidate) -> str:
    number = _number(candidate, chosen)
    is_share = chosen.lift is None and chosen.explained is not None
    return (percent(number, 1) if is_share else decimal(number)) + f", k = {candidate.k}"


def _with_settings(method: str, settings: str) -> str:
    return f"{method} ({settings})" if settings else method
