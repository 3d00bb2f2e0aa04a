"""The way from sources to profiles: each step's answer from the cache, or made now and kept there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from coterie.config import Config
from coterie.errors import RejectedError
from coterie.runs import steps, tables_on_disk
from coterie.runs.cache import Cache, key_of
from coterie.runs.journal import Journal, Step
from coterie.runs.tables_on_disk import StoredTables
from coterie.segments.types import SegmentProfile
from coterie.sources import RawTable

T = TypeVar("T")
STATE_FOLDER = ".coterie"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the steps gave, and the folders of the cache that hold what a run shares with it.

    Args:
        raw: tables as their sources have them. stored: checked and cleaned ones. placed: users in the embedding.
        chosen: the decision and its model. profiles: one a segment, in the order of labels.
    """

    raw: Mapping[str, RawTable]
    stored: StoredTables
    placed: steps.Placed
    chosen: steps.Chosen
    profiles: tuple[SegmentProfile, ...]
    tables_folder: Path
    profile_folder: Path


def answer(config: Config, folder: Path, journal: Journal, *, threads: int) -> Answers:
    """Go the way of a project.

    Args:
        config: of the project. folder: of the project. journal: keeps what each step cost. threads: tasks at once.

    Raises:
        RejectedError: more rows were rejected than the config allows; says where they are.
        CoterieError: its subclasses say what else was wrong.
    """
    kept = _Kept(Cache(folder / STATE_FOLDER / "cache"), journal)
    with journal.step("sources"):
        raw = steps.scan_sources(config, folder)
    # Mappings go into keys as pairs, since their order is part of what they say: which table comes first, which block.
    key = key_of("tables", [*config.tables.items()], config.clean, {name: raw[name].fingerprint for name in raw})
    stored, tables_folder = kept.answer(
        "tables", key, partial(steps.write_tables, config, raw), tables_on_disk.load, _rows_of_tables
    )
    _refuse_rejected(stored, tables_folder, folder)
    basis = [(name, feature) for name, feature in config.features.items() if feature.use == "basis"]
    key = key_of("embedding", key, basis, config.embedding, config.project.seed)
    placed, _ = kept.answer(
        "embedding", key, partial(steps.write_space, config, stored.tables), steps.load_space, _rows_of_space
    )
    key = key_of("clustering", key, config.clustering, config.evaluation)
    measure = partial(steps.write_search, config, stored.tables, placed, threads=threads, progress=kept.advanced)
    chosen, _ = kept.answer("clustering", key, measure, partial(steps.choose, config, placed))
    key = key_of("profile", key, chosen.decision.chosen, [*config.features.items()])
    profiles, profile_folder = kept.answer(
        "profile", key, partial(steps.write_profiles, config, stored.tables, placed, chosen), steps.load_profiles
    )
    return Answers(raw, stored, placed, chosen, profiles, tables_folder, profile_folder)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The cache, with a journal of what came from it."""

    cache: Cache
    journal: Journal

    def advanced(self, what: str, done: int, total: int) -> None:
        """Pass on how far a step is."""
        self.journal.listener.advanced(what, done, total)

    def answer(
        self,
        step: Step,
        key: str,
        make: Callable[[Path], None],
        load: Callable[[Path], T],
        rows: Callable[[T], Mapping[str, int]] = lambda _: {},
    ) -> tuple[T, Path]:
        """Give a step's answer and its folder; ``rows`` counts for the journal what went in and came out."""
        with self.journal.step(step) as noted:
            found, place, noted["cached"] = self.cache.answer(step, key, make, load)
            noted.update(rows(found))
        return found, place


def _rows_of_tables(stored: StoredTables) -> Mapping[str, int]:
    return {"rows_in": sum(stored.read.values()), "rows_out": sum(stored.kept.values())}


def _rows_of_space(placed: steps.Placed) -> Mapping[str, int]:
    return {"rows_out": len(placed.ids)}


def _refuse_rejected(stored: StoredTables, tables_folder: Path, folder: Path) -> None:
    """Stop where too many rows were rejected, and put them where a person finds them."""
    if stored.over_limit is None:
        return
    place = folder / STATE_FOLDER / "rejects"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(tables_folder / "rejects", place)
    raise RejectedError(f"{stored.over_limit}; the rejected rows are in '{place}'")
