"""A run against a later one, and against the tables as they are now: runs in, a ``Comparison`` out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from coterie import parallel
from coterie.activation.comparison import Comparison, judged
from coterie.activation.migration import Migration, migration
from coterie.activation.watching import Seen, TableDrift, look, table_drift
from coterie.config import CONFIG_NAME, Config, Table, load_config
from coterie.errors import ConfigError, CoterieError, ModelError, StoreError, UnknownNameError
from coterie.features.assembling import entity_ids, make_features
from coterie.model import SegmentModel
from coterie.runs.forgotten import load_kept_out
from coterie.runs.result import RUNS, Run, open_run
from coterie.runs.steps import scan_sources
from coterie.segments.matching import Partition
from coterie.stores.directory import DirectoryStore
from coterie.tables import Tables
from coterie.tables.build import build_tables
from coterie.tables.viewpoint import seen_by
from coterie.terms import NOISE, SEGMENT, USER

PRESENT = "present tables"


def compare(before: Run, after: Run) -> Comparison:
    """Compare a run with a later one: who went where, what became of the segments, and how the tables have moved.

    The earlier run's frozen model reads both runs' tables. Where it cannot read the later ones (a column is gone), the
    drift is left out and said to be.

    Args:
        before, after: finished runs that segment the same things.

    Raises:
        ConfigError: the two segment different things, or what is segmented goes by numbers of rows.
        DataError: nobody is in either.
    """
    _refuse_other_things(before, after)
    moved = migration(_placed(before), _placed(after), least=_least(before, after))
    drift: TableDrift | None = None
    left_out: tuple[str, ...] = ()
    try:
        drift = _drift(before, after.tables())
    except (ConfigError, ModelError, UnknownNameError) as error:
        left_out = (f"how the tables have moved: the model of {before.id} cannot read those of {after.id}: {error}",)
    return _told(before, after.id, moved, drift, left_out, is_data=False)


def compare_with_tables(run: Run, project: str | Path | None = None) -> Comparison:
    """Compare a run with its tables as they are now, without fitting anything: the frozen model reads both.

    Tables are checked, windowed and cleaned as for a run; an age in ``[window]`` counts back from the newest event that
    there is now.

    Args:
        run: a finished run. project: the folder that relative sources stand in, or its ``coterie.toml``; by default
            the one that the run is in.

    Raises:
        ConfigError: what is segmented goes by numbers of rows, or the sources do not fit the run's config any more.
        RejectedError: more rows are refused than the config allows.
    """
    _refuse_numbers(run)
    folder = _folder(run, project)
    config = _with_present_sources(run.config, folder)
    built = build_tables(config, scan_sources(config, folder), kept_out=load_kept_out(folder))
    built.raise_if_over_limit()
    model = run.model()
    seen = _seen(model, config, seen_by(config.project.entity, built.tables))
    before = _seen(model, config, run.tables())
    moved = migration(_as_partition(model, before), _as_partition(model, seen), same_segments=True, least=_least(run))
    return _told(run, PRESENT, moved, table_drift(model, run.config, before, seen), (), is_data=True)


def open_pair(project: str | Path, earlier: str | None = None, later: str | None = None) -> tuple[Run, Run]:
    """Open two runs of a project, or two folders of runs.

    Args:
        project: its folder or config. earlier, later: ids of runs, or folders; by default the newest run and the one
            before it, and for one alone the newest run after it.

    Raises:
        StoreError: there are not two runs.
        UnknownNameError: there is no such run; offers the nearest.
    """
    if later is None:
        folder = Path(project)
        root = (folder.parent if folder.is_file() else folder) / RUNS
        known = DirectoryStore(root).versions()
        if len(known) < 2 and earlier is None:
            raise StoreError(
                f"two runs are compared and there {'is one' if known else 'is none'} in '{root}'; make another with "
                "`coterie run`, or compare the one with the tables as they are now with --data"
            )
        earlier = earlier or known[-2]
        later = known[-1] if known else None
    return open_named(project, earlier), open_named(project, later)


def open_named(project: str | Path, name: str | None) -> Run:
    """Open a run by its id in a project, or by its folder.

    Raises:
        StoreError: there is no run. UnknownNameError: there is none of that name; offers the nearest.
    """
    if name is not None and (Path(name) / "manifest.json").is_file():
        return open_run(name)
    return open_run(project, name)


def _told(
    before: Run, after: str, moved: Migration, drift: TableDrift | None, left_out: tuple[str, ...], *, is_data: bool
) -> Comparison:
    entity = before.manifest.entity
    verdict, reasons = judged(moved, drift, entity, is_data=is_data)
    return Comparison(before.id, after, entity, is_data, moved, drift, left_out, verdict, reasons)


def _least(*runs: Run) -> int:
    """Give the smallest cell that all of the runs may tell of."""
    return max(run.config.segments.min_cell for run in runs)


def _refuse_other_things(before: Run, after: Run) -> None:
    if before.id == after.id:
        raise ConfigError(f"the run '{before.id}' is compared with itself; name another")
    entities = before.config.project.entity, after.config.project.entity
    if entities[0] != entities[1]:
        raise ConfigError(
            f"'{before.id}' segments {entities[0]} and '{after.id}' segments {entities[1]}; only runs of the same can "
            "be compared"
        )
    for run in (before, after):
        _refuse_numbers(run)


def _refuse_numbers(run: Run) -> None:
    if run.config.has_numbered_entities:
        raise ConfigError(
            f"in '{run.id}' {run.manifest.entity.many} go by the number of their row, which is another's once rows are "
            "added or sorted; give them ids to follow them"
        )


def _placed(run: Run) -> Partition:
    rows = run.assignments().sort(USER)
    names = tuple(segment.id for segment in run.segments)
    place = {name: at for at, name in enumerate(names)}
    labels = np.array([place.get(name, NOISE) for name in rows[SEGMENT].to_list()], np.int32)
    ids = np.array(rows[USER].to_list(), dtype=np.str_)
    order = np.argsort(ids, kind="stable")
    return Partition(ids[order], labels[order], names)


def _as_partition(model: SegmentModel, seen: Seen) -> Partition:
    names = tuple(dict.fromkeys(model.segment_ids))
    place = np.array([*(names.index(name) for name in model.segment_ids), NOISE], np.int32)
    return Partition(seen.ids, place[seen.found.labels], names)


def _drift(run: Run, tables: Tables) -> TableDrift:
    model = run.model()
    before, after = (_seen(model, run.config, one) for one in (run.tables(), tables))
    return table_drift(model, run.config, before, after)


def _seen(model: SegmentModel, config: Config, tables: Tables) -> Seen:
    with parallel.single_threaded():
        return look(model, tables, entity_ids(make_features(config), tables), config.segments.min_cell)


def _folder(run: Run, project: str | Path | None) -> Path:
    found = Path(project) if project is not None else run.folder.resolve().parent.parent
    return found.parent if found.is_file() else found


def _with_present_sources(config: Config, folder: Path) -> Config:
    """Give a run's config with the places of its tables as the project's own config has them now."""
    try:
        now: Mapping[str, Table] = load_config(folder).tables if (folder / CONFIG_NAME).is_file() else {}
    except CoterieError as error:
        raise ConfigError(f"the tables cannot be found: {error}") from error
    tables = {
        name: table.model_copy(
            update={"source": now[name].source, "format": now[name].format, "query": now[name].query}
        )
        if name in now
        else table
        for name, table in config.tables.items()
    }
    return config.model_copy(update={"tables": tables})
