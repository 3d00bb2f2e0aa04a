"""The whole way, once: sources to a run folder that appears when it is whole.

Each step's answer comes from the cache when nothing it depends on has changed. Everything that a reader may see is
written into a private folder and renamed into place; a run that is killed leaves nothing that a command would read.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from coterie import explore as explorations
from coterie import manifest as manifests
from coterie import parallel, records
from coterie.activation.classifying import fitting
from coterie.activation.classifying.fitting import Classification
from coterie.activation.graphs import keeping
from coterie.activation.graphs.keeping import KeptGraph
from coterie.config import Config
from coterie.errors import ConfigError
from coterie.manifest import Agreement, Manifest
from coterie.plots.records import sample_map
from coterie.randomness import generator
from coterie.report.contents import ReportContents
from coterie.report.page import write_report
from coterie.runs import steps, tables_on_disk, telling
from coterie.runs.account import account_of
from coterie.runs.answers import Answers, answer
from coterie.runs.classifying import classification_of
from coterie.runs.forgotten import load_log, notes_on
from coterie.runs.graphing import graph_of_items
from coterie.runs.identity import Identity, identities
from coterie.runs.journal import Journal, Listener, Silence
from coterie.runs.result import (
    CLASSIFICATION,
    EVIDENCE,
    EXPLORATION,
    GRAPH,
    MAP,
    RUNS,
    Run,
    open_run,
    write_map,
    write_records,
)
from coterie.segments.types import Segment
from coterie.selection import evidence as evidences
from coterie.stores.directory import DirectoryStore
from coterie.terms import NOISE, NOISE_ID, OF_USERS


def run_project(config: Config, folder: Path, *, threads: int | None = None, listener: Listener | None = None) -> Run:
    """Run a project and give the finished run.

    Args:
        config: of the project. folder: of the project: relative sources, ``runs/`` and the cache stand in it.
        threads: tasks at once; by default the processors this process may use. The answer does not depend on it.
        listener: told of the steps.

    Raises:
        CoterieError: its subclasses say what was wrong; nothing half written is left.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"'threads' is a whole number >= 1, got {threads}")
    threads = threads or parallel.default_threads()
    journal = Journal(listener or Silence())
    with identities(folder) as identity:
        run_id = _publish(config, folder, identity, journal, threads=threads)
        identity.record()
    return open_run(folder, run_id)


def _publish(config: Config, folder: Path, identity: Identity, journal: Journal, *, threads: int) -> str:
    """Make the run and let it appear; give its id."""
    made = answer(config, folder, journal, identity, threads=threads)
    notes = notes_on(load_log(folder), made.raw)
    created = datetime.now(UTC)
    run_id = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    with DirectoryStore(folder / RUNS).begin(run_id) as staging:
        with journal.step("model"):
            agreement = _write_model(config, made, staging)
            records.write(staging / EVIDENCE, evidences.SCHEMA, evidences.VERSION, made.evidence)
            records.write(staging / EXPLORATION, explorations.SCHEMA, explorations.VERSION, made.exploration)
        segments = steps.summarise(config, made.chosen, made.found_again, made.profiles)
        identity.write(staging, run_id=run_id, created=created, segments=segments)
        told = telling.tell(config, made, segments)
        telling.write(staging, told)
        classified = _classified(config, made, segments, journal, staging, run_id=run_id)
        graph = _graph(config, made, journal, staging, run_id=run_id)
        write_records(
            staging,
            decision=made.chosen.decision,
            segments=segments,
            profiles=made.profiles,
            quality=made.stored.counts,
        )
        notes = (*notes, *((classified[1],) if classified[1] else ()))
        account = account_of(config, made, agreement, run_id=run_id, created=created, threads=threads, notes=notes)
        with journal.step("report"):
            contents = _contents(config, made, segments, told, replace(account, steps=tuple(journal.done)))
            contents = replace(contents, classification=classified[0], graph=graph)
            if contents.user_map is not None:
                write_map(staging / MAP, contents.user_map)
            write_report(staging / "report.html", contents)
        whole = replace(account, steps=tuple(journal.done))
        records.write(staging / "manifest.json", manifests.SCHEMA, manifests.VERSION, whole)
    return run_id


def _write_model(config: Config, made: Answers, staging: Path) -> Agreement:
    """Write the model beside the tables, and ask what was written for the segment of every training user."""
    for name in ("tables", "rejects"):
        _link_tree(made.tables_folder / name, staging / name)
    for name in ("assignments.parquet", "assignments.csv"):
        shutil.copyfile(made.profile_folder / name, staging / name)  # people open these, and some save them
    made.chosen.model.save(staging / "model")
    return Agreement(*steps.agreement(staging, config.project.entity, made.placed.ids, made.chosen.labels))


def _classified(
    config: Config, made: Answers, segments: tuple[Segment, ...], journal: Journal, staging: Path, *, run_id: str
) -> tuple[Classification | None, str | None]:
    """Measure how soon a segment is known, where the config asks for it, and write it down."""
    if not config.scoring.cold_start:
        return None, None
    with journal.step("scoring"):
        found, reason = classification_of(config, made, segments, run_id=run_id)
    if found is not None:
        records.write(staging / CLASSIFICATION, fitting.SCHEMA, fitting.VERSION, found)
    return found, reason


def _graph(config: Config, made: Answers, journal: Journal, staging: Path, *, run_id: str) -> KeptGraph | None:
    """Link the items that the same users like, where the config asks for it, and write it down."""
    if config.graph is None:
        return None
    with journal.step("graph"):
        tables = tables_on_disk.load(made.tables_folder, OF_USERS).tables
        found = graph_of_items(config, tables, run_id, step=journal.listener.advanced)
    records.write(staging / GRAPH, keeping.SCHEMA, keeping.VERSION, found)
    return found


def _contents(
    config: Config, made: Answers, segments: tuple[Segment, ...], told: telling.Told, account: Manifest
) -> ReportContents:
    segment_ids = made.chosen.model.segment_ids
    return ReportContents(
        manifest=account,
        decision=made.chosen.decision,
        segments=segments,
        profiles=made.profiles,
        quality=made.stored.counts,
        user_map=sample_map(
            made.placed.points,
            [NOISE_ID if label == NOISE else segment_ids[label] for label in made.chosen.labels],
            generator(config.project.seed, "map"),
            projection=config.report.map,
        ),
        evidence=made.evidence,
        personas=told.personas,
        evaluations=told.evaluations,
        exploration=made.exploration,
    )


def _link_tree(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        _link(path, target / path.name)


def _link(source: Path, target: Path) -> None:
    """Share the bytes of a table with the cache where the file system can; nobody writes into Parquet in place."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
