"""A persona as the page shows it: its sentences by part, each with the numbers of the rows that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from coterie.plugins import find
from coterie.report.words import MISSING, decimal, percent, span
from coterie.segments.persona import Claim, Fact, Persona
from coterie.segments.persona.types import PARTS, Part

_OF_SHARES: Final = frozenset({"tag", "item", "category"})


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence. rows: numbers of the rows of the table that it rests on."""

    text: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the numbers behind a persona, as text."""

    number: int
    what: str
    inside: str
    overall: str
    index: str
    p: str
    users: str
    use: str


@dataclass(frozen=True, slots=True)
class Card:
    """A persona's card.

    Args:
        parts: (heading, sentences), without the note. note: how to read it, "" where nothing is to be said.
    """

    language: str
    parts: tuple[tuple[str, tuple[Said, ...]], ...]
    note: str
    rows: tuple[Row, ...]


def persona_card(persona: Persona | None) -> Card | None:
    """Give the card of a persona; None of a segment without one."""
    if persona is None:
        return None
    numbers = {fact.id: place for place, fact in enumerate(persona.evidence, start=1)}
    headings = find("languages", persona.language).headings
    parts = tuple(
        (headings[part], tuple(_said(claim, numbers) for claim in persona.of(part)))
        for part in PARTS
        if part != "note" and persona.of(part)
    )
    note = " ".join(claim.text for claim in persona.of("note"))
    return Card(persona.language, parts, note, tuple(_row(numbers[f.id], f) for f in persona.evidence))


def _said(claim: Claim, numbers: dict[str, int]) -> Said:
    return Said(claim.text, tuple(numbers[fact.id] for fact in claim.evidence))


def _row(number: int, fact: Fact) -> Row:
    inside, overall = _compared(fact)
    index = ""
    if fact.interval is not None and fact.topic != "lift":
        index = f"{decimal(fact.interval.value, 0)} ({span(fact.interval, 0)})"
    p = "" if fact.p_adjusted is None else "< 0.001" if fact.p_adjusted < 0.001 else decimal(fact.p_adjusted, 3)
    use = {"basis": "describes", "descriptor": "tested", None: ""}[fact.use]
    return Row(
        number, " ".join(_what(fact)), inside, overall, index or MISSING, p or MISSING, f"{fact.n:,}", use or MISSING
    )


def _what(fact: Fact) -> Iterator[str]:
    if fact.topic in {"size", "lift", "stability"}:
        yield {"size": "share of all", "lift": "lift", "stability": "stability, against the floor"}[fact.topic]
    elif fact.topic == "category":
        yield from (fact.column.replace("_", " "), fact.label)
    else:
        yield fact.label


def _compared(fact: Fact) -> tuple[str, str]:
    if fact.topic in _OF_SHARES:
        return percent(fact.inside, 1), percent(fact.overall, 1)
    if fact.topic == "size":
        return percent(fact.inside, 1), percent(fact.overall)
    if fact.topic == "lift" and fact.interval is not None:
        return f"{decimal(fact.inside)} ({span(fact.interval)})", decimal(fact.overall)
    return decimal(fact.inside), decimal(fact.overall)


def headed(persona: Persona) -> Iterator[tuple[Part, str, tuple[Claim, ...]]]:
    """Give the parts that a persona has, each with its heading and claims."""
    headings = find("languages", persona.language).headings
    yield from ((part, headings[part], persona.of(part)) for part in PARTS if persona.of(part))
