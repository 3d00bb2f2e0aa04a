"""The graph of items, of a run that is made or finished: tables in, a graph with its communities out.

``coterie graph`` makes it of a finished run, and a run whose config has a ``[graph]`` as one of its steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from coterie import plugins
from coterie.activation.graphs.communities import (
    FEW_GRAPHS,
    MANY_EDGES,
    RANDOM_GRAPHS,
    described,
    linked,
    pagerank,
    partition,
    random_modularities,
)
from coterie.activation.graphs.items import co_likes
from coterie.activation.graphs.keeping import KeptGraph, kept
from coterie.activation.graphs.types import Found, Graph, Kind, Links, Reference
from coterie.config import Config
from coterie.engines import local
from coterie.features.aligning import columns_of, events_among, users_of
from coterie.features.interactions import Interactions
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, TITLE, VALUE

MIN_USERS: Final = 10  # of an item, where nothing else is asked for
Progress = Callable[[str, int, int], None]
Clouds = Callable[[int, np.random.Generator], Reference]


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def require_graph(config: Config) -> None:
    """See that a run can make the graph that its config asks for, where it asks for one.

    Raises:
        MissingExtraError: igraph is not installed; names the install line.
    """
    if config.graph is not None:
        plugins.require("igraph", extra="graph")


def graph_of_items(config: Config, tables: Tables, run_id: str, *, step: Progress = silent) -> KeptGraph:
    """Make the graph of items that a config asks for.

    Args:
        config: with a ``[graph]``. tables: as they are declared.

    Returns:
        What a run keeps; where no edge is more than chance, why there is no graph.
    """
    own = None if config.graph is None else config.graph.table
    table = tables[own or next(name for name, one in config.tables.items() if one.role == EVENTS)]
    found = item_links(config, table, step=step)
    if not len(found.links):
        least = config.segments.min_cell
        why = (
            f"none of {found.n_enough:,} pairs is liked together by more users than chance gives"
            if found.n_enough
            else f"no two items are liked together by {least} users or more"
        )
        missing = "; ".join([why, *(f"left out are {reason}" for reason in found.left_out)])
        return KeptGraph(run_id, table.name, least, missing)
    labels = titles_of(tables, found.ids)
    return kept(with_communities(config, run_id, "items", found, labels=labels, step=step), table.name)


def item_links(
    config: Config,
    table: CheckedTable,
    *,
    min_users: int | None = None,
    all_edges: bool = False,
    step: Progress = silent,
) -> Found:
    """Link the items of a table of events by the users who like both.

    Args:
        min_users: of an item that is in it at all; None: 10, and never fewer than the smallest cell.
        all_edges: keep edges that chance explains too.
    """
    ids = users_of(table)
    block = _likes(config, table).fit(Tables({table.name: table}), ids)
    taken = block.apply(Tables({table.name: table}), ids).values
    return co_likes(
        taken,
        block.items,
        min_users=min_users or max(MIN_USERS, config.segments.min_cell),
        min_cell=config.segments.min_cell,
        all_edges=all_edges,
        step=lambda done, total: step("compare items", done, total),
    )


def _likes(config: Config, table: CheckedTable) -> Interactions:
    """Give the rule of what is liked: what is valued highly where events have values that differ, else every event."""
    values = events_among(table, users_of(table)).value if VALUE in columns_of(table) else None
    known = values[np.isfinite(values)] if values is not None else np.empty(0)
    if not len(known) or known.min() == known.max():
        return Interactions("graph", table.name, weight="binary")
    return Interactions("graph", table.name, weight="positive", positive_from=config.evaluation.positive_from)


def titles_of(tables: Tables, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Give each item its title, of several the first in the alphabet; one without is called by its id."""
    titles: dict[str, str] = {}
    for table in tables.items:
        if TITLE in columns_of(table):
            rows = local.collect(table.frame.select(ITEM, TITLE)).drop_nulls()
            for item, title in rows.sort(ITEM, TITLE, descending=True).iter_rows():
                titles[item] = min(title, titles.get(item, title))
    return tuple(titles.get(one, one) for one in ids)


def with_communities(
    config: Config,
    run_id: str,
    kind: Kind,
    found: Found,
    *,
    labels: tuple[str, ...],
    clouds: Clouds | None = None,
    step: Progress = silent,
) -> Graph:
    """Find the communities of a graph that has edges, and hold them against random graphs.

    Args:
        labels: (n,) of the nodes of ``found``. clouds: gives so many values of modularity of another kind of graph
            without communities.
    """
    links, nodes = linked(found.links, len(found.ids))
    n, seed, is_directed = len(nodes), config.project.seed, kind == "browsing"
    left_out = found.left_out
    if n < len(found.ids):
        left_out += (f"{len(found.ids) - n:,} of {len(found.ids):,} that no edge is left of",)
    with single_libraries():
        step("find communities", 0, 2)
        community, modularity = partition(links, n, generator(seed, "graph", kind, "communities"))
        rank = pagerank(links, n, is_directed=is_directed)
        step("find communities", 1, 2)
        references = _references(links, n, seed, kind, clouds)
        step("find communities", 2, 2)
    return Graph(
        kind=kind,
        run_id=run_id,
        is_directed=is_directed,
        weight={"items": "users who like both", "users": "cosine", "browsing": "steps"}[kind],
        min_cell=config.segments.min_cell,
        ids=tuple(found.ids[at] for at in nodes),
        labels=tuple(labels[at] for at in nodes),
        users=None if found.users is None else found.users[nodes],
        segments=None,
        community=community,
        pagerank=rank,
        links=links,
        communities=described(community, links, rank),
        modularity=modularity,
        references=references,
        agreement=None,
        n_tested=found.n_tested,
        n_over=found.n_over,
        n_enough=found.n_enough,
        left_out=left_out,
    )


def _references(links: Links, n: int, seed: int, kind: Kind, clouds: Clouds | None) -> tuple[Reference, ...]:
    rewired = random_modularities(links, n, generator(seed, "graph", kind, "rewired"))
    drawn = [Reference("random graphs of the same degrees", rewired)]
    if clouds is not None:
        n_clouds = RANDOM_GRAPHS if len(links) <= MANY_EDGES // 10 else FEW_GRAPHS
        drawn.append(clouds(n_clouds, generator(seed, "graph", kind, "clouds")))
    return tuple(drawn)
