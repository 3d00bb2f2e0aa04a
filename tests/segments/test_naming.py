from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coterie.segments.marks import ACTIVITY_LABEL
from coterie.segments.naming import name_segments, short_marks
from coterie.segments.types import SegmentProfile
from coterie.terms import Noun
from tests.segments.samples import mark


def profile(*marks, number=1):
    return SegmentProfile(f"s-{number}", tuple(marks), (), (), (), (), None, ())


def name(*marks):
    return name_segments([profile(*marks)])["s-1"]


def active(effect=0.8):
    return mark(ACTIVITY_LABEL, "number", column="events", inside=9 + effect, overall=9, effect=effect, index=None)


def test_order_of_preference():
    tags = mark("Horror"), mark("Thriller")
    item = mark("Star Wars (1977)", "item")
    student = mark("student", "category", column="occupation")
    age = mark("age", "number", column="age", inside=50.0, overall=30.0, effect=0.9, index=None, use="descriptor")
    assert name(*tags, item, student, age, active()) == "Horror & Thriller fans"
    assert name(tags[0], item, student, age, active()) == "Horror fans"
    assert name(item, student, age, active()) == "Star Wars fans"
    assert name(student, age, active()) == "Student users"
    assert name(mark("F", "category", column="gender")) == "Gender F users"
    assert name(mark("never", "category", column="alcohol")) == "Alcohol never users"
    assert name(age, active()) == "Higher age users"
    assert name(active()) == "Heavy users"
    assert name(active(-0.8)) == "Light users"
    assert name() == "Segment 1"


def answer(label, effect, **changes):
    inside = 3.0 + effect
    return mark(label, "number", column=label, inside=inside, overall=3.0, effect=effect, index=None, **changes)


def test_numbers_that_segments_were_formed_on_come_before_what_describes_them():
    opera, theatre, cars = answer("Opera", 0.6), answer("Theatre", 0.9), answer("Cars", -0.7)
    woman = mark("female", "category", use="descriptor")
    assert name(opera, theatre, woman) == "Higher Theatre & Opera users"
    assert name(opera, cars, woman) == "Lower Cars & Higher Opera users"
    assert name(opera, woman) == "Higher Opera users"
    assert name(mark("Drama"), opera, theatre) == "Drama fans"
    assert name(answer("Opera", 0.1), woman) == "Female users"
    assert short_marks(profile(opera, theatre, cars, woman)) == (
        "Theatre 3.9 against 3",
        "Cars 2.3 against 3",
        "Opera 3.6 against 3",
    )
    assert short_marks(profile(opera, woman)) == ("Opera 3.6 against 3", "female 200")


def test_ends_of_scales_are_named_as_the_segment_leans():
    serious = answer("B1", 0.9, poles=("playful", "serious"))
    shy = answer("B2", -0.8, poles=("shy", "bold"))
    assert name(serious, shy) == "Serious & Shy users"
    films = Noun("item", "characters")
    assert name_segments([profile(serious, shy)], films)["s-1"] == "Serious & Shy characters"
    assert short_marks(profile(serious, shy)) == ("serious +0.9", "shy +0.8")


def test_only_significant_over_indexed_and_sizeable_marks_give_names():
    assert name(mark("Drama", significant=False), mark("War", index=50), mark("Love", index=105)) == "Segment 1"
    assert name(active(0.3)) == "Segment 1"


def test_names_are_distinct():
    a, b, c = mark("Action"), mark("Drama"), mark("War")
    profiles = [
        profile(*marks, number=number + 1) for number, marks in enumerate([(a, b), (b, a), (a, b, c), (a,), (a,)])
    ]
    assert list(name_segments(profiles).values()) == [
        "Action & Drama fans",
        "Drama fans",
        "Action & War fans",
        "Action fans",
        "Segment 5",
    ]


def test_a_name_that_a_person_gave_is_not_given_again():
    both = profile(mark("Action"), mark("Drama"))
    assert name_segments([both], reserved=["Drama & action FANS"])["s-1"] == "Action fans"
    assert name_segments([both])["s-1"] == "Action & Drama fans"


def test_activity_tells_two_of_a_kind_apart():
    first, second = profile(mark("Action")), profile(mark("Action"), active(), number=2)
    assert name_segments([first, second])["s-2"] == "Heavy users"
    third = profile(mark("Action"), active(), number=3)
    assert name_segments([first, second, third])["s-3"] == "Heavy Action fans"


def test_long_titles_are_cut_between_words():
    title = "Dr. Strangelove or: How I Learned to Stop Worrying (1963)"
    assert name(mark(title, "item")) == "Dr. Strangelove or: How I... fans"


@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True, max_size=4), max_size=8))
def test_names_are_always_distinct_and_the_same_again(tags):
    profiles = [profile(*map(mark, labels), number=number) for number, labels in enumerate(tags, start=1)]
    names = name_segments(profiles)
    assert len(set(names.values())) == len(profiles)
    assert name_segments(profiles) == names


def test_short_marks():
    marks = [
        mark("Film-Noir", index=215),
        mark("Drama", index=140),
        mark("War", index=60),
        mark("Gigi (1958)", "item", index=900),
        mark("student", "category", column="job", index=180),
        mark("F", "category", column="gender", index=130),
    ]
    assert short_marks(profile(*marks)) == ("Film-Noir 215", "student 180", "Drama 140")
    assert short_marks(profile(*marks), n=5)[-2:] == ("gender F 130", "Gigi 900")
    assert short_marks(profile(mark("Drama", significant=False))) == ()


def test_two_short_items_make_a_name_and_a_bare_number_makes_none():
    assert name(mark("1792", "item"), mark("ssas", "item"), mark("spark", "item")) == "Ssas & Spark fans"
    assert name(mark("1792", "item"), mark("ssas", "item")) == "Ssas fans"
    assert name(mark("1792", "item")) == "Segment 1"
    assert (
        name(mark("A title of more than sixteen", "item"), mark("ssas", "item")) == "A title of more than sixteen fans"
    )


def test_an_id_keeps_its_letters():
    assert name(mark("sku-i18", "item"), mark("sku-i36", "item")) == "sku-i18 & sku-i36 fans"
    assert name(mark("ssas", "item"), mark("spark", "item")) == "Ssas & Spark fans"


def test_the_number_of_an_item_is_not_taken_for_its_index():
    one = profile(mark("3694", "item", index=412.0), mark("licensing", "item", index=311.0))
    assert short_marks(one) == ("item 3694 412", "licensing 311")
