"""What every writer must do. Inherit, and give the ``writer`` fixture."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from coterie import records
from coterie.segments.persona.english import ENGLISH
from coterie.segments.persona.facts import facts_of
from coterie.segments.persona.making import Hand, personas_of
from coterie.segments.persona.types import PARTS, Sentence
from tests.segments.persona.samples import plain_subject, rich_subject


class WriterContract:
    """Inherited by the tests of each writer."""

    @pytest.fixture
    def writer(self) -> Any:
        raise NotImplementedError

    def test_it_gives_sentences_of_known_parts_that_cite_their_facts(self, writer):
        facts = facts_of(rich_subject())
        known = {fact.id for fact in facts.facts}
        said = list(writer.write(facts, ENGLISH))
        assert said
        for sentence in said:
            assert isinstance(sentence, Sentence)
            assert sentence.part in PARTS
            assert set(sentence.facts) <= known

    def test_what_it_is_given_can_be_written_as_json(self, writer):
        facts = facts_of(rich_subject())
        assert json.loads(records.dumps(facts))["facts"]
        before = asdict(facts)
        writer.write(facts, ENGLISH)
        assert asdict(facts) == before

    def test_it_can_be_asked_of_a_segment_without_anything_significant(self, writer):
        (persona,) = personas_of([plain_subject()], Hand(writer, ENGLISH, "asked"))
        assert {claim.part for claim in persona.claims} <= {"size", "taste"}

    def test_its_persona_shows_nothing_that_is_not_checked(self, writer):
        (persona,) = personas_of([rich_subject()], Hand(writer, ENGLISH, "asked"))
        assert persona.claims
        shown = {claim.text for claim in persona.claims}
        assert not shown & {one.text for one in persona.refused}
