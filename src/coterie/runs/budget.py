"""The memory budget: how many users a run is fitted on, so that it keeps to ``[project] memory_gb``.

The model is fitted on a random sample of users where all of them are too many, and then gives everybody a segment. What
events need was measured on ratings (bench/RESULTS.md): users of few events need somewhat more, wide attributes too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from coterie.config import Config
from coterie.engines import local
from coterie.features.aligning import users_of
from coterie.features.contract import Ids
from coterie.randomness import generator
from coterie.tables import CheckedTable, Tables
from coterie.tables.types import events_of
from coterie.terms import EVENTS, OF_USERS, USER, USERS

GB: Final = 1e9
BASE: Final = 0.8 * GB  # the interpreter, the libraries, and blocks of fixed size
READING: Final = 26.0  # bytes an event, while a table is read and put in order
MAPPED: Final = 12.0  # bytes an event, of tables that lie on disk and are looked at
FITTING: Final = 16.0  # bytes an event of the users that a run is fitted on: features, embedding, held-out events
LEAST: Final = 0.01  # share below which a fit would say nothing; the budget is broken sooner


@dataclass(frozen=True, slots=True)
class Plan:
    """What a budget allows.

    Args:
        memory_gb: the budget. n_events: of all tables together. share: of users that the run is fitted on, in (0, 1].
        needed_gb: what the run is expected to take. whole_gb: what it would take on all users.
        is_kept: whether the budget is enough for what cannot be sampled.
    """

    memory_gb: float
    n_events: int
    share: float
    needed_gb: float
    whole_gb: float
    is_kept: bool

    def told(self) -> str:
        """Say it in a sentence."""
        events = f"{self.n_events:,} events need about {self.whole_gb:.1f} GB"
        budget = f"memory_gb = {self.memory_gb:g}"
        if self.share < 1:
            told = f"{events}, more than {budget}: will sample {self.share:.0%} of users to fit; apply to all"
        else:
            told = f"{events} of {budget}: will fit on all users"
        if self.is_kept:
            return told
        return f"{told}; even so about {self.needed_gb:.1f} GB are needed: raise memory_gb, or bring fewer events"


def plan(config: Config, n_events: int) -> Plan:
    """Say on which share of users a run can be fitted.

    Items and tags are few beside users and are always fitted on all events.
    """
    allowed = config.project.memory_gb * GB
    reading = BASE + READING * n_events
    rest = BASE + MAPPED * n_events
    whole = max(reading, rest + FITTING * n_events)
    share = 1.0
    if whole > allowed and config.project.entity == OF_USERS:
        # Whole percents, so that a plan that is told is the plan that is kept.
        share = np.floor(100 * (allowed - rest) / (FITTING * n_events)) / 100 if n_events else 1.0
        share = float(np.clip(share, LEAST, 1.0))
    needed = max(reading, rest + share * FITTING * n_events)
    return Plan(config.project.memory_gb, n_events, share, needed / GB, whole / GB, needed <= allowed)


def plan_of(config: Config, tables: Tables) -> Plan:
    """Give the plan for checked tables."""
    return plan(config, sum(events_of(table).n_events for table in tables.events))


def sampled(tables: Tables, share: float, seed: int) -> Tables:
    """Give the tables of a random sample of the users that any table knows.

    Args:
        share: of users, in (0, 1]. seed: the project's root seed.
    """
    if share >= 1:
        return tables
    everybody = np.unique(np.concatenate([users_of(table) for table in (*tables.events, *tables.users)]))
    n = max(1, round(share * len(everybody)))
    kept = everybody[np.sort(generator(seed, "fitted-on").choice(len(everybody), n, replace=False))]
    return Tables({table.name: _of(table, kept) for table in tables})


def _of(table: CheckedTable, kept: Ids) -> CheckedTable:
    if table.role == EVENTS:
        events = events_of(table)
        return CheckedTable.of_events(
            table.name, events.take(np.isin(events.users, kept)[events.user]), table.attributes
        )
    if table.role == USERS:
        rows = local.collect(table.frame)
        return table.with_frame(local.lazy(rows.filter(rows[USER].is_in(kept.tolist()))))
    return table
