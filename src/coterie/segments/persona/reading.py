"""A sentence taken apart: where it names facts, which numbers it states, and which words are left.

What has been understood is struck out, so that whatever remains has been accounted for by nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from coterie.segments.persona.language import WORD, Language
from coterie.segments.persona.types import Fact, Facts

_STRUCK: Final = "\x00"
_NOUN: Final = "\x01"  # what is segmented: a number before it counts heads
Unit = Literal["percent", "apart", "times", "people", "plain"]


@dataclass(frozen=True, slots=True)
class Naming:
    """One place where a fact is named."""

    start: int
    end: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Stated:
    """One number of a sentence.

    Args:
        text: as written. value: what it says. digits: behind the decimal mark.
        is_of_all: whether it is said of everybody. fact: whose it is; None where nothing says whose.
    """

    text: str
    value: float
    digits: int
    unit: Unit
    is_of_all: bool
    fact: Fact | None


class Reading:
    """Reads one sentence against the facts that it cites.

    Attributes:
        left: the sentence with everything struck out that has been understood so far. names: where facts are named.
    """

    def __init__(self, text: str, cited: Sequence[Fact], facts: Facts, language: Language) -> None:
        self.text, self.left = text, text
        self.cited, self.language = cited, language
        self.names = self._names()
        for about in {fact.about for fact in cited if fact.about}:
            self._strike(_phrase(about))
        nouns = language.many(facts.noun)
        for everybody in sorted(language.everybody, key=len, reverse=True):
            self._strike(_phrase(everybody.format(nouns=nouns)))
        for noun in {nouns, language.counted(1, facts.noun).split(" ", 1)[1]}:
            self._strike(_phrase(noun), _NOUN)

    def named(self, fact: Fact) -> bool:
        """Say whether the sentence names a fact."""
        return any(naming.fact is fact for naming in self.names)

    def finds(self, fact: Fact) -> str:
        """Give a name of another fact that is left in the sentence, or ""."""
        return next((name for name in fact.names if self._pattern(name).search(self.left)), "")

    def numbers(self) -> tuple[Stated, ...]:
        """Give the numbers, in their order, and strike them out."""
        found: list[Stated] = []
        after = 0
        for match in list(_number(self.language).finditer(self.left)):
            found.append(self._stated(match, after))
            after = match.end()
        for match in reversed(list(_number(self.language).finditer(self.left))):
            percent = self._percent(match.end())
            self._replace(match.start(), match.end() if percent is None else percent)
        return tuple(found)

    def words(self) -> tuple[str, ...]:
        """Give the words that are left, in lower case."""
        return tuple(word.lower() for word in WORD.findall(self.left))

    def signs(self) -> str:
        """Give what is left beside words: punctuation, and digits that are no number of the language."""
        return "".join(sign for sign in WORD.sub("", self.left) if sign not in {_STRUCK, _NOUN} and not sign.isspace())

    def whose(self, place: int) -> Fact | None:
        """Give the fact that a place in the sentence speaks of: the last one named before it, else the next one."""
        before = [naming.fact for naming in self.names if naming.end <= place]
        after = [naming.fact for naming in self.names if naming.start >= place]
        unnamed = [fact for fact in self.cited if not fact.names]
        return next(iter([*before[-1:], *after[:1], *unnamed]), None)

    def _names(self) -> tuple[Naming, ...]:
        pairs = [(name, fact) for fact in self.cited for name in fact.names]
        found: list[Naming] = []
        for name, fact in sorted(pairs, key=lambda pair: -len(pair[0])):
            for match in list(self._pattern(name).finditer(self.left)):
                found.append(Naming(match.start(), match.end(), fact))
                self._replace(match.start(), match.end())
        return tuple(sorted(found, key=lambda naming: naming.start))

    def _pattern(self, name: str) -> re.Pattern[str]:
        """Find a name, in quotes or without; one that is made of plain words is a name in quotes alone."""
        opening, closing = (re.escape(quote) for quote in self.language.quotes)
        is_plain = all(word.lower() in self.language.ordinary for word in WORD.findall(name))
        quoted = f"{opening}{re.escape(name)}{closing}"
        return re.compile(quoted if is_plain else f"{quoted}|{_phrase(name).pattern}", re.IGNORECASE)

    def _stated(self, match: re.Match[str], after: int) -> Stated:
        written = match.group()
        plain = written.replace(self.language.thousands, "").replace(self.language.decimal, ".")
        fact = self.whose(match.start())
        named = [naming.end for naming in self.names if naming.end <= match.start()]
        since = self.left[max([after, *named]) : match.start()]
        is_of_all = any(word.lower() in self.language.against for word in WORD.findall(since))
        return Stated(written, float(plain), len(plain.partition(".")[2]), self._unit(match.end()), is_of_all, fact)

    def _unit(self, end: int) -> Unit:
        percent = self._percent(end)
        rest = self.left[end if percent is None else percent :].lstrip()
        word = WORD.match(rest)
        following = word.group().lower() if word else ""
        if percent is not None:
            return "apart" if following in self.language.more | self.language.less else "percent"
        if following in self.language.times:
            return "times"
        return "people" if rest.startswith(_NOUN) else "plain"

    def _percent(self, end: int) -> int | None:
        """Give where a sign or word of per cent that follows a number ends."""
        rest = self.left[end:]
        stripped = rest.lstrip()
        for sign in sorted(self.language.percent, key=len, reverse=True):
            if stripped.lower().startswith(sign):
                return end + len(rest) - len(stripped) + len(sign)
        return None

    def _strike(self, pattern: re.Pattern[str], mark: str = _STRUCK) -> None:
        for match in list(pattern.finditer(self.left)):
            self._replace(match.start(), match.end(), mark)

    def _replace(self, start: int, end: int, mark: str = _STRUCK) -> None:
        self.left = f"{self.left[:start]}{mark * (end - start)}{self.left[end:]}"


def are_called_alike(facts: Iterable[Fact]) -> bool:
    """Say whether two facts share a name."""
    names = [name for fact in facts for name in {name.casefold() for name in fact.names}]
    return len(names) != len(set(names))


def is_said(name: str, text: str) -> bool:
    """Say whether a text holds a name as words of its own."""
    return _phrase(name).search(text) is not None


def _phrase(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)


def _number(language: Language) -> re.Pattern[str]:
    thousands, decimal = re.escape(language.thousands), re.escape(language.decimal)
    whole = rf"(?:[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|[0-9]+)"
    return re.compile(rf"(?<![\w.,])-?{whole}(?:{decimal}[0-9]+)?(?!\w)")
