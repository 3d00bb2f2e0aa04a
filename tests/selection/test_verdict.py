from __future__ import annotations

from dataclasses import replace

import pytest

from coterie.selection.choice import choose
from coterie.selection.types import Interval, NullTest, RecipeTried
from coterie.selection.verdict import judge
from tests.selection.candidates import candidate, config_for, decided, explained, lift

ISLANDS = NullTest("gaussian", 99, 0.6, 0.05, 0.12, 0.01, 0.1, is_natural=True)
CLOUD = replace(ISLANDS, statistic=0.02, p=0.7, is_natural=False)
DENSE = replace(ISLANDS, statistic=0.08, null_high=0.03, is_natural=False)


def answer(decision, question):
    return next(answer for answer in decision.answers if answer.question == question)


def test_too_few_users_for_the_segments_asked_for_is_warned_of():
    warning = decided(candidate(2), highest=15).warnings[0]
    assert "200 users are too few, or too much alike, for 15 segments; at most 2 were tried" in warning


def test_when_none_meets_the_floors_it_is_graded_down():
    decision = decided(*(candidate(k, 1.5, jaccard=(0.9,) * (k - 1) + (0.7 - k / 100,)) for k in (2, 3)))
    assert decision.grade == "constructive"
    assert "misses a floor" in decision.warnings[-1]


@pytest.mark.parametrize("least", [0.59, 0.6])
def test_a_low_floor_does_not_make_reproducible_what_is_unstable(least):
    one = candidate(3, jaccard=(0.9, 0.9, least))
    config = config_for(one)
    lax = config.model_copy(update={"segments": config.segments.model_copy(update={"min_stability": 0.3})})
    decision = judge(choose([one], lax), lax)
    said = answer(decision, "Is it reproducible?")
    assert ("unstable" in said.detail) == (not said.passed) == (least < 0.6)
    assert said.short == ("yes: 3 of 3 segments hold" if said.passed else "not fully: 2 of 3 segments hold")
    assert decision.grade == ("reproducible" if said.passed else "constructive")
    assert next(gate for gate in decision.gates if gate.name == "stability").passed


@pytest.mark.parametrize(
    ("method", "starts"),
    [("kmeans", True), ("gmm", True), ("som", False), ("dbscan", False), ("hdbscan", False), ("agglomerative", False)],
)
def test_another_start_is_told_of_methods_that_have_one(method, starts):
    detail = answer(decided(candidate(3, method=method)), "Is it reproducible?").detail
    assert ("Starting the algorithm elsewhere" in detail) == starts
    assert detail.endswith(".")


def test_gaps_that_may_be_of_activity_are_told_from_islands():
    said = answer(decided(candidate(3, activity_explained=0.4), null=ISLANDS), "Is it natural?")
    assert not said.passed
    assert said.short == "not shown: the gaps may be of activity"
    assert "also explain 40% of the differences in activity (above 25%)" in said.detail


@pytest.mark.parametrize(
    ("changes", "value", "grade"),
    [
        ({}, 1.5, "reproducible"),
        ({}, 1.05, "none"),
        ({"jaccard": (0.9, 0.9, 0.6)}, 1.5, "constructive"),
        ({"jaccard": (0.5,) * 3}, 1.0, "none"),
        ({}, None, "none"),
        ({"explained": explained(0.1)}, None, "constructive"),
        ({"explained": explained(0.01)}, None, "none"),
        ({"sizes": (30, 30, 30)}, 1.5, "constructive"),
    ],
)
def test_the_grade_needs_segments_that_hold_and_pay(changes, value, grade):
    assert decided(candidate(3, value, **changes)).grade == grade


@pytest.mark.parametrize(
    ("null", "value", "changes", "grade"),
    [
        (ISLANDS, 1.5, {}, "natural"),
        (ISLANDS, None, {}, "natural"),
        (ISLANDS, 1.0, {}, "none"),
        (ISLANDS, 1.5, {"jaccard": (0.9, 0.9, 0.5)}, "constructive"),
        (ISLANDS, 1.5, {"activity_explained": 0.2}, "natural"),
        (ISLANDS, 1.5, {"activity_explained": 0.4}, "reproducible"),
        (CLOUD, 1.5, {}, "reproducible"),
        (ISLANDS, 1.5, {"sizes": (20, 10, 1)}, "constructive"),
    ],
)
def test_islands_are_natural_where_they_hold_and_do_not_fail_to_pay(null, value, changes, grade):
    assert decided(candidate(3, value, **changes), null=null).grade == grade


def test_what_is_no_island_is_told_from_what_is_denser_than_chance():
    assert "no more than correlations alone give" in answer(decided(candidate(3), null=CLOUD), "Is it natural?").detail
    assert "below 10%: there is structure" in answer(decided(candidate(3), null=DENSE), "Is it natural?").detail


def test_where_nature_was_not_tested_the_reason_is_that_of_the_method():
    of_categories = answer(decided(candidate(3, method="latentclass")), "Is it natural?")
    assert of_categories.short == "not tested: categories lie apart by nature"
    dense = answer(decided(candidate(3, method="hdbscan")), "Is it natural?")
    assert dense.short == "not tested: too many users for this method"


def test_without_events_the_third_question_is_answered_by_columns_or_said_to_be_open():
    decision = decided(candidate(3, None), null=ISLANDS)
    assert [one.question for one in decision.answers] == [
        "Is it natural?",
        "Is it reproducible?",
        "Does it pay?",
        "Can it be used?",
    ]
    unpaid = answer(decision, "Does it pay?")
    assert (unpaid.passed, unpaid.short) == (False, "not measured: nothing to hold out")
    assert decided(candidate(3, None), null=CLOUD).grade == "none"
    by_columns = answer(decided(candidate(3, None, explained=explained(0.1))), "Does it pay?")
    assert by_columns.passed
    assert by_columns.short == "some: 10.0% of held-out columns explained"
    assert "not that acting on them earns anything" in by_columns.detail


def test_a_choice_that_was_none_is_not_said_to_be_on_the_kind_side():
    assert not any("It was chosen" in line for line in decided(candidate(5)).protocol)


def test_heavy_against_light_is_warned_of():
    assert "in part they tell heavy from light users" in decided(candidate(3, activity_explained=0.4)).warnings[0]
    most = decided(candidate(3, activity_explained=0.55)).warnings[0]
    assert "55% of the differences in activity (log of events per user): for the most part they tell" in most


@pytest.mark.parametrize(
    ("method", "size", "told", "untold"),
    [
        ("kmeans", 5_000, [], ["000 of", "drawn at random"]),
        (
            "kmeans",
            5_001,
            ["30 bootstrap samples of 10,000 of the 10,002 users", "starts on 10,000 of"],
            ["at random, which"],
        ),
        ("kmeans", 40_000, ["the embedding on 50,000 of the 80,000 users", "the clusters on 20,000 of the"], []),
        ("dbscan", 40_000, ["the embedding on 50,000 of the 80,000 users", "samples of users"], ["the clusters on"]),
    ],
)
def test_what_is_looked_at_in_part_is_said_with_its_number(method, size, told, untold):
    protocol = " ".join(decided(candidate(2, method=method, sizes=(size, size))).protocol)
    for part in told:
        assert part in protocol
    for part in untold:
        assert part not in protocol


def test_the_sheet_holds_every_candidate_and_the_protocol():
    decision = decided(candidate(2), candidate(3))
    assert [c.k for c in decision.candidates] == [2, 3]
    assert any("It was chosen on the same splits" in line for line in decision.protocol)
    assert any("20% of every user's events held out" in line for line in decision.protocol)


def test_a_segment_that_gains_nothing_is_named_by_its_id_where_the_whole_pays():
    within = (Interval(1.8, 1.6, 2.0), Interval(0.96, 0.9, 1.02), Interval(float("nan"), float("nan"), float("nan")))
    row = candidate(3, lift=replace(lift(1.5), per_segment=within))
    assert "does not measurably help to rank for s-2 (lift 0.96): lift pays on average" in decided(row).warnings[0]
    assert "to rank for s-9 (lift 0.96)" in decided(row, segment_ids=("s-4", "s-9", "s-1")).warnings[0]
    idle = decided(candidate(3, lift=replace(lift(0.9), per_segment=within)))
    assert not any("measurably" in warning for warning in idle.warnings)


def test_so_few_users_are_told_what_they_support():
    few = candidate(2, 1.5, sizes=(20, 11), smallest_share=11 / 31, noise_share=0.0)
    decision = decided(few, null=ISLANDS)
    usable = answer(decision, "Can it be used?")
    assert not usable.passed
    assert usable.short == "no: 31 users are too few to act on"
    # Half of 11 people is known to 1.96 * sqrt(.25 / 11) = 30 points.
    assert "31 users support a look at who is like whom" in decision.warnings[0]
    assert "known to +-30 points" in decision.warnings[0]
    assert [gate.name for gate in decision.gates if not gate.passed] == ["users"]
    assert not decision.publishable


def test_noise_is_counted_and_too_much_of_it_makes_segments_useless():
    some = decided(candidate(2, 1.5, method="hdbscan", sizes=(150, 50), noise_share=0.2, smallest_share=0.2))
    assert some.warnings[0] == "50 users (20.0%) are noise and in no segment."
    assert "50 users (20.0%) are noise, in no segment" in answer(some, "Can it be used?").detail
    most = decided(candidate(2, 1.5, method="hdbscan", sizes=(60, 40), noise_share=0.75, smallest_share=0.1))
    assert answer(most, "Can it be used?").short == "no: 75% of users are in no segment"
    assert [gate.name for gate in most.gates if not gate.passed] == ["noise"]
    assert any("this space has few dense places" in warning for warning in most.warnings)


def test_recipes_that_failed_are_warned_of_with_the_first_reason():
    tried = (
        RecipeTried("drop 0", {"embedding.drop_leading": 0}, measured=True),
        RecipeTried("drop 99", {"embedding.drop_leading": 99}, measured=False, failure="the matrix is too small"),
    )
    warning = decided(candidate(3), recipes=tried).warnings[0]
    assert warning == "1 of 2 recipes could not be made; the first, 'drop 99': the matrix is too small"


def test_shares_of_other_columns_are_not_said_to_stand_on_one_scale():
    tried = tuple(RecipeTried(use, {"features.a.use": use}, measured=True) for use in ("basis", "descriptor"))
    without_events = decided(candidate(3, None, explained=explained(0.1)), recipes=tried)
    assert any("measured on columns of their own" in warning for warning in without_events.warnings)
    assert not any("columns of their own" in warning for warning in decided(candidate(3), recipes=tried).warnings)


def test_every_gate_says_what_was_found():
    gates = {gate.name: gate for gate in decided(candidate(3, jaccard=(0.9, 0.9, 0.5))).gates}
    assert list(gates) == ["verdict", "stability", "size", "noise", "users"]
    assert not gates["stability"].passed
    assert gates["stability"].reason == "the least stable segment has 0.50; 0.75 is asked for"
    assert gates["verdict"].reason == "the verdict is constructive"


def test_recipes_of_different_users_are_warned_of():
    some, fewer = candidate(3, recipe="a"), candidate(3, 1.2, recipe="b", sizes=(50,) * 3)
    said = "the chosen one has 300, all have 150 to 300"
    assert any(said in warning for warning in decided(some, fewer).warnings)
    same = replace(fewer, sizes=(98, 99, 100), noise_share=0.01)
    assert not any("same users" in warning for warning in decided(some, same).warnings)
    assert not any("same users" in warning for warning in decided(candidate(2), candidate(3)).warnings)


def test_too_few_users_are_told_by_the_gate():
    assert decided(candidate(3, 1.5, sizes=(30, 30, 30))).has_too_few
    assert not decided(candidate(3, 1.5)).has_too_few


def test_users_whom_a_recipe_drops_count_like_noise():
    few = candidate(3, 1.9, recipe="floor 20", dropped_share=0.4, noise_share=0.2)
    decision = decided(few, candidate(3, 1.5, recipe="floor 5"))
    assert decision.chosen == 1
    assert decision.candidates[0].misses == (
        "it leaves out 52% of users as noise or by its recipe's floors, above 50%",
    )
    alone = decided(few)
    assert {gate.name for gate in alone.gates if not gate.passed} == {"noise"}
    assert answer(alone, "Can it be used?").short == "no: 52% of users are in no segment"
    assert "leaves out 40.0% of the users that another one" in answer(alone, "Can it be used?").detail
