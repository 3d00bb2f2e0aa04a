"""Personas of all segments: a writer is asked, every sentence is checked, and the template fills what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from coterie.config import Persona as Asked
from coterie.errors import ConfigError, CoterieError
from coterie.plugins import find
from coterie.segments.persona.checking import LONGEST, fault_of
from coterie.segments.persona.contract import Writer
from coterie.segments.persona.facts import Subject, facts_of, shared_titles
from coterie.segments.persona.language import Language
from coterie.segments.persona.reading import is_said
from coterie.segments.persona.template import TemplateWriter
from coterie.segments.persona.types import PARTS, Claim, Fact, Facts, Part, Persona, Refused, Sentence, Topic
from coterie.terms import A_USER

TEMPLATE: Final = "template"
# Which topics a part of the card may tell of; where one was looked at and gave nothing, the card says so.
_TOPICS: Final[Mapping[Part, frozenset[Topic]]] = {
    "taste": frozenset({"tag", "item"}),
    "people": frozenset({"category", "number"}),
    "activity": frozenset({"activity"}),
    "pays": frozenset({"lift"}),
    "offer": frozenset({"tag", "item"}),
    "avoid": frozenset({"tag", "item"}),
}
_TELLING: Final[frozenset[Topic]] = frozenset({"tag", "item", "category", "number", "activity"})


@dataclass(frozen=True, slots=True)
class Hand:
    """Who writes, and in what.

    Args:
        name: of the writer. words: that it may use beside those of the language.
    """

    writer: Writer
    language: Language
    name: str = TEMPLATE
    words: tuple[str, ...] = field(default=())


def hand_of(asked: Asked) -> Hand:
    """Find the writer and the language that a config names.

    Raises:
        UnknownNameError: there is none of the name; offers the nearest.
        ConfigError: the writer does not know an option, or the language is none.
    """
    found = find("languages", asked.language)
    if not isinstance(found, Language):
        raise ConfigError(
            f"the language '{asked.language}' is of the type {type(found).__name__}; expected a "
            "coterie.segments.persona.language.Language"
        )
    return Hand(find("writers", asked.writer)(**asked.options), found, asked.writer, asked.words)


def personas_of(subjects: Sequence[Subject], hand: Hand) -> tuple[Persona, ...]:
    """Give the persona of every segment, in their order."""
    shared = shared_titles(subject.profile for subject in subjects)
    return tuple(_persona(subject, facts_of(subject, shared), hand) for subject in subjects)


def _persona(subject: Subject, facts: Facts, hand: Hand) -> Persona:
    said, refused = _asked(facts, hand)
    told = [fact for sentence, _ in said for fact in _cited(sentence, facts)]
    claims = [Claim(sentence.part, sentence.text, _cited(sentence, facts), by) for sentence, by in said]
    claims += [Claim(part, hand.language.say(phrase), (), TEMPLATE) for part, phrase in _nothing(facts, claims)]
    if any(fact.use == "basis" for fact in told):
        claims.append(Claim("note", hand.language.say("note"), (), TEMPLATE))
    return Persona(
        segment_id=facts.segment_id,
        name=facts.name,
        is_given=subject.is_given,
        resting_on=() if subject.is_given else tuple(_in_name(facts)),
        claims=tuple(sorted(claims, key=lambda claim: PARTS.index(claim.part))),
        refused=tuple(refused),
        writer=hand.name,
        language=hand.language.code,
    )


def _asked(facts: Facts, hand: Hand) -> tuple[list[tuple[Sentence, str]], list[Refused]]:
    """Give the sentences that hold, each with who wrote it, and those that do not."""
    written, refused = _written(facts, hand)
    said, faulty = _checked(written, facts, hand)
    refused += faulty
    answer = [(sentence, hand.name) for sentence in said]
    if hand.name == TEMPLATE:
        return answer, refused
    plain, faulty = _checked(TemplateWriter().write(facts, hand.language), facts, hand)
    covered = {(sentence.part, fact_id) for sentence in said for fact_id in sentence.facts}
    whole = {sentence.part for sentence in said} - {one.part for one in refused}
    answer += [
        (sentence, TEMPLATE)
        for sentence in plain
        if sentence.part not in whole and not any((sentence.part, fact_id) in covered for fact_id in sentence.facts)
    ]
    return answer, [*refused, *faulty]


def _written(facts: Facts, hand: Hand) -> tuple[list[Sentence], list[Refused]]:
    try:
        said = list(hand.writer.write(facts, hand.language))
    except CoterieError as error:
        return [], [Refused("", "", (), f"the writer gave up: {error}")]
    fit = [sentence for sentence in said if _is_sentence(sentence)]
    unfit = [one for one in said if not _is_sentence(one)]
    return fit, [Refused("", str(one)[:LONGEST], (), "it is no sentence of a known part") for one in unfit]


def _is_sentence(said: object) -> bool:
    return (
        isinstance(said, Sentence)
        and said.part in PARTS
        and isinstance(said.text, str)
        and all(isinstance(fact_id, str) for fact_id in said.facts)
    )


def _checked(said: Iterable[Sentence], facts: Facts, hand: Hand) -> tuple[list[Sentence], list[Refused]]:
    held: list[Sentence] = []
    refused: list[Refused] = []
    for sentence in said:
        fault = fault_of(sentence, facts, hand.language, hand.words)
        if fault:
            refused.append(Refused(sentence.part, sentence.text, tuple(sentence.facts), fault))
        else:
            held.append(sentence)
    return held, refused


def _nothing(facts: Facts, claims: Sequence[Claim]) -> Iterator[tuple[Part, str]]:
    """Say where there is nothing to say: of the whole card, or of the parts that the tables say something of."""
    if not any(fact.topic in _TELLING for fact in facts.facts):
        yield "taste", "nothing"
        return
    told = {claim.part for claim in claims}
    for part, topics in _TOPICS.items():
        if part not in told and topics & {*facts.looked_at}:
            yield part, f"nothing_{part}"
    if facts.noun == A_USER and "offer" not in told and "tag" not in facts.looked_at:
        yield "offer", "no_events"


def _cited(sentence: Sentence, facts: Facts) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts.facts if fact.id in sentence.facts)


def _in_name(facts: Facts) -> Iterator[Fact]:
    yield from (fact for fact in facts.facts if any(is_said(called, facts.name) for called in fact.names))
