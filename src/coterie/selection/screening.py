"""The coarse round: every recipe measured cheaply, on a sample and at a few k, so that only the best are measured well.

What it measures is what the search measures, with fewer repetitions; what it is sure of is only an order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.config import Config
from coterie.features.contract import Ids
from coterie.randomness import generator
from coterie.selection.recipes import Recipe
from coterie.selection.scores import value_of
from coterie.selection.trials import counts_clusters
from coterie.selection.types import Candidate

KS = 5  # numbers of clusters that are looked at, spread evenly on a log scale
STARTS, BOOTSTRAPS, SEEDS, SPLITS = 3, 6, 2, 1
SLACK = 0.1  # six bootstraps tell a Jaccard to about this much: what misses the floor by less stays in


def candidates_of(recipe: Recipe) -> int:
    """Estimate how many candidates a recipe has, each method that finds k itself counted as five."""
    clustering = recipe.config.clustering
    ks = clustering.k[1] - clustering.k[0] + 1
    return sum(ks if counts_clusters(method) else KS for method in clustering.methods)


def needed(recipes: Sequence[Recipe], budget: int) -> bool:
    """Say whether there is more to measure than the budget allows."""
    return sum(map(candidates_of, recipes)) > budget and sum(not recipe.is_named for recipe in recipes) > 1


def sample(ids: Ids, config: Config, most: int) -> Ids:
    """Draw at most ``most`` of (n,) sorted ids, sorted; the same ones whatever the recipe."""
    if len(ids) <= most:
        return ids
    rows = generator(config.project.seed, "coarse").choice(len(ids), most, replace=False)
    return ids[np.sort(rows)]


def coarse(config: Config) -> Config:
    """Give the config with fewer k and fewer repetitions."""
    clustering, evaluation = config.clustering, config.evaluation
    cheap = {
        "bootstraps": min(evaluation.bootstraps, BOOTSTRAPS),
        "seeds": min(evaluation.seeds, SEEDS),
        "splits": min(evaluation.splits, SPLITS),
    }
    return config.model_copy(
        update={
            "clustering": clustering.model_copy(update={"starts": min(clustering.starts, STARTS)}),
            "evaluation": evaluation.model_copy(update=cheap),
        }
    )


def coarse_ks(config: Config) -> frozenset[int]:
    """Give the few numbers of clusters that the coarse round looks at."""
    lowest, highest = config.clustering.k
    return frozenset(round(k) for k in np.geomspace(lowest, highest, KS))


def best_of(candidates: Sequence[Candidate], config: Config) -> Candidate:
    """Give a recipe's most promising candidate: the best that nearly meets the floors, else the most stable."""
    floors = config.segments
    holding = [
        c
        for c in candidates
        if min(c.jaccard) >= floors.min_stability - SLACK
        and c.smallest_share >= floors.min_share * (1 - SLACK)
        and c.noise_share <= floors.max_noise + SLACK
    ]
    if not holding:
        return max(candidates, key=lambda c: min(c.jaccard))
    return max(holding, key=lambda c: (value_of(c), -c.k))


def finalists(
    recipes: Sequence[Recipe], best: Sequence[Candidate | None], budget: int, floor: float
) -> tuple[bool, ...]:
    """Say which recipes go on to be measured in full.

    Named ones always do; of the others as many as the budget allows, one at least.

    Args:
        best: most promising candidate of each recipe; None where it could not be made. floor: on stability.
    """
    left = budget - sum(candidates_of(recipe) for recipe in recipes if recipe.is_named)
    open_places = [place for place, recipe in enumerate(recipes) if not recipe.is_named and best[place] is not None]

    def rank(place: int) -> tuple[bool, float]:
        candidate = best[place]
        assert candidate is not None
        return min(candidate.jaccard) >= floor - SLACK, value_of(candidate)

    taken = {place for place, recipe in enumerate(recipes) if recipe.is_named}
    for number, place in enumerate(sorted(open_places, key=rank, reverse=True)):
        left -= candidates_of(recipes[place])
        if number == 0 or left >= 0:
            taken.add(place)
    return tuple(place in taken for place in range(len(recipes)))
