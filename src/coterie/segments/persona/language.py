"""A language as one record: every phrase of a persona, how it forms them, and the words whose meaning a check knows.

Nothing that a reader of a persona sees is written anywhere else, so a language is one module and one entry point.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from coterie.errors import ConfigError
from coterie.segments.persona.types import PARTS, Part
from coterie.terms import Noun

WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")

# Every phrase with its slots. Those of whole sentences get what they list as one text, joined by ``listed``.
PHRASES: Final[Mapping[str, frozenset[str]]] = {
    "size": frozenset({"counted", "percent", "nouns"}),
    # How far from the average: "3.1 times as much" of shares, "62% less".
    "times": frozenset({"times"}),
    "more": frozenset({"percent"}),
    "less": frozenset({"percent"}),
    "named": frozenset({"name", "much"}),
    "quoted": frozenset({"name"}),
    # What users take up; of other things, who takes them up.
    "tags_more": frozenset({"listed", "nouns"}),
    "tags_less": frozenset({"listed", "nouns"}),
    "items_more": frozenset({"listed", "nouns"}),
    "taken_up_more": frozenset({"listed", "nouns"}),
    "taken_up_less": frozenset({"listed", "nouns"}),
    # Attributes: the first value in full, the others in short.
    "category_more": frozenset({"about", "listed", "nouns"}),
    "category_less": frozenset({"about", "listed", "nouns"}),
    "tagged_more": frozenset({"listed", "nouns"}),
    "tagged_less": frozenset({"listed", "nouns"}),
    "value_first": frozenset({"name", "percent", "percent_all", "nouns"}),
    "value_next": frozenset({"name", "percent", "percent_all"}),
    "numbers_more": frozenset({"listed", "nouns"}),
    "numbers_less": frozenset({"listed", "nouns"}),
    "mean_first": frozenset({"name", "value", "value_all", "nouns"}),
    "mean_next": frozenset({"name", "value", "value_all"}),
    "leaning": frozenset({"listed", "nouns"}),
    "lean": frozenset({"name", "value"}),
    "number_more": frozenset({"name", "value", "value_all", "nouns"}),
    "number_less": frozenset({"name", "value", "value_all", "nouns"}),
    "active_more": frozenset({"value", "value_all", "nouns"}),
    "active_less": frozenset({"value", "value_all", "nouns"}),
    "taken_more": frozenset({"value", "value_all", "nouns"}),
    "taken_less": frozenset({"value", "value_all", "nouns"}),
    "pays": frozenset({"times"}),
    "harms": frozenset({"times"}),
    "finds": frozenset({"times"}),
    "misses": frozenset({"times"}),
    "offer_tags": frozenset({"listed"}),
    "offer_items": frozenset({"listed"}),
    "offer_to": frozenset({"listed"}),
    "avoid_tags": frozenset({"listed"}),
    "avoid_items": frozenset({"listed"}),
    "avoid_to": frozenset({"listed"}),
    "caution": frozenset({"value", "value_all"}),
    # Where nothing is clear enough; these rest on no fact and name none.
    "nothing": frozenset(),
    "nothing_taste": frozenset(),
    "nothing_people": frozenset(),
    "nothing_activity": frozenset(),
    "nothing_pays": frozenset(),
    "nothing_offer": frozenset(),
    "nothing_avoid": frozenset(),
    "no_events": frozenset(),
    "note": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Args:
        code: as in the HTML attribute "lang".
        phrases: text by the names of ``PHRASES``, with their slots in braces; or several by plural form.
        headings: of the parts of a card.
        nouns: what is segmented, by its name in Coterie ("user", "item", "tag") and plural form; other nouns are the
            names of tables and stay as they are.
        more, less: words that say more, or less. twice: words that say how many times.
        against: words after which a number is that of everybody. everybody: ways to call these, "{nouns}" among them.
        percent: signs and words of per cent. times: words after a number of times the average.
        plain: words that say nothing by themselves and may stand in any sentence. No word of number, negation,
            frequency, cause or judgement is among them: a check could not tell whether it is true.
        decimal, thousands: marks within numbers. quotes: the two around a title.
        listed: joins, as in "a, b and c". form: gives the plural form of a count.
        tokens: every single word that a sentence may hold beside names, in lower case. ordinary: with those by which
            everybody is called; a label of such words alone stands in quotes.

    Raises:
        ConfigError: a phrase is missing or has other slots.
    """

    code: str
    phrases: Mapping[str, str | Mapping[str, str]]
    headings: Mapping[Part, str]
    nouns: Mapping[str, Mapping[str, str]]
    more: frozenset[str]
    less: frozenset[str]
    twice: Mapping[str, float]
    against: frozenset[str]
    everybody: tuple[str, ...]
    percent: frozenset[str]
    times: frozenset[str]
    plain: frozenset[str]
    decimal: str
    thousands: str
    quotes: tuple[str, str]
    listed: Callable[[Sequence[str]], str]
    form: Callable[[int], str]
    tokens: frozenset[str] = field(init=False, repr=False, compare=False)
    ordinary: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {*self.more, *self.less, *self.twice, *self.against, *self.percent, *self.times, *self.plain}
        called = WORD.findall(" ".join(self.everybody).replace("{nouns}", ""))
        object.__setattr__(self, "tokens", frozenset(word.lower() for word in known))
        object.__setattr__(self, "ordinary", self.tokens | {word.lower() for word in called})
        for name, slots in PHRASES.items():
            for text in self._texts(name):
                found = {slot for _, slot, _, _ in string.Formatter().parse(text) if slot is not None}
                if not found <= slots:
                    raise ConfigError(
                        f"the phrase '{name}' of the language '{self.code}' has the slots {sorted(found)}; expected "
                        f"some of {sorted(slots)}"
                    )
        missing = [part for part in PARTS if part not in self.headings]
        if missing:
            raise ConfigError(f"the language '{self.code}' has no heading for '{missing[0]}'")

    def _texts(self, name: str) -> tuple[str, ...]:
        text = self.phrases.get(name)
        if text is None:
            raise ConfigError(f"the language '{self.code}' has no phrase '{name}'")
        return (text,) if isinstance(text, str) else tuple(text.values())

    def say(self, phrase: str, count: int = 1, **slots: str) -> str:
        """Fill a phrase; ``count`` chooses its plural form where it has several."""
        text = self.phrases[phrase]
        chosen = text if isinstance(text, str) else text[self.form(count)]
        return chosen.format(**slots)

    def many(self, noun: Noun) -> str:
        """Call many of what is segmented."""
        return self._noun(noun, 2)

    def counted(self, count: int, noun: Noun) -> str:
        """Write a number of what is segmented."""
        return f"{self.number(count, 0)} {self._noun(noun, count)}"

    def _noun(self, noun: Noun, count: int) -> str:
        own = self.nouns.get(noun.one)
        is_own_name = noun.many != f"{noun.one}s"  # items may bear their table's name, which has no singular
        return noun.many if own is None or (is_own_name and count != 1) else own[self.form(count)]

    def number(self, value: float, digits: int) -> str:
        """Write a number with fixed digits."""
        text = f"{value:,.{digits}f}"
        if not any(digit in text for digit in "123456789"):
            text = text.lstrip("-")
        return "".join({",": self.thousands, ".": self.decimal}.get(sign, sign) for sign in text)

    def figure(self, value: float) -> str:
        """Write a mean in about three digits; years and other numbers below 10,000 without thousands apart."""
        size = abs(value)
        digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 4
        text = self.number(value, digits)
        if float(value).is_integer():
            text = self.number(value, 0)
        return text.replace(self.thousands, "") if size < 10_000 else text

    def rounded(self, percent: float) -> str:
        """Write per cent: whole, or with one digit below 1."""
        return self.number(percent, 0 if percent >= 1 or percent == 0 else 1)
