"""The package's front door: run a project, score newcomers, look at a folder for the first time.

Example:
    A ten-line use stands in the README; these functions are all it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.activation.classifying.placing import FLOOR
from coterie.config import CONFIG_NAME, Config, Format, Table, load_config
from coterie.engines import local
from coterie.errors import ConfigError, DataError, StoreError, shown
from coterie.explore import Exploration
from coterie.runs import tables_on_disk
from coterie.runs.classifying import reads, score_whoever
from coterie.runs.exploring import explore_project
from coterie.runs.journal import Listener
from coterie.runs.positions import Newcomers
from coterie.runs.result import Run
from coterie.runs.runner import run_project
from coterie.sources import RawTable
from coterie.sources.columns import named_columns, require_columns
from coterie.sources.opening import open_source
from coterie.sources.parts import RESERVED
from coterie.sources.sniffing import SEPARATORS
from coterie.tables import CheckedTable, RuleCount, Tables
from coterie.tables.build import build_for_scoring
from coterie.tables.inference import propose
from coterie.tables.viewpoint import role_of, seen_by
from coterie.terms import EVENTS, ITEMS, OF_USERS, USER, USERS, Noun, Role

SNIFFED_BYTES = 64_000


def _silent(_: str) -> None:
    return None


def init(folder: str | Path, target: str | Path = CONFIG_NAME) -> Path:
    """Look at the tables in a folder and write a commented ``coterie.toml`` that runs.

    Args:
        folder: of tables. target: the config to write; it must not exist.

    Raises:
        ConfigError: the target exists.
        SourceError: there is no table in the folder.
    """
    target = Path(target)
    if target.is_dir():
        target = target / CONFIG_NAME
    if target.exists():
        raise ConfigError(f"{shown(target)} exists and is left as it is; remove it or choose another with --config")
    proposal = propose(Path(folder), relative_to=target.parent)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(proposal.text)
    except OSError as error:
        raise StoreError(
            f"cannot write {shown(target)}: {error.strerror or error}; choose another place with --config"
        ) from error
    return target


def run(
    config: str | Path = CONFIG_NAME,
    *,
    since: str | None = None,
    until: str | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> Run:
    """Run the project of a ``coterie.toml`` and give the finished run.

    Args:
        config: the file, or the folder it is in. threads: tasks at once; the answer does not depend on it.
        since, until: the window of events, in place of the config's own; see ``[window]`` in the configuration.
        listener: told of the steps.

    Raises:
        CoterieError: its subclasses say what was wrong.
    """
    path = Path(config)
    folder = path if path.is_dir() else path.parent
    return run_project(load_config(path).within(since, until), folder, threads=threads, listener=listener)


def explore(config: str | Path = CONFIG_NAME, *, listener: Listener | None = None) -> Exploration:
    """Say what the tables of a ``coterie.toml`` hold, without running the rest.

    Args:
        config: the file, or the folder it is in. listener: told of the steps.

    Raises:
        CoterieError: its subclasses say what was wrong.
    """
    path = Path(config)
    folder = path if path.is_dir() else path.parent
    return explore_project(load_config(path), folder, listener=listener)


@dataclass(frozen=True, slots=True)
class Scores:
    """Newcomers with their segments.

    Args:
        frame: user_id, segment_id, strength in [0, 1], distance, by ("fold-in", "classifier" or "none") and confidence
            in [0, 1], sorted by user; no segment where nothing is known of a user, or too little.
        rejects: rows that were refused, with their reason, by table.
        counts: what the checks did.
    """

    frame: pl.DataFrame
    rejects: dict[str, pl.DataFrame]
    counts: tuple[RuleCount, ...]


def score(
    run: Run,
    events: str | Path | None = None,
    *,
    users: str | Path | None = None,
    items: str | Path | None = None,
    min_confidence: float = FLOOR,
    told: Callable[[str], None] = _silent,
) -> Scores:
    """Give users (or items or tags, where these are segmented) that the run has never seen a segment.

    Of whom the tables that segments are formed on tell, gets it by the same way that the run's own got theirs. Others
    get it by a classifier, from whatever is told of them; it is fitted once a run and kept in the project's cache.
    Tables that describe something else than what is segmented, such as the people who take up new films, are the run's
    own unless a file takes their place.

    Args:
        run: a finished run. events: a file of events. users, items: files that describe them. Each is written like the
            table of its role in the run's config, or is a CSV file with a header that has the same column names.
        min_confidence: in [0, 1], below which the classifier names no segment. told: of the fit of a classifier.

    Raises:
        ConfigError: no file is given, or the model needs one that is not and no classifier can do without.
        RejectedError: more rows are refused than the config allows.
        DataError: nobody is left.
    """
    if not 0 <= min_confidence <= 1:
        raise ConfigError(f"the least confidence is {min_confidence:g}; expected a number from 0 to 1")
    arrived = _read(run, {EVENTS: events, USERS: users, ITEMS: items}, needs_basis=False)
    frame = score_whoever(run, arrived.tables, arrived.given, arrived.ids(run), floor=min_confidence, told=told)
    return Scores(frame, arrived.rejects, arrived.counts)


def newcomers(
    run: Run,
    events: str | Path | None = None,
    *,
    users: str | Path | None = None,
    items: str | Path | None = None,
) -> Newcomers:
    """Read files of users whom the run has never seen, to be ranked by ``lookalike``.

    Args:
        run: a finished run. events, users, items: as ``score`` takes them.

    Raises:
        ConfigError: no file is given, or the model needs one that is not.
        RejectedError: more rows are refused than the config allows.
        DataError: nobody is left.
    """
    arrived = _read(run, {EVENTS: events, USERS: users, ITEMS: items}, needs_basis=True)
    return Newcomers(arrived.ids(run), arrived.tables, arrived.rejects)


def read_events(run: Run, events: str | Path) -> Tables:
    """Read a file of events of users whom the run has never seen, to be given to ``recommend``.

    Args:
        run: a finished run. events: a file, as ``score`` takes it.

    Raises:
        ConfigError: the file lacks a column. SourceError: it cannot be read.
        RejectedError: more rows are refused than the config allows.
    """
    return _read(run, {EVENTS: events}, needs_basis=False).tables


@dataclass(frozen=True, slots=True)
class _Arrived:
    """Files of users that a run has not seen.

    Args:
        tables: theirs, with the run's own of what is not segmented. given: names of those that files stand for.
    """

    tables: Tables
    given: tuple[str, ...]
    rejects: dict[str, pl.DataFrame]
    counts: tuple[RuleCount, ...]

    def ids(self, run: Run) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        return _ids(self.tables, run.config.nouns[0])


def _read(run: Run, files: Mapping[Role, str | Path | None], *, needs_basis: bool) -> _Arrived:
    """Read and check files of newcomers.

    Args:
        needs_basis: whether nothing can be done without the tables that segments are formed on.
    """
    named = {role: _table_of(run.config, role) for role, file in files.items() if file is not None}
    raw = {name: _scan(table, Path(str(files[role])), name) for role, (name, table) in named.items()}
    known = _described_before(run, raw)
    _refuse_missing(run, raw, known, needs_basis=needs_basis)
    built = build_for_scoring(run.config, raw)
    rejects = {name: local.collect(frame) for name, frame in built.rejects.items()}
    built.raise_if_over_limit()
    tables = seen_by(run.config.project.entity, Tables({**known, **built.tables.by_name}))
    return _Arrived(tables, tuple(raw), rejects, built.counts)


def _table_of(config: Config, role: Role) -> tuple[str, Table]:
    """Give the table of a role that the basis is made from, else the first of that role."""
    basis = [f.from_ for f in config.features.values() if f.use == "basis" and config.tables[f.from_].role == role]
    named = [*basis, *(name for name, table in config.tables.items() if table.role == role)]
    if not named:
        raise ConfigError(f"the run has no table of role '{role}', so a file of {role} cannot be scored")
    return named[0], config.tables[named[0]]


def _scan(table: Table, file: Path, name: str) -> RawTable:
    """Open a file as the table it stands in for: in the table's own format, or as CSV with a header."""
    where = table.model_copy(update={"source": file.name, "format": _format_of(table, file)})
    raw = _with_unknown_attributes(open_source(where, file.parent).scan(), where)
    require_columns(raw, where, name)
    return raw


def _with_unknown_attributes(raw: RawTable, table: Table) -> RawTable:
    """Take attributes that a file does not have for unknown; not where it has a column that may be one misspelt."""
    held = [column for column in raw.frame.collect_schema().names() if column not in RESERVED]
    asked = {column for _, column in named_columns(table)}
    missing = [column for column in table.attributes if column not in held]
    if table.role == EVENTS or not missing or not set(held) <= asked or not set(held) & set(table.attributes):
        return raw
    unknown = (nw.lit(None).cast(nw.String).alias(column) for column in missing)
    return replace(raw, frame=raw.frame.with_columns(*unknown))


def _format_of(table: Table, file: Path) -> Format:
    """Take a first line that names the table's columns for a header; else the format is that of the table.

    Of several separators the one that cuts out most of the columns is taken. Encoding and quotes stay the table's.
    """
    if file.suffix.lower() not in {".csv", ".tsv", ".txt"} or not file.is_file():
        return table.format
    try:
        with file.open("rb") as opened:
            first = opened.read(SNIFFED_BYTES).split(b"\n")[0].decode("utf-8-sig", "replace").strip()
    except OSError:
        return table.format  # the source will say what is wrong with the file
    needed = {column for _, column in named_columns(table)}
    found = {
        separator: len(needed & {cell.strip().strip('"') for cell in first.split(separator)})
        for separator in dict.fromkeys((table.format.separator or ",", *SEPARATORS))
    }
    best = max(found, key=found.__getitem__)
    if not found[best]:
        return table.format
    header = {"kind": "csv", "separator": best, "header": True, "columns": None}
    return table.format.model_copy(update=header)


def _described_before(run: Run, raw: dict[str, RawTable]) -> dict[str, CheckedTable]:
    """Give the run's own tables of what is not segmented, but for those of a role that a file is given for."""
    entity = run.config.project.entity
    given = {EVENTS, role_of(entity), *(run.config.tables[name].role for name in raw)}
    return {table.name: table for table in tables_on_disk.load(run.folder, OF_USERS).tables if table.role not in given}


def _refuse_missing(run: Run, raw: dict[str, RawTable], known: Collection[str], *, needs_basis: bool) -> None:
    config = run.config
    if not raw:
        what = role_of(config.project.entity)
        more = f", of {what} (--{what}), or both" if what else ""
        raise ConfigError(f"nothing to score: give a file of events{more}")
    if not needs_basis and reads(run, raw):
        return
    for name, feature in config.features.items():
        if feature.use == "basis" and feature.from_ not in raw and feature.from_ not in known:
            role = config.tables[feature.from_].role
            option = "as the first argument" if role == EVENTS else f"with --{role}"
            raise ConfigError(
                f"the model was made from '{feature.from_}' (features.{name}); give a file of {role} {option}"
            )


def _ids(tables: Tables, noun: Noun) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    found: set[str] = set()
    for table in (*tables.events, *tables.users):
        found.update(local.collect(table.frame.select(USER))[USER].unique())
    if not found:
        raise DataError(f"no {noun.one} is left to score; every row was refused")
    return np.array(sorted(found), dtype=np.str_)
