"""Checked tables beside a record of what they are, and back: events as arrays of numbers, the others as Parquet.

``NAME.user.npy``, ``NAME.item.npy``, ``NAME.value.npy`` and ``NAME.time.npy`` have one cell an event, in order of user
and item, which are places in ``NAME.users.npy`` and ``NAME.items.npy``; attributes of events stand in ``NAME.parquet``.
Arrays are read where they lie, so that a table larger than memory costs what is looked at of it.

On disk they are as checks and cleaning left them, whoever is segmented; the viewpoint is taken when they are opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
from pydantic import TypeAdapter, ValidationError

from coterie import records
from coterie.config import Config
from coterie.engines import local
from coterie.errors import ModelError, StoreError
from coterie.tables import CheckedTable, RuleCount, Tables
from coterie.tables.build import BuiltTables
from coterie.tables.cleaning import CleaningAccount
from coterie.tables.coded import Coded
from coterie.tables.forgetting import Gone, counts_without, refused_without, without
from coterie.tables.types import events_of
from coterie.tables.viewpoint import seen_by
from coterie.tables.window import Span
from coterie.terms import EVENTS, OF_USERS

SCHEMA = "coterie.tables"
VERSION = 2
FORMER = (1,)  # without a span
CLEANING = "cleaning.json"
CLEANING_SCHEMA = "coterie.cleaning"
CLEANING_VERSION = 1
LARGE = 2**20  # bytes from which an array is left on disk
_ARRAYS = ("users", "items", "indptr", "user", "item", "value", "time")
_COUNTS = TypeAdapter(tuple[RuleCount, ...])
_CLEANING = TypeAdapter(CleaningAccount)


@dataclass(frozen=True, slots=True)
class StoredTables:
    """Tables read back from their folder.

    Args:
        tables: lazily opened, as the entity sees them. counts: what checks and cleaning did.
        read, kept: rows per table, as checked.
        over_limit: why the run must stop, or None.
        span: of the events; None where all were read.
    """

    tables: Tables
    counts: tuple[RuleCount, ...]
    read: Mapping[str, int]
    kept: Mapping[str, int]
    over_limit: str | None
    span: Span | None = None


def store(built: BuiltTables, folder: Path) -> None:
    """Write ``tables/*.parquet``, ``rejects/*.parquet``, ``tables/tables.json`` and ``tables/cleaning.json``."""
    described = {}
    for table in built.tables:
        if table.role == EVENTS:
            _write_events(events_of(table), folder / "tables", table.name)
        else:
            local.write_parquet(local.collect(table.frame), folder / "tables" / f"{table.name}.parquet")
        if table.tags is not None:
            local.write_parquet(local.collect(table.tags), folder / "tables" / f"{table.name}.tags.parquet")
        described[table.name] = {
            "role": table.role,
            "attributes": dict(table.attributes),
            "has_tags": table.tags is not None,
        }
    (folder / "rejects").mkdir()
    for name, frame in built.rejects.items():
        rows = local.collect(frame)
        if rows.height:
            local.write_parquet(rows, folder / "rejects" / f"{name}.parquet")
    body = {
        "tables": described,
        "counts": built.counts,
        "read": built.read,
        "kept": built.kept,
        "over_limit": built.over_limit,
        "span": built.span,
        "order": [table.name for table in built.tables],
    }
    records.write(folder / "tables" / "tables.json", SCHEMA, VERSION, body)
    if built.cleaning is not None:
        records.write(folder / "tables" / CLEANING, CLEANING_SCHEMA, CLEANING_VERSION, built.cleaning)


def load_cleaning(folder: Path) -> CleaningAccount | None:
    """Read what cleaning did to the events; None where earlier versions did not keep it.

    Raises:
        ModelError: the record is damaged.
    """
    place = folder / "tables" / CLEANING
    if not place.exists():
        return None
    try:
        return _CLEANING.validate_python(records.read(place, CLEANING_SCHEMA, CLEANING_VERSION))
    except ValidationError as error:
        raise ModelError(
            f"the record '{place}' is damaged ({error.error_count()} faults); run `coterie run` again"
        ) from error


def load(folder: Path, entity: str) -> StoredTables:
    """Open what ``store`` wrote; rows are read when they are asked for.

    Args:
        entity: whose viewpoint is taken; see ``coterie.tables.viewpoint``.
    """
    body = records.read(folder / "tables" / "tables.json", SCHEMA, VERSION, former=FORMER)
    span = None if body.get("span") is None else Span(**body["span"])
    tables = {name: _load_table(folder / "tables", name, body["tables"][name]) for name in body["order"]}
    counts = _COUNTS.validate_python(body["counts"])
    return StoredTables(seen_by(entity, Tables(tables)), counts, body["read"], body["kept"], body["over_limit"], span)


def load_rejects(folder: Path) -> dict[str, nw.LazyFrame[Any]]:
    """Open the refused rows that ``store`` wrote, by table; a table without any is not there."""
    return {path.stem: local.scan_parquet(path) for path in sorted((folder / "rejects").glob("*.parquet"))}


def store_without(source: Path, config: Config, gone: Gone, target: Path) -> tuple[RuleCount, ...]:
    """Write the tables and refused rows of a folder into another, without some users; give the counts that are left.

    How many rows were read, refused and kept stays as it was when they were checked; examples of a user go.

    Args:
        config: that the tables were made with. target: has neither ``tables`` nor ``rejects`` yet.
    """
    stored = load(source, OF_USERS)
    left = Tables({table.name: without(table, gone)[0] for table in stored.tables})
    refused = {name: refused_without(rows, config.tables[name], gone) for name, rows in load_rejects(source).items()}
    counts = stored.counts
    for name, table in config.tables.items():
        if table.user is not None:
            counts = counts_without(counts, name, table, refused.get(name), gone)
    rejects = {name: local.lazy(rows) for name, rows in refused.items()}
    account = load_cleaning(source)
    store(BuiltTables(left, rejects, counts, stored.read, stored.kept, stored.over_limit, account, stored.span), target)
    return counts


def _load_table(folder: Path, name: str, known: Mapping[str, Any]) -> CheckedTable:
    if (folder / f"{name}.users.npy").exists():  # earlier versions kept events as Parquet too
        return CheckedTable.of_events(name, _read_events(folder, name), known["attributes"])
    tags = local.scan_parquet(folder / f"{name}.tags.parquet") if known["has_tags"] else None
    frame = local.scan_parquet(folder / f"{name}.parquet")
    return CheckedTable(name, known["role"], frame, known["attributes"], tags)


def _write_events(coded: Coded, folder: Path, name: str) -> None:
    parts = {part: getattr(coded, part) for part in _ARRAYS}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for part, array in parts.items():
            if array is not None:
                np.save(folder / f"{name}.{part}.npy", array)
    except OSError as error:
        raise StoreError(f"cannot write '{folder}': {error}; free some space or choose another folder") from error
    if coded.others.width:
        local.write_parquet(coded.others, folder / f"{name}.parquet")


def _read_array(path: Path) -> Any:
    if not path.exists():
        return None
    try:
        return np.load(path, mmap_mode="r" if path.stat().st_size > LARGE else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"the table '{path.name}' in '{path.parent}' is damaged: {error}; run again") from error


def _fit_together(indptr: Any, parts: tuple[Any, ...]) -> bool:
    users, _, _, *columns = parts
    has_ends = len(indptr) == len(users) + 1
    return has_ends and all(len(column) == indptr[-1] for column in columns if column is not None)


def _read_events(folder: Path, name: str) -> Coded:
    """Open the events: arrays stay on disk until they are looked at.

    Raises:
        ModelError: an array is damaged.
    """
    parts = {part: _read_array(folder / f"{name}.{part}.npy") for part in _ARRAYS}
    others = local.scan_parquet(folder / f"{name}.parquet") if (folder / f"{name}.parquet").exists() else None
    value, time = parts.pop("value"), parts.pop("time")
    rest = pl.DataFrame() if others is None else local.collect(others)
    if any(part is None for part in parts.values()) or not _fit_together(
        parts["indptr"], (*parts.values(), value, time)
    ):
        raise ModelError(f"the arrays of the table '{name}' in '{folder}' do not go together; run again")
    return Coded(**parts, value_at=value, time_at=time, others=rest)
