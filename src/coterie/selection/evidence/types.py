"""The evidence as records: what ``evidence.json`` holds.

A *solution* is a candidate under the name that tells it from the others ("kmeans, k = 5"). Clusters are named in the
order of their labels: by their segment's id in the chosen solution, by a number from 1 on in the others. Numbers are
written with four significant digits: figures show no more.
"""

from __future__ import annotations

from dataclasses import dataclass

from coterie.selection.types import GapCurve, NullTest, Number, StabilityBand

SCHEMA = "coterie.evidence"
VERSION = 1

Numbers = tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class ClusterSilhouette:
    """How the members of one cluster sit in it.

    Args:
        cluster: its name. size: its users, in the sample where there is one. mean: in [-1, 1], higher is better.
        misplaced: share of its users with a silhouette below 0, who are nearer to another cluster.
        values: silhouettes of its users at even steps of rank, from the highest to the lowest.
    """

    cluster: str
    size: int
    mean: Number
    misplaced: Number
    values: Numbers


@dataclass(frozen=True, slots=True)
class SilhouetteProfile:
    """Silhouettes of one solution.

    Args:
        candidate: its place in the decision sheet. solution: its name. k: its number of clusters.
        line: its method.
        mean: over all its users, in [-1, 1].
        n_sampled: users measured, against each other. n_total: users there are.
    """

    candidate: int
    solution: str
    line: str
    k: int
    mean: Number
    clusters: tuple[ClusterSilhouette, ...]
    n_sampled: int
    n_total: int


@dataclass(frozen=True, slots=True)
class KDistance:
    """Distances of users to their m-th neighbour, sorted: where the curve bends up, the thin places begin.

    Args:
        neighbour: m, the user itself not counted. shares: of users at or below, rising in [0, 1].
        distances: at these shares, rising. knee: the distance at the bend. knee_share: the share at the bend.
        tried: values of eps that candidates were made with.
    """

    neighbour: int
    shares: Numbers
    distances: Numbers
    knee: Number
    knee_share: Number
    tried: Numbers
    n_sampled: int
    n_total: int


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A leaf or a merge of a condensed tree.

    Args:
        x: place from left to right; leaf i stands at i. height: 0 of a leaf. left, right: numbers of the nodes that it
            merges, -1 of a leaf. users: below it. cluster: name of the one that most of its users are in, "" of a merge
            whose two sides differ.
    """

    x: float
    height: Number
    left: int
    right: int
    users: int
    cluster: str


@dataclass(frozen=True, slots=True)
class DendrogramRecord:
    """The top of a tree of merges.

    Args:
        nodes: leaves from left to right, then merges from the lowest to the highest; numbered in this order.
        n_leaves: leaves among them. k: clusters that the chosen solution has. cut: height between k and k - 1 merges
            from the top, which cuts the tree into k.
        linkage: how it was merged, or "". n_representatives: points that were merged. n_sampled: users they stand for.
    """

    nodes: tuple[TreeNode, ...]
    n_leaves: int
    k: int
    cut: Number
    linkage: str
    n_representatives: int
    n_sampled: int
    n_total: int


@dataclass(frozen=True, slots=True)
class StabilityBar:
    """Bootstrap Jaccard in [0, 1] of one cluster, and its band."""

    cluster: str
    jaccard: Number
    band: StabilityBand


@dataclass(frozen=True, slots=True)
class StabilityBars:
    """How well each cluster of the chosen solution comes back when users are resampled."""

    solution: str
    bars: tuple[StabilityBar, ...]


@dataclass(frozen=True, slots=True)
class FlowNode:
    """One cluster of one solution: its users, and in [0, 1] how far they come from one cluster of the solution before.

    ``slsa`` is NaN in the first solution, and after one of a single cluster.
    """

    k: int
    cluster: str
    users: int
    slsa: Number


@dataclass(frozen=True, slots=True)
class FlowLink:
    """Users whom a cluster of one solution shares with a cluster of the next; both are places in ``nodes``."""

    source: int
    target: int
    users: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Solutions of one method side by side: where the users of each cluster come from.

    Args:
        method: of all of them. chosen: k of the chosen solution.
        nodes: by k, and within k from top to bottom so that links cross little.
        links: of at least ``least`` users.
    """

    method: str
    chosen: int
    nodes: tuple[FlowNode, ...]
    links: tuple[FlowLink, ...]
    least: int
    n_total: int


@dataclass(frozen=True, slots=True)
class WithinStability:
    """Segment level stability within one solution: a list of values in [0, 1] a cluster, or their mean alone."""

    solution: str
    clusters: tuple[str, ...]
    values: tuple[Numbers, ...]


@dataclass(frozen=True, slots=True)
class AgreementMatrix:
    """Adjusted Rand index between solutions: 1 the same partition, 0 no more alike than by chance.

    Args:
        solutions: (s,) names. values: (s, s), symmetric. left_out: solutions that are not shown.
    """

    solutions: tuple[str, ...]
    chosen: int
    values: tuple[Numbers, ...]
    left_out: int
    n_sampled: int
    n_total: int


@dataclass(frozen=True, slots=True)
class SomGrid:
    """A self-organising map, unit by unit, row by row.

    Args:
        hits: users of each unit. u: mean distance of each unit's weights to those of its neighbours on the grid; high
            values are borders. clusters: name of each unit's cluster.
    """

    rows: int
    columns: int
    hexagonal: bool
    hits: tuple[int, ...]
    u: Numbers
    clusters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParallelLine:
    """One segment on every column, in standard deviations from everybody's mean: mean and quartiles."""

    cluster: str
    mean: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True)
class ParallelUser:
    """One user on every column, in standard deviations from everybody's mean."""

    cluster: str
    values: Numbers


@dataclass(frozen=True, slots=True)
class Parallel:
    """Segments on the columns that set them apart most.

    Args:
        columns: names, by falling ``explained``: the share of a column's variance between segments, in [0, 1].
        left_out: columns that are not shown.
    """

    columns: tuple[str, ...]
    explained: Numbers
    lines: tuple[ParallelLine, ...]
    users: tuple[ParallelUser, ...]
    left_out: int
    n_total: int


@dataclass(frozen=True, slots=True)
class GorgeRow:
    """Similarities to one segment's centroid: shares of its members and of all others in each bin, each adding to 1."""

    cluster: str
    members: Numbers
    others: Numbers


@dataclass(frozen=True, slots=True)
class Gorge:
    """Similarities of users to centroids; where segments are apart, members pile up at 1 and others at 0.

    Args:
        edges: of the bins, from 0 to 1. unit: mean distance of users to their own centroid, which distances are
            measured in.
    """

    edges: Numbers
    unit: Number
    rows: tuple[GorgeRow, ...]
    n_sampled: int
    n_total: int


@dataclass(frozen=True, slots=True)
class SegmentOutline:
    """A segment on the plane: centroid, and a closed line around the half of its users nearest the middle."""

    cluster: str
    x: float
    y: float
    outline_x: Numbers
    outline_y: Numbers


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Share of all users to whom two segments' centroids are the nearest and the second nearest, in either order."""

    one: str
    other: str
    share: float


@dataclass(frozen=True, slots=True)
class Separation:
    """Segments on the first two principal components.

    Args:
        x, y, clusters: a sample of users. explained: share of the variance along x and along y.
        inside: share of users that each outline would hold if they were normal. edges: shares of at least 1%.
    """

    x: Numbers
    y: Numbers
    clusters: tuple[str, ...]
    outlines: tuple[SegmentOutline, ...]
    edges: tuple[Neighbours, ...]
    explained: tuple[Number, Number]
    inside: float
    n_total: int


@dataclass(frozen=True, slots=True)
class ElbowLine:
    """Inertia over k of one method; ``elbow`` is the k where it bends most, 0 where no k has both neighbours."""

    method: str
    k: tuple[int, ...]
    inertia: Numbers
    elbow: int


@dataclass(frozen=True, slots=True)
class Elbow:
    """Inertia over k, method by method."""

    lines: tuple[ElbowLine, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it; what there is no ground for is None or empty.

    Args:
        solution: name of the chosen one. n_users: users that were segmented.
    """

    solution: str
    n_users: int
    elbow: Elbow | None = None
    silhouettes: tuple[SilhouetteProfile, ...] = ()
    k_distance: KDistance | None = None
    dendrogram: DendrogramRecord | None = None
    gap: GapCurve | None = None
    null: NullTest | None = None
    stability: StabilityBars | None = None
    flow: Flow | None = None
    within: WithinStability | None = None
    agreement: AgreementMatrix | None = None
    som: SomGrid | None = None
    parallel: Parallel | None = None
    gorge: Gorge | None = None
    separation: Separation | None = None
