"""A plot and the records that it is drawn from: how it gets the words and the colours of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coterie.activation.classifying.fitting import Classification
from coterie.activation.graphs.keeping import KeptGraph
from coterie.explore.types import Exploration
from coterie.plots.captions import captioned, told
from coterie.plots.panels import recoloured
from coterie.plots.records import UserMap
from coterie.plots.theme import Chart, drawing
from coterie.segments.evaluation import Evaluation
from coterie.segments.types import Segment, SegmentProfile
from coterie.selection.evidence.types import Evidence
from coterie.selection.types import Decision
from coterie.terms import A_USER, AN_ITEM, Noun
from coterie.wording import told_of


@dataclass(frozen=True, slots=True)
class Shown:
    """The records that plots are made from.

    Args:
        evidence: None of a run that has none. floor: of stability, where there is one.
        entity: what is segmented. counterpart: what it is told apart by.
        evaluations: of the segments; empty of a run that kept none.
        exploration: of the tables; None of a run that kept none.
        user_map: where there is one. classification: of a run that measured it. graph: of a run that made it.
    """

    decision: Decision
    segments: tuple[Segment, ...] = ()
    profiles: tuple[SegmentProfile, ...] = ()
    evidence: Evidence | None = None
    floor: float | None = None
    entity: Noun = A_USER
    counterpart: Noun = AN_ITEM
    evaluations: tuple[Evaluation, ...] = ()
    exploration: Exploration | None = None
    user_map: UserMap | None = None
    classification: Classification | None = None
    graph: KeptGraph | None = None

    def said(self, text: str) -> str:
        """Give our own words on users, told of what is segmented."""
        return told_of(text, self.entity, self.counterpart)


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot.

    Args:
        name: on the command line. title: its heading. note: how to read it. group: the question it answers.
        make: makes it, or gives None where there is nothing to show.
        as_declared: whether it tells of the tables as they are declared: users are users there, whoever is segmented.
    """

    name: str
    title: str
    note: str
    group: str
    make: Callable[[Shown], Chart | None]
    as_declared: bool = False

    def draw(self, shown: Shown) -> Chart | None:
        """Draw it, in the colours that people chose for segments; None where there is nothing to show."""
        own = {segment.id: segment.colour for segment in shown.segments if segment.colour is not None}
        with drawing():
            chart = self.make(shown)
            if chart is None or self.as_declared:
                return chart
            names = [segment.name for segment in shown.segments]
            return told(recoloured(chart, own), shown.entity, shown.counterpart, names)

    def picture(self, shown: Shown, *, width: int) -> Chart | None:
        """Draw it to stand alone: with its title, how to read it, and the names of segments; None as for ``draw``.

        Args:
            width: of the picture in pixels.
        """
        chart = self.draw(shown)
        if chart is None:
            return None
        with drawing():
            return captioned(chart, shown.said(self.title), shown.said(self.note), shown.segments, width=width)
