"""The writer that is built in: the phrases of the language, filled with the facts, the strongest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from coterie.config import refuse_unknown
from coterie.segments.persona.language import WORD, Language
from coterie.segments.persona.types import Direction, Fact, Facts, Part, Sentence, Topic
from coterie.terms import A_USER, TAG

LISTED: Final = 3  # facts named in one sentence
VALUES: Final = 2  # values of one attribute named in one sentence
ATTRIBUTES: Final = 4  # of which a card says something
TIMES_FROM: Final = 1.95  # from here on "2.0 times as much" is plainer than "95% more"
_EACH_WAY: Final[tuple[Direction, ...]] = ("more", "less")


class TemplateWriter:
    """Fills phrases with facts; the same facts give the same words."""

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, (), "'persona' for the writer 'template'")

    def write(self, facts: Facts, language: Language) -> tuple[Sentence, ...]:
        """See ``Writer.write``."""
        return tuple(_Page(facts, language).sentences())


class _Page:
    """One segment's facts and the language that they are told in."""

    def __init__(self, facts: Facts, language: Language) -> None:
        self.facts, self.language = facts, language
        self.nouns = language.many(facts.noun)
        self.of_users = facts.noun == A_USER

    def sentences(self) -> Iterator[Sentence]:
        yield from self._size()
        yield from self._taste()
        yield from self._attributes("basis", "taste")
        yield from self._attributes("descriptor", "people")
        yield from self._activity()
        yield from self._own()
        yield from self._advice()

    def _size(self) -> Iterator[Sentence]:
        for fact in self.facts.of("size"):
            counted = self.language.counted(fact.n, self.facts.noun)
            percent = self.language.rounded(fact.figures["percent"])
            text = self.language.say("size", fact.n, counted=counted, percent=percent, nouns=self.nouns)
            yield Sentence("size", text, (fact.id,))

    def _taste(self) -> Iterator[Sentence]:
        kinds: tuple[tuple[Topic, Direction, str], ...] = (
            ("tag", "more", "tags_more"),
            ("item", "more", "items_more"),
            ("tag", "less", "tags_less"),
        )
        if not self.of_users:
            kinds = (("tag", "more", "taken_up_more"), ("tag", "less", "taken_up_less"))
        for topic, direction, phrase in kinds:
            yield from self._listing("taste", phrase, self.facts.of(topic, direction)[:LISTED], self._with_distance)

    def _attributes(self, use: str, part: Part) -> Iterator[Sentence]:
        categories = [fact for fact in self.facts.of("category") if fact.use == use]
        by_column = {key: list(found) for key, found in groupby(sorted(categories, key=_column), key=_column)}
        in_order = list(dict.fromkeys(_column(fact) for fact in categories))
        for key in in_order[:ATTRIBUTES]:
            yield from self._category(part, by_column[key])
        numbers = [fact for fact in self.facts.of("number") if fact.use == use]
        yield from self._numbers(part, numbers)

    def _category(self, part: Part, found: Sequence[Fact]) -> Iterator[Sentence]:
        """Say which values an attribute has more often, or if there is none, less often."""
        direction: Direction = "more" if any(fact.direction == "more" for fact in found) else "less"
        chosen = [fact for fact in found if fact.direction == direction][: LISTED if not found[0].about else VALUES]
        phrase = f"{'category' if found[0].column != TAG else 'tagged'}_{direction}"
        yield from self._listing(part, phrase, chosen, self._with_shares, about=found[0].about)

    def _numbers(self, part: Part, numbers: Sequence[Fact]) -> Iterator[Sentence]:
        leaning = [fact for fact in numbers if "value_all" not in fact.figures][:LISTED]
        yield from self._listing(part, "leaning", leaning, self._with_lean)
        for direction in _EACH_WAY:
            found = [f for f in numbers if f.direction == direction and "value_all" in f.figures][:LISTED]
            if len(found) == 1:
                yield Sentence(part, self._filled(f"number_{direction}", found[0]), (found[0].id,))
            else:
                yield from self._listing(part, f"numbers_{direction}", found, self._with_means)

    def _activity(self) -> Iterator[Sentence]:
        verb = "active" if self.of_users else "taken"
        for fact in self.facts.of("activity")[:1]:
            yield Sentence("activity", self._filled(f"{verb}_{fact.direction}", fact), (fact.id,))

    def _own(self) -> Iterator[Sentence]:
        phrases = {"more": "pays", "less": "harms"} if self.of_users else {"more": "finds", "less": "misses"}
        for fact in self.facts.of("lift"):
            lift = fact.figures["times"]
            # One that would read "1.0 times as good" is told with two digits.
            times = self.language.number(lift, 2 if round(lift, 1) == 1 else 1)
            yield Sentence("pays", self.language.say(phrases[fact.direction], times=times), (fact.id,))
        for fact in self.facts.of("stability"):
            value, floor = (self.language.number(fact.figures[key], 2) for key in ("value", "value_all"))
            yield Sentence("caution", self.language.say("caution", value=value, value_all=floor), (fact.id,))

    def _advice(self) -> Iterator[Sentence]:
        advice: tuple[tuple[Part, Topic, Direction, str], ...] = (
            ("offer", "tag", "more", "offer_tags"),
            ("offer", "item", "more", "offer_items"),
            ("avoid", "tag", "less", "avoid_tags"),
            ("avoid", "item", "less", "avoid_items"),
        )
        if not self.of_users:
            advice = (("offer", "tag", "more", "offer_to"), ("avoid", "tag", "less", "avoid_to"))
        for part, topic, direction, phrase in advice:
            facts = self.facts.of(topic, direction)
            if (
                phrase == "offer_items"
            ):  # what thirteen people took up is no opener: of those that stand out, the widest
                facts = tuple(sorted(facts, key=lambda fact: -fact.n))
            yield from self._listing(part, phrase, facts[:LISTED], self._named)

    def _listing(
        self, part: Part, phrase: str, facts: Sequence[Fact], put: Callable[[Fact, bool], str], about: str = ""
    ) -> Iterator[Sentence]:
        """Say one phrase of several facts; of two that go by one name the first alone."""
        if not facts:
            return
        by_name: dict[str, Fact] = {}
        for fact in facts:
            by_name.setdefault(fact.names[0].casefold(), fact)
        distinct = tuple(by_name.values())
        listed = self.language.listed([put(fact, number == 0) for number, fact in enumerate(distinct)])
        slots = {"about": about} if about else {}
        text = self.language.say(phrase, len(distinct), listed=listed, nouns=self.nouns, **slots)
        yield Sentence(part, text, tuple(fact.id for fact in distinct))

    def _named(self, fact: Fact, is_first: bool = True) -> str:  # noqa: ARG002  # as the others that put a fact
        name = fact.names[0]
        is_plain = all(word.lower() in self.language.ordinary for word in WORD.findall(name))
        return self.language.say("quoted", name=name) if fact.topic == "item" or is_plain else name

    def _with_distance(self, fact: Fact, is_first: bool) -> str:
        times, apart = fact.figures["times"], fact.figures["apart"]
        if fact.direction == "more" and times >= TIMES_FROM:
            much = self.language.say("times", times=self.language.number(times, 1))
        else:
            much = self.language.say(fact.direction, percent=self.language.rounded(apart))
        return self.language.say("named", name=self._named(fact, is_first), much=much)

    def _with_shares(self, fact: Fact, is_first: bool) -> str:
        inside, overall = (self.language.rounded(fact.figures[key]) for key in ("percent", "percent_all"))
        name = self._named(fact, is_first)
        phrase = "value_first" if is_first else "value_next"
        return self.language.say(phrase, name=name, percent=inside, percent_all=overall, nouns=self.nouns)

    def _with_means(self, fact: Fact, is_first: bool) -> str:
        return self._filled("mean_first" if is_first else "mean_next", fact)

    def _with_lean(self, fact: Fact, is_first: bool) -> str:
        return self.language.say(
            "lean", name=self._named(fact, is_first), value=self.language.figure(fact.figures["value"])
        )

    def _filled(self, phrase: str, fact: Fact) -> str:
        value, value_all = (self.language.figure(fact.figures[key]) for key in ("value", "value_all"))
        name = self._named(fact) if fact.names else ""
        return self.language.say(phrase, name=name, value=value, value_all=value_all, nouns=self.nouns)


def _column(fact: Fact) -> tuple[str, str]:
    return fact.table, fact.column
