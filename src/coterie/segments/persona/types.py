"""Records of personas: the facts that a writer is given, what it says, and what ``personas.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from coterie.selection.types import Interval
from coterie.terms import Noun, Use

SCHEMA = "coterie.personas"
VERSION = 1

Topic = Literal["size", "tag", "item", "category", "number", "activity", "lift", "stability"]
Part = Literal["size", "taste", "people", "activity", "pays", "offer", "avoid", "caution", "note"]
Direction = Literal["more", "less", "none"]
Figure = Literal["times", "apart", "percent", "percent_all", "value", "value_all", "people"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that may be said of a segment: a significant row of its profile, or another tested figure of it.

    Args:
        id: "f1", "f2" ..., by which a sentence cites it.
        topic: what it is about. A tag, item, category (an attribute's value) or number (an attribute's mean) is a mark
            of the profile; so is activity, events per user. Lift and stability are the segment's. Size is a count.
        table, column, label: of the mark, as in the profile; "" for the segment's own figures.
        names: ways to call it in a sentence, the first to be preferred; () for what has no name, as activity.
        about: what must be named beside it, such as the attribute whose value it is; "" where nothing must.
        direction: whether the segment has more or less of it than the rest; "none" where nothing is compared.
        use: basis (the groups were formed on it: the figure describes) or descriptor (the figure tests); None for the
            segment's own figures.
        inside, overall: share in [0, 1] or mean, of the segment and of all.
        interval: 95 % interval of the index (100 = average), or of the lift; None where there is none.
        p_adjusted: adjusted p-value of a mark; None for the segment's own figures, which have an interval or a floor.
        n, n_all: users behind it, of the segment and of all.
        figures: the numbers that a sentence may state, unrounded: "times" the average; per cent that it is "apart" from
            it; "percent" of the segment and "percent_all" of everybody; the "value" of the segment and "value_all" of
            everybody; "people" of the segment.
    """

    id: str
    topic: Topic
    table: str
    column: str
    label: str
    names: tuple[str, ...]
    about: str
    direction: Direction
    use: Use | None
    inside: float
    overall: float
    interval: Interval | None
    p_adjusted: float | None
    n: int
    n_all: int
    figures: Mapping[Figure, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a writer is told of a segment. It can be written as JSON, and holds nothing on any single user.

    Args:
        name: what the segment is called. noun: what its members are called.
        facts: strongest first within a topic. looked_at: topics that the tables say something of, significant or not.
    """

    segment_id: str
    name: str
    noun: Noun
    facts: tuple[Fact, ...]
    looked_at: tuple[Topic, ...]

    def of(self, topic: Topic, direction: Direction | None = None) -> tuple[Fact, ...]:
        """Give the facts of one topic, and of one direction where it is asked for."""
        return tuple(f for f in self.facts if f.topic == topic and direction in {None, f.direction})


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a writer says: one sentence for one part of the persona, with the ids of the facts that it rests on."""

    part: Part
    text: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence that was checked against its numbers.

    Args:
        evidence: the facts that it rests on; () for what says that there is nothing to say, and for the note.
        writer: who wrote it.
    """

    part: Part
    text: str
    evidence: tuple[Fact, ...]
    writer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A sentence that was not let through, and why: kept for whoever mends the writer, and not shown in a card."""

    part: str
    text: str
    facts: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Persona:
    """The card of one segment.

    Args:
        name: two or three words, distinct among the segments. is_given: whether a person gave it.
        resting_on: facts that a working name is made of.
        claims: in the order of ``PARTS``. refused: what the writer said that its facts do not say.
        writer, language: by their names in the config.
    """

    segment_id: str
    name: str
    is_given: bool
    resting_on: tuple[Fact, ...]
    claims: tuple[Claim, ...]
    refused: tuple[Refused, ...]
    writer: str
    language: str

    def of(self, part: Part) -> tuple[Claim, ...]:
        """Give the claims of one part."""
        return tuple(claim for claim in self.claims if claim.part == part)

    @property
    def evidence(self) -> tuple[Fact, ...]:
        """Every fact that some claim rests on, once, in the order of the claims."""
        return tuple({fact.id: fact for claim in self.claims for fact in claim.evidence}.values())
