from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.selection.types import Interval
from tests.selection.candidates import candidate, chosen, explained


def test_the_smallest_k_within_one_standard_error_of_the_best_is_taken():
    choice = chosen(candidate(2, 1.2), candidate(3, 1.56), candidate(4, 1.58), candidate(5, 1.6))
    assert choice.candidate.k == 3
    assert "highest lift of these is 1.60, at k = 5" in choice.reason
    assert "fewer segments with as much lift" in choice.reason


def test_the_best_itself_is_taken_when_no_smaller_one_comes_near():
    choice = chosen(candidate(2, 1.2), candidate(3, 1.6), candidate(4, 1.55))
    assert choice.candidate.k == 3
    assert "no smaller k comes within one standard error" in choice.reason


def test_the_error_of_the_difference_decides_where_it_is_known():
    rows = candidate(3, 1.56), candidate(5, 1.6)
    assert chosen(*rows, paired_error=lambda one, other: 0.039).candidate.k == 5
    taken = chosen(*rows, paired_error=lambda one, other: 0.041)
    assert taken.candidate.k == 3
    assert "the difference is known to 0.041" in taken.reason


def test_what_is_certain_but_slight_is_not_worth_another_segment():
    # The best gains 1.6 over no segments; half a percent of it is .008.
    rows = candidate(5, 2.593), candidate(6, 2.6)
    taken = chosen(*rows, paired_error=lambda one, other: 0.001)
    assert taken.candidate.k == 5
    assert "k = 5 is the smallest that gains all but 0.5% of what it gains (2.59): fewer segments" in taken.reason
    further = candidate(5, 2.591), candidate(6, 2.6)
    assert chosen(*further, paired_error=lambda one, other: 0.001).candidate.k == 6


def test_candidates_below_a_floor_are_passed_over_with_their_reason():
    shaky = candidate(3, 2.0, jaccard=(0.9, 0.9, 0.5))
    small = candidate(4, 2.0, smallest_share=0.01)
    noisy = candidate(4, 2.0, method="hdbscan", noise_share=0.6)
    nearly = candidate(3, 2.0, jaccard=(0.9, 0.9, 0.7496))
    assert chosen(candidate(2, 1.3), nearly).candidates[1].misses == (
        "its least stable segment has 0.7496, below 0.75",
    )
    choice = chosen(candidate(2, 1.3), shaky, small, noisy)
    assert choice.chosen == 0
    assert choice.candidates[1].misses == ("its least stable segment has 0.50, below 0.75",)
    assert choice.candidates[2].misses == ("its smallest segment holds 1.0%, below 3.0%",)
    assert choice.candidates[3].misses == ("it leaves out 60% of users as noise, above 50%",)


def test_when_none_meets_the_floors_the_most_stable_is_shown():
    choice = chosen(*(candidate(k, 1.5, jaccard=(0.9,) * (k - 1) + (0.7 - k / 100,)) for k in (2, 3)))
    assert choice.chosen == 0
    assert "none meets the floors" in choice.reason


def test_without_events_explained_variance_takes_the_place_of_lift():
    rows = [candidate(k, None, explained=explained(value)) for k, value in ((2, 0.02), (3, 0.10), (4, 0.11))]
    choice = chosen(*rows)
    assert choice.candidate.k == 3  # within the error of .01 of the best
    assert "The highest explained variance of these is 0.11" in choice.reason


def test_without_either_the_silhouette_takes_their_place():
    choice = chosen(candidate(2, None), candidate(3, None, silhouette=Interval(0.3, 0.3, 0.3)), candidate(4, None))
    assert choice.candidate.k == 3
    assert "neither lift nor explained variance can be measured" in choice.reason


def test_a_fixed_k_is_not_called_a_choice():
    assert "fixed in the configuration" in chosen(candidate(5)).reason


def test_the_only_k_that_could_be_tried_is_not_called_fixed():
    assert "Only k = 2 could be tried" in chosen(candidate(2), highest=15).reason


def test_the_only_finding_of_a_method_that_counts_itself_is_called_that():
    reason = chosen(candidate(3, method="dbscan", settings={"eps": 0.25}), highest=15).reason
    assert reason == "Only dbscan with eps 0.25 found 3 segments; there is nothing else to choose from."
    again = chosen(*(candidate(3, method="dbscan", settings={"eps": eps}) for eps in (0.25, 0.5)))
    assert again.reason.startswith("2 candidates were tried, dbscan with k 3;")


def test_the_lowest_k_asked_for_is_not_said_to_beat_smaller_ones():
    assert "none of these is smaller" in chosen(candidate(5, 1.6), candidate(6, 1.2)).reason


def test_candidates_of_several_methods_are_called_by_name_and_the_better_of_equal_k_is_taken():
    choice = chosen(candidate(3, 1.50), candidate(3, 1.55, method="gmm"), candidate(4, 1.56))
    assert choice.chosen == 1
    assert choice.reason.startswith("3 candidates were tried, kmeans and gmm with k 3 to 4; 3 meet the floors")
    assert "at kmeans with k = 4" in choice.reason
    assert "gmm with k = 3 is the smallest within one standard error" in choice.reason


def test_candidates_of_several_recipes_are_called_by_their_recipe():
    choice = chosen(candidate(3, 1.5, recipe="dims 8"), candidate(3, 1.7, recipe="dims 16"))
    assert choice.chosen == 1
    assert choice.reason.startswith("2 candidates from 2 recipes were tried, kmeans with k 3;")
    assert "k = 3 of the recipe 'dims 16' has the highest lift" in choice.reason


@given(st.lists(st.tuples(st.integers(2, 9), st.sampled_from([1.0, 1.5, 1.54, 1.6, 2.0])), min_size=2, max_size=6))
def test_nothing_smaller_is_as_good_and_nothing_is_better_by_more_than_its_error(rows):
    choice = chosen(*itertools.starmap(candidate, rows))
    taken, best = choice.candidate, max(value for _, value in rows)
    assert taken.lift.lift.value >= best - 0.05
    assert not any(k < taken.k and value >= best - 0.05 for k, value in rows)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_candidates_makes_no_difference(order):
    rows = [candidate(2, 1.3), candidate(3, 1.58), candidate(4, 1.6)]
    assert chosen(*(rows[place] for place in order)).candidate.k == 3
