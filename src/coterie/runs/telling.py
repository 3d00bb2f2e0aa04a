"""What a run tells of its segments: the persona of each, and which to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coterie import records
from coterie.config import Config
from coterie.runs.answers import Answers
from coterie.runs.result import EVALUATION, PERSONAS
from coterie.segments import evaluation as evaluation_types
from coterie.segments import persona as persona_types
from coterie.segments.evaluation import CRITERIA, Evaluation, Known, distinctiveness, evaluate
from coterie.segments.growth import Growth, growth
from coterie.segments.members import Members
from coterie.segments.persona import Persona, Subject, hand_of, personas_of
from coterie.segments.types import Segment
from coterie.selection.heldout import event_table
from coterie.tables.types import events_of


@dataclass(frozen=True, slots=True)
class Told:
    """The two records, each with one entry a segment, in their order."""

    personas: tuple[Persona, ...]
    evaluations: tuple[Evaluation, ...]


def tell(config: Config, made: Answers, segments: tuple[Segment, ...]) -> Told:
    """Write the personas and evaluate the segments."""
    given, noun = made.found_again.names, config.nouns[0]
    subjects = [
        Subject(segment, profile, noun, is_given=segment.id in given)
        for segment, profile in zip(segments, made.profiles, strict=True)
    ]
    return Told(personas_of(subjects, hand_of(config.persona)), _evaluations(config, made, segments))


def write(folder: Path, told: Told) -> None:
    """Write both records into a run's folder."""
    records.write(folder / PERSONAS, persona_types.SCHEMA, persona_types.VERSION, told.personas)
    records.write(folder / EVALUATION, evaluation_types.SCHEMA, evaluation_types.VERSION, told.evaluations)


def _evaluations(config: Config, made: Answers, segments: tuple[Segment, ...]) -> tuple[Evaluation, ...]:
    ids = tuple(segment.id for segment in segments)
    # How far each lies from the own centre is not asked for here.
    members = Members(made.placed.ids, made.found_again.labels, ids, np.zeros(len(made.placed.ids)))
    min_cell = config.segments.min_cell
    known = Known(
        segments,
        made.profiles,
        distinctiveness(made.placed.points, members),
        _growth(config, made, members, min_cell),
    )
    asked = config.segments.evaluation.weights
    return evaluate(known, {name: getattr(asked, name) for name in CRITERIA}, min_cell=min_cell)


def _growth(config: Config, made: Answers, members: Members, min_cell: int) -> tuple[Growth | None, ...] | None:
    table = event_table(config, made.stored.tables)
    return None if table is None else growth(events_of(table), members, min_cell=min_cell)
