from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import parse_config
from coterie.errors import ConfigError, DataError, UnknownNameError
from coterie.segments.persona import Fact, Sentence, hand_of, personas_of
from coterie.segments.persona.english import ENGLISH
from coterie.segments.persona.facts import facts_of, spoken_title
from coterie.segments.persona.language import WORD, Language
from coterie.segments.persona.making import Hand
from coterie.segments.persona.template import TemplateWriter
from coterie.segments.types import Mark
from coterie.selection.types import Interval
from coterie.terms import Noun
from tests.contracts.writer_contract import WriterContract
from tests.segments.persona.german import GERMAN
from tests.segments.persona.samples import plain_subject, rich_subject, segment, subject
from tests.segments.samples import mark

ENGLISH_HAND = Hand(TemplateWriter(), ENGLISH)


class TestTemplate(WriterContract):
    @pytest.fixture
    def writer(self):
        return TemplateWriter()


def told(*subjects, hand=ENGLISH_HAND):
    return {claim.part: [] for p in personas_of(subjects, hand) for claim in p.claims} | {
        part: [claim.text for claim in persona.claims if claim.part == part]
        for persona in personas_of(subjects, hand)
        for part in {claim.part for claim in persona.claims}
    }


def test_a_whole_persona():
    said = told(rich_subject())
    assert said.pop("note")[0].startswith("The groups were formed on")
    assert said == {
        "size": ["They are 200 users, 25% of all users."],
        "taste": [
            "More than other users, they go for Film-Noir (3.1 times as much), Mystery (72% more) and Drama (13% "
            "more).",
            "More than other users, they pick “The Third Man” (3.0 times as much) and “Vertigo” (2.4 times as much).",
            "Less than other users, they go for Comedy (62% less).",
        ],
        "people": [
            "Their occupation is more often librarian (31%, against 21% of all users).",
            "Their age is higher: 39 on average, against 34.1 of all users.",
        ],
        "activity": ["They are more active than other users: 130 events each on average, against 106."],
        "pays": [
            "A choice made for this group pays: what it puts in front of people is 1.6 times as good as what is "
            "popular with everybody."
        ],
        "offer": [
            "Offer them Film-Noir, Mystery and Drama first.",
            "To open with, offer “The Third Man” and “Vertigo”.",
        ],
        "avoid": ["Spare them Comedy.", "Spare them “Twister”."],
    }


def test_every_claim_carries_the_rows_that_it_rests_on():
    (persona,) = personas_of([rich_subject()], ENGLISH_HAND)
    assert persona.refused == ()
    first = persona.of("taste")[0]
    assert [(f.topic, f.table, f.column, f.label) for f in first.evidence] == [
        ("tag", "ratings", "tag", "Film-Noir"), ("tag", "ratings", "tag", "Mystery"), ("tag", "ratings", "tag", "Drama")
    ]  # fmt: skip
    noir = first.evidence[0]
    assert (noir.interval, noir.p_adjusted, noir.n) == (Interval(310.0, 310 * 0.9, 310 * 1.1), 0.001, 50)
    assert [fact.label for fact in persona.resting_on] == ["Film-Noir", "Mystery"]
    assert len(persona.evidence) == len({fact.id for fact in persona.evidence})


def test_where_nothing_is_significant_it_says_so():
    assert told(plain_subject()) == {
        "size": ["They are 200 users, 25% of all users."],
        "taste": ["Nothing sets this group apart beyond chance, so there is nothing to say of it."],
    }
    only_age = (mark("age", "number", column="age", use="descriptor", inside=50.0, overall=30.0, index=None),)
    said = told(subject(only_age, of=segment(lift=Interval(1.1, 0.9, 1.3))))
    assert said["taste"] == ["In what they take up, nothing sets them apart clearly enough to say."]
    assert said["offer"] == ["On what to offer, the numbers are not clear enough to say."]
    assert said["pays"] == ["That a choice made for this group pays has not been shown."]
    assert told(subject(only_age, has_events=False))["offer"] == [
        "What to offer cannot be told: the data do not hold what anybody takes up."
    ]


def test_a_group_that_does_not_come_back_is_told_with_care():
    said = told(subject((mark("Drama"),), of=segment(stability=0.66, lift=Interval(0.7, 0.5, 0.9))))
    assert "(0.66, against 0.75)" in said["caution"][0]
    assert said["pays"][0].startswith("A choice made for this group is worse")


def test_a_name_that_a_person_gave_rests_on_no_row():
    (persona,) = personas_of([subject((mark("Drama"),), of=segment(name="Drama queens"), is_given=True)], ENGLISH_HAND)
    assert (persona.name, persona.is_given, persona.resting_on) == ("Drama queens", True, ())
    marks = (mark("Mystery"), mark("M (1931)", "item"))
    (persona,) = personas_of([subject(marks, of=segment(name="Mystery fans"))], ENGLISH_HAND)
    assert [fact.label for fact in persona.resting_on] == ["Mystery"], "a letter of a word is no name"


def test_films_are_told_by_who_takes_them_up_and_no_user_is_named():
    marks = (
        mark("occupation student", index=180.0),
        mark("user 13", "item", index=900.0),
        mark("Western", "category", column="tag", inside=0.2, overall=0.1),
    )
    (persona,) = personas_of([subject(marks, noun=Noun("item", "films"))], ENGLISH_HAND)
    texts = " ".join(claim.text for claim in persona.claims)
    assert "More than other films, they are taken up by people with occupation student (80% more)." in texts
    assert "More of them are tagged Western (20%, against 10% of all films)." in texts
    assert "Offer them to people with occupation student first." in texts
    assert "user 13" not in texts
    assert not any("user 13" in fact.label for fact in persona.evidence)


def test_scales_and_means_of_several_answers():
    ends = ("playful", "serious")
    marks = (
        mark("playful to serious", "number", column="b", inside=71.0, overall=52.0, effect=0.9, index=None, poles=ends),
        mark("Opera", "number", column="Opera", inside=3.4, overall=2.1, index=None),
        mark("Art", "number", column="Art", inside=3.5, overall=2.6, effect=0.7, index=None),
    )
    assert told(subject(marks, has_events=False))["taste"] == [
        "More than other users, they are serious (19 further on the scale).",
        "They are higher than other users in Opera (3.40 on average, against 2.10 of all users) and Art (3.50, against "
        "2.60).",
    ]


def test_nothing_of_single_users_reaches_a_writer():
    assert "u007" not in str(facts_of(rich_subject()))


@pytest.mark.parametrize(("label", "said"), [
    ("Third Man, The (1949)", "The Third Man"),
    ("Avventura, L' (1960)", "L'Avventura"),
    ("Sabrina (1995)", "Sabrina (1995)"),
    ("(1984)", "(1984)"),
    ("sku-18", "sku-18"),
])  # fmt: skip
def test_titles_are_said_as_people_say_them(label, said):
    assert spoken_title(label, frozenset({"Sabrina"})) == said


def test_two_titles_that_differ_by_their_year_keep_it():
    marks = (mark("Sabrina (1954)", "item"), mark("Sabrina (1995)", "item"))
    assert told(subject(marks))["offer"] == ["To open with, offer “Sabrina (1954)” and “Sabrina (1995)”."]


def test_what_many_took_up_is_offered_first():
    marks = tuple(mark(label, "item", n=n) for label, n in (("Mimic", 13), ("Scream", 90), ("Cube", 20), ("Alien", 60)))
    said = told(subject(marks))
    assert said["offer"] == ["To open with, offer “Scream”, “Alien” and “Cube”."]
    assert "“Mimic”" in said["taste"][0]


def test_a_label_that_is_an_ordinary_word_is_quoted():
    said = told(subject((mark("More"), mark("other"), mark("a (b) [c] .*"))))["taste"][0]
    assert "“More” (2.0 times as much), “other” (2.0 times as much) and a (b) [c] .* (2.0 times" in said


def test_no_english_is_left_in_the_code():
    german = Hand(TemplateWriter(), GERMAN)
    for one in (rich_subject(), plain_subject(), subject((mark("Drama"),), of=segment(stability=0.5))):
        (persona,) = personas_of([one], german)
        assert persona.refused == ()
        names = {word for fact in persona.evidence for name in (*fact.names, fact.about) for word in WORD.findall(name)}
        texts = (
            text
            for phrase in GERMAN.phrases.values()
            for text in ([phrase] if isinstance(phrase, str) else phrase.values())
        )
        own = {word for text in texts for word in WORD.findall(re.sub(r"{\w+}", " ", text))} | {"Nutzer", "und"}
        for claim in persona.claims:
            assert set(WORD.findall(claim.text)) <= own | names, claim.text
    said = told(rich_subject(), hand=german)
    assert (
        said["taste"][0]
        == "Mehr als andere greifen sie zu Film-Noir (3,1 mal so viel), Mystery (72 % mehr) und Drama (13 % mehr)."
    )
    assert said["size"] == ["Das sind 200 Nutzer, 25 % aller Nutzer."]


def test_one_is_told_in_the_singular():
    assert ENGLISH.counted(1, Noun("user", "users")) == "1 user"
    assert ENGLISH.counted(1234, Noun("item", "films")) == "1,234 films"
    assert GERMAN.counted(1234, Noun("user", "users")) == "1.234 Nutzer"


@pytest.mark.parametrize(("value", "said"), [
    (0, "0"), (3, "3"), (3.0, "3"), (3.456, "3.46"), (34.06, "34.1"), (130.2, "130"), (1953, "1953"), (25000, "25,000"),
    (0.031, "0.0310"), (-0.04, "-0.0400"), (-0.00001, "0.0000"),
])  # fmt: skip
def test_means_have_about_three_digits(value, said):
    assert ENGLISH.figure(value) == said


def test_a_language_that_lacks_something_is_refused():
    phrases = dict(ENGLISH.phrases)
    del phrases["pays"]
    with pytest.raises(ConfigError, match=r"^the language 'en' has no phrase 'pays'$"):
        replace(ENGLISH, phrases=phrases)
    with pytest.raises(ConfigError, match=r"^the phrase 'pays' of the language 'en' has the slots \['who'\]; expected"):
        replace(ENGLISH, phrases={**ENGLISH.phrases, "pays": "{who}"})
    with pytest.raises(ConfigError, match=r"^the language 'en' has no heading for 'note'$"):
        replace(ENGLISH, headings={part: "x" for part in ENGLISH.headings if part != "note"})


def config(**persona):
    base = {"tables": {"t": {"role": "users", "source": "t.csv", "user": "id"}}}
    return parse_config({**base, "features": {"f": {"kind": "attributes", "from": "t"}}, "persona": persona}).persona


def test_the_config_names_writer_and_language():
    assert hand_of(config()).language is ENGLISH
    with pytest.raises(UnknownNameError, match=r"^unknown writer 'templat'; did you mean 'template'\?$"):
        hand_of(config(writer="templat"))
    with pytest.raises(UnknownNameError, match=r"^unknown language 'xx'; expected one of 'en'$"):
        hand_of(config(language="xx"))
    with pytest.raises(ConfigError, match=r"^unknown key 'tone' in 'persona' for the writer 'template'"):
        hand_of(config(tone="loud"))


def test_what_is_no_language_is_refused(monkeypatch):
    monkeypatch.setattr("coterie.segments.persona.making.find", lambda group, name: "no language")
    with pytest.raises(ConfigError, match=r"^the language 'en' is of the type str; expected a coterie\.segments"):
        hand_of(config())


class Says:
    """A writer that says what it is told to."""

    def __init__(self, *said):
        self.said = said

    def write(self, facts, language):
        return self.said


def test_the_template_takes_the_place_of_what_is_refused():
    # f1 is the size, f2 Film-Noir, f3 Mystery, f4 Drama.
    good = Sentence("taste", "They take up more Film-Noir (3.1 times the average).", ("f2",))
    bad = Sentence("taste", "They take up more Mystery (3.1 times the average).", ("f3",))
    (persona,) = personas_of([rich_subject()], Hand(Says(good, bad), ENGLISH, "mine"))
    assert [(claim.writer, claim.text[:24]) for claim in persona.of("taste")] == [
        ("mine", "They take up more Film-N"),
        ("template", "More than other users, t"),
        ("template", "Less than other users, t"),
    ]
    (refused,) = persona.refused
    assert (refused.text, refused.facts) == (bad.text, ("f3",))
    assert refused.reason == "it states 3.1, where the number is 1.72"
    (only_good,) = personas_of([rich_subject()], Hand(Says(good), ENGLISH, "mine"))
    assert [claim.writer for claim in only_good.of("taste")] == ["mine"]
    assert {claim.writer for claim in only_good.of("offer")} == {"template"}


def test_a_writer_that_gives_up_or_says_what_is_no_sentence_is_replaced():
    class GivesUp:
        def write(self, facts, language):
            raise DataError("the service does not answer")

    (persona,) = personas_of([rich_subject()], Hand(GivesUp(), ENGLISH, "mine"))
    assert [one.reason for one in persona.refused] == ["the writer gave up: the service does not answer"]
    (plain,) = personas_of([rich_subject()], ENGLISH_HAND)
    assert persona.claims == plain.claims
    (odd,) = personas_of([rich_subject()], Hand(Says("text", Sentence("mood", "x", ("f1",)), None), ENGLISH, "mine"))  # type: ignore[arg-type]
    assert {one.reason for one in odd.refused} == {"it is no sentence of a known part"}
    assert odd.claims == plain.claims


WORDS = {"more", "less", "not", "F", "42"}  # which sentences hold of their own: of these the evidence is looked at
LABELS = ("Horror", "Musical", "War", "Western", "Sci-Fi", "more", "less", "42", "F", "Vertigo (1958)", "not")
marks_of_any_kind = st.builds(
    lambda label, kind, over, significant, use, n: mark(
        label,
        kind,
        column={"category": "trait", "number": label}.get(kind, kind),
        index=None if kind == "number" else 260.0 if over else 40.0,
        inside=4.0 if over and kind == "number" else 1.0 if kind == "number" else 0.2,
        overall=2.0 if kind == "number" else 0.1 if over else 0.5,
        effect=1.0 if over else -1.0,
        significant=significant,
        use=use,
        n=n,
    ),
    st.sampled_from(LABELS),
    st.sampled_from(["tag", "item", "category", "number"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["basis", "descriptor"]),
    st.sampled_from([2, 5, 50]),
)


def said_of(label: str) -> str:
    """A title is said without its year."""
    return label.removesuffix(" (1958)")


def _is_in(fact: Fact, marks: list[Mark]) -> bool:
    return any((m.kind, m.label, m.p_adjusted, m.n) == (fact.topic, fact.label, fact.p_adjusted, fact.n) for m in marks)


@given(
    st.lists(marks_of_any_kind, max_size=12, unique_by=lambda m: (m.kind, m.label)), st.sampled_from([ENGLISH, GERMAN])
)
def test_what_is_not_significant_or_of_few_is_never_told(marks: list[Mark], language: Language):
    (persona,) = personas_of([subject(tuple(marks), of=segment(name="Segment 1"))], Hand(TemplateWriter(), language))
    assert persona.refused == ()
    may = [m for m in marks if m.significant and m.n >= 5]
    for claim in persona.claims:
        assert all(fact.topic == "size" or _is_in(fact, may) for fact in claim.evidence)
        named = {name for fact in claim.evidence for name in fact.names}
        for other in {m.label for m in marks if m not in may} - {m.label for m in may}:
            if other not in named and other not in WORDS:
                assert not re.search(rf"(?<!\w){re.escape(said_of(other))}(?!\w)", claim.text), claim.text
        if not claim.evidence:
            assert claim.text in language.phrases.values()
