"""``coterie check``: what can be known of a project before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import narwhals.stable.v2 as nw

from coterie.config import load_config
from coterie.engines import local
from coterie.runs.budget import plan
from coterie.runs.steps import scan_sources
from coterie.sources import RawTable
from coterie.tables import RuleCount
from coterie.tables.build import build_for_scoring
from coterie.terms import EVENTS

LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class TableCheck:
    """One table: where it is, its columns, and what the checks say of its first rows."""

    name: str
    role: str
    location: str
    columns: tuple[str, ...]
    faults: tuple[RuleCount, ...]


@dataclass(frozen=True, slots=True)
class ProjectCheck:
    """What was found: one entry a table, the plan for the memory budget, and how many rows of each were looked at."""

    tables: tuple[TableCheck, ...]
    plan: str
    looked_at: int = LOOKED_AT


def check_project(path: Path) -> ProjectCheck:
    """Check config, methods and their options, sources, columns, and the types of the first rows.

    Raises:
        CoterieError: says what would stop a run.
    """
    config = load_config(path)
    raw = scan_sources(config, path if path.is_dir() else path.parent)
    head = {name: RawTable(t.frame.head(LOOKED_AT), t.location, t.fingerprint) for name, t in raw.items()}
    built = build_for_scoring(config, head)
    n_events = sum(
        local.collect(table.frame.select(n=nw.len())).item()
        for name, table in raw.items()
        if config.tables[name].role == EVENTS
    )
    return ProjectCheck(
        plan=plan(config, n_events).told(),
        tables=tuple(
            TableCheck(
                name,
                config.tables[name].role,
                table.location,
                tuple(c for c in table.frame.collect_schema().names() if not c.startswith("_")),
                tuple(count for count in built.counts if count.table == name and _is_told_by_first_rows(count)),
            )
            for name, table in raw.items()
        ),
    )


def _is_told_by_first_rows(count: RuleCount) -> bool:
    """Leave out what only whole tables tell: an item may well be unknown to the first rows of its table."""
    return count.rows > 0 and not count.rule.startswith("unknown")
