"""A graph cut to what can be read, with a place for each node: a ``Graph`` in, a ``DrawnGraph`` out.

The largest communities, where any are claimed, are shown by their leading nodes, and of these the strongest edges.
Where chance was reckoned with, an edge is as strong as it goes beyond it. Places come from a force layout that begins
on a circle of communities, so that they depend on nothing but the graph; then labels are pushed apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.activation.graphs.types import Community, Floats, Graph, Ints

WIDTH, HEIGHT = 760.0, 560.0  # pixels that places are in
MOST_COMMUNITIES: Final = 6
MOST_NODES: Final = 36
_EDGES_PER_NODE: Final = 3
LONGEST: Final = 24  # characters of a label
_CHARACTER, _LINE = 6.0, 40.0  # pixels of a letter, and of a node with the label below it
_ROUNDS, _PUSHES = 400, 600
_GOLDEN: Final = np.pi * (3.0 - np.sqrt(5.0))
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnGraph:
    """What is drawn.

    Args:
        kind, is_directed, weight: those of the graph.
        labels: (n,) cut to a line. community: (n,) numbers. size: (n,) PageRank, the highest shown is 1.
        x, y: (n,) pixels from the left and from the top.
        start, end: (e,) places of nodes. strength: (e,) weight, or how far beyond chance it is; the highest is 1.
        communities: numbers of those shown. sizes: their nodes in the whole graph.
        cut: what is not shown, in words.
    """

    kind: str
    is_directed: bool
    weight: str
    labels: tuple[str, ...]
    community: Ints
    size: Floats
    x: Floats
    y: Floats
    start: Ints
    end: Ints
    strength: Floats
    communities: tuple[int, ...]
    sizes: tuple[int, ...]
    cut: str


def drawn(graph: Graph) -> DrawnGraph:
    """Cut a graph to at most ``MOST_NODES`` nodes of ``MOST_COMMUNITIES`` communities, and place them."""
    graph = graph if graph.is_more_than_chance else _in_one(graph)
    shown = graph.communities[:MOST_COMMUNITIES]
    nodes = _leading(graph, len(shown))
    start, end, weight = _strongest(graph, nodes)
    labels = tuple(_short(graph.labels[at]) for at in nodes)
    community, rank = graph.community[nodes], graph.pagerank[nodes]
    x, y = _placed(community, start, end, weight, labels)
    return DrawnGraph(
        kind=graph.kind,
        is_directed=graph.is_directed,
        weight=graph.weight,
        labels=labels,
        community=community,
        size=rank / max(float(rank.max(initial=0.0)), 1e-300),
        x=x,
        y=y,
        start=start,
        end=end,
        strength=weight / max(float(weight.max(initial=0.0)), 1e-300),
        communities=tuple(one.number for one in shown),
        sizes=tuple(one.size for one in shown),
        cut=_told(graph, len(shown), len(nodes), len(start)),
    )


def _in_one(graph: Graph) -> Graph:
    """Give the graph with all nodes in one community, for one whose communities are not claimed."""
    n = len(graph.ids)
    leading = np.lexsort((np.arange(n), -graph.pagerank))[:MOST_NODES]
    whole = Community(1, n, tuple(leading.tolist()), 1.0)
    return replace(graph, community=np.ones(n, np.int64), communities=(whole,))


def _leading(graph: Graph, n_shown: int) -> Ints:
    """Give the places of the leading nodes, as many of each community as there is room for."""
    room = MOST_NODES
    picked: list[int] = []
    by_size = sorted(graph.communities[:n_shown], key=lambda one: (one.size, one.number))
    for left, one in zip(range(n_shown, 0, -1), by_size, strict=True):
        some = one.leading[: room // left]
        picked.extend(some)
        room -= len(some)
    return np.array(sorted(picked, key=lambda at: (graph.community[at], -graph.pagerank[at], at)), np.int64)


def _strongest(graph: Graph, nodes: Ints) -> tuple[Ints, Ints, Floats]:
    """Give the edges among nodes that are one of the strongest of either end."""
    place = np.full(len(graph.ids), -1, np.int64)
    place[nodes] = np.arange(len(nodes))
    start, end, weight = place[graph.links.start], place[graph.links.end], _beyond_chance(graph)
    among = (start >= 0) & (end >= 0)
    start, end, weight = start[among], end[among], weight[among]
    kept = np.zeros(len(start), np.bool_)
    order = np.lexsort((end, start, -weight))
    for node in range(len(nodes)):
        own = order[(start[order] == node) | (end[order] == node)]
        kept[own[:_EDGES_PER_NODE]] = True
    return start[kept], end[kept], weight[kept]


def _beyond_chance(graph: Graph) -> Floats:
    links = graph.links
    if links.expected is None:
        return links.weight
    return np.maximum(links.weight - links.expected, 0.0)


def _told(graph: Graph, n_communities: int, n_nodes: int, n_edges: int) -> str:
    of = f" in {n_communities:,} of {len(graph.communities):,} communities" if graph.is_more_than_chance else ""
    return (
        f"{n_nodes:,} of {len(graph.ids):,} nodes: those of the highest PageRank{of}; "
        f"{n_edges:,} of {len(graph.links):,} edges: the {_EDGES_PER_NODE} strongest of each"
    )


def _short(label: str) -> str:
    line = " ".join(label.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def _placed(community: Ints, start: Ints, end: Ints, weight: Floats, labels: tuple[str, ...]) -> tuple[Floats, Floats]:
    if not len(community):
        return np.empty(0), np.empty(0)
    at = _forced(community, start, end, weight)
    low, high = at.min(axis=0), at.max(axis=0)
    scaled = np.where(high > low, (at - low) / np.maximum(high - low, 1e-9), 0.5)
    half = np.array([[_CHARACTER * max(len(label), 3) / 2 + 4, _LINE / 2] for label in labels])
    box = np.array([WIDTH, HEIGHT])
    x, y = _apart(half + scaled * (box - 2 * half), half, box).T
    return x, y


def _forced(community: Ints, start: Ints, end: Ints, weight: Floats) -> Floats:
    """Place nodes by springs along edges and pushes between all, the steps ever smaller.

    Source:
        Fruchterman & Reingold (1991), "Graph drawing by force-directed placement".
    """
    n = len(community)
    numbers, group = np.unique(community, return_inverse=True)
    angle = 2 * np.pi * np.arange(len(numbers)) / len(numbers)
    homes = np.column_stack([np.cos(angle), np.sin(angle)]) * (1.0 if len(numbers) > 1 else 0.0)
    order = np.arange(n) - np.searchsorted(group, group)
    spin = order * _GOLDEN
    at: Floats = homes[group] + 0.3 * np.sqrt((order + 0.5) / n)[:, None] * np.column_stack(
        [np.cos(spin), np.sin(spin)]
    )
    near = 1.1 / np.sqrt(n)
    pull = 0.3 + 0.7 * weight / max(float(weight.max(initial=0.0)), 1e-300)
    pull = np.where(community[start] == community[end], pull, 0.15 * pull)[:, None]
    for turn in range(_ROUNDS):
        gap = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((gap**2).sum(axis=2)), 1e-6)
        force = (gap * (near**2 / distance**2)[:, :, None]).sum(axis=1)
        spring = at[end] - at[start]
        spring = spring * np.sqrt((spring**2).sum(axis=1))[:, None] / near * pull
        np.add.at(force, start, spring)
        np.add.at(force, end, -spring)
        force += 2.5 * (homes[group] - at)
        length = np.maximum(np.sqrt((force**2).sum(axis=1)), 1e-12)
        most = 0.1 * (1.0 - turn / _ROUNDS) + 0.001
        at = at + force / length[:, None] * np.minimum(length, most)[:, None]
    return at


def _apart(places: Floats, half: Floats, box: Floats) -> Floats:
    """Push boxes that overlap apart, each half of the way along the side where it is shorter, within the picture."""
    at: Floats = places.copy()
    pairs: Flags = ~np.eye(len(at), dtype=np.bool_)
    for _ in range(_PUSHES):
        gap = at[:, None, :] - at[None, :, :]
        over = half[:, None, :] + half[None, :, :] - np.abs(gap)
        hits = pairs & (over > 0).all(axis=2)
        if not hits.any():
            break
        sideways = over[:, :, 0] < over[:, :, 1]
        push = np.where(np.stack([sideways, ~sideways], axis=2), over, 0.0) * hits[:, :, None]
        first = np.arange(len(at))[:, None] < np.arange(len(at))[None, :]
        sign = np.where(gap != 0, np.sign(gap), np.where(first, -1.0, 1.0)[:, :, None])
        moved: Floats = at + 0.3 * (sign * push).sum(axis=1)
        at = np.minimum(np.maximum(moved, half), box - half)
    return at
