from __future__ import annotations

from dataclasses import replace

import pytest

from coterie.config import parse_config
from coterie.selection.choice import choose
from coterie.selection.types import Candidate, Interval, LiftResult
from coterie.selection.verdict import judge


def lift(value: float, error: float = 0.05) -> LiftResult:
    interval = Interval(value, value - 2 * error, value + 2 * error)
    return LiftResult(interval, error, 0.1 * value, 0.1, 900, (interval,))


def candidate(k: int, value: float | None = 1.5, **changes) -> Candidate:
    plain = Candidate(
        method="kmeans", k=k, inertia=100.0 / k, silhouette=Interval(0.1, 0.1, 0.1), calinski_harabasz=10.0,
        davies_bouldin=1.0, jaccard=(0.9,) * k, seed_agreement=0.95, smallest_share=0.1, sizes=(100,) * k,
        activity_explained=0.1, lift=None if value is None else lift(value), misses=(),
    )  # fmt: skip
    return replace(plain, **changes)


def decided(*candidates: Candidate, highest: int | None = None):
    config = {
        "tables": {"likes": {"role": "events", "source": "likes.csv", "user": "u", "item": "i"}},
        "features": {"taste": {"kind": "interactions", "from": "likes"}},
        "clustering": {"k": [min(c.k for c in candidates), highest or max(c.k for c in candidates)]},
    }
    parsed = parse_config(config)
    return judge(choose(candidates, parsed), parsed)


def test_too_few_users_for_the_segments_asked_for_is_warned_of():
    warning = decided(candidate(2), highest=15).warnings[0]
    assert "200 users are too few, or too much alike, for 15 segments; at most 2 were tried" in warning


def test_the_smallest_k_within_one_standard_error_of_the_best_is_taken():
    decision = decided(candidate(2, 1.2), candidate(3, 1.56), candidate(4, 1.58), candidate(5, 1.6))
    assert decision.candidates[decision.chosen].k == 3
    assert "highest lift of these is 1.60, at k = 5" in decision.reason
    assert "fewer segments with as much lift" in decision.reason


def test_the_best_itself_is_taken_when_no_smaller_one_comes_near():
    decision = decided(candidate(2, 1.2), candidate(3, 1.6), candidate(4, 1.55))
    assert decision.candidates[decision.chosen].k == 3
    assert "no smaller k comes within one standard error" in decision.reason


def test_candidates_below_a_floor_are_passed_over_with_their_reason():
    shaky = candidate(3, 2.0, jaccard=(0.9, 0.9, 0.5))
    small = candidate(4, 2.0, smallest_share=0.01)
    decision = decided(candidate(2, 1.3), shaky, small)
    assert decision.chosen == 0
    assert decision.candidates[1].misses == ("its least stable segment has 0.50, below 0.75",)
    assert decision.candidates[2].misses == ("its smallest segment holds 1.0%, below 3.0%",)


def test_when_none_meets_the_floors_it_says_so_and_grades_it_down():
    shaky = [candidate(k, 1.5, jaccard=(0.9,) * (k - 1) + (0.7 - k / 100,)) for k in (2, 3)]
    decision = decided(*shaky)
    assert decision.chosen == 0
    assert "none meets the floors" in decision.reason
    assert decision.grade == "constructive"
    assert "misses a floor" in decision.warnings[-1]


def test_without_events_the_silhouette_takes_the_place_of_lift():
    decision = decided(candidate(2, None), candidate(3, None, silhouette=Interval(0.3, 0.3, 0.3)), candidate(4, None))
    assert decision.candidates[decision.chosen].k == 3
    assert "no events to hold out" in decision.reason
    assert [answer.question for answer in decision.answers] == ["Is it natural?", "Is it reproducible?", "Can it be used?"]


def test_a_fixed_k_is_not_called_a_choice():
    decision = decided(candidate(5))
    assert "fixed in the configuration" in decision.reason
    assert not any("It was chosen" in line for line in decision.protocol)


def test_the_only_k_that_could_be_tried_is_not_called_fixed():
    assert "Only k = 2 could be tried" in decided(candidate(2), highest=15).reason


def test_the_lowest_k_asked_for_is_not_said_to_beat_smaller_ones():
    assert "none of these is smaller" in decided(candidate(5, 1.6), candidate(6, 1.2)).reason


@pytest.mark.parametrize(
    ("changes", "value", "grade"),
    [
        ({}, 1.5, "reproducible"),
        ({}, 1.05, "none"),
        ({"jaccard": (0.9, 0.9, 0.6)}, 1.5, "constructive"),
        ({"jaccard": (0.5,) * 3}, 1.0, "none"),
        ({}, None, "none"),
    ],
)
def test_the_grade_needs_segments_that_hold_and_pay(changes, value, grade):
    assert decided(candidate(3, value, **changes)).grade == grade


def test_heavy_against_light_is_warned_of():
    assert "in part they tell heavy from light users" in decided(candidate(3, activity_explained=0.4)).warnings[0]
    most = decided(candidate(3, activity_explained=0.55)).warnings[0]
    assert "55% of the differences in activity (log of events per user): for the most part they tell" in most


def test_the_sheet_holds_every_candidate_and_the_protocol():
    decision = decided(candidate(2), candidate(3))
    assert [c.k for c in decision.candidates] == [2, 3]
    assert any("It was chosen on the same splits" in line for line in decision.protocol)
    assert any("20% of every user's events held out" in line for line in decision.protocol)


def test_candidates_of_several_methods_are_called_by_name_and_the_better_of_equal_k_is_taken():
    decision = decided(candidate(3, 1.50), candidate(3, 1.55, method="gmm"), candidate(4, 1.56))
    assert decision.chosen == 1
    assert decision.reason.startswith("3 candidates were tried, kmeans and gmm with k 3 to 4; 3 meet the floors")
    assert "at kmeans with k = 4" in decision.reason
    assert "gmm with k = 3 is the smallest within one standard error" in decision.reason


def test_a_segment_that_gains_nothing_is_named_where_the_whole_pays():
    within = (Interval(1.8, 1.6, 2.0), Interval(0.96, 0.9, 1.02), Interval(float("nan"), float("nan"), float("nan")))
    decision = decided(candidate(3, lift=replace(lift(1.5), per_segment=within)))
    assert "does not measurably help to rank for s-2 (lift 0.96): lift pays on average" in decision.warnings[0]
    idle = decided(candidate(3, lift=replace(lift(0.9), per_segment=within)))
    assert not any("measurably" in warning for warning in idle.warnings)
