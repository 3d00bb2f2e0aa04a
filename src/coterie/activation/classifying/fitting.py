"""A run's classifier, fitted from its tables and the segments it assigned; the run itself stays as it is.

Some entities are held out: nothing is learned from them, and the cold-start curve is theirs. The others are seen in
several states: twice whole, twice in part, with most events hidden and some of what describes them, and by what
describes them alone. So the classifier learns what to make of little. Its temperatures are learned from those of whom
events are hidden: somebody who is asked about has more to come, and then less is sure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.activation.classifying.calibrating import band_of
from coterie.activation.classifying.choosing import Lesson, OutOfFold, Trial, choose
from coterie.activation.classifying.coldstart import ColdStart, cold_start
from coterie.activation.classifying.coldstart import told as worded
from coterie.activation.classifying.contract import Classifier, Codes, FittedClassifier, Floats, TrainingCurves
from coterie.activation.classifying.hiding import Counts, events_each, of_entities, thinned
from coterie.activation.classifying.inputs import FittedInputs, Inputs, fields_of, fit_inputs, hide
from coterie.activation.classifying.measuring import Measures, measured
from coterie.activation.classifying.placing import FLOOR, SegmentClassifier, Trust, labels_of
from coterie.activation.classifying.rows import is_blank
from coterie.config import Config
from coterie.errors import DataError
from coterie.features.contract import Ids
from coterie.model import SegmentModel
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.tables import Tables
from coterie.tables.suppression import MIN_CELL

SCHEMA: Final = "coterie.classification"
VERSION: Final = 1
MOST_ENTITIES: Final = 10_000
MOST_CROSSED: Final = 2_000  # of those that are learned from, in cross-validation
HELD_OUT: Final = 0.25  # of the entities, for the cold-start curve
MOST_HELD_OUT: Final = 2_000
FEWEST: Final = 40  # entities, and
FEWEST_OF_ONE: Final = 5  # of each segment, to learn from
HIDDEN: Final = 0.3  # of what describes an entity, in all states but the whole one
MOST_KEPT: Final = 100.0  # events of a thinned state, at most
WHOLE, SOME, NONE = "everything", "a part", "descriptors alone"
STATES: Final = (WHOLE, SOME, NONE)
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Classification:
    """What is known of a run's classifier.

    Args:
        run: its id. entity: many of what is segmented. segments: ids by class. names: of them.
        n: entities that were learned from. n_held_out: that were not.
        trials: what was tried, out of fold over all states. chosen: the one of least log loss. temperatures: of it, by
            how much of the basis is known, from nothing on.
        floor: confidence below which ``score`` names no segment, unless told otherwise.
        measures: by what was known; out of fold, calibrated by the other folds.
        network: how the network trained on all that is learned from; None where it is not installed.
        left_out: descriptors that could not be read, and why.
        cold_start: the curve; None where there are no events. min_cell: the fewest that a number is of.
    """

    run: str
    entity: str
    segments: tuple[str, ...]
    names: tuple[str, ...]
    n: int
    n_held_out: int
    trials: tuple[Trial, ...]
    chosen: str
    temperatures: tuple[float, ...]
    floor: float
    measures: Mapping[str, Measures]
    network: TrainingCurves | None
    left_out: tuple[str, ...]
    cold_start: ColdStart | None
    min_cell: int = MIN_CELL


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """A run's entities with a segment.

    Args:
        run: the run's id. ids: (n,) sorted. labels: (n,) class of each. segment_ids, names: by class.
    """

    run: str
    ids: Ids
    labels: Codes
    segment_ids: tuple[str, ...]
    names: tuple[str, ...]

    def take(self, rows: Codes) -> Assigned:
        """Give some of them."""
        return Assigned(self.run, self.ids[rows], self.labels[rows], self.segment_ids, self.names)


@dataclass(frozen=True, slots=True, eq=False)
class _States:
    """Rows of all states of those to learn from.

    Args:
        lesson: of all. state: (n,) name of each row's. trust: in fold-in, learned from the thinned states.
        hides: whether hiding events changes what is read of anybody; of traits nothing is hidden.
    """

    lesson: Lesson
    state: npt.NDArray[np.str_]
    trust: Trust | None
    hides: bool


def _silent(_: str) -> None:
    return None


def fit_classifier(
    model: SegmentModel, config: Config, tables: Tables, assigned: Assigned, *, told: Told = _silent
) -> tuple[SegmentClassifier, Classification]:
    """Fit a run's classifier and measure it.

    Args:
        tables: of the run, as what is segmented sees them. told: of what begins.

    Raises:
        DataError: there are too few entities, or only one segment.
    """
    seed, least = config.project.seed, config.segments.min_cell
    learned, held = _split(assigned, seed)
    told("features")
    inputs, left_out = fit_inputs(model.space, config, tables, learned.ids)
    states = _states(model, inputs, tables, learned, seed)
    base = np.bincount(learned.labels, minlength=len(learned.segment_ids)) / len(learned.ids)
    told("cross-validation")
    with single_libraries():
        crossed = _some_entities(states, MOST_CROSSED, seed)
        best, trials = choose(crossed.lesson, seed)
        fitted = _refitted(best, states.lesson, seed)
        classifier = SegmentClassifier(inputs, fitted, best.temperatures, assigned.segment_ids, base, states.trust)
        network = _network_curves(classifier, best.trial.name, states.lesson, seed)
    told("cold start")
    curve = None
    if tables.events:
        noun, events = config.nouns[0].many, " and ".join(table.name for table in tables.events)
        curve = cold_start(
            model, classifier, tables, held.ids, target=held.labels, base=base, events=events, noun=noun, seed=seed,
            least=least,
        )  # fmt: skip
    return classifier, Classification(
        run=assigned.run,
        entity=config.nouns[0].many,
        segments=assigned.segment_ids,
        names=assigned.names,
        n=len(learned.ids),
        n_held_out=len(held.ids),
        trials=trials,
        chosen=best.trial.name,
        temperatures=tuple(best.temperatures.tolist()),
        floor=FLOOR,
        measures=_measures(best, crossed, base, seed, least),
        network=network,
        left_out=left_out,
        cold_start=curve,
        min_cell=least,
    )


def at_level(found: Classification, known_from: float) -> Classification:
    """Give the same with another share of entities whose segment is to be right before it counts as known.

    Raises:
        ConfigError: the share is out of range.
    """
    curve = found.cold_start
    if curve is None or curve.known_from == known_from:
        return found
    return replace(found, cold_start=worded(curve.points, curve.events, curve.noun, curve.n_held_out, known_from))


def _split(assigned: Assigned, seed: int) -> tuple[Assigned, Assigned]:
    """Give those to learn from and those held out, a random sample where there are many."""
    sizes = np.bincount(assigned.labels, minlength=len(assigned.segment_ids))
    if (sizes > 0).sum() < 2 or len(assigned.ids) < FEWEST or sizes[sizes > 0].min() < FEWEST_OF_ONE:
        raise DataError(
            f"{len(assigned.ids):,} are in {int((sizes > 0).sum())} segments, the smallest of {int(sizes.min()):,}; a "
            f"classifier needs {FEWEST} in two segments or more, {FEWEST_OF_ONE} in each"
        )
    order = generator(seed, "classifier", "sample").permutation(len(assigned.ids))[:MOST_ENTITIES]
    n_held = min(round(HELD_OUT * len(order)), MOST_HELD_OUT)
    return assigned.take(np.sort(order[n_held:])), assigned.take(np.sort(order[:n_held]))


def _states(model: SegmentModel, inputs: FittedInputs, tables: Tables, learned: Assigned, seed: int) -> _States:
    ids, own = learned.ids, of_entities(tables, learned.ids)
    total = events_each(own, ids)
    rng = generator(seed, "classifier", "states")
    whole = inputs.apply(own, ids)
    rows, states, sure = [whole.values] * 2, [WHOLE] * 2, [whole.sureness] * 2
    folded: list[tuple[Counts, Floats, npt.NDArray[np.bool_]]] = []
    hides = False
    for _ in range(2):
        kept = _some_of(total, rng)
        left = thinned(own, ids, kept, rng) if tables.events else own
        partly = inputs.apply(left, ids)
        rows.append(_with_gaps(partly, rng))
        hides |= not np.array_equal(partly.values, whole.values, equal_nan=True)
        states.append(SOME)
        sure.append(partly.sureness)
        if tables.events:
            found = model.apply(left, ids)
            right = labels_of(model, learned.segment_ids)[found.labels] == learned.labels
            fair = (kept < total) & (found.labels >= 0)
            folded.append((kept[fair], found.strength[fair], right[fair]))
    nothing = thinned(own, ids, np.zeros_like(total), rng)
    described = inputs.apply(nothing, ids, is_placed=False)
    if described.known.any():
        rows.append(described.values)
        states.append(NONE)
        sure.append(described.sureness)
    n, times, state, X = len(ids), len(rows), np.repeat(states, len(ids)), np.vstack(rows)
    lesson = Lesson(
        X,
        np.tile(learned.labels, times),
        np.tile(np.arange(n), times),
        len(learned.segment_ids),
        band_of(np.concatenate(sure)),
        ((state != WHOLE) | (not tables.events)) & ~is_blank(X),
    )
    return _States(lesson, state, _trust(folded, rng), hides)


def _trust(folded: list[tuple[Counts, Floats, npt.NDArray[np.bool_]]], rng: np.random.Generator) -> Trust | None:
    if not folded:
        return None
    events, strength, right = zip(*folded, strict=True)
    return Trust.of(np.concatenate(events), np.concatenate(strength), np.concatenate(right), rng)


def _some_of(total: Counts, rng: np.random.Generator) -> Counts:
    """Draw how many events stay, each order of size alike, fewer than there are."""
    most = np.clip(total - 1, 1, MOST_KEPT)
    drawn: Counts = np.floor(np.exp(rng.random(len(total)) * np.log(most + 1))).astype(np.int64)
    return np.minimum(drawn, np.maximum(total - 1, 0))


def _some_entities(states: _States, most: int, seed: int) -> _States:
    lesson = states.lesson
    n = int(lesson.entity.max()) + 1
    if n <= most:
        return states
    chosen = np.zeros(n, np.bool_)
    chosen[generator(seed, "classifier", "crossed").permutation(n)[:most]] = True
    rows = chosen[lesson.entity]
    return _States(lesson.take(rows), states.state[rows], states.trust, states.hides)


def _with_gaps(found: Inputs, rng: np.random.Generator) -> Floats:
    fields = tuple(fields_of(found))
    return hide(found, rng.random((len(found.values), len(fields))) < HIDDEN, fields)


def _refitted(best: OutOfFold, lesson: Lesson, seed: int) -> FittedClassifier:
    name = best.trial.name
    made: Classifier = plugins.find("classifiers", name)()
    return made.fit(lesson.X, lesson.y, generator(seed, "classifier", name, "all"), groups=lesson.entity)


def _network_curves(classifier: SegmentClassifier, chosen: str, lesson: Lesson, seed: int) -> TrainingCurves | None:
    if classifier.classifier.curves is not None:
        return classifier.classifier.curves
    if chosen == "network" or "network" not in plugins.names("classifiers"):
        return None
    rng = generator(seed, "classifier", "network", "all")
    curves: TrainingCurves | None = (
        plugins.find("classifiers", "network")().fit(lesson.X, lesson.y, rng, groups=lesson.entity).curves
    )
    return curves


def _measures(best: OutOfFold, states: _States, base: Floats, seed: int, least: int) -> dict[str, Measures]:
    found = {}
    for state in dict.fromkeys(states.state.tolist()):
        here = np.flatnonzero(states.state == state)
        _, firsts = np.unique(states.lesson.entity[here], return_index=True)  # one row an entity
        rows = here[np.sort(firsts)]
        if len(rows) < least or (state == SOME and not states.hides):
            continue
        rng = generator(seed, "classifier", "measures", state)
        found[state] = measured(_said(best, states.lesson, rows), states.lesson.y[rows], base, rng, least=least)
    return found


def _said(best: OutOfFold, lesson: Lesson, rows: Codes) -> Floats:
    """Give what is said of some rows: of whom nothing is known, base rates, of all others than this one."""
    counts = np.bincount(lesson.y[rows], minlength=lesson.n_classes)
    others = (counts - np.eye(lesson.n_classes)[lesson.y[rows]]) / max(len(rows) - 1, 1)
    return np.where(is_blank(lesson.X[rows])[:, None], others, best.calibrated[rows])
