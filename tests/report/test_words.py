from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.report import words
from coterie.selection.types import Answer, Candidate, Interval
from coterie.tables import RuleCount
from tests.report import samples


def plain(text: str) -> str:
    return text.replace(words.NBSP, " ")


def with_lift(value: float, low: float, high: float) -> Candidate:
    candidate = samples.candidate(5)
    assert candidate.lift is not None
    return replace(candidate, lift=replace(candidate.lift, lift=Interval(value, low, high)))


def test_the_answer_by_hand():
    said = plain(" ".join(words.the_answer(samples.manifest(), samples.decision(), samples.segments())))
    assert said == (
        "943 people fall into 5 groups. Knowing a person's group makes recommendations 1.6 times as good as showing "
        "everybody what is popular. The groups hold when people are resampled: 5 of 5 are stable. The largest holds "
        "31% of them, the smallest 11%. 3 people could not be placed in a group."
    )


def test_one_group_of_one_person_is_in_the_singular():
    segments = (replace(samples.segments()[0], size=1, share=1.0),)
    manifest = replace(samples.manifest(), unsegmented_users=0)
    said = plain(" ".join(words.the_answer(manifest, replace(samples.decision(), grade="none"), segments)))
    assert said.startswith("1 person was cut into 1 group. ")
    assert "largest" not in said


@pytest.mark.parametrize(
    ("grade", "verb"),
    [("natural", "fall"), ("reproducible", "fall"), ("constructive", "were cut"), ("none", "were cut")],
)
def test_people_fall_into_groups_only_where_groups_were_found(grade, verb):
    decision = replace(samples.decision(), grade=grade)
    said = plain(words.the_answer(samples.manifest(), decision, samples.segments())[0])
    assert said == f"943 people {verb} into 5 groups."


@pytest.mark.parametrize(
    ("lift", "expected"),
    [
        ((1.6, 1.5, 1.7), "makes recommendations 1.6 times as good as"),
        ((0.8, 0.7, 0.9), "makes recommendations worse: 0.8 times as good as"),
        ((1.02, 0.97, 1.07), "does not make recommendations measurably better: 1.0 times as good"),
    ],
)
def test_what_it_pays(lift: tuple[float, float, float], expected: str):
    assert expected in plain(words.pays(with_lift(*lift)))


def test_without_events_it_says_that_it_could_not_be_tested():
    candidate = samples.candidate(5, events=False)
    assert "could not be tested: there were no events" in words.pays(candidate)
    assert words.lift_explained(candidate).startswith("Not tested")
    assert words.activity(candidate).startswith("Not measured")
    assert words.verdict(samples.decision(events=False))[1] == "the groups hold; whether they pay could not be tested."


def test_a_lift_that_is_not_a_number_is_not_a_lift():
    assert "could not be tested" in words.pays(with_lift(float("nan"), float("nan"), float("nan")))
    assert words.times(Interval(float("nan"), 1, 2)) == words.MISSING


@pytest.mark.parametrize(
    ("stability", "expected"),
    [
        ((0.75, 0.9), "The groups hold when people are resampled: 2 of 2 are stable."),
        ((0.8, 0.74), "1 of 2 groups hold when people are resampled; the others change with the sample."),
        ((0.7, 0.3), "None of the 2 groups holds when people are resampled."),
    ],
)
def test_what_holds(stability: tuple[float, float], expected: str):
    segments = tuple(replace(s, stability=value) for s, value in zip(samples.segments(), stability, strict=False))
    assert plain(words.holds(segments)) == expected


def test_what_holds_is_judged_by_the_floor_of_the_configuration():
    segments = tuple(replace(s, stability=0.8) for s in samples.segments())
    manifest = replace(samples.manifest(), config={"segments": {"min_stability": 0.85}})
    assert words.floor(manifest) == 0.85
    assert words.floor(replace(manifest, config={})) == 0.75
    assert words.holds(segments, words.floor(manifest)).startswith("None of the")


@pytest.mark.parametrize(("share", "expected"), [(0.04, "hardly"), (0.4, "in part"), (0.7, "largely")])
def test_how_far_it_is_only_activity(share: float, expected: str):
    assert expected in words.activity(replace(samples.candidate(5), activity_explained=share))


def test_lift_is_explained_by_both_rankings():
    said = plain(words.lift_explained(samples.candidate(5)))
    assert "For 921 people" in said
    assert "rose from 0.132 to 0.212, a lift of 1.61 (95% interval 1.55 to 1.67)" in said
    worse = samples.candidate(5)
    assert worse.lift is not None
    assert "fell from" in words.lift_explained(replace(worse, lift=replace(worse.lift, ndcg_segment=0.1)))


@pytest.mark.parametrize(
    ("short", "passed", "expected"),
    [
        ("yes: 5 of 5 segments hold", True, ("Yes", "5 of 5 segments hold")),
        ("not fully: 2 of 5 hold", False, ("Not fully", "2 of 5 hold")),
        ("nothing was measured: no events at all", False, ("No", "Nothing was measured: no events at all")),
        ("fine", True, ("Yes", "Fine")),
    ],
)
def test_flags(short: str, passed: bool, expected: tuple[str, str]):
    assert words.flag(Answer("Is it?", passed, short, "")) == expected


@pytest.mark.parametrize(
    ("grade", "name"),
    [("reproducible", "Reproducible"), ("constructive", "Constructive"), ("none", "Not supported")],
)
def test_verdicts(grade: str, name: str):
    assert words.verdict(replace(samples.decision(), grade=grade))[0] == name


@pytest.mark.parametrize(
    ("share", "digits", "expected"),
    [(0.314, 0, "31%"), (0.0, 0, "0%"), (0.004, 0, "< 1%"), (0.004, 1, "0.4%"), (None, 0, "–"), (float("nan"), 0, "–")],
)
def test_percent(share: float | None, digits: int, expected: str):
    assert plain(words.percent(share, digits)) == expected


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (1234.5, 1, "1,234.5"),
        (-0.031, 2, "−0.03"),
        (-0.001, 2, "0.00"),
        (None, 2, "–"),
        (float("inf"), 2, "–"),
        (7, 0, "7"),
    ],
)
def test_decimal(value: float | None, digits: int, expected: str):
    assert words.decimal(value, digits) == expected


def test_moment():
    assert words.moment("2026-11-22T09:14:05Z") == "22 November 2026, 09:14 UTC"
    assert words.moment("2026-11-22T09:14:05") == "22 November 2026, 09:14"
    assert words.moment("yesterday") == "yesterday"


def test_values_are_written_as_short_as_they_are():
    assert [words.value_label(value) for value in (5.0, 4.5, None)] == ["5", "4.5", ""]


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 4))
def test_any_number_is_written_without_nan_or_minus_zero(value: float, digits: int):
    text = words.decimal(value, digits)
    assert "nan" not in text
    assert "inf" not in text
    assert text.strip("−0.,") or not text.startswith("−")


@pytest.mark.parametrize(
    ("rule", "counts", "said"),
    [
        ("out of range", True, "rejected"),
        ("superseded", False, "cleaned"),
        ("min_users_per_item", False, "cleaned"),
        ("unknown item, kept", False, "kept"),
        ("out of range, cell blanked", False, "kept"),
    ],
)
def test_what_became_of_rows(rule: str, counts: bool, said: str):
    assert words.outcome(RuleCount("ratings", rule, "", 3, counts)) == said
