"""What a graph is: nodes and edges as columns, its communities, and what chance would give in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["items", "users", "browsing"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SCHEMA: Final = "coterie.graph"
VERSION: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """(e,) edges, by start and then by end.

    Args:
        start, end: places of nodes; of an edge without a direction the smaller one first.
        weight: above zero; what it counts stands in the graph.
        users: users behind each, rounded down to a multiple of the smallest cell; None where edges are no counts.
        expected: what chance gives on average; None where there is no chance to compare with.
        q: false discovery rate that the edge stands at, rounded up; see ``chance.rounded_up``. None as above.
    """

    start: Ints
    end: Ints
    weight: Floats
    users: Ints | None = None
    expected: Floats | None = None
    q: Floats | None = None

    def __len__(self) -> int:
        return len(self.start)

    def take(self, kept: npt.NDArray[np.bool_] | Ints) -> Links:
        """Give some of the edges."""
        own = (self.start, self.end, self.weight, self.users, self.expected, self.q)
        return Links(*(None if column is None else column[kept] for column in own))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Edges that were found, before communities.

    Args:
        ids: (n,) sorted. users: (n,) users of each node, rounded down to a multiple of the smallest cell.
        links: edges kept. n_tested: pairs that were held against chance; 0 where there is no chance to compare with.
        n_over: of the edges that enough users are behind, those that are more than chance.
        n_enough: edges that enough users are behind. left_out: what is not in it, in words.
    """

    ids: tuple[str, ...]
    users: Ints | None
    links: Links
    n_tested: int
    n_over: int
    n_enough: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Modularity where there are no communities.

    Args:
        against: what is random. values: one a random graph, rising.
    """

    against: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean modularity."""
        return float(np.mean(self.values)) if self.values else float("nan")


@dataclass(frozen=True, slots=True)
class Community:
    """Nodes that are linked among themselves more than with others.

    Args:
        number: from 1, the largest first. size: nodes.
        leading: their places, by PageRank, the first few. inside: share of the weight of its nodes' edges that stays
            inside, in [0, 1].
    """

    number: int
    size: int
    leading: tuple[int, ...]
    inside: float


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A graph with its communities; columns of nodes are in the order of their sorted ids.

    Args:
        kind: which graph. run_id: the run it was made of. is_directed: whether start and end differ.
        weight: what an edge's weight is. min_cell: the fewest users that are told of.
        ids, labels: (n,) ids, and titles where items have them. users: (n,), see ``Found``.
        segments: (n,) segment of each user; None of other kinds.
        community: (n,) number of each node's community. pagerank: (n,) sums to 1.
        links: edges. communities: largest first.
        modularity: of the communities, at most 1. references: what it is where there are none.
        agreement: adjusted Rand index of communities with segments; None of other kinds.
        n_tested, n_over, n_enough, left_out: see ``Found``.
    """

    kind: Kind
    run_id: str
    is_directed: bool
    weight: str
    min_cell: int
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    users: Ints | None
    segments: tuple[str, ...] | None
    community: Ints
    pagerank: Floats
    links: Links
    communities: tuple[Community, ...]
    modularity: float
    references: tuple[Reference, ...]
    agreement: float | None
    n_tested: int
    n_over: int
    n_enough: int
    left_out: tuple[str, ...]

    @property
    def is_more_than_chance(self) -> bool:
        """Whether the communities are more modular than those of every random graph."""
        values = [value for one in self.references for value in one.values]
        return bool(values) and self.modularity > max(values)
