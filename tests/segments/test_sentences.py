from __future__ import annotations

import pytest

from coterie.segments.marks import ACTIVITY_LABEL
from coterie.segments.sentences import figure, is_notable, listed, sentences
from tests.segments.samples import mark


def number(label, inside, overall, effect=0.6, column=None, **changes):
    column = column or label
    return mark(label, "number", column=column, inside=inside, overall=overall, effect=effect, index=None, **changes)


def test_every_kind_has_its_sentence():
    said = sentences(
        [
            mark("Film-Noir", index=215.4),
            mark("Drama", index=140),
            mark("Action", index=62),
            mark("Gigi", "item", index=300),
            mark("Twister", "item", index=20),
            mark("student", "category", column="occupation", index=210),
            mark("F", "category", column="gender", index=60),
            number("age", 28.94, 34.05, -0.5),
            number(ACTIVITY_LABEL, 153.2, 106.04, column="events"),
        ]
    )
    assert said == (
        "Over-indexes on Film-Noir (index 215) and Drama (index 140).",
        "Takes up less of Action (index 62).",
        "Stands out by 'Gigi' (index 300).",
        "Seldom takes up 'Twister' (index 20).",
        "More often occupation student (2.1 times the average share).",
        "Less often gender F (index 60).",
        "Lower age: 28.9 on average, against 34 among all users.",
        "More active: 153 events on average, against 106 among all users.",
    )


def test_nothing_significant_nothing_said():
    marks = [mark("Drama", significant=False), number("age", 20, 40, -1.0, significant=False)]
    assert sentences(marks) == ()
    assert sentences([]) == ()


@pytest.mark.parametrize(
    ("one", "worth_saying"),
    [
        (mark("a", index=109), False),
        (mark("a", index=110), True),
        (mark("a", index=91), False),
        (mark("a", index=90), True),
        (number("x", 5, 4, 0.19), False),
        (number("x", 5, 4, 0.2), True),
        (number("x", 4, 5, 0.6), False),
    ],
)
def test_small_differences_are_not_worth_saying(one, worth_saying):
    assert is_notable(one) is worth_saying


def test_a_sentence_names_three():
    (said,) = sentences([mark(name) for name in "abcd"])
    assert said == "Over-indexes on a (index 200), b (index 200) and c (index 200)."


def test_an_attribute_called_events_is_no_activity():
    (said,) = sentences([number("events", 5, 4)])
    assert said == "Higher events: 5 on average, against 4 among all users."


def test_lists_and_figures():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert [figure(x) for x in (0.12345, 3.14159, 28.94, 1994.4, 52_000.2, 0.0)] == [
        "0.123",
        "3.14",
        "28.9",
        "1994",
        "52,000",
        "0",
    ]


def test_activity_says_its_table_where_there_are_several():
    label = f"{ACTIVITY_LABEL} in views"
    assert sentences([number(label, 153.2, 106.04, column="events", table="views")]) == (
        "More active in views: 153 events on average, against 106 among all users.",
    )


def test_of_hundreds_of_numbers_the_strongest_are_said():
    answers = [number(f"q{i}", 3 + i / 10, 3, i / 10) for i in range(3, 9)]
    answers += [number(f"r{i}", 3 - i / 10, 3, -i / 10) for i in range(3, 9)]
    ages = [number("age", 30, 20, 0.5, use="descriptor")]
    heads = [sentence.split(":")[0] for sentence in sentences([*answers, *ages])]
    assert heads == ["Higher q8", "Lower r8", "Higher q7", "Lower r7", "Higher q6", "Lower r6", "Higher age"]


def test_ends_of_scales_are_said():
    ends = ("playful", "serious")
    assert sentences([number("B1", 71, 52, 0.9, poles=ends), number("B2", 29, 52, -0.8, poles=ends)]) == (
        "More serious, less playful: 71 on average, against 52 among all users (low is playful, high is serious).",
        "More playful, less serious: 29 on average, against 52 among all users (low is playful, high is serious).",
    )
