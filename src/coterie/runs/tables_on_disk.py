"""Checked tables as Parquet beside a record of what they are, and back.

On disk they are as checks and cleaning left them, whoever is segmented; the viewpoint is taken when they are opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from coterie import records
from coterie.engines import local
from coterie.tables import CheckedTable, RuleCount, Tables
from coterie.tables.build import BuiltTables
from coterie.tables.viewpoint import seen_by

SCHEMA = "coterie.tables"
VERSION = 1
_COUNTS = TypeAdapter(tuple[RuleCount, ...])


@dataclass(frozen=True, slots=True)
class StoredTables:
    """Tables read back from their folder.

    Args:
        tables: lazily opened, as the entity sees them. counts: what checks and cleaning did.
        read, kept: rows per table, as checked.
        over_limit: why the run must stop, or None.
    """

    tables: Tables
    counts: tuple[RuleCount, ...]
    read: Mapping[str, int]
    kept: Mapping[str, int]
    over_limit: str | None


def store(built: BuiltTables, folder: Path) -> None:
    """Write ``tables/*.parquet``, ``rejects/*.parquet`` and ``tables/tables.json``."""
    described = {}
    for table in built.tables:
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
        "order": [table.name for table in built.tables],
    }
    records.write(folder / "tables" / "tables.json", SCHEMA, VERSION, body)


def load(folder: Path, entity: str) -> StoredTables:
    """Open what ``store`` wrote; rows are read when they are asked for.

    Args:
        entity: whose viewpoint is taken; see ``coterie.tables.viewpoint``.
    """
    body = records.read(folder / "tables" / "tables.json", SCHEMA, VERSION)
    tables = {}
    for name in body["order"]:
        known = body["tables"][name]
        tags = local.scan_parquet(folder / "tables" / f"{name}.tags.parquet") if known["has_tags"] else None
        frame = local.scan_parquet(folder / "tables" / f"{name}.parquet")
        tables[name] = CheckedTable(name, known["role"], frame, known["attributes"], tags)
    counts = _COUNTS.validate_python(body["counts"])
    return StoredTables(seen_by(entity, Tables(tables)), counts, body["read"], body["kept"], body["over_limit"])
