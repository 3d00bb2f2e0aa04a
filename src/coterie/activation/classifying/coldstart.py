"""The cold-start curve: how well a segment is known by how many events are known, on entities never learned from.

Of each held-out entity so many events are drawn at random and all others are taken out of the tables before any feature
is made. What fold-in and the classifier then say is set beside the segment that all of its events give. Only entities
with more events than that are counted, so that nobody is asked what is known already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.activation.classifying.calibrating import Calibration, calibration
from coterie.activation.classifying.contract import Codes, Floats
from coterie.activation.classifying.hiding import events_each, of_entities, thinned
from coterie.activation.classifying.measuring import Covered, covered
from coterie.activation.classifying.placing import FLOOR, SegmentClassifier, labels_of
from coterie.activation.classifying.rows import LEAST
from coterie.activation.intervals import mean_of, share_of
from coterie.errors import ConfigError
from coterie.features.contract import Ids
from coterie.model import SegmentModel
from coterie.randomness import generator
from coterie.selection.types import Interval
from coterie.tables import Tables
from coterie.tables.suppression import MIN_CELL

LEVELS: Final = (0, 1, 2, 3, 5, 10, 20, 50)
KNOWN_FROM: Final = 0.8  # share of entities whose segment is right, from which "we know"


@dataclass(frozen=True, slots=True)
class Line:
    """One way to a segment, at one number of events.

    Args:
        accuracy: share whose segment is that of all events; who gets none counts as wrong.
        calibration: what is said against what is so, of those who get one.
        log_loss: of the classifier, in nats; None for fold-in.
        sure: what is left where no segment is named below the usual floor.
    """

    accuracy: Interval
    calibration: Calibration
    log_loss: Interval | None
    sure: Covered


@dataclass(frozen=True, slots=True)
class Point:
    """One number of events.

    Args:
        events: known ones; None for all of them. n: entities with more of them.
        base: accuracy of always naming the segment most frequent where was learned.
        fold_in: None where segments are not formed on events, or no event is known. classifier: reads all there is.
        scored: the way that ``score`` goes: fold-in for whom it places, else the classifier.
    """

    events: int | None
    n: int
    base: Interval
    fold_in: Line | None
    classifier: Line
    scored: Interval


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The curve.

    Args:
        points: by events known, all of them last. events, noun: what events and many entities are
            called. n_held_out: entities that nothing was
            learned from. known_from: share that counts as known. fold_in_needs, classifier_needs, scored_needs: the
            smallest number from which that share is reached and kept; None where it is not.
        sentence: the answer in words.
    """

    points: tuple[Point, ...]
    events: str
    noun: str
    n_held_out: int
    known_from: float
    fold_in_needs: int | None
    classifier_needs: int | None
    scored_needs: int | None
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What both ways say of some entities.

    Args:
        folded: (n,) classes by fold-in, -1 for none. trusted: (n,) confidence in it. probabilities: (n, k).
    """

    folded: Codes
    trusted: Floats
    probabilities: Floats


def ask(model: SegmentModel, classifier: SegmentClassifier, tables: Tables, ids: Ids) -> Asked:
    """Ask both ways, from what is left in tables."""
    found = model.apply(tables, ids)
    folded = labels_of(model, classifier.segment_ids)[found.labels]
    trust = classifier.trust
    events = events_each(tables, ids)
    trusted = trust.confidence(events, found.strength) if trust is not None else np.full(len(ids), np.nan)
    return Asked(folded, trusted, classifier.probabilities(tables, ids)[0])


def cold_start(
    model: SegmentModel,
    classifier: SegmentClassifier,
    tables: Tables,
    ids: Ids,
    *,
    target: Codes,
    base: Floats,
    events: str,
    noun: str,
    seed: int,
    known_from: float = KNOWN_FROM,
    least: int = MIN_CELL,
) -> ColdStart | None:
    """Draw the curve.

    Args:
        tables: of the run. ids: (n,) sorted entities that the classifier has not learned from. target: (n,) classes of
            their segments. base: (k,) how frequent each is among the others. events, noun: what events and many
            entities are called. least: the fewest of them that a number may be of.

    Returns:
        The curve; None where no point of it is of enough.
    """
    own = of_entities(tables, ids)
    total = events_each(own, ids)
    points = []
    for level in (*LEVELS, None):
        kept = total if level is None else np.full(len(ids), level)
        counted = total > 0 if level is None else total > level
        if counted.sum() < least:
            continue
        left = own if level is None else thinned(own, ids, kept, generator(seed, "cold start"))
        asked = ask(model, classifier, left, ids)
        names = ("cold start", "intervals", -1 if level is None else level)
        points.append(_point(level, counted, asked, (target, base), generator(seed, *names), least=least))
    if not points:
        return None
    return told(tuple(points), events, noun, len(ids), known_from)


def told(points: tuple[Point, ...], events: str, noun: str, n_held_out: int, known_from: float) -> ColdStart:
    """Say from which number of events the segment is known, by a share of entities that is to be right."""
    if not 0 < known_from <= 1:
        raise ConfigError(f"the share that counts as known is {known_from:g}; expected one above 0 and up to 1")
    fold_in = _needs([(p.events, p.fold_in.accuracy if p.fold_in else None) for p in points], known_from)
    by_classifier = _needs([(p.events, p.classifier.accuracy) for p in points], known_from)
    scored = _needs([(p.events, p.scored) for p in points], known_from)
    sentence = _sentence(points, scored, by_classifier, (events, noun), known_from)
    return ColdStart(points, events, noun, n_held_out, known_from, fold_in, by_classifier, scored, sentence)


def _point(
    level: int | None,
    counted: npt.NDArray[np.bool_],
    asked: Asked,
    so: tuple[Codes, Floats],
    rng: np.random.Generator,
    *,
    least: int,
) -> Point:
    truth, base, p = so[0][counted], so[1], asked.probabilities[counted]
    folded, trusted = asked.folded[counted], asked.trusted[counted]
    said, confidence = p.argmax(axis=1), p.max(axis=1)
    right, placed = folded == truth, folded >= 0
    is_folded = bool(placed.sum() >= least) and not np.isnan(trusted).all()
    sure = np.where(placed, trusted, 0.0)
    fold_in = Line(
        share_of(right),
        calibration(trusted[placed], right[placed], rng, least=least),
        None,
        covered(sure, right, FLOOR, least),
    )
    losses = -np.log(np.maximum(p[np.arange(len(truth)), truth], LEAST))
    line = Line(
        share_of(said == truth),
        calibration(confidence, said == truth, rng, least=least),
        mean_of(losses),
        covered(confidence, said == truth, FLOOR, least),
    )
    scored = np.where(placed, right, said == truth)
    base_line = share_of(truth == base.argmax())
    return Point(level, int(counted.sum()), base_line, fold_in if is_folded else None, line, share_of(scored))


def _needs(found: Sequence[tuple[int | None, Interval | None]], known_from: float) -> int | None:
    """Give the smallest number from which accuracy reaches a share and keeps to it."""
    needed: int | None = None
    for events, accuracy in reversed([pair for pair in found if pair[0] is not None]):
        if accuracy is None or not accuracy.value >= known_from:
            break
        needed = events
    return needed


def _sentence(
    points: Sequence[Point], scored: int | None, by_classifier: int | None, nouns: tuple[str, str], known_from: float
) -> str:
    events, noun = nouns
    level = f"{known_from:.0%} of {noun}"
    if scored is not None:
        at = next(p for p in points if p.events == scored)
        i = at.scored
        told = (
            f"After {scored} {events} the segment is known: for {i.value:.0%} of {noun} (95% {i.low:.0%} to "
            f"{i.high:.0%}) it is the one that all their {events} give; by guessing it would be {at.base.value:.0%}."
        )
    else:
        numbered = [p for p in points if p.events is not None]
        last = numbered[-1] if numbered else points[-1]
        told = (
            f"With up to {last.events} {events} the segment is not yet known for {level}: at {last.events} it is right "
            f"for {last.scored.value:.0%} (95% {last.scored.low:.0%} to {last.scored.high:.0%})."
        )
    if by_classifier is not None and (scored is None or by_classifier < scored):
        told += f" The classifier alone needs {by_classifier}."
    return told
