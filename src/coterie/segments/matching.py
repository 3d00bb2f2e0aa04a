"""Which new cluster is which old segment: two partitions in, a lineage out; nothing is read and nothing written.

What is compared are the users that both runs know, so labels, seeds, the order of rows and the axes of the embedding
make no difference. The evidence is the Jaccard similarity of the two sides' users, noise counted where it lies; one old
segment and one new cluster at most are paired, by the assignment that has the highest sum. Where two pairings are
equally good, the nearer centres decide: those of the *old* members placed in the *new* embedding, so that two
embeddings are never laid over each other.

Source:
    Greene, Doyle & Cunningham (2010), "Tracking the evolution of communities in dynamic social networks", section III
    (matching by Jaccard with a threshold); Spiliopoulou, Ntoutsi, Theodoridis & Schult (2006), "MONIC: modeling and
    monitoring cluster transitions", table 1 (survived, split, absorbed, disappeared, emerged); Kuhn (1955), "The
    Hungarian method for the assignment problem".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from coterie.clustering.contract import Labels
from coterie.embedding.contract import Points
from coterie.errors import DataError, shown
from coterie.features.contract import Ids
from coterie.terms import NOISE

Change = Literal["kept", "split", "merged", "born"]
End = Literal["merged", "retired"]
Evidence = Literal["first", "members", "model", "nothing"]

COMMON_PER_SEGMENT = 5  # fewer users in common per segment, on average, say nothing

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the lines are drawn; all are shares in (0, 1].

    Args:
        keep: Jaccard from which a cluster simply is the old segment. Above a half no second one can reach it.
        ask: Jaccard from which a pair that nothing else explains is shown to a human.
        part: share of an old segment that a cluster holds at least to be one of its parts.
        most: share that makes "mostly": of a part that came from the old segment, of an old segment that went into a
            merged cluster (MONIC's threshold of survival).
    """

    keep: float = 0.5
    ask: float = 0.25
    part: float = 0.2
    most: float = 0.5


_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Partition:
    """Users and where they were put.

    Args:
        ids: (n,) sorted, without repeats.
        labels: (n,) positions in ``names``, or NOISE.
        names: (k,) ids of segments; of a current partition anything, since its clusters have no ids yet.
        points: (n, d) where the users are, or None; only those of the current partition are looked at.

    Raises:
        DataError: lengths differ, ids are not sorted or repeat, a label has no name.
    """

    ids: Ids
    labels: Labels
    names: tuple[str, ...]
    points: Points | None = None

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.labels):
            raise DataError(f"a partition needs one label an id, got {len(self.ids)} ids and {len(self.labels)} labels")
        if self.points is not None and len(self.points) != len(self.ids):
            raise DataError(f"a partition needs one point an id, got {len(self.points)} points, {len(self.ids)} ids")
        if (self.ids[1:] <= self.ids[:-1]).any():
            place = int(np.argmax(self.ids[1:] <= self.ids[:-1]))
            raise DataError(
                f"ids of a partition must be sorted and without repeats, got {shown(self.ids[place + 1])} after "
                f"{shown(self.ids[place])}"
            )
        if len(self.labels) and not NOISE <= int(self.labels.min()) <= int(self.labels.max()) < len(self.names):
            raise DataError(
                f"labels of a partition of {len(self.names)} go from {NOISE} to {len(self.names) - 1}, got "
                f"{int(self.labels.min())} to {int(self.labels.max())}"
            )


@dataclass(frozen=True, slots=True)
class Heir:
    """What a new cluster is.

    Args:
        id: the old segment whose id it keeps; "" where it needs a new one.
        change: kept, split (one of several parts of an old segment), merged (of several old ones) or born.
        score: Jaccard in [0, 1] with the old segment it keeps the id of, else with the most similar one.
        parents: old segments it comes from; its own old id among them. Empty when born.
        distance: from its centre to that of the old segment's members, over that to the nearest other new centre; 0 is
            the same place. None without an old segment, points or a second cluster.
        resembles: the old segment that a human is asked about, or "".
    """

    id: str
    change: Change
    score: float
    parents: tuple[str, ...] = ()
    distance: float | None = None
    resembles: str = ""

    @property
    def needs_review(self) -> bool:
        """Whether the evidence is too thin to decide without a human."""
        return self.resembles != ""


@dataclass(frozen=True, slots=True)
class Gone:
    """What became of an old segment whose id no cluster keeps.

    Args:
        change: merged (most of it is in a cluster that keeps another's id) or retired.
        into: that other segment, or "". score: highest Jaccard in [0, 1] with any cluster.
    """

    id: str
    change: End
    into: str
    score: float


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the clusters of a run come from.

    Args:
        evidence: first (there was no run before), members (users in both), model (the earlier run's frozen model says
            where the new users would have been), nothing (no users in common and no such model).
        n_common: users that were compared.
        heirs: one a cluster, in the order of labels. gone: old segments without an heir.
    """

    evidence: Evidence
    n_common: int
    heirs: tuple[Heir, ...]
    gone: tuple[Gone, ...]


def first(n_clusters: int) -> Lineage:
    """Give the lineage of a first run: everything is born."""
    return Lineage("first", 0, (Heir("", "born", 0.0),) * n_clusters, ())


def unknown(n_clusters: int, previous: tuple[str, ...]) -> Lineage:
    """Give the lineage where nothing links two runs: everything is born, everything old is retired."""
    gone = tuple(Gone(name, "retired", "", 0.0) for name in previous)
    return Lineage("nothing", 0, (Heir("", "born", 0.0),) * n_clusters, gone)


def says_enough(previous: Partition, current: Partition) -> bool:
    """Say whether enough users are in both for a match by members: five a segment on average."""
    common = np.isin(previous.ids[previous.labels != NOISE], current.ids[current.labels != NOISE], assume_unique=True)
    return int(common.sum()) >= COMMON_PER_SEGMENT * max(len(previous.names), len(current.names), 1)


def match(previous: Partition, current: Partition, rules: Rules = _RULES, *, evidence: Evidence = "members") -> Lineage:
    """Find each new cluster's past.

    A cluster whose Jaccard with its partner is ``rules.keep`` or more keeps the id. Of the parts of a split segment the
    one with most of its members keeps the id; of the segments merged into one cluster that one's id is kept which
    brings most members (the largest heir; of level ones that of the better score, then the nearer, then the larger).
    Whoever keeps an id below ``keep`` is shown to a human, and so is a pair at ``ask`` or more that no rule explains.

    Returns:
        A lineage that no renumbering of clusters and no order of old names changes, but in the order of its entries.
    """
    overlap = _Overlap.of(previous, current)
    claims = _claims(overlap, rules)
    heirs = tuple(_heir(overlap, claims, new, rules) for new in range(len(current.names)))
    heirs = tuple(_asked(overlap, claims, new, heir, rules) for new, heir in enumerate(heirs))
    gone = tuple(_gone(overlap, old, heirs, rules) for old in range(len(previous.names)) if old not in claims.values())
    return Lineage(evidence, overlap.n_common, heirs, gone)


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Counts over the users in common: old segments in rows, new clusters in columns.

    Args:
        both: (o, c) users. old: (o,), new: (c,) users of each, those that are noise on the other side included.
        jaccard: (o, c) in [0, 1]. near: (o, c) in (0, 1], 1 = the same place; zeros without points.
        gap: (o, c) distance between centres over that to the nearest other new centre; NaN where unknown.
        old_order, new_order: rank of each by size, ties by smallest member: what decides between equals.
    """

    names: tuple[str, ...]
    n_common: int
    both: Counts
    old: Counts
    new: Counts
    jaccard: Floats
    near: Floats
    gap: Floats
    old_order: Counts
    new_order: Counts

    @classmethod
    def of(cls, previous: Partition, current: Partition) -> _Overlap:
        _, at_old, at_new = np.intersect1d(previous.ids, current.ids, assume_unique=True, return_indices=True)
        was, now = previous.labels[at_old], current.labels[at_new]
        shape = (len(previous.names), len(current.names))
        both = np.zeros(shape, np.int64)
        known = (was != NOISE) & (now != NOISE)
        np.add.at(both, (was[known], now[known]), 1)
        old = np.bincount(was[was != NOISE], minlength=shape[0]).astype(np.int64)
        new = np.bincount(now[now != NOISE], minlength=shape[1]).astype(np.int64)
        jaccard = both / np.maximum(old[:, None] + new[None, :] - both, 1)
        gap = _gaps(current, at_new, was, shape)
        near = np.where(np.isnan(gap), 0.0, np.round(1.0 / (1.0 + gap), 9))
        ranks = _ranks(previous.labels, shape[0]), _ranks(current.labels, shape[1])
        return cls(previous.names, int(known.sum()), both, old, new, jaccard, near, gap, *ranks)

    def held(self, old: int, new: int) -> float:
        """Share of an old segment that a cluster holds."""
        return float(self.both[old, new] / max(int(self.old[old]), 1))

    def made_of(self, old: int, new: int) -> float:
        """Share of a cluster, over users in common, that came from an old segment."""
        return float(self.both[old, new] / max(int(self.new[new]), 1))

    def parts(self, old: int, rules: Rules) -> list[int]:
        """Clusters that an old segment fell into."""
        return [
            new
            for new in range(self.both.shape[1])
            if self.held(old, new) >= rules.part and self.made_of(old, new) >= rules.most
        ]

    def sources(self, new: int, rules: Rules) -> list[int]:
        """Old segments that mostly went into one cluster."""
        return [old for old in range(self.both.shape[0]) if self.old[old] and self.held(old, new) >= rules.most]


def _ranks(labels: Labels, n: int) -> Counts:
    sizes, first_row = np.bincount(labels[labels != NOISE], minlength=n), np.full(n, len(labels))
    rows = np.flatnonzero(labels != NOISE)
    np.minimum.at(first_row, labels[rows], rows)
    ranks = np.empty(n, np.int64)
    ranks[np.lexsort((np.arange(n), first_row, -sizes))] = np.arange(n)
    return ranks


def _gaps(current: Partition, at_new: npt.NDArray[np.intp], was: Labels, shape: tuple[int, int]) -> Floats:
    """(o, c) distance from old members' centre to a new centre, over that from the new centre to its next one."""
    if current.points is None or shape[1] < 2:
        return np.full(shape, np.nan)
    points = np.asarray(current.points, np.float64)
    new = _centres(points, current.labels, shape[1])
    old = _centres(points[at_new], was, shape[0])
    apart = _distances(new, new)
    np.fill_diagonal(apart, np.inf)
    gaps: Floats = _distances(old, new) / np.maximum(apart.min(axis=1), 1e-12)[None, :]
    return gaps


def _centres(points: Floats, labels: Labels, n: int) -> Floats:
    sums = np.zeros((n, points.shape[1]))
    np.add.at(sums, labels[labels != NOISE], points[labels != NOISE])
    sizes = np.bincount(labels[labels != NOISE], minlength=n)[:, None]
    centres: Floats = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)
    return centres


def _distances(one: Floats, other: Floats) -> Floats:
    distances: Floats = np.sqrt(((one[:, None, :] - other[None, :, :]) ** 2).sum(axis=2))
    return distances


def _paired(overlap: _Overlap) -> Iterator[tuple[int, int]]:
    """Give the pairs of the best assignment that share a user, whatever the order of rows and columns."""
    rows, columns = np.argsort(overlap.old_order), np.argsort(overlap.new_order)
    # A millionth: nearness decides between pairings that are level, and never against one more user in common
    # of fewer than a million.
    worth = (overlap.jaccard + 1e-6 * overlap.near)[np.ix_(rows, columns)]
    for row, column in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
        old, new = int(rows[row]), int(columns[column])
        if overlap.both[old, new]:
            yield old, new


def _claims(overlap: _Overlap, rules: Rules) -> dict[int, int]:
    """Say which cluster keeps which old segment's id; each at most one."""
    claims = {new: old for old, new in _paired(overlap) if overlap.jaccard[old, new] >= rules.keep}
    wanted = set()
    for old in range(overlap.both.shape[0]):
        parts = overlap.parts(old, rules)
        wanted |= {(old, new) for new in parts if len(parts) > 1}
    for new in range(overlap.both.shape[1]):
        sources = overlap.sources(new, rules)
        wanted |= {(old, new) for old in sources if len(sources) > 1}
    for old, new in sorted(wanted, key=lambda pair: _precedence(overlap, *pair)):
        if new not in claims and old not in claims.values():
            claims[new] = old
    return claims


def _precedence(overlap: _Overlap, old: int, new: int) -> tuple[float, ...]:
    ranks = float(overlap.new_order[new]), float(overlap.old_order[old])
    evidence = overlap.both[old, new], overlap.jaccard[old, new], overlap.near[old, new]
    return (*(-float(number) for number in evidence), *ranks)


def _heir(overlap: _Overlap, claims: dict[int, int], new: int, rules: Rules) -> Heir:
    own = claims.get(new)
    sources = overlap.sources(new, rules)
    torn = [old for old in range(overlap.both.shape[0]) if new in (parts := overlap.parts(old, rules)) and parts[1:]]
    parents: list[int] = []
    change: Change = "born"
    if len(sources) > 1:
        change, parents = "merged", sources
    elif torn:
        change, parents = "split", torn
    elif own is not None:
        change, parents = "kept", [own]
    scores = overlap.jaccard[:, new]
    likest = own if own is not None else _likest(overlap, new)
    return Heir(
        id=overlap.names[own] if own is not None else "",
        change=change,
        score=0.0 if likest is None else float(scores[likest]),
        parents=tuple(overlap.names[old] for old in sorted(parents, key=lambda old: _precedence(overlap, old, new))),
        distance=None if likest is None else _gap(overlap, likest, new),
    )


def _likest(overlap: _Overlap, new: int) -> int | None:
    shared = [old for old in range(overlap.both.shape[0]) if overlap.both[old, new]]
    return min(shared, key=lambda old: (-overlap.jaccard[old, new], overlap.old_order[old])) if shared else None


def _gap(overlap: _Overlap, old: int, new: int) -> float | None:
    gap = float(overlap.gap[old, new])
    return gap if np.isfinite(gap) else None


def _asked(overlap: _Overlap, claims: dict[int, int], new: int, heir: Heir, rules: Rules) -> Heir:
    """Note the old segment that a human is asked about."""
    if new in claims:
        return replace(heir, resembles=heir.id) if heir.score < rules.keep else heir
    free = {column: row for row, column in _paired(overlap) if row not in claims.values()}
    old = free.get(new)
    if old is None or heir.change != "born":
        return heir
    likely = overlap.jaccard[old, new] >= rules.ask or _are_nearest(overlap, old, new)
    return replace(heir, resembles=overlap.names[old]) if likely else heir


def _are_nearest(overlap: _Overlap, old: int, new: int) -> bool:
    """Say whether two centres are each other's nearest."""
    near = overlap.near
    return bool(near[old, new] > 0 and near[old, new] >= max(near[old].max(), near[:, new].max()))


def _gone(overlap: _Overlap, old: int, heirs: tuple[Heir, ...], rules: Rules) -> Gone:
    score = float(overlap.jaccard[old].max(initial=0.0))
    takers = [new for new in range(len(heirs)) if old in overlap.sources(new, rules)]
    into = min(takers, key=lambda new: _precedence(overlap, old, new), default=None)
    if into is None or not heirs[into].id:
        return Gone(overlap.names[old], "retired", "", score)
    return Gone(overlap.names[old], "merged", heirs[into].id, score)
