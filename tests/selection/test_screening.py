from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import parse_config
from coterie.selection import screening
from coterie.selection.recipes import Recipe
from tests.selection.candidates import candidate


def config(**changes):
    return parse_config(
        {
            "tables": {"likes": {"role": "events", "source": "likes.csv", "user": "u", "item": "i"}},
            "features": {"taste": {"kind": "interactions", "from": "likes"}},
            "clustering": {"methods": ["kmeans"], "k": [2, 11]},
            **changes,
        }
    )


def recipe(name: str = "", *, is_named: bool = False, **changes) -> Recipe:
    return Recipe(name, {}, config(**changes), is_named)


def test_candidates_are_counted_by_k_and_method():
    assert screening.candidates_of(recipe()) == 10
    assert screening.candidates_of(recipe(clustering={"methods": ["kmeans", "gmm", "hdbscan"], "k": [2, 4]})) == 11


def test_a_coarse_round_is_needed_above_the_budget_where_there_is_a_choice():
    assert not screening.needed([recipe(), recipe()], 20)
    assert screening.needed([recipe(), recipe()], 19)
    assert not screening.needed([recipe()], 1)
    assert not screening.needed([recipe(), recipe(is_named=True)], 1)


def test_a_sample_is_sorted_and_the_same_for_every_recipe():
    ids = np.array([f"u{i:03}" for i in range(200)])
    assert screening.sample(ids, config(), 200) is ids
    drawn = screening.sample(ids, config(), 50)
    assert len(drawn) == 50
    assert drawn.tolist() == sorted(set(drawn.tolist()))
    assert np.array_equal(drawn, screening.sample(ids, config(embedding={"method": "pca"}), 50))
    assert not np.array_equal(drawn, screening.sample(ids, config(project={"seed": 8}), 50))


def test_the_coarse_round_does_everything_less_often_and_never_more():
    coarse = screening.coarse(config())
    assert (coarse.clustering.starts, coarse.evaluation.bootstraps, coarse.evaluation.splits) == (3, 6, 1)
    quick = config(evaluation={"bootstraps": 2, "splits": 1, "seeds": 2}, clustering={"starts": 1})
    assert screening.coarse(quick) == quick


def test_few_k_are_looked_at_the_lowest_and_the_highest_among_them():
    assert screening.coarse_ks(config()) == {2, 3, 5, 7, 11}
    assert screening.coarse_ks(config(clustering={"k": 4})) == {4}


def test_the_best_nearly_meets_the_floors():
    shaky = candidate(3, 2.0, jaccard=(0.9, 0.9, 0.64))
    nearly = candidate(3, 1.6, jaccard=(0.9, 0.9, 0.66))
    tiny = candidate(4, 3.0, smallest_share=0.01)
    noisy = candidate(4, 3.0, noise_share=0.7)
    assert screening.best_of([candidate(2, 1.5), shaky, nearly, tiny, noisy], config()) is nearly
    assert screening.best_of([shaky, tiny, noisy], config()) is tiny  # none does: the most stable


def test_the_finalists_are_the_best_that_the_budget_allows_and_the_named_ones():
    recipes = [recipe("a"), recipe("b"), recipe("c"), recipe("d"), recipe("mine", is_named=True)]
    best = [candidate(2, 1.2), candidate(2, 1.5), None, candidate(2, 1.9, jaccard=(0.9, 0.5)), None]
    assert screening.finalists(recipes, best, 30, 0.75) == (True, True, False, False, True)
    assert screening.finalists(recipes, best, 20, 0.75) == (False, True, False, False, True)
    assert screening.finalists(recipes, best, 1, 0.75) == (False, True, False, False, True)  # one at least
    assert screening.finalists(recipes, best, 99, 0.75) == (True, True, False, True, True)


def test_where_no_recipe_could_be_made_only_the_named_ones_go_on():
    recipes = [recipe("a"), recipe("b"), recipe("mine", is_named=True)]
    assert screening.finalists(recipes, [None, None, None], 60, 0.75) == (False, False, True)


@pytest.mark.parametrize("budget", [1, 15, 40, 1000])
@given(values=st.lists(st.sampled_from([1.0, 1.1, 1.3, 1.7]), min_size=2, max_size=8))
def test_no_recipe_that_goes_on_is_worse_than_one_that_does_not(budget, values):
    recipes = [recipe(str(place)) for place in range(len(values))]
    taken = screening.finalists(recipes, [candidate(2, value) for value in values], budget, 0.75)
    chosen = [value for value, is_taken in zip(values, taken, strict=True) if is_taken]
    others = [value for value, is_taken in zip(values, taken, strict=True) if not is_taken]
    assert len(chosen) == max(1, min(len(values), budget // 10))
    assert not others or min(chosen) >= max(others)
