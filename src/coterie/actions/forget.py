"""Users forgotten: out of every run kept, the cache, the registry's memory, and the tables and graphs of commands.

The order is such that a process killed at any point leaves each run whole, and that doing it again finishes it: what
can be made again goes first, each run is exchanged at once, the record comes last. What lies in the sources is the
user's own and is never touched; it is said where it still is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from coterie import records
from coterie.config import CONFIG_NAME, Config, load_config
from coterie.engines import local
from coterie.errors import ConfigError, CoterieError, DataError, StoreError, shown
from coterie.features.aligning import users_of
from coterie.features.contract import Ids
from coterie.runs import exports, tables_on_disk
from coterie.runs.forgetting import forget_in_run, users_in
from coterie.runs.forgotten import Forgetting, Holding, add_to_log, load_kept_out, save_kept_out
from coterie.runs.identity import LOCK, PATIENCE_S, RUNS, STATE_FOLDER, project_folder, without_members
from coterie.runs.result import Run, open_run
from coterie.sources import RawTable
from coterie.sources.opening import open_source
from coterie.stores.directory import UNFINISHED, DirectoryStore, remove_unfinished
from coterie.stores.locking import locked
from coterie.stores.swapping import restored
from coterie.stores.tracing import Trace, is_telling, traces
from coterie.tables.forgetting import KeptOut, among, refused_users
from coterie.tables.types import events_of
from coterie.terms import EVENTS, OF_USERS, ROW, USERS

PENDING: Final = Path(STATE_FOLDER) / "forgetting.json"
PENDING_SCHEMA, PENDING_VERSION = "coterie.forgetting", 1
STALE: Final = ("segment sizes", "profiles", "measures", "model", "report")
_CACHE: Final = Path(STATE_FOLDER) / "cache"
_REJECTS: Final = Path(STATE_FOLDER) / "rejects"

Told = Callable[[str], None]


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Forgot:
    """What was done, or would be.

    Args:
        users: how many were forgotten. unknown: how many of those asked for were nowhere.
        runs: ids of the runs that they were in. files: tables and copies that were written anew, and those removed.
        cache: whether there was a cache to remove. given_up: models that nobody knows how to take a user out of.
        sources: that still hold them; they are not Coterie's to change. unread: sources that could not be looked at.
        left: files of the project that still hold an id. not_looked_for: ids that are too short, or also ids of items,
            so that they cannot be told from other words; where Coterie keeps users they are gone all the same.
        kept_out: whether the next runs leave them out. is_dry: whether nothing was changed.
        removed: those of the files that were removed: a graph of users cannot do without one.
    """

    users: int
    unknown: int
    runs: tuple[str, ...]
    files: tuple[str, ...]
    cache: bool
    given_up: tuple[str, ...]
    sources: tuple[Holding, ...]
    unread: tuple[str, ...]
    left: tuple[Trace, ...]
    not_looked_for: int
    kept_out: bool
    is_dry: bool
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """Where users are: by run, in copies of members, in tables and graphs written, in the cache, which goes whole.

    Args:
        graphs: by record, whose folder goes; doomed: the files there.
    """

    runs: Mapping[str, Ids]
    members: Mapping[Path, Ids]
    written: Mapping[Path, Ids]
    graphs: Mapping[Path, Ids]
    doomed: tuple[Path, ...]
    cache: tuple[Path, ...]
    cached: Ids

    def users(self) -> Ids:
        places = (self.runs, self.members, self.written, self.graphs)
        parts = (held for place in places for held in place.values())
        held: Ids = np.unique(np.concatenate([np.zeros(0, np.str_), *parts, self.cached]))
        return held


def forget(
    project: str | Path,
    users: Iterable[str],
    *,
    missing_ok: bool = False,
    keep_out: bool = False,
    dry_run: bool = False,
    told: Told = _silent,
) -> Forgot:
    """Forget users: take them out of every run kept and of all that Coterie keeps beside.

    Args:
        project: its folder or config. users: their ids.
        missing_ok: whether somebody who is nowhere is passed over.
        keep_out: keep salted hashes of their ids, so that later runs leave them out.
        dry_run: only say what would be done.
        told: of each step before it is done.

    Raises:
        DataError: a user is nowhere; nothing was changed.
        ConfigError: users go by the number of their row, or none is named.
        StoreError: another holds the project, or the disk is full or not writable.
        ModelError: a run is damaged, so that nobody can say whom it holds; nothing was changed.
    """
    folder = project_folder(Path(project))
    asked: Ids = np.unique(np.array([user.strip() for user in users], dtype=np.str_))
    if not len(asked) or "" in asked.tolist():
        raise ConfigError("there is nobody to forget; name a user's id, or a file of ids with --file")
    with locked(folder / STATE_FOLDER / LOCK, wait_s=PATIENCE_S):
        if (folder / RUNS).is_dir():
            restored(folder / RUNS)
            if not dry_run:
                remove_unfinished(folder / RUNS)
                remove_unfinished(folder / STATE_FOLDER)
        runs = {name: open_run(folder, name) for name in DirectoryStore(folder / RUNS).versions()}
        _refuse_numbers(runs.values())
        config = load_config(folder) if (folder / CONFIG_NAME).is_file() else None
        found = _where(folder, runs, asked, config)
        is_pending = (folder / PENDING).is_file()
        unknown = np.setdiff1d(asked, found.users())
        if len(unknown) and not missing_ok and not is_pending:
            raise DataError(_nowhere(unknown, folder))
        sources, unread = _sources(folder, config, asked)
        given_up: tuple[str, ...] = ()
        n_forgotten = len(found.users())
        if not dry_run and (n_forgotten or is_pending):
            given_up, n_forgotten = _carry_out(folder, runs, found, asked, sources, keep_out=keep_out, told=told)
        looked_for = [user for user in asked.tolist() if not _is_item(runs.values(), user)]
        own = [path for raw in _files_of(folder, config) for path in raw]
        left = () if dry_run else (*_still(folder, asked), *traces(folder, looked_for, own))
    return Forgot(
        users=n_forgotten,
        unknown=len(unknown),
        runs=tuple(name for name, held in found.runs.items() if len(held)),
        files=tuple(str(path.relative_to(folder)) for path in (*found.members, *found.written, *found.doomed)),
        cache=bool(found.cache),
        given_up=given_up,
        sources=sources,
        unread=unread,
        left=left,
        not_looked_for=sum(not is_telling(user) for user in asked.tolist())
        + sum(is_telling(user) and user not in looked_for for user in asked.tolist()),
        kept_out=keep_out,
        is_dry=dry_run,
        removed=tuple(str(path.relative_to(folder)) for path in found.doomed),
    )


def _refuse_numbers(runs: Iterable[Run]) -> None:
    for run in runs:
        if any(table.user == ROW for table in run.config.tables.values()):
            raise ConfigError(
                f"in '{run.id}' users go by the number of their row, which names nobody; take the row out of the "
                "source, remove the run's folder and run again"
            )


def _nowhere(unknown: Ids, folder: Path) -> str:
    names = ", ".join(shown(user) for user in unknown[:3].tolist())
    more = f" and {len(unknown) - 3:,} more" if len(unknown) > 3 else ""
    return (
        f"{names}{more} {'is' if len(unknown) == 1 else 'are'} in no run and no score of '{folder}'; nothing was "
        "changed. Look for a slip in the id, or pass over those who are nowhere with --missing-ok"
    )


def _where(folder: Path, runs: Mapping[str, Run], asked: Ids, config: Config | None) -> _Found:
    in_runs = {name: users_in(run, asked) for name, run in runs.items()}
    gone = among(asked.tolist())
    members = {path: without_members(path, gone)[1] for path in sorted((folder / STATE_FOLDER).glob("identity-*.npz"))}
    own = {path.resolve() for paths in _files_of(folder, config) for path in paths}
    written, graphs = _written(folder, runs, own, asked)
    return _Found(
        {name: held for name, held in in_runs.items() if len(held)},
        {path: held for path, held in members.items() if len(held)},
        written,
        graphs,
        tuple(file for path in graphs for file in exports.files_of_graph(path, own)),
        tuple(folder / place for place in (_CACHE, _REJECTS) if (folder / place).exists()),
        np.intersect1d(asked, _cached(folder)),
    )


def _cached(folder: Path) -> Ids:
    """Give the users of the tables that the cache keeps; what is damaged there goes with it."""
    found = [np.zeros(0, np.str_)]
    for place in sorted((folder / _CACHE / "tables").glob("*/tables/tables.json")):
        try:
            tables = tables_on_disk.load(place.parent.parent, OF_USERS).tables
            found += [users_of(table) for table in tables if table.role in {EVENTS, USERS}]
        except CoterieError:
            continue
    held: Ids = np.unique(np.concatenate(found))
    return held


def _written(
    folder: Path, runs: Mapping[str, Run], own: set[Path], asked: Ids
) -> tuple[dict[Path, Ids], dict[Path, Ids]]:
    """Give the tables that commands wrote below a project and the records of graphs, with the users in each.

    Where anything but users is segmented, ids of what is segmented are not users'.
    """
    are_users = bool(runs) and all(run.config.project.entity == OF_USERS for run in runs.values())
    graphs, tables = {}, {}
    for path in exports.below(folder, own):
        graphs[path] = exports.users_in_graph(path, asked)
        tables[path] = exports.users_in_table(path, asked, users_are_segmented=are_users)
    return (
        {path: held for path, held in tables.items() if len(held)},
        {path: held for path, held in graphs.items() if len(held)},
    )


def _carry_out(
    folder: Path,
    runs: Mapping[str, Run],
    found: _Found,
    asked: Ids,
    sources: tuple[Holding, ...],
    *,
    keep_out: bool,
    told: Told,
) -> tuple[tuple[str, ...], int]:
    """Do it; gives what had to be given up, and how many were forgotten, those of a killed process among them."""
    if keep_out:
        told("kept out")
        save_kept_out(folder, (load_kept_out(folder) or KeptOut.nobody()).also(asked.tolist()))
    at, users, names = _begun(folder, found)
    for place in found.cache:
        told(f"cache {place.name}")
        _remove(place)
    gone = among(asked.tolist())
    for path in found.members:
        told(f"members {path.name}")
        content, _ = without_members(path, gone)
        if content is not None:
            records.write_whole(path, content)
    for path, held in found.written.items():
        told(f"table {path.name}")
        exports.write(path, held)
    for path in found.doomed:
        told(f"graph {path.name}")
        exports.remove(path)
    given_up: list[str] = []
    for name, held in found.runs.items():
        told(f"run {name}")
        given_up += forget_in_run(runs[name], held)
    told("record")
    add_to_log(folder, Forgetting(at, users, names, STALE if names else (), sources, keep_out))
    told("end")
    (folder / PENDING).unlink(missing_ok=True)
    return tuple(given_up), users


def _begun(folder: Path, found: _Found) -> tuple[str, int, tuple[str, ...]]:
    """Note that forgetting has begun, without saying of whom; gives when, how many and in which runs, as at first."""
    path = folder / PENDING
    body: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "users": 0, "runs": []}
    if path.is_file():
        body = records.read(path, PENDING_SCHEMA, PENDING_VERSION)
    users = max(int(body["users"]), len(found.users()))
    names = tuple(sorted({*body["runs"], *found.runs}))
    path.parent.mkdir(parents=True, exist_ok=True)
    records.write(path, PENDING_SCHEMA, PENDING_VERSION, {**body, "users": users, "runs": names})
    return str(body["at"]), users, names


def _remove(place: Path) -> None:
    """Remove a folder: out of sight first, so that nobody reads half of it."""
    beside = place.with_name(f"{UNFINISHED}removed-{place.name}")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        place.rename(beside)
        shutil.rmtree(beside)
    except OSError as error:
        raise StoreError(f"cannot remove '{place}': {error.strerror or error}; look at its permissions") from error


def _sources(folder: Path, config: Config | None, asked: Ids) -> tuple[tuple[Holding, ...], tuple[str, ...]]:
    """Say which sources hold the users now, and which cannot be looked at."""
    holding, unread = [], []
    for name, table in (config.tables if config is not None else {}).items():
        if table.user is None:
            continue
        try:
            raw: RawTable = open_source(table, folder).scan()
            held: set[str] = set()
            for batch in local.batches(raw.frame):
                held |= {*np.intersect1d(asked, refused_users(batch, table)).tolist()}
        except CoterieError as error:
            unread.append(f"{name}: {error}")
            continue
        if held:
            holding.append(Holding(name, raw.location, raw.fingerprint, len(held)))
    return tuple(holding), tuple(unread)


def _files_of(folder: Path, config: Config | None) -> Iterator[list[Path]]:
    """Give the files that are the user's own: sources in the project's folder, and the config."""
    yield [folder / CONFIG_NAME]
    for table in (config.tables if config is not None else {}).values():
        place = folder / table.source
        if "://" in table.source:
            continue
        if place.is_dir():
            yield [path for path in place.rglob("*") if path.is_file()]
        elif place.is_file():
            yield [place]
        elif any(letter in table.source for letter in "*?["):
            yield list(folder.glob(table.source))


def _still(folder: Path, asked: Ids) -> Iterator[Trace]:
    """Open every run anew and say which still holds any of the users; none should."""
    for name in DirectoryStore(folder / RUNS).versions():
        held = users_in(open_run(folder, name), asked)
        if len(held):
            yield Trace(folder / RUNS / name, len(held))


def _is_item(runs: Iterable[Run], user: str) -> bool:
    """Say whether something else than a user goes by the same id in any run."""
    tables = (table for run in runs for table in tables_on_disk.load(run.folder, OF_USERS).tables.events)
    return any(bool(np.isin(user, events_of(table).items)) for table in tables)
