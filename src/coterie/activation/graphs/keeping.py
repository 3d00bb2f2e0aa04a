"""A graph of items as a run keeps it: what is drawn, its communities and its strongest edges, in plain values.

No node is a user, and no edge tells of fewer users than the smallest cell: it names nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from coterie.activation.graphs.drawing import DrawnGraph, drawn
from coterie.activation.graphs.telling import listed, strongest
from coterie.activation.graphs.types import Graph, Reference

SCHEMA: Final = "coterie.graph-shown"
VERSION: Final = 1
MOST_EDGES: Final = 1_000  # kept; `coterie graph items --out` writes all of any graph
MOST_COMMUNITIES: Final = 20


@dataclass(frozen=True, slots=True)
class Cut:
    """``DrawnGraph`` as it is kept; see there."""

    labels: tuple[str, ...]
    community: tuple[int, ...]
    size: tuple[float, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    start: tuple[int, ...]
    end: tuple[int, ...]
    strength: tuple[float, ...]
    communities: tuple[int, ...]
    sizes: tuple[int, ...]
    said: str


@dataclass(frozen=True, slots=True)
class KeptCommunity:
    """A community with its leading items, by PageRank.

    Args:
        number: from 1, the largest first. size: items. inside: see ``Community``. ids, labels: of the leading few.
    """

    number: int
    size: int
    inside: float
    ids: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptEdge:
    """Two items that more users like both of than chance gives.

    Args:
        start, end: ids. labels: of the two.
        users: who like both, rounded down to a multiple of the smallest cell. expected: by chance.
        q: false discovery rate at most.
    """

    start: str
    end: str
    labels: tuple[str, str]
    users: int
    expected: float
    q: float


@dataclass(frozen=True, slots=True)
class KeptGraph:
    """The graph of items of a run.

    Args:
        run_id: the run. table: of events. min_cell: the fewest users that are told of.
        missing: why there is no graph, in words; None where there is one.
        n_items, n_edges: of the graph. n_tested, n_enough, left_out: see ``Found``.
        n_communities: 0 where none are claimed. modularity: of communities; None without a graph.
        references: what it is where there are none.
        communities: the largest. edges: the strongest, at most ``MOST_EDGES``. cut: what is drawn.
    """

    run_id: str
    table: str
    min_cell: int
    missing: str | None = None
    n_items: int = 0
    n_edges: int = 0
    n_tested: int = 0
    n_enough: int = 0
    n_communities: int = 0
    modularity: float | None = None
    references: tuple[Reference, ...] = ()
    communities: tuple[KeptCommunity, ...] = ()
    edges: tuple[KeptEdge, ...] = ()
    left_out: tuple[str, ...] = ()
    cut: Cut | None = None

    @property
    def sentence(self) -> str:
        """The graph in a sentence or two."""
        if self.missing is not None:
            return f"There is no graph of items: {self.missing}."
        told = (
            f"{self.n_items:,} items are linked by {self.n_edges:,} edges: of {self.n_tested:,} pairs, those that more "
            f"users like together than chance gives (false discovery rate 5%)."
        )
        if self.n_communities:
            each = f"communit{'y' if self.n_communities == 1 else 'ies'}"
            return f"{told} They fall into {self.n_communities:,} {each}, more clearly than chance gives."
        return f"{told} No communities are claimed: chance gives as clear ones."

    @property
    def drawing(self) -> DrawnGraph | None:
        """What is drawn; None where there is no graph."""
        cut = self.cut
        if cut is None:
            return None
        numbers, places = np.int64, np.float64
        return DrawnGraph(
            kind="items",
            is_directed=False,
            weight="users who like both",
            labels=cut.labels,
            community=np.array(cut.community, numbers),
            size=np.array(cut.size, places),
            x=np.array(cut.x, places),
            y=np.array(cut.y, places),
            start=np.array(cut.start, numbers),
            end=np.array(cut.end, numbers),
            strength=np.array(cut.strength, places),
            communities=cut.communities,
            sizes=cut.sizes,
            cut=cut.said,
        )


def kept(graph: Graph, table: str) -> KeptGraph:
    """Cut a graph of items to what a run keeps of it.

    Args:
        table: of events that it was made of.
    """
    links, claimed = graph.links, listed(graph)
    if graph.kind != "items" or links.users is None or links.expected is None or links.q is None:
        raise AssertionError("a run keeps the graph of items alone")
    return KeptGraph(
        run_id=graph.run_id,
        table=table,
        min_cell=graph.min_cell,
        n_items=len(graph.ids),
        n_edges=len(links),
        n_tested=graph.n_tested,
        n_enough=graph.n_enough,
        n_communities=len(claimed),
        modularity=graph.modularity,
        references=graph.references,
        communities=tuple(
            KeptCommunity(
                one.number,
                one.size,
                one.inside,
                tuple(graph.ids[at] for at in one.leading),
                tuple(graph.labels[at] for at in one.leading),
            )
            for one in claimed[:MOST_COMMUNITIES]
        ),
        edges=tuple(
            KeptEdge(
                graph.ids[links.start[at]],
                graph.ids[links.end[at]],
                (graph.labels[links.start[at]], graph.labels[links.end[at]]),
                int(links.users[at]),
                float(links.expected[at]),
                float(links.q[at]),
            )
            for at in strongest(graph, MOST_EDGES)
        ),
        left_out=graph.left_out,
        cut=_cut(drawn(graph)),
    )


def _cut(record: DrawnGraph) -> Cut:
    def short(values: object) -> tuple[float, ...]:
        return tuple(np.round(np.asarray(values, np.float64), 4).tolist())

    return Cut(
        labels=record.labels,
        community=tuple(record.community.tolist()),
        size=short(record.size),
        x=short(record.x),
        y=short(record.y),
        start=tuple(record.start.tolist()),
        end=tuple(record.end.tolist()),
        strength=short(record.strength),
        communities=record.communities,
        sizes=record.sizes,
        said=record.cut,
    )
