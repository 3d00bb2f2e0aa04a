"""Segment level stability: which segments of a solution come back, and which live on in the next solutions.

In come labels of one or of several solutions; out come numbers for each single segment, since a solution that is poor
as a whole may hold the one segment that is worth targeting.

Source:
    Dolnicar & Leisch (2017), "Using segment level stability to select target segments in data-driven market
    segmentation studies", Marketing Letters 28; Dolnicar, Grün & Leisch (2018), "Market Segmentation Analysis", section
    7.5.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Labels
from coterie.errors import ConfigError, DataError
from coterie.parallel import map_in_order
from coterie.randomness import generator
from coterie.selection.references import sample_rows
from coterie.selection.stability import Resampling, best_jaccard
from coterie.terms import NOISE

PAIRS = 20
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Node:
    """One segment of one solution.

    Args:
        k: of the solution. cluster: its number there. size: members.
        slsa: stability across, in [0, 1]; None in the first solution, which has none before it.
    """

    k: int
    cluster: int
    size: int
    slsa: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """Members that a segment got from a segment of the solution before.

    Args:
        from_k, from_cluster: where they were. to_k, to_cluster: where they are. members: how many, at least 1.
    """

    from_k: int
    from_cluster: int
    to_k: int
    to_cluster: int
    members: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the plot of stability across solutions shows.

    Args:
        nodes: in order of solution and cluster. links: in order of where they go to, then of where they come from.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def within(resampling: Resampling, *, pairs: int = PAIRS, threads: int) -> Floats:
    """Measure segment level stability within a solution, SLSw.

    Each time two bootstrap samples of the users are clustered and all users are assigned by both, of very many a random
    sample (``Resampling.most``); a segment's agreement is its highest Jaccard similarity to a segment of either,
    averaged over the two.

    Args:
        resampling: the solution, and the clusterer with its settings.
        pairs: of bootstrap samples, >= 1. threads: pairs at once.

    Returns:
        (pairs, k) agreements in [0, 1], a distribution for each segment; 0 where a sample could not be clustered. Its
        mean is what ``Candidate.slsw`` holds.

    Raises:
        ConfigError: there is no pair.
    """
    if pairs < 1:
        raise ConfigError(f"stability within a solution needs at least one pair of samples, got {pairs}")
    found = map_in_order(lambda pair: _agreement(resampling, pair), range(pairs), threads=threads)
    return np.stack(list(found))


def _agreement(resampling: Resampling, pair: int) -> Floats:
    both = np.stack([_sample_agreement(resampling, pair, half) for half in (0, 1)])
    mean: Floats = both.mean(axis=0)
    return mean


def _sample_agreement(resampling: Resampling, pair: int, half: int) -> Floats:
    n_clusters = int(resampling.labels.max(initial=NOISE)) + 1
    drawn = resampling.draw("slsw", pair, half)
    rng = generator(resampling.seed, "slsw-fit", pair, half)
    try:
        fitted = resampling.clusterer.fit(resampling.points[drawn], rng)
    except DataError:
        return np.zeros(n_clusters)
    n = len(resampling.labels)
    compared = sample_rows(
        n, n if resampling.most is None else resampling.most, generator(resampling.seed, "slsw-rows")
    )
    return best_jaccard(resampling.labels[compared], fitted.assign(resampling.points[compared]).labels, n_clusters)


def across(solutions: Sequence[Labels]) -> list[Floats]:
    """Measure segment level stability across solutions, SLSa.

    With p the shares of a segment's members by the segment that they come from in the solution before, of k segments,
    it is 1 - H(p) / log(k), H the entropy.

    Args:
        solutions: (n,) labels each, of the same users, in order of k; noise counts as one more segment to come from.

    Returns:
        For each solution one number a segment in [0, 1]: 1 where all members come from one segment, 0 where they come
        from all alike; NaN throughout in the first solution, and where a number is nobody's.

    Raises:
        DataError: solutions are of different users.
    """
    _check_same_users(solutions)
    counts = [_flows(before, after) for before, after in pairwise(solutions)]
    first = [np.full(_n_clusters(solutions[0]), np.nan)] if solutions else []
    return [*first, *(_one_minus_entropy(flows) for flows in counts)]


def lineage(solutions: Sequence[Labels], ks: Sequence[int]) -> Lineage:
    """Give the record of the plot of stability across solutions.

    Args:
        solutions: as for ``across``; noise is not shown. ks: what each solution is called by, as many.

    Raises:
        DataError: solutions are of different users, or there are not as many ks.
    """
    if len(ks) != len(solutions):
        raise DataError(f"{len(solutions)} solutions need as many ks, got {len(ks)}")
    stabilities = across(solutions)
    nodes = [
        Node(k, cluster, int(size), None if np.isnan(slsa[cluster]) else float(slsa[cluster]))
        for k, labels, slsa in zip(ks, solutions, stabilities, strict=True)
        for cluster, size in enumerate(np.bincount(labels[labels != NOISE], minlength=_n_clusters(labels)))
    ]
    links = [
        Link(ks[i], int(start), ks[i + 1], int(end), int(flows[start, end]))
        for i in range(len(solutions) - 1)
        for flows in [_flows(solutions[i], solutions[i + 1])[: _n_clusters(solutions[i])]]
        for end, start in np.argwhere(flows.T > 0)
    ]
    return Lineage(tuple(nodes), tuple(links))


def _n_clusters(labels: Labels) -> int:
    return int(labels.max(initial=NOISE)) + 1


def _check_same_users(solutions: Sequence[Labels]) -> None:
    sizes = sorted({len(labels) for labels in solutions})
    if len(sizes) > 1:
        raise DataError(
            f"solutions are compared over the same users, got solutions of {sizes[0]} and {sizes[-1]} users"
        )


def _flows(before: Labels, after: Labels) -> npt.NDArray[np.int64]:
    """Count (k or k + 1, l) members by where they were and are; noise before is the last row, where there is any."""
    has_noise = bool((before == NOISE).any())
    starts, ends = _n_clusters(before), _n_clusters(after)
    flows = np.zeros((starts + has_noise, ends), np.int64)
    kept = after != NOISE
    np.add.at(flows, (np.where(before == NOISE, starts, before)[kept], after[kept]), 1)
    return flows


def _one_minus_entropy(flows: npt.NDArray[np.int64]) -> Floats:
    sizes = flows.sum(axis=0)
    shares = flows / np.maximum(sizes, 1)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=0)
    stability = 1 - entropy / (np.log(len(flows)) if len(flows) > 1 else 1.0)
    return np.where(sizes > 0, np.clip(stability, 0.0, 1.0), np.nan)
