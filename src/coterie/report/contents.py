"""What a report is made from: the records of one run, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from coterie.activation.classifying.fitting import Classification
from coterie.activation.graphs.keeping import KeptGraph
from coterie.explore import Exploration
from coterie.manifest import Manifest
from coterie.plots.records import UserMap
from coterie.segments.evaluation import Evaluation
from coterie.segments.persona import Persona
from coterie.segments.types import Segment, SegmentProfile
from coterie.selection.evidence.types import Evidence
from coterie.selection.types import Decision
from coterie.tables.types import RuleCount


@dataclass(frozen=True, slots=True)
class ReportContents:
    """The records of one run that its report shows.

    Args:
        segments: in the order of the page.
        profiles: one a segment, in any order; a segment without one gets a short card.
        quality: what checks and cleaning rules took out.
        user_map: None where there is none to show.
        evidence: what the decision rests on; None of a run that kept none.
        personas, evaluations: one a segment, in any order; empty of a run that kept none.
        exploration: what the tables hold; None of a run that kept none.
        classification: how soon a segment is known; None of a run that did not measure it.
        graph: of items that the same users like; None of a run that did not ask for it.
    """

    manifest: Manifest
    decision: Decision
    segments: tuple[Segment, ...]
    profiles: tuple[SegmentProfile, ...]
    quality: tuple[RuleCount, ...]
    user_map: UserMap | None
    evidence: Evidence | None = None
    personas: tuple[Persona, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    exploration: Exploration | None = None
    classification: Classification | None = None
    graph: KeptGraph | None = None

    def profile_of(self, segment_id: str) -> SegmentProfile | None:
        """Give a segment's profile, or None."""
        return next((profile for profile in self.profiles if profile.segment_id == segment_id), None)

    def persona_of(self, segment_id: str) -> Persona | None:
        """Give a segment's persona, or None."""
        return next((persona for persona in self.personas if persona.segment_id == segment_id), None)
