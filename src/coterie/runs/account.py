"""A run's account of itself: what it read, with which versions, and how many of everything there are."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Any

import coterie
from coterie import records
from coterie.config import Config
from coterie.features.aligning import users_of
from coterie.manifest import Agreement, InputRecord, Manifest, WindowRecord
from coterie.runs.answers import Answers
from coterie.runs.cache import LIBRARIES
from coterie.secrets import masked
from coterie.tables import rules
from coterie.tables.types import events_of


def account_of(
    config: Config,
    made: Answers,
    agreement: Agreement,
    *,
    run_id: str,
    created: datetime,
    threads: int,
    notes: tuple[str, ...] = (),
) -> Manifest:
    """Give a run's manifest, but for its steps: these are not done while it is written.

    Args:
        notes: what a reader must know of the run.
    """
    events, tables = made.stored.tables.events, made.stored.tables
    heard_of = set[str]().union(*(users_of(table).tolist() for table in (*tables.users, *events)))
    return Manifest(
        run_id=run_id,
        project=config.project.name,
        created=created.isoformat(timespec="seconds"),
        seed=config.project.seed,
        engine="local",
        threads=threads,
        coterie=coterie.__version__,
        versions={name: version(name) for name in LIBRARIES},
        config_digest=config.digest(),
        config=_shown(config),
        inputs=tuple(_input(config, made, name) for name in made.raw),
        n_users=len(made.placed.ids),
        n_items=len(set().union(*(events_of(table).items.tolist() for table in events))),
        n_events=sum(made.stored.kept[table.name] for table in events),
        unsegmented_users=len(heard_of.difference(made.placed.ids.tolist())),
        agreement=agreement,
        entity=config.nouns[0],
        counterpart=config.nouns[1],
        window=_window(config, made),
        notes=notes,
    )


def _window(config: Config, made: Answers) -> WindowRecord | None:
    span = made.stored.span
    return None if span is None else WindowRecord(config.window.since, config.window.until, span.since_s, span.until_s)


def _shown(config: Config) -> dict[str, Any]:
    shown: dict[str, Any] = records.plain(config.model_dump(by_alias=True))
    for table in shown["tables"].values():
        table["source"] = masked(table["source"])
    return shown


def _input(config: Config, made: Answers, name: str) -> InputRecord:
    stored = made.stored
    return InputRecord(
        table=name,
        role=config.tables[name].role,
        location=made.raw[name].location,
        fingerprint=made.raw[name].fingerprint,
        read=stored.read[name],
        rejected=rules.rejected_rows(stored.counts, name),
        cleaned=rules.cleaned_rows(stored.counts, name),
        kept=stored.kept[name],
    )
