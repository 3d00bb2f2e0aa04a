"""Graphs of a finished run: a run and a kind in, a ``Graph`` with its communities out; nothing in the run changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, get_args

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie import plugins
from coterie.activation.graphs.browsing import Steps, transitions
from coterie.activation.graphs.communities import partition
from coterie.activation.graphs.types import Found, Graph, Kind, Reference
from coterie.activation.graphs.users import cloud_like, nearest_users
from coterie.engines import local
from coterie.errors import ConfigError, DataError, UnknownNameError
from coterie.features.aligning import columns_of
from coterie.runs import tables_on_disk
from coterie.runs.graphing import Clouds, Progress, item_links, silent, titles_of, with_communities
from coterie.runs.result import Run
from coterie.selection.stability import adjusted_rand
from coterie.tables import CheckedTable, Tables
from coterie.terms import ITEM, NOISE_ID, OF_USERS, SEGMENT, TIME, USER

GAP_MIN: Final = 30.0  # minutes; source: Catledge & Pitkow (1995) found 25.5, and web analytics rounded it up
_PAGE: Final = "_page"
_SESSION: Final = "_session"


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """What a graph is made of.

    Args:
        min_users: users of an item or page that is in it at all; None: of items 10, of pages the smallest cell,
            and never fewer than that.
        all_edges: keep edges that chance explains too.
        neighbours: of each user. mutual: only where each is among the other's.
        table: of events; needed where there are several. page: a category of its events; None: the item.
        referrer: a category that says where an event came from; None: steps from one event to the next in time.
        session: a category that says which events go together; None: those with no gap of ``gap_min`` minutes.
    """

    min_users: int | None = None
    all_edges: bool = False
    neighbours: int = 10
    mutual: bool = False
    table: str | None = None
    page: str | None = None
    referrer: str | None = None
    session: str | None = None
    gap_min: float = GAP_MIN


def graph(run: Run, kind: Kind, options: GraphOptions | None = None, *, step: Progress = silent) -> Graph:
    """Link items that the same users like, users who are alike, or pages that lead to pages; and find communities.

    Args:
        run: a finished run; what it cleaned and learned is read, nothing is fitted on other rows.
        kind: "items", "users" or "browsing". step: told what is done of how much.

    Raises:
        UnknownNameError: there is no such kind, table or column.
        ConfigError: an option does not fit the kind, the table or the smallest cell.
        DataError: no edge is left. MissingExtraError: igraph is not installed.
    """
    options = options or GraphOptions()
    _refuse(run, kind, options)
    plugins.require("igraph", extra="graph")
    if kind == "users":
        ids, points = _points(run)
        found = nearest_users(points, ids, k=options.neighbours, mutual=options.mutual)
        clouds = partial(_clouds, points, options)
        return _with_segments(run, _with_communities(run, kind, options, found, found.ids, step=step, clouds=clouds))
    tables = tables_on_disk.load(run.folder, OF_USERS).tables
    table = _events(tables, options.table)
    if kind == "items":
        found = item_links(run.config, table, min_users=options.min_users, all_edges=options.all_edges, step=step)
    else:
        found = _of_pages(run, table, options)
    labels = titles_of(tables, found.ids) if kind == "items" or options.page is None else found.ids
    return _with_communities(run, kind, options, found, labels, step=step)


def _with_communities(
    run: Run,
    kind: Kind,
    options: GraphOptions,
    found: Found,
    labels: tuple[str, ...],
    *,
    step: Progress,
    clouds: Clouds | None = None,
) -> Graph:
    _refuse_empty(found, options)
    return with_communities(run.config, run.id, kind, found, labels=labels, clouds=clouds, step=step)


def _refuse_empty(found: Found, options: GraphOptions) -> None:
    if len(found.links):
        return
    told = f": {'; '.join(found.left_out)}" if found.left_out else ""
    if found.n_enough and not options.all_edges:
        raise DataError(
            f"none of {found.n_enough:,} edges is more than chance gives{told}; keep them all with all_edges "
            "(--all-edges)"
        )
    raise DataError(f"the graph has no edge that enough users are behind{told}; give more events or a lower min_users")


def _refuse(run: Run, kind: str, options: GraphOptions) -> None:
    if kind not in get_args(Kind):
        raise UnknownNameError("graph", kind, get_args(Kind))
    entity = run.config.project.entity
    if kind == "users" and entity != OF_USERS:
        raise ConfigError(f"the run '{run.id}' segments {entity}, and users are linked by a run of users; name one")
    least = run.config.segments.min_cell
    if options.min_users is not None and options.min_users < least:
        raise ConfigError(
            f"a graph of items that {options.min_users} users took would tell of fewer than [segments] min_cell = "
            f"{least}; ask for {least} or more"
        )
    if options.neighbours < 1:
        raise ConfigError(f"a user is linked with {options.neighbours} others; expected 1 or more")
    if not options.gap_min > 0:
        raise ConfigError(f"a session ends after {options.gap_min:g} minutes; expected more than 0")


def _events(tables: Tables, name: str | None) -> CheckedTable:
    known = [table.name for table in tables.events]
    if name is None and len(known) == 1:
        return tables[known[0]]
    if name is None:
        listed = ", ".join(f"'{one}'" for one in known) or "none"
        raise ConfigError(f"a graph is made of one table of events, and there are {len(known)} ({listed}); name one")
    if name not in known:
        raise UnknownNameError("table of events", name, known)
    return tables[name]


def _points(run: Run) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.float32]]:
    ids = np.sort(np.array(run.assignments()[USER].to_list(), np.str_))
    points, known = run.model().space.embed(run.tables(), ids)
    return ids[known], points[known]


def _of_pages(run: Run, table: CheckedTable, options: GraphOptions) -> Found:
    page = _column(table, options.page, "page")
    if options.referrer is not None:
        steps = _referred(table, page, _column(table, options.referrer, "referrer"))
    elif TIME not in columns_of(table):
        raise ConfigError(
            f"steps from page to page go by time, and the table '{table.name}' has none; give it 'time' in the config, "
            "or name the column that says where an event came from (referrer)"
        )
    else:
        session = None if options.session is None else _column(table, options.session, "session")
        steps = _in_sessions(table, page, session, options.gap_min)
    return transitions(
        steps,
        min_users=options.min_users or run.config.segments.min_cell,
        min_cell=run.config.segments.min_cell,
        all_edges=options.all_edges,
    )


def _column(table: CheckedTable, name: str | None, what: str) -> str:
    if name is None or name == "item":
        return ITEM
    known = [one for one, kind in table.attributes.items() if kind == "category"]
    if name not in known:
        raise UnknownNameError(f"{what} among the categories of '{table.name}':", name, [*known, "item"])
    return name


def _referred(table: CheckedTable, page: str, referrer: str) -> Steps:
    rows = local.collect(
        table.frame.select(
            nw.col(USER), nw.col(referrer).cast(nw.String).alias(_SESSION), nw.col(page).cast(nw.String).alias(_PAGE)
        )
    ).drop_nulls()
    user = rows[USER].rank("dense").to_numpy().astype(np.int64) - 1 if rows.height else np.empty(0, np.int64)
    return _steps(rows[_SESSION], rows[_PAGE], user, user)


def _in_sessions(table: CheckedTable, page: str, session: str | None, gap_min: float) -> Steps:
    """Pair each event with the next one of its session, where both have a time of their own."""
    together = nw.lit("") if session is None else nw.col(session).cast(nw.String)
    wanted = table.frame.filter(nw.col(TIME).is_finite()).select(
        nw.col(USER), together.alias(_SESSION), nw.col(TIME), nw.col(page).cast(nw.String).alias(_PAGE)
    )
    rows = local.collect(wanted).drop_nulls().unique().sort(USER, _SESSION, TIME, _PAGE)
    if rows.height < 2:
        none = np.empty(0, np.int64)
        return _steps(rows[_PAGE][:0], rows[_PAGE][:0], none, none)
    time = rows[TIME].to_numpy()
    goes_on = ((rows[USER] == rows[USER].shift(1)) & (rows[_SESSION] == rows[_SESSION].shift(1))).fill_null(False)
    same = goes_on.to_numpy()[1:]
    if session is None:
        same = same & (np.diff(time) <= gap_min * 60.0)
    number = np.concatenate([[0], np.cumsum(~same)]).astype(np.int64)
    user = rows[USER].rank("dense").to_numpy().astype(np.int64) - 1
    tied = rows.select(USER, _SESSION, TIME).is_duplicated().to_numpy()
    told = same & ~tied[1:] & ~tied[:-1]
    keep = pl.Series(told)
    steps = _steps(rows[_PAGE][:-1].filter(keep), rows[_PAGE][1:].filter(keep), number[1:][told], user[1:][told])
    return replace(steps, n_unordered=int(same.sum() - told.sum()))


def _steps(start: pl.Series, end: pl.Series, session: npt.NDArray[np.int64], user: npt.NDArray[np.int64]) -> Steps:
    names = pl.concat([start.rename(_PAGE), end.rename(_PAGE)]).unique().sort()
    place = pl.Enum(names) if len(names) else None
    codes = [
        np.empty(0, np.int64) if place is None else one.cast(place).to_physical().to_numpy().astype(np.int64)
        for one in (start, end)
    ]
    return Steps(np.array(names.to_list(), np.str_), codes[0], codes[1], session, user)


def _with_segments(run: Run, found: Graph) -> Graph:
    rows = run.assignments()
    own = dict(zip(rows[USER].to_list(), rows[SEGMENT].to_list(), strict=True))
    segments = tuple(own[one] or NOISE_ID for one in found.ids)
    _, numbers = np.unique(np.array(segments), return_inverse=True)
    agreement = adjusted_rand(numbers.astype(np.int32), (found.community - 1).astype(np.int32))
    return replace(found, segments=segments, agreement=agreement)


def _clouds(
    points: npt.NDArray[np.float32], options: GraphOptions, n_clouds: int, rng: np.random.Generator
) -> Reference:
    values = []
    for _ in range(n_clouds):
        cloud = cloud_like(points, rng)
        near = nearest_users(cloud, np.arange(len(cloud)).astype(np.str_), k=options.neighbours, mutual=options.mutual)
        values.append(partition(near.links, len(near.ids), rng)[1])
    return Reference("clouds of users without groups", tuple(sorted(values)))
