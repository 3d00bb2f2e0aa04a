"""Nothing gets through that the cited facts do not say; what they say does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coterie.segments.persona import Sentence, personas_of
from coterie.segments.persona.checking import fault_of
from coterie.segments.persona.english import ENGLISH
from coterie.segments.persona.facts import facts_of
from coterie.segments.persona.making import Hand
from coterie.segments.persona.template import TemplateWriter
from tests.segments.persona.german import GERMAN
from tests.segments.persona.samples import rich_subject

FACTS = facts_of(rich_subject())
ID = {fact.label or fact.topic: fact.id for fact in FACTS.facts} | {f.topic: f.id for f in FACTS.facts if not f.names}
TRUE = TemplateWriter().write(FACTS, ENGLISH)


def fault(part, text, *labels, words=()):
    return fault_of(Sentence(part, text, tuple(ID.get(label, label) for label in labels)), FACTS, ENGLISH, words)


@pytest.mark.parametrize(("part", "text", "labels"), [
    ("taste", "They reach for more Film-Noir, 3 times as much as everybody.", ["Film-Noir"]),
    ("taste", "Film-Noir is 210% above average here, and Mystery 72% above it.", ["Film-Noir", "Mystery"]),
    ("taste", "They take up less comedy than all users: 62% less.", ["Comedy"]),
    ("taste", "They take less Comedy: 62 percent below average.", ["Comedy"]),
    ("people", "Against 21% of all users, 31% are librarian by occupation, which is more.", ["librarian"]),
    ("people", "By age they are higher (39.0 against 34).", ["age"]),
    ("activity", "They do more: 130 events each, compared to 106.", ["activity"]),
    ("offer", "Offer them “Vertigo”.", ["Vertigo (1958)"]),
    ("avoid", "Skip Comedy.", ["Comedy"]),
    ("size", "They are 200 users.", ["size"]),
    ("pays", "A message made for this group pays 1.6 times as much.", ["lift"]),
])  # fmt: skip
def test_what_the_facts_say_may_be_said(part, text, labels):
    assert fault(part, text, *labels) == ""


@pytest.mark.parametrize(("part", "text", "labels", "reason"), [
    ("taste", " ", ["Mystery"], "it is empty"),
    ("taste", "More\u202e Mystery.", ["Mystery"], "what cannot be printed"),
    ("taste", "More Mystery. " * 40, ["Mystery"], "a sentence has 400 at most"),
    ("taste", "More Mystery.", [], "it cites no fact"),
    ("taste", "More Mystery.", ["f99"], "it cites 'f99', which is no fact"),
    ("people", "More Mystery.", ["Mystery"], "it stands under 'people' and cites f3, which is about tag"),
    ("note", "More Mystery.", ["Mystery"], "it stands under 'note'"),
    ("taste", "More Mystery and less Comedy.", ["Mystery", "Comedy"], "facts of more and of less"),
    ("offer", "Offer less Comedy.", ["Comedy"], "of which there is less here"),
    ("avoid", "Avoid more Mystery.", ["Mystery"], "of which there is more here"),
    ("taste", "More Mystery than others.", ["Mystery", "Drama"], "does not name 'Drama'"),
    ("people", "More of them are librarian.", ["librarian"], "says 'librarian' and not of what: 'occupation'"),
    ("taste", "More Mystery and Drama.", ["Mystery"], "it names 'Drama', which is of f4, and does not cite it"),
    ("taste", "More Mystery, 73% more.", ["Mystery"], "it states 73, where the number is 72"),
    ("taste", "More Mystery, 1.8 times as much.", ["Mystery"], "it states 1.8, where the number is 1.72"),
    ("taste", "More Mystery (3.1 times) and Film-Noir (1.7 times).", ["Mystery", "Film-Noir"], "it states 3.1, where"),
    ("people", "More of them are librarian by occupation: 21%, against 31%.", ["librarian"], "it states 21, where"),
    ("people", "More are librarian by occupation, 48% of them.", ["librarian"], "it states 48, where the number is 31"),
    ("taste", "More Mystery, 12 a day.", ["Mystery"], "it states 12, which is no number of what it names"),
    ("taste", "Twice as much Mystery, which is more.", ["Mystery"], "it says 'twice', where it is 1.72 times"),
    ("taste", "More Mystery in the 90s.", ["Mystery"], "it holds '9'"),
    ("taste", "More Mystery ½.", ["Mystery"], "it says '½'"),
    ("taste", "More Mystery <b>.", ["Mystery"], "it holds '<'"),
    ("taste", "More Mystery and “Bollywood”.", ["Mystery"], "it holds '“'"),
    ("taste", "More Mystery and bollywood.", ["Mystery"], "it says 'bollywood', which no fact that it cites says"),
    ("taste", "More Musical than others, and Mystery.", ["Mystery"], "it says 'musical'"),
    ("taste", "They do not take up more Mystery.", ["Mystery"], "it says 'not'"),
    ("taste", "Three times more Mystery.", ["Mystery"], "it says 'three'"),
    ("taste", "Half of them take more Mystery.", ["Mystery"], "it says 'half'"),
    ("taste", "Most take up more Mystery.", ["Mystery"], "it says 'most'"),
    ("taste", "More Mystery because it is best.", ["Mystery"], "it says 'because'"),
    ("taste", "They take up less Mystery.", ["Mystery"], "it says 'less', where the numbers say 'more'"),
    ("taste", "They take up more Comedy.", ["Comedy"], "it says 'more', where the numbers say 'less'"),
    ("taste", "They take up Comedy.", ["Comedy"], "it does not say that there is less of it"),
    ("size", "They are 200 users, more than others.", ["size"], "it says 'more', where the numbers say 'none'"),
])  # fmt: skip
def test_what_they_do_not_say_may_not(part, text, labels, reason):
    assert reason in fault(part, text, *labels)


def test_people_may_allow_words_of_their_own():
    assert "it says 'watch'" in fault("taste", "They watch more Mystery.", "Mystery")
    assert fault("taste", "They watch more Mystery.", "Mystery", words=("Watch",)) == ""


def test_a_fact_without_a_name_stands_alone():
    assert "without a name" in fault_of(
        Sentence("activity", "More.", (ID["activity"], ID["activity"], ID["size"])),
        replace(FACTS, facts=tuple(replace(f, topic="activity", direction="more") for f in FACTS.facts)),
        ENGLISH,
    )


@pytest.mark.parametrize("language", [ENGLISH, GERMAN])
def test_the_template_holds_against_its_own_facts(language):
    said = TemplateWriter().write(FACTS, language)
    assert len(said) > 8
    assert [fault_of(sentence, FACTS, language) for sentence in said] == [""] * len(said)


_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_TURNED = {"more": "less", "More": "Less", "less": "more", "Less": "More", "higher": "lower", "Offer": "Avoid"}
_TURNED |= {"offer": "avoid", "Spare": "Offer", "pays": "worsens"}


@st.composite
def lies(draw: st.DrawFn) -> Sentence:
    """A true sentence with one thing in it that is not."""
    true = draw(st.sampled_from(TRUE))
    kind = draw(st.sampled_from(["number", "direction", "label", "citing", "word"]))
    if kind == "number":
        found = list(_NUMBER.finditer(true.text))
        assume(found)
        one = draw(st.sampled_from(found))
        digits = len(one.group().partition(".")[2])
        step = draw(st.integers(1, 60)) * draw(st.sampled_from([-1, 1])) * 10.0**-digits
        text = f"{true.text[: one.start()]}{abs(float(one.group()) + step):.{digits}f}{true.text[one.end() :]}"
        assume(text != true.text)
        return replace(true, text=text)
    if kind == "direction":
        words = [word for word in _TURNED if re.search(rf"\b{word}\b", true.text)]
        assume(words)
        word = draw(st.sampled_from(words))
        return replace(true, text=re.sub(rf"\b{word}\b", _TURNED[word], true.text, count=1))
    if kind == "label":
        names = [fact.names[0] for fact in FACTS.facts if fact.id in true.facts and fact.names]
        assume(names)
        invented = draw(st.sampled_from(["Bollywood", "Musical", "Anime and Manga", "Vertigo", "Comedy", "M", "Ps"]))
        assume(invented not in names)
        return replace(true, text=true.text.replace(draw(st.sampled_from(names)), invented, 1))
    if kind == "citing":
        others = [fact.id for fact in FACTS.facts if fact.id not in true.facts]
        wrong = (*true.facts[1:], draw(st.sampled_from(others)))
        return replace(true, facts=wrong)
    added = draw(st.sampled_from(["never", "rich", "all", "because", "seventeen", "everyone", "Musical", "without"]))
    place = draw(st.integers(1, true.text.count(" "))) if " " in true.text else 0
    parts = true.text.split(" ")
    assume(added != "everyone")
    return replace(true, text=" ".join([*parts[:place], added, *parts[place:]]))


@given(st.lists(lies(), min_size=1, max_size=6))
def test_a_lying_writer_is_never_shown(said: list[Sentence]):
    class Lies:
        def write(self, facts, language):
            return said

    (persona,) = personas_of([rich_subject()], Hand(Lies(), ENGLISH, "liar"))
    (plain,) = personas_of([rich_subject()], Hand(TemplateWriter(), ENGLISH))
    assert {(one.text, one.facts) for one in persona.refused} == {(one.text, one.facts) for one in said}
    assert all(one.reason for one in persona.refused)
    assert persona.claims == plain.claims


@given(st.text(max_size=80), st.sampled_from([f.id for f in FACTS.facts]), st.sampled_from(["taste", "offer", "size"]))
def test_any_text_is_read_without_falling_over(text, fact, part):
    fault_of(Sentence(part, text, (fact,)), FACTS, ENGLISH)
