"""All of a project's tables, from raw rows to checked and cleaned ones.

Tables of users and items are checked first, then events against them, then everything is cleaned. Checking never
stops at a bad row: rejects are gathered, and too many of them are said in ``over_limit``, so that a caller can write
them down before it raises. For new users the same checks run without the cleaning, and nobody is unknown.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw

from coterie.config import Config, Table
from coterie.engines import local
from coterie.errors import ConfigError, DataError, RejectedError, UnknownNameError, shown
from coterie.sources.contract import RawTable
from coterie.tables import rules
from coterie.tables.assessing import Checked
from coterie.tables.attributes import attribute_kinds
from coterie.tables.cleaning import Cleaned, CleaningAccount, clean, filtered_table
from coterie.tables.entities import check_entities, known_ids
from coterie.tables.events import Known, check_events, newest_event
from coterie.tables.forgetting import KeptOut, kept_out_of
from coterie.tables.types import CheckedTable, RuleCount, Tables, events_of
from coterie.tables.window import Span, needs_newest, span_of
from coterie.terms import EVENTS, ITEM, ITEMS, USER, USERS, Role


@dataclass(frozen=True, slots=True)
class BuiltTables:
    """Checked and cleaned tables, and an account of every row that was read.

    For each table ``read = kept + rejected + cleaned``.

    Args:
        tables: what the rest of Coterie reads; at hand. Not cleaned where ``over_limit`` is set.
        rejects: by table, the source's columns as they were (``_row`` and ``_file`` where it has them), ``_column`` and
            ``_reason``: rejected rows, rows that a policy on duplicates superseded, and the rows of blanked cells.
        counts: what each check and cleaning rule did.
        read: rows of each source. kept: rows of each table in ``tables``.
        over_limit: None, or why the run must stop: too many rows were rejected.
        cleaning: events before cleaning and after it; None where nothing was cleaned.
        span: of the events in ``tables``; None where the window is open.
    """

    tables: Tables
    rejects: Mapping[str, nw.LazyFrame[Any]]
    counts: tuple[RuleCount, ...]
    read: Mapping[str, int]
    kept: Mapping[str, int]
    over_limit: str | None
    cleaning: CleaningAccount | None = None
    span: Span | None = None

    @property
    def rejected(self) -> Mapping[str, int]:
        """Rows of each table that a check refused."""
        return {name: rules.rejected_rows(self.counts, name) for name in self.read}

    @property
    def cleaned(self) -> Mapping[str, int]:
        """Rows of each table that a declared policy or cleaning rule took out."""
        return {name: rules.cleaned_rows(self.counts, name) for name in self.read}

    def raise_if_over_limit(self) -> None:
        """Stop here when too many rows were rejected.

        Raises:
            RejectedError: names the table, the share, the most frequent fault and what to do.
        """
        if self.over_limit is not None:
            raise RejectedError(self.over_limit)


def build_tables(
    config: Config, raw: Mapping[str, RawTable], *, now_s: float | None = None, kept_out: KeptOut | None = None
) -> BuiltTables:
    """Check and clean all tables of a project.

    Args:
        config: the project's.
        raw: every table of the config by name. Tables of one backend are joined on it (they must share its connection);
            where backends are mixed, rows are fetched first.
        now_s: the present, seconds since 1970; by default the clock's.
        kept_out: users whose rows are left out whatever the sources say.

    Raises:
        ConfigError: columns, types or ``drop_users`` do not fit; found before rows are read where that can be.
        DataError: a table has no rows, or cleaning leaves no event.
    """
    _check_config(config)
    for name in config.tables:
        if name not in raw:
            raise DataError(f"the table '{name}' of the config was not read; expected all of its tables")
    raw = _on_one_backend(raw)
    now_s = _now(now_s)
    span = span_of(config.window, _newest(config, raw, now_s=now_s))
    checked = _check_all(config, raw, now_s=now_s, scoring=False, span=span)
    if kept_out is not None:
        checked = {name: kept_out_of(found, config.tables[name], kept_out) for name, found in checked.items()}
    over_limit = _over_limit(config, checked)
    tables = Tables({name: checked[name].table for name in config.tables})
    cleaned = clean(tables, config.clean) if over_limit is None else None
    built = _built(cleaned.tables if cleaned else tables, checked, cleaned, over_limit)
    return replace(built, span=span)


def build_for_scoring(config: Config, raw: Mapping[str, RawTable], *, now_s: float | None = None) -> BuiltTables:
    """Check the tables of new users, as the training users' were, without cleaning them.

    Nobody is unknown: a new user need not be in a table of users. Events of items that no given table of items knows
    are kept and counted; the features pass over them.

    Args:
        config: the project's.
        raw: any of the config's tables by name. now_s: as for ``build_tables``.

    Raises:
        UnknownNameError: a name is not one of the config's tables.
        ConfigError: columns or types do not fit.
        DataError: a table has no rows.
    """
    _check_config(config)
    checked = _check_all(config, raw, now_s=_now(now_s), scoring=True)
    tables = Tables({name: checked[name].table for name in config.tables if name in checked})
    return _built(tables, checked, None, _over_limit(config, checked))


def _newest(config: Config, raw: Mapping[str, RawTable], *, now_s: float) -> Iterator[float]:
    """Give the time of the newest event of each table of events, where the window hangs on it."""
    for name, table in config.tables.items():
        if table.role == EVENTS and needs_newest(config.window):
            newest = newest_event(name, table, raw[name], now_s=now_s)
            if newest is not None:
                yield newest


def _now(now_s: float | None) -> float:
    return time.time() if now_s is None else now_s


def _check_config(config: Config) -> None:
    """Refuse what would be ignored or fail only after hours of reading."""
    kinds = {}
    for name, table in config.tables.items():
        kinds[name] = attribute_kinds(name, table)
        if table.role == EVENTS:
            continue
        for key in ("duplicates", "unknown"):
            if getattr(table, key) != Table.model_fields[key].default:
                where = f"tables.{name}.{key}"
                raise ConfigError(f"'{where}' is for tables of role 'events', not '{table.role}'; leave it out")
    if config.clean.drop_users is not None:
        of_users = {name: kind for name, kind in kinds.items() if config.tables[name].role == USERS}
        filtered_table(of_users, config.clean.drop_users)


def _check_all(
    config: Config, raw: Mapping[str, RawTable], *, now_s: float, scoring: bool, span: Span | None = None
) -> dict[str, Checked]:
    for name in raw:
        if name not in config.tables:
            raise UnknownNameError("table", name, config.tables)
    raw = _on_one_backend(raw)
    named = {name: config.tables[name] for name in config.tables if name in raw}
    checked = {name: check_entities(name, table, raw[name]) for name, table in named.items() if table.role != EVENTS}
    users = None if scoring else _known(USERS, USER, named, raw, checked)
    items = _known(ITEMS, ITEM, named, raw, checked)
    for name, table in named.items():
        if table.role == EVENTS:
            known = Known(users, items, rejects=table.unknown == "reject" and not scoring)
            checked[name] = check_events(name, table, raw[name], known=known, now_s=now_s, span=span)
    return checked


def _on_one_backend(raw: Mapping[str, RawTable]) -> Mapping[str, RawTable]:
    if len({table.frame.implementation for table in raw.values()}) < 2:
        return raw
    return {name: RawTable(local.here(table.frame), table.location, table.fingerprint) for name, table in raw.items()}


def _known(
    role: Role, key: str, named: Mapping[str, Table], raw: Mapping[str, RawTable], checked: Mapping[str, Checked]
) -> nw.LazyFrame[Any] | None:
    """Give the ids that the tables of a role know together, or None where there is no such table."""
    ids = [known_ids(checked[name], table, raw[name]) for name, table in named.items() if table.role == role]
    if not ids:
        return None
    return ids[0] if len(ids) == 1 else nw.concat(ids, how="vertical").select(key).unique()


def _over_limit(config: Config, checked: Mapping[str, Checked]) -> str | None:
    """Say which table has too many rejects, the one with the largest share; None where none has.

    A table of which nothing is left has too many whatever the config allows.
    """
    limit = config.clean.max_reject_share
    shares = {name: rules.rejected_rows(table.counts, name) / table.read for name, table in checked.items()}
    worst = max(shares, key=lambda name: shares[name])
    if shares[worst] <= limit and shares[worst] < 1:
        return None
    read = checked[worst].read
    top = max((count for count in checked[worst].counts if count.counts_as_reject), key=lambda count: count.rows)
    where = f" in column '{top.column}'" if top.column else ""
    example = f", for example {shown(top.example)}" if top.example else ""
    over = f"more than clean.max_reject_share = {limit:g} allows" if shares[worst] > limit else "and none is left"
    return (
        f"table '{worst}': {round(shares[worst] * read):,} of {read:,} rows ({shares[worst]:.1%}) were rejected, "
        f"{over}; most often ({top.rows:,}) '{top.rule}'{where}{example}; {_remedy(worst, top)}"
    )


def _remedy(table: str, top: RuleCount) -> str:
    if top.rule == rules.DUPLICATE:
        return f"say what to do with them in 'tables.{table}.duplicates', or raise max_reject_share"
    if top.rule in {rules.UNKNOWN_USER, rules.UNKNOWN_ITEM}:
        complete = "complete the table that should know them"
        return f"{complete}, set 'tables.{table}.unknown' to \"keep\", or raise max_reject_share"
    return f"fix the source or its entry 'tables.{table}', or raise max_reject_share"


def _built(
    tables: Tables, checked: Mapping[str, Checked], cleaned: Cleaned | None, over_limit: str | None
) -> BuiltTables:
    cleaning = cleaned.counts if cleaned is not None else ()
    return BuiltTables(
        tables=tables,
        rejects={table.name: checked[table.name].rejects for table in tables},
        counts=(*(count for table in tables for count in checked[table.name].counts), *cleaning),
        read={table.name: checked[table.name].read for table in tables},
        kept={table.name: _height(table) for table in tables},
        over_limit=over_limit,
        cleaning=None if cleaned is None else cleaned.account,
    )


def _height(table: CheckedTable) -> int:
    if table.role == EVENTS:
        return events_of(table).n_events
    rows: int = local.collect(table.frame.select(n=nw.len())).item()
    return rows
