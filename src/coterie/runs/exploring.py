"""The tables of a project and what they hold, from the cache or made now; the front of every run, and all of
``coterie explore``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from coterie import records
from coterie.config import Config
from coterie.errors import RejectedError
from coterie.explore import SCHEMA, VERSION, Exploration, explore
from coterie.runs import steps, tables_on_disk
from coterie.runs.cache import Cache, key_of
from coterie.runs.forgotten import load_kept_out
from coterie.runs.journal import Journal, Listener, Silence
from coterie.runs.keeping import Kept
from coterie.runs.result import EXPLORATION, read_record
from coterie.runs.tables_on_disk import StoredTables
from coterie.sources import RawTable
from coterie.terms import OF_USERS

STATE_FOLDER = ".coterie"


@dataclass(frozen=True, slots=True)
class Opened:
    """A project's tables.

    Args:
        raw: as their sources have them. stored: checked and cleaned, as what is segmented sees them.
        folder: of the cache that holds them. key: of everything they depend on.
    """

    raw: Mapping[str, RawTable]
    stored: StoredTables
    folder: Path
    key: str


def open_tables(config: Config, folder: Path, raw: Mapping[str, RawTable], kept: Kept) -> Opened:
    """Check and clean the tables.

    Raises:
        RejectedError: more rows were rejected than the config allows; says where they are.
    """
    # Mappings go into keys as pairs, since their order is part of what they say: which table comes first, which block.
    kept_out = load_kept_out(folder)
    prints = {name: raw[name].fingerprint for name in raw}
    key = key_of("tables", [*config.tables.items()], config.window, config.clean, prints, kept_out)
    stored, tables_folder = kept.answer(
        "tables",
        key,
        partial(steps.write_tables, config, raw, kept_out),
        partial(tables_on_disk.load, entity=config.project.entity),
        _rows_of_tables,
    )
    _refuse_rejected(stored, tables_folder, folder)
    return Opened(raw, stored, tables_folder, key)


def explored(config: Config, opened: Opened, kept: Kept) -> Exploration:
    """Say what the tables hold, as they are declared."""
    min_cell = config.segments.min_cell
    key = key_of("explore", opened.key, min_cell)
    found, _ = kept.answer("explore", key, partial(_write_exploration, opened.folder, min_cell), _load_exploration)
    return found


def explore_project(config: Config, folder: Path, *, listener: Listener | None = None) -> Exploration:
    """Say what a project's tables hold, without running the rest.

    Args:
        config: of the project. folder: of the project: relative sources and the cache stand in it.
        listener: told of the steps.

    Raises:
        CoterieError: its subclasses say what was wrong with config, sources or tables.
    """
    journal = Journal(listener or Silence())
    kept = Kept(Cache(folder / STATE_FOLDER / "cache"), journal)
    with journal.step("sources"):
        raw = steps.open_sources(config, folder)
    return explored(config, open_tables(config, folder, raw, kept), kept)


def _write_exploration(tables_folder: Path, min_cell: int, folder: Path) -> None:
    stored = tables_on_disk.load(tables_folder, OF_USERS)
    cleaning = tables_on_disk.load_cleaning(tables_folder)
    found = explore(stored.tables, stored.counts, stored.read, cleaning, min_cell=min_cell)
    records.write(folder / EXPLORATION, SCHEMA, VERSION, found)


def _load_exploration(folder: Path) -> Exploration:
    found: Exploration = read_record(folder / EXPLORATION, Exploration, SCHEMA, VERSION)
    return found


def _rows_of_tables(stored: StoredTables) -> Mapping[str, int]:
    return {"rows_in": sum(stored.read.values()), "rows_out": sum(stored.kept.values())}


def _refuse_rejected(stored: StoredTables, tables_folder: Path, folder: Path) -> None:
    """Stop where too many rows were rejected, and put them where a person finds them."""
    if stored.over_limit is None:
        return
    place = folder / STATE_FOLDER / "rejects"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(tables_folder / "rejects", place)
    raise RejectedError(f"{stored.over_limit}; the rejected rows are in '{place}'")
