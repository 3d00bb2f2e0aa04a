"""The whole way, once: sources to a run folder that appears when it is whole.

Each step's answer comes from the cache when nothing it depends on has changed. Everything that a reader may see is
written into a private folder and renamed into place; a run that is killed leaves nothing that a command would read.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import coterie
from coterie import manifest as manifests
from coterie import parallel, records
from coterie.config import Config
from coterie.engines import local
from coterie.errors import RejectedError
from coterie.manifest import Agreement, InputRecord, Manifest, StepRecord
from coterie.plots.records import sample_map
from coterie.randomness import generator
from coterie.report.contents import ReportContents
from coterie.report.page import write_report
from coterie.runs import steps, tables_on_disk
from coterie.runs.cache import LIBRARIES, Cache, key_of
from coterie.runs.measuring import measured
from coterie.runs.result import RUNS, Run, open_run, write_records
from coterie.runs.tables_on_disk import StoredTables
from coterie.secrets import masked
from coterie.sources import RawTable
from coterie.stores.directory import DirectoryStore
from coterie.terms import ITEM, USER

STATE_FOLDER = ".coterie"
STEPS = ("sources", "tables", "embedding", "clustering", "profile", "model", "report")


class Listener(Protocol):
    """Told what a run does, for a progress bar or a log."""

    def started(self, step: str) -> None:
        """A step begins."""

    def advanced(self, what: str, done: int, total: int) -> None:
        """A part of the step that takes long is so far."""

    def finished(self, record: StepRecord) -> None:
        """A step is done."""


class Silence:
    """A listener that tells nobody."""

    def started(self, step: str) -> None:
        """A step begins."""

    def advanced(self, what: str, done: int, total: int) -> None:
        """A part of the step is so far."""

    def finished(self, record: StepRecord) -> None:
        """A step is done."""


@dataclass(slots=True)
class _Journal:
    """Steps done so far, with what they cost."""

    listener: Listener
    done: list[StepRecord] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Measure a step; the block may note ``cached``, ``rows_in`` and ``rows_out``."""
        noted: dict[str, Any] = {"cached": False}
        self.listener.started(name)
        with measured() as cost:
            yield noted
        record = StepRecord(name, round(cost.seconds, 4), round(cost.peak_mb, 1), **noted)
        self.done.append(record)
        self.listener.finished(record)


def run_project(config: Config, folder: Path, *, threads: int | None = None, listener: Listener | None = None) -> Run:
    """Run a project and give the finished run.

    Args:
        config: of the project. folder: of the project: relative sources, ``runs/`` and the cache stand in it.
        threads: tasks at once; by default the processors this process may use. The answer does not depend on it.
        listener: told of the steps.

    Raises:
        CoterieError: its subclasses say what was wrong; nothing half written is left.
    """
    listener = listener or Silence()
    threads = threads or parallel.default_threads()
    journal = _Journal(listener)
    cache = Cache(folder / STATE_FOLDER / "cache")
    with journal.step("sources"):
        raw = steps.scan_sources(config, folder)
    prints = {name: table.fingerprint for name, table in raw.items()}
    tables_key = key_of("tables", config.tables, config.clean, prints)
    with journal.step("tables") as noted:
        tables_folder, noted["cached"] = cache.folder(
            "tables", tables_key, lambda to: steps.write_tables(config, raw, to)
        )
        stored = tables_on_disk.load(tables_folder)
        noted["rows_in"], noted["rows_out"] = sum(stored.read.values()), sum(stored.kept.values())
    if stored.over_limit is not None:
        raise RejectedError(f"{stored.over_limit}; the rejected rows are in '{_show_rejects(tables_folder, folder)}'")
    basis = {name: feature for name, feature in config.features.items() if feature.use == "basis"}
    space_key = key_of("embedding", tables_key, basis, config.embedding, config.project.seed)
    with journal.step("embedding") as noted:
        space_folder, noted["cached"] = cache.folder(
            "embedding", space_key, lambda to: steps.write_space(config, stored.tables, to)
        )
        placed = steps.load_space(space_folder)
        noted["rows_out"] = len(placed.ids)
    search_key = key_of("clustering", space_key, config.clustering, config.evaluation)
    with journal.step("clustering") as noted:
        search_folder, noted["cached"] = cache.folder(
            "clustering",
            search_key,
            lambda to: steps.write_search(
                config, stored.tables, placed, to, threads=threads, progress=listener.advanced
            ),
        )
        chosen = steps.choose(config, placed, search_folder)
    profile_key = key_of("profile", search_key, chosen.decision.chosen, config.features)
    with journal.step("profile") as noted:
        profile_folder, noted["cached"] = cache.folder(
            "profile",
            profile_key,
            lambda to: steps.write_profiles(config, stored.tables, placed, chosen, to),
        )
        profiles = steps.load_profiles(profile_folder)
        segments = steps.summarise(chosen, profiles)
    made = _Made(config, raw, stored, placed, chosen, tables_folder, profile_folder)
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    store = DirectoryStore(folder / RUNS)
    with store.begin(run_id) as staging:
        with journal.step("model"):
            _link_tree(tables_folder / "tables", staging / "tables")
            _link_tree(tables_folder / "rejects", staging / "rejects")
            for name in ("assignments.parquet", "assignments.csv"):
                _link(profile_folder / name, staging / name)
            chosen.model.save(staging / "model")
            asked, agreed = steps.agreement(staging, placed.ids, chosen.labels)
        write_records(staging, decision=chosen.decision, segments=segments, profiles=profiles, quality=stored.counts)
        with journal.step("report"):
            contents = ReportContents(
                manifest=_manifest(made, run_id, threads, Agreement(asked, agreed), journal.done),
                decision=chosen.decision,
                segments=segments,
                profiles=profiles,
                quality=stored.counts,
                user_map=sample_map(
                    placed.points,
                    [chosen.model.segment_ids[label] for label in chosen.labels],
                    generator(config.project.seed, "map"),
                ),
            )
            write_report(staging / "report.html", contents)
        whole = _manifest(made, run_id, threads, Agreement(asked, agreed), journal.done)
        records.write(staging / "manifest.json", manifests.SCHEMA, manifests.VERSION, whole)
    return open_run(folder, run_id)


@dataclass(frozen=True, slots=True)
class _Made:
    config: Config
    raw: Mapping[str, RawTable]
    stored: StoredTables
    placed: steps.Placed
    chosen: steps.Chosen
    tables_folder: Path
    profile_folder: Path


def _manifest(made: _Made, run_id: str, threads: int, agreement: Agreement, done: list[StepRecord]) -> Manifest:
    n_events, n_items = _events(made.stored)
    told_of = (*made.stored.tables.users, *made.stored.tables.events)
    heard_of = [local.collect(table.frame.select(USER).unique())[USER] for table in told_of]
    unsegmented = set().union(*(set(users) for users in heard_of)) - set(made.placed.ids.tolist())
    return Manifest(
        run_id=run_id,
        project=made.config.project.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=made.config.project.seed,
        engine="local",
        threads=threads,
        coterie=coterie.__version__,
        versions={name: version(name) for name in LIBRARIES},
        config_digest=made.config.digest(),
        config=_shown_config(made.config),
        inputs=tuple(_input(made, name) for name in made.raw),
        n_users=len(made.placed.ids),
        n_items=n_items,
        n_events=n_events,
        unsegmented_users=len(unsegmented),
        agreement=agreement,
        steps=tuple(done),
    )


def _shown_config(config: Config) -> dict[str, Any]:
    shown: dict[str, Any] = records.plain(config.model_dump(by_alias=True))
    for table in shown["tables"].values():
        table["source"] = masked(table["source"])
    return shown


def _events(stored: StoredTables) -> tuple[int, int]:
    frames = [table.frame.select(ITEM) for table in stored.tables.events]
    counted = [local.collect(frame) for frame in frames]
    n_items = len(set().union(*(set(rows[ITEM].unique()) for rows in counted))) if counted else 0
    return sum(rows.height for rows in counted), n_items


def _input(made: _Made, name: str) -> InputRecord:
    counts = [count for count in made.stored.counts if count.table == name]
    read, kept = made.stored.read[name], made.stored.kept[name]
    rejected = sum(count.rows for count in counts if count.counts_as_reject)
    return InputRecord(
        table=name,
        role=made.config.tables[name].role,
        location=made.raw[name].location,
        fingerprint=made.raw[name].fingerprint,
        read=read,
        rejected=rejected,
        cleaned=read - rejected - kept,
        kept=kept,
    )


def _show_rejects(tables_folder: Path, folder: Path) -> Path:
    """Put the rejected rows of a run that stops where a person finds them."""
    place = folder / STATE_FOLDER / "rejects"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(tables_folder / "rejects", place)
    return place


def _link_tree(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        _link(path, target / path.name)


def _link(source: Path, target: Path) -> None:
    """Share a file's bytes with the cache where the file system can; files of a run are never written again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
