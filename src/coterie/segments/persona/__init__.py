"""Personas: what may be said of a segment to somebody who has to act on it, each sentence with its numbers."""

from coterie.segments.persona.facts import Subject
from coterie.segments.persona.making import Hand, hand_of, personas_of
from coterie.segments.persona.types import SCHEMA, VERSION, Claim, Fact, Facts, Persona, Refused, Sentence

__all__ = [
    "SCHEMA",
    "VERSION",
    "Claim",
    "Fact",
    "Facts",
    "Hand",
    "Persona",
    "Refused",
    "Sentence",
    "Subject",
    "hand_of",
    "personas_of",
]
