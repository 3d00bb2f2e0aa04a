"""Whether a sentence says what its facts say, and nothing else: a sentence and the facts in, its fault in words out.

The rules are narrow on purpose. A sentence may be made of the names and numbers of the facts that it cites, of words of
direction that agree with them, and of plain words that say nothing by themselves. Everything else is refused: a word
that no rule understands may be the very one that is not true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from coterie.segments.persona.language import Language
from coterie.segments.persona.reading import Reading, Stated, are_called_alike
from coterie.segments.persona.types import Fact, Facts, Figure, Part, Sentence, Topic

LONGEST: Final = 400  # characters
TOLERANCE: Final = 1e-9  # what float64 makes of a half
NEARLY: Final = 0.125  # how far from twice "twice" may be, as a share
SIGNS: Final = frozenset(".,;:!?()'’-–—")
ABOUT: Final[Mapping[Topic, frozenset[Part]]] = {
    "size": frozenset({"size"}),
    "tag": frozenset({"taste", "offer", "avoid"}),
    "item": frozenset({"taste", "offer", "avoid"}),
    "category": frozenset({"taste", "people"}),
    "number": frozenset({"taste", "people"}),
    "activity": frozenset({"activity"}),
    "lift": frozenset({"pays"}),
    "stability": frozenset({"caution"}),
}


def fault_of(sentence: Sentence, facts: Facts, language: Language, words: Iterable[str] = ()) -> str:
    """Say what is wrong with a sentence, or "" where it may be shown.

    Args:
        words: that people allow beside those of the language.
    """
    by_id = {fact.id: fact for fact in facts.facts}
    fault = _fault_of_form(sentence, by_id)
    if fault:
        return fault
    cited = [by_id[fact_id] for fact_id in dict.fromkeys(sentence.facts)]
    return _fault_of_citing(sentence.part, cited) or _fault_of_text(
        sentence.text, cited, facts, language, frozenset(word.lower() for word in words)
    )


def _fault_of_form(sentence: Sentence, by_id: Mapping[str, Fact]) -> str:
    if not sentence.text.strip() or not sentence.text.isprintable():
        return "it is empty, or holds what cannot be printed"
    if len(sentence.text) > LONGEST:
        return f"it has {len(sentence.text)} characters; a sentence has {LONGEST} at most"
    if not sentence.facts:
        return "it cites no fact"
    unknown = [fact_id for fact_id in sentence.facts if fact_id not in by_id]
    return f"it cites '{unknown[0]}', which is no fact of this segment" if unknown else ""


def _fault_of_citing(part: Part, cited: list[Fact]) -> str:
    for fact in cited:
        if part not in ABOUT[fact.topic]:
            return f"it stands under '{part}' and cites {fact.id}, which is about {fact.topic}"
    if len({fact.direction for fact in cited}) > 1:
        return "it cites facts of more and of less; say them in two sentences"
    if (part == "offer" and cited[0].direction != "more") or (part == "avoid" and cited[0].direction != "less"):
        return f"it stands under '{part}' and cites {cited[0].id}, of which there is {cited[0].direction} here"
    if len(cited) > 1 and not all(fact.names for fact in cited):
        return "it cites a fact without a name beside others; say it by itself"
    return "it cites two facts of one name; say them in two sentences" if are_called_alike(cited) else ""


def _fault_of_text(text: str, cited: list[Fact], facts: Facts, language: Language, words: frozenset[str]) -> str:
    reading = Reading(text, cited, facts, language)
    for fact in cited:
        if fact.names and not reading.named(fact):
            return f"it cites {fact.id} and does not name '{fact.names[0]}'"
        if fact.about and fact.about.casefold() not in text.casefold():
            return f"it says '{fact.names[0]}' and not of what: '{fact.about}'"
    for fact in facts.facts:
        name = reading.finds(fact) if fact not in cited else ""
        if name:
            return f"it names '{name}', which is of {fact.id}, and does not cite it"
    for number in reading.numbers():
        fault = _fault_of_number(number)
        if fault:
            return fault
    return (
        _fault_of_twice(reading, language)
        or _fault_of_signs(reading)
        or _fault_of_words(reading, language, words)
        or _fault_of_direction(reading, cited[0], language)
    )


def _fault_of_number(stated: Stated) -> str:
    figures: dict[tuple[str, bool], Figure] = {
        ("percent", False): "percent",
        ("percent", True): "percent_all",
        ("apart", False): "apart",
        ("times", False): "times",
        ("people", False): "people",
        ("plain", False): "value",
        ("plain", True): "value_all",
    }
    figure = figures.get((stated.unit, stated.is_of_all))
    true = None if figure is None or stated.fact is None else stated.fact.figures.get(figure)
    if true is None:
        return f"it states {stated.text}, which is no number of what it names there"
    half = 0.5 * 10.0**-stated.digits
    if abs(stated.value - true) > half + TOLERANCE * max(1.0, abs(true)):
        return f"it states {stated.text}, where the number is {true:.6g}"
    return ""


def _fault_of_twice(reading: Reading, language: Language) -> str:
    for word in reading.words():
        said = language.twice.get(word)
        if said is None:
            continue
        fact = reading.whose(reading.left.lower().index(word))
        true = None if fact is None else fact.figures.get("times")
        if true is None or abs(true - said) > NEARLY * said:
            return f"it says '{word}', where it is {'no such number' if true is None else f'{true:.2f} times'}"
    return ""


def _fault_of_signs(reading: Reading) -> str:
    stray = [sign for sign in reading.signs() if sign not in SIGNS]
    return f"it holds '{stray[0]}', which is part of no name and no number that it may state" if stray else ""


def _fault_of_words(reading: Reading, language: Language, words: frozenset[str]) -> str:
    known = language.tokens | words
    stray = [word for word in reading.words() if word not in known]
    return f"it says '{stray[0]}', which no fact that it cites says and which is no plain word" if stray else ""


def _fault_of_direction(reading: Reading, fact: Fact, language: Language) -> str:
    said = set(reading.words())
    more, less = said & {*language.more, *language.twice}, said & language.less
    wrong = {"more": less, "less": more, "none": more | less}[fact.direction]
    if wrong:
        return f"it says '{min(wrong)}', where the numbers say '{fact.direction}'"
    if fact.direction != "none" and not more | less:
        return f"it does not say that there is {fact.direction} of it"
    return ""
