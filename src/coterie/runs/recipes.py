"""The recipes of a search, one after the other: a coarse round where there are many, then the best in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from coterie.config import Config
from coterie.errors import ConfigError, DataError
from coterie.runs.cache import key_of
from coterie.runs.keeping import Kept
from coterie.runs.placing import Placed, load_space, write_space
from coterie.runs.searching import Searched, Sheet, Tried, load_sheet, write_screen, write_search
from coterie.selection import screening
from coterie.selection.recipes import Recipe
from coterie.selection.scores import value_of
from coterie.selection.types import Candidate, RecipeTried
from coterie.tables import Tables

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ground:
    """What recipes are tried on.

    Args:
        tables: checked and cleaned. key: of them in the cache. kept: the cache. threads: tasks at once.
        failures: why a recipe could not be made, by its place; filled on the way.
    """

    tables: Tables
    key: str
    kept: Kept
    threads: int
    failures: dict[int, str] = field(default_factory=dict)


def search_recipes(config: Config, recipes: Sequence[Recipe], ground: Ground) -> Searched:
    """Measure the recipes that are worth it.

    Args:
        config: with the budget. recipes: all that are asked for.

    Raises:
        DataError: none of the recipes can be made of these tables; says why.
    """
    best: list[Candidate | None] = [None] * len(recipes)
    taken: Sequence[bool] = [True] * len(recipes)
    if screening.needed(recipes, config.search.budget):
        best = _screen(recipes, ground, config.search.sample)
        taken = screening.finalists(recipes, best, config.search.budget, config.segments.min_stability)
    tried = _measure({place: recipe for place, recipe in enumerate(recipes) if taken[place]}, ground)
    if not tried:
        raise DataError(_all_failed(recipes, ground.failures))
    accounts = [
        _account(recipe, place in tried, best[place], ground.failures.get(place, ""))
        for place, recipe in enumerate(recipes)
    ]
    return Searched(tuple(tried.values()), tuple(accounts))


def _all_failed(recipes: Sequence[Recipe], failures: Mapping[int, str]) -> str:
    """Say why each recipe failed: those that failed alike together."""
    reasons: dict[str, list[str]] = {}
    for place, reason in failures.items():
        reasons.setdefault(reason, []).append(f"'{recipes[place].name}'")
    told = "; ".join(f"{_first(names)}: {reason}" for reason, names in reasons.items())
    return f"none of the {len(recipes)} recipes can be made of these tables. {told}"


def _first(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{names[0]} and {more} more" if more else names[0]


def _account(recipe: Recipe, measured: bool, best: Candidate | None, failure: str) -> RecipeTried:
    if best is None:
        return RecipeTried(recipe.name, recipe.changes, measured, failure=failure)
    return RecipeTried(recipe.name, recipe.changes, measured, value_of(best), min(best.jaccard), failure)


def _screen(recipes: Sequence[Recipe], ground: Ground, most: int) -> list[Candidate | None]:
    """Give each recipe's most promising candidate; None for a named one, and for one that cannot be made.

    Args:
        most: users that are looked at.
    """
    asked = {}
    for place, recipe in enumerate(recipes):
        if not recipe.is_named:
            how = (recipe.config.clustering, recipe.config.evaluation, recipe.config.search, most, recipe.name)
            own = key_of("screening", _key_of_space(recipe, ground.key), how)
            asked[place] = (own, _writing(write_screen, recipe, ground, most), load_sheet)
    with ground.kept.step("screening") as step:
        found: Mapping[int, Sheet] = _each(step.answer, asked, ground.failures)
    return [
        screening.best_of(found[place].candidates, recipe.config) if place in found else None
        for place, recipe in enumerate(recipes)
    ]


def _measure(recipes: Mapping[int, Recipe], ground: Ground) -> dict[int, Tried]:
    spaces = {
        place: (_key_of_space(recipe, ground.key), partial(write_space, recipe.config, ground.tables), load_space)
        for place, recipe in recipes.items()
    }
    with ground.kept.step("embedding") as step:
        placed: Mapping[int, Placed] = _each(step.answer, spaces, ground.failures)
        step.noted["rows_out"] = max((len(one.ids) for one in placed.values()), default=0)
    sheets = {}
    for place, where in placed.items():
        recipe = recipes[place]
        own = key_of("clustering", spaces[place][0], recipe.config.clustering, recipe.config.evaluation, recipe.name)
        load = partial(_load_tried, recipe, where, own)
        sheets[place] = (own, _writing(write_search, recipe, ground, where), load)
    with ground.kept.step("clustering") as step:
        return _each(step.answer, sheets, ground.failures)


def _writing(write: Callable[..., None], recipe: Recipe, ground: Ground, given: object) -> Callable[[Path], None]:
    return partial(write, recipe, ground.tables, given, threads=ground.threads, progress=ground.kept.advanced)


def _load_tried(recipe: Recipe, placed: Placed, key: str, folder: Path) -> Tried:
    tried = Tried(recipe, placed, load_sheet(folder), folder, key)
    tried.check()
    return tried


def _key_of_space(recipe: Recipe, key: str) -> str:
    config = recipe.config
    basis = [(name, feature) for name, feature in config.features.items() if feature.use == "basis"]
    return key_of("embedding", key, basis, config.embedding, config.project.seed)


def _each(
    answer: Callable[[str, Callable[[Path], None], Callable[[Path], T]], T],
    asked: Mapping[int, tuple[str, Callable[[Path], None], Callable[[Path], T]]],
    failures: dict[int, str],
) -> dict[int, T]:
    """Give each answer; one that these data or settings do not allow is noted, and the others go on."""
    found = {}
    for place, task in asked.items():
        try:
            found[place] = answer(*task)
        except (DataError, ConfigError) as error:
            if len(asked) == 1 and not failures:
                raise
            failures[place] = str(error)
    return found
