"""A run's classifier: fitted when it is first asked for, kept in the project's cache, and whom it is asked for.

The run is never changed by it. What is kept goes with the cache when somebody is forgotten.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie import parallel, records
from coterie.activation.classifying.fitting import (
    SCHEMA,
    VERSION,
    Assigned,
    Classification,
    at_level,
    fit_classifier,
)
from coterie.activation.classifying.hiding import events_each, rows_of, with_empty
from coterie.activation.classifying.placing import SegmentClassifier
from coterie.clustering.contract import Assignment
from coterie.config import Config
from coterie.errors import CoterieError, DataError
from coterie.features.contract import Ids
from coterie.model import as_frame
from coterie.runs.answers import Answers
from coterie.runs.cache import Cache, key_of
from coterie.runs.identity import STATE_FOLDER
from coterie.runs.result import CLASSIFICATION, RUNS, Run, read_record
from coterie.segments.types import Segment
from coterie.tables import Tables
from coterie.terms import BY, CONFIDENCE, EVENTS, NOISE, SEGMENT, STRENGTH, USER

STEP: Final = "classifier"
FOLDED, CLASSIFIED, UNPLACED = "fold-in", "classifier", "none"
Told = Callable[[str], None]


def _silent(_: str) -> None:
    return None


def classifier_of(run: Run, *, told: Told = _silent) -> tuple[SegmentClassifier, Classification]:
    """Give a run's classifier and what is known of it, from the cache or made now.

    Args:
        told: of what begins, where it is made.

    Raises:
        DataError: the run has too few entities or segments to learn from.
        StoreError: the disk is full or not writable.
    """

    def make(folder: Path) -> None:
        with parallel.single_threaded():
            fitted, record = fit_classifier(run.model(), run.config, run.tables(), assigned(run), told=told)
        fitted.save(folder)
        records.write(folder / CLASSIFICATION, SCHEMA, VERSION, record)

    def load(folder: Path) -> tuple[SegmentClassifier, Classification]:
        record: Classification = read_record(folder / CLASSIFICATION, Classification, SCHEMA, VERSION)
        return SegmentClassifier.load(folder, run.model()), record

    place = run.folder.resolve().parent
    if place.name != RUNS:  # a run outside a project has no cache
        with tempfile.TemporaryDirectory(prefix="coterie-") as folder:
            make(Path(folder))
            return load(Path(folder))
    cache = Cache(place.parent / STATE_FOLDER / "cache")
    return cache.answer(STEP, key_of(run.id, run.manifest.forgotten), make, load)[0]


def assigned(run: Run) -> Assigned:
    """Give a run's entities that have a segment."""
    rows = run.assignments()
    return _assigned(run.id, np.array(rows[USER].to_list(), dtype=np.str_), rows[SEGMENT].to_list(), run.segments)


def _assigned(run_id: str, ids: Ids, named: Sequence[str], segments: Sequence[Segment]) -> Assigned:
    segment_ids = tuple(segment.id for segment in segments)
    place = {name: at for at, name in enumerate(segment_ids)}
    labels = np.array([place.get(name, NOISE) for name in named], np.int64)
    order = np.argsort(ids, kind="stable")
    kept = order[labels[order] != NOISE]
    return Assigned(run_id, ids[kept], labels[kept], segment_ids, tuple(segment.name for segment in segments))


def classification_of(
    config: Config, made: Answers, segments: Sequence[Segment], *, run_id: str
) -> tuple[Classification | None, str | None]:
    """Measure, while a run is made, how well its segments are told from what is known.

    Returns:
        The record; or None, and why it cannot be.
    """
    named = [(*made.chosen.model.segment_ids, "")[label] for label in made.chosen.labels.tolist()]
    whom = _assigned(run_id, made.placed.ids, named, segments)
    try:
        with parallel.single_threaded():
            found = fit_classifier(made.chosen.model, config, made.stored.tables, whom)[1]
    except DataError as error:
        return None, f"how soon a segment is known was not measured: {error}"
    return at_level(found, config.scoring.known_from), None


def reads(run: Run, given: Collection[str]) -> bool:
    """Say whether a run's features read any of some tables, so that a classifier has something to go by."""
    return any(feature.from_ in given for feature in run.config.features.values())


def score_whoever(
    run: Run, tables: Tables, given: Collection[str], ids: Ids, *, floor: float, told: Told = _silent
) -> pl.DataFrame:
    """Give entities a segment from whatever is known of them.

    Args:
        tables: checked ones, as what is segmented sees them. given: names of those that tell of newcomers. ids: (n,)
            sorted. floor: confidence below which the classifier names no segment. told: of what begins.

    Returns:
        user_id, segment_id, strength, distance, by ("fold-in", "classifier", "none") and confidence. A classifier gives
        no strength and no distance.

    Raises:
        CoterieError: the basis cannot be read, and no classifier can be made.
    """
    model = run.model()
    basis = {feature.from_ for feature in run.config.features.values() if feature.use == "basis"}
    has_basis = basis <= set(tables.by_name)
    try:
        classifier = classifier_of(run, told=told)[0]
    except CoterieError:
        if not has_basis:
            raise
        classifier = None
    with parallel.single_threaded():
        found = model.apply(tables, ids) if has_basis else _nothing(len(ids))
        frame = as_frame(ids, found, model.segment_ids)
        is_folded = ~frame[SEGMENT].is_null().to_numpy()
        confidence = np.full(len(ids), np.nan)
        named = np.array(frame[SEGMENT].fill_null("").to_list(), dtype=object)
        by = np.where(is_folded, FOLDED, UNPLACED).astype(object)
        if classifier is not None:
            whole = with_empty(tables, run.tables())
            if classifier.trust is not None:
                trusted = classifier.trust.confidence(events_each(tables, ids), found.strength)
                confidence[is_folded] = trusted[is_folded]
            places = np.flatnonzero(~is_folded & _told_of(tables, given, ids, basis, has_basis=has_basis))
            best, most = _classified(classifier, whole, ids[places])
            confidence[places] = most
            sure = places[most >= floor]
            named[sure], by[sure] = best[most >= floor], CLASSIFIED
    is_classified = pl.Series(by == CLASSIFIED)
    return frame.with_columns(
        pl.Series(SEGMENT, [name or None for name in named], dtype=pl.String),
        pl.when(is_classified).then(None).otherwise(pl.col(STRENGTH)).alias(STRENGTH),
        pl.Series(BY, by.tolist(), dtype=pl.String),
        pl.Series(CONFIDENCE, confidence, nan_to_null=True),
    )


def _classified(
    classifier: SegmentClassifier, tables: Tables, ids: Ids
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """(n,) likeliest segments and their probabilities, NaN where nothing is known."""
    if not len(ids):
        return np.empty(0, object), np.empty(0)
    probabilities, known = classifier.probabilities(tables, ids)
    names = np.array(classifier.segment_ids, dtype=object)
    return names[probabilities.argmax(axis=1)], np.where(known, probabilities.max(axis=1), np.nan)


def _told_of(
    tables: Tables, given: Collection[str], ids: Ids, basis: Collection[str], *, has_basis: bool
) -> npt.NDArray[np.bool_]:
    """(n,) of whom more is told than events of things that the model does not know."""
    found = np.full(len(ids), not has_basis)
    for name in given:
        table = tables.by_name.get(name)
        if table is not None and not (table.role == EVENTS and name in basis):
            found |= rows_of(table, ids)
    return found


def _nothing(n: int) -> Assignment:
    return Assignment(np.full(n, NOISE, np.int32), np.zeros(n), np.full(n, np.nan))
