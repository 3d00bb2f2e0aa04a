"""HDBSCAN: the crowds that last longest as density is asked to rise, each at a density of its own; the rest is noise.

The rule for newcomers grows the fit's tree by one leaf. A newcomer would be joined to the row of the fit that is
nearest by *mutual reachability*, at that distance. It belongs to that row's cluster if the cluster stands by itself
there: if the distance is no more than the one at which the cluster was split off. Else it is noise. A row of the fit is
its own nearest row and gets its own label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn import cluster as sklearn_cluster

from coterie.clustering.centres import FittedCentres
from coterie.clustering.checks import check_finite, common_options
from coterie.clustering.contract import Assignment, Labels, Setting
from coterie.clustering.distances import BLOCK_CELLS, Floats, check_width, in_blocks
from coterie.clustering.labels import canonical_order
from coterie.clustering.neighbours import AUTO, default_min_samples, kth_distances, whole_or_auto
from coterie.clustering.noise import (
    ASSIGN,
    KEEP,
    NOISE_RULES,
    all_noise,
    distance_to_mean,
    means_of,
    member_strength,
    stray_strength,
)
from coterie.embedding.contract import Points
from coterie.errors import ConfigError, DataError, shown
from coterie.features.options import one_of
from coterie.frozen import Frozen
from coterie.terms import NOISE

SELECTIONS = ("eom", "leaf")
SHARES = (0.01, 0.02, 0.05, 0.1)  # of rows, which the search tries as the smallest cluster
FEWEST_MEMBERS = 5
MAX_ROWS = 20_000  # the algorithm compares all pairs: 5 s at 10,000 rows, 22 s at 20,000, 136 s at 50,000
OPTIONS = ("min_cluster_size", "min_samples", "selection", "noise")
WHERE = "clustering.options.hdbscan"


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """The rows of a fit, and how dense it is where they are.

    Args:
        points: (n, d). labels: (n,) cluster of each, or NOISE.
        cores: (n,) distance from each to its ``min_samples``-th neighbour, itself the first.
        probabilities: (n,) in [0, 1]: how near to the densest part of its cluster each is; 0 for noise.
        limits: (k,) greatest mutual reachability distance at which each cluster still stands by itself.
        min_samples: neighbours that density is measured by.
    """

    points: Floats
    labels: Labels
    cores: Floats
    probabilities: Floats
    limits: Floats
    min_samples: int

    def reach(self, rows: Floats) -> tuple[Floats, Floats]:
        """Give (m, n) Euclidean and mutual reachability distances of (m, d) rows to the rows of the fit.

        Source:
            Campello, Moulavi & Sander (2013), "Density-based clustering based on hierarchical density estimates".
        """
        plain = cdist(rows, self.points)
        own = np.partition(plain, self.min_samples - 1, axis=1)[:, self.min_samples - 1]
        mutual = np.maximum(plain, self.cores)
        return plain, np.maximum(mutual, own[:, None], out=mutual)


class FittedHDBSCAN(FittedCentres):
    """The rows of the fit with their densities, and the means of the clusters.

    Args:
        landscape: of the fit. means: (k, d) of all members, k >= 0. noise: the rule for it.
    """

    def __init__(self, landscape: Landscape, means: Floats, *, noise: str, fit_labels: Labels | None = None) -> None:
        super().__init__(means, fit_labels)
        self.landscape, self.noise = landscape, noise

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points the cluster of the nearest row of the fit by mutual reachability, or NOISE.

        Strength is that row's probability, times the ratio of its own core distance to the distance: the fit's own
        probability for a row of the fit. With noise "assign" a point that is noise gets the cluster of the nearest
        member, also by mutual reachability, and half of limit / distance for a strength, where members have
        (1 + strength) / 2. Distance is to the mean of the cluster's rows, NaN for noise.

        Source:
            McInnes, Healy & Astels (2017), "hdbscan: Hierarchical density based clustering" (``approximate_predict``);
            here all rows are looked at, not only some neighbours.
        """
        check_width(points, self.centres.shape[1], "hdbscan")
        return in_blocks(points, max(len(self.landscape.points), 1), self._assign_block)

    def _assign_block(self, rows: Floats) -> Assignment:
        if self.n_clusters == 0:
            return all_noise(len(rows))
        land = self.landscape
        plain, mutual = land.reach(rows)
        nearest, far = _nearest(plain, mutual)
        labels = land.labels[nearest]
        labels = np.where(far <= np.append(land.limits, -1.0)[labels], labels, np.int32(NOISE))  # the last is NOISE's
        depth = np.divide(land.cores[nearest], far, out=np.ones(len(rows)), where=far > 0)
        strength = member_strength(land.probabilities[nearest] * depth, self.noise)
        noise = labels == NOISE
        strength[noise] = 0.0
        if self.noise == ASSIGN and noise.any():
            labels[noise], strength[noise] = _second_step(land, plain[noise], mutual[noise])
        return Assignment(labels, strength, distance_to_mean(rows, labels, self.centres))

    def to_arrays(self) -> Frozen:
        """Give the rows of the fit with their densities, and the means."""
        land = self.landscape
        arrays: dict[str, npt.NDArray[Any]] = {
            "points": land.points,
            "labels": land.labels,
            "cores": land.cores,
            "probabilities": land.probabilities,
            "limits": land.limits,
            "centres": self.centres,
        }
        return Frozen("hdbscan", {"min_samples": land.min_samples, "noise": self.noise}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal partition."""
        arrays, meta = frozen.arrays, frozen.meta
        land = Landscape(
            arrays["points"],
            arrays["labels"],
            arrays["cores"],
            arrays["probabilities"],
            arrays["limits"],
            meta["min_samples"],
        )
        return cls(land, arrays["centres"], noise=meta["noise"])


class HDBSCAN:
    """Settings of HDBSCAN, which finds the number of clusters itself: none, or two and more.

    Args:
        k, starts: of no effect: the number of clusters comes out, and there is no random start.
        min_cluster_size: fewest rows of a cluster: a number >= 2, or a share in (0, 1) of the rows, at least 5 then.
        min_samples: neighbours that density is measured by, the row itself among them, >= 1; "auto" is twice the dims,
            at least 4, at most 2 % of the rows and the smallest cluster. The original takes the smallest cluster for
            it; apart, sizes of clusters are tried on one and the same density.
        selection: "eom" takes the clusters that last longest ("excess of mass"), "leaf" the smallest ones of the tree.
        noise: "keep", or "assign" it to the cluster of the nearest member in a second step.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Campello, Moulavi & Sander (2013), "Density-based clustering based on hierarchical density estimates"; Campello,
        Moulavi, Zimek & Sander (2015), "Hierarchical density estimates for data clustering, visualization, and outlier
        detection".
    """

    Fitted: ClassVar[type[FittedHDBSCAN]] = FittedHDBSCAN
    counts_clusters: ClassVar[bool] = False
    starts_at_random: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, OPTIONS, "hdbscan")
        self.min_cluster_size = _members(options.get("min_cluster_size", SHARES[0]))
        self.min_samples = whole_or_auto(options.get("min_samples", AUTO), f"{WHERE}.min_samples")
        self.selection = one_of(options.get("selection", SELECTIONS[0]), SELECTIONS, f"{WHERE}.selection")
        self.noise = one_of(options.get("noise", KEEP), NOISE_RULES, f"{WHERE}.noise")

    @classmethod
    def grid(
        cls,
        points: Points,
        options: Mapping[str, Any],
        rng: np.random.Generator,  # noqa: ARG003
    ) -> tuple[dict[str, Setting], ...]:
        """Give the settings to try: ``min_cluster_size`` of 1, 2, 5 and 10 % of the rows, at least 5.

        Args:
            points: (n, d). options: what the user fixed; a fixed ``min_cluster_size`` is the only one tried.
            rng: of no effect.
        """
        settings = cls(**options)
        if "min_cluster_size" in options:
            return ({"min_cluster_size": settings.min_cluster_size},)
        return tuple({"min_cluster_size": size} for size in sorted({_size(share, len(points)) for share in SHARES}))

    def fit(self, points: Points, rng: np.random.Generator) -> FittedHDBSCAN:  # noqa: ARG002
        """Find crowds among (n, d) points.

        Raises:
            DataError: there are no points, or too many.
        """
        check_finite(points)
        _refuse_many(len(points))
        order = np.lexsort(points.T)  # so that ties do not depend on the order of the rows
        exact = points[order].astype(np.float64)
        size = _size(self.min_cluster_size, len(points))
        min_samples = (
            min(default_min_samples(*points.shape), size) if self.min_samples == AUTO else int(self.min_samples)
        )
        land = self._land(exact, size, min_samples)
        labels = np.empty(len(points), np.int32)
        labels[order] = self._settled(land)
        labels, old = canonical_order(labels, len(land.limits))
        land = _renumbered(land, old)
        means = means_of(points.astype(np.float64), labels, len(old))
        return FittedHDBSCAN(land, means, noise=self.noise, fit_labels=labels)

    def _land(self, points: Floats, size: int, min_samples: int) -> Landscape:
        n_rows = len(points)
        if max(size, min_samples, 2) > n_rows:  # nobody has as many neighbours
            nobody = np.full(n_rows, NOISE, np.int32)
            return Landscape(points, nobody, np.full(n_rows, np.inf), np.zeros(n_rows), np.empty(0), min_samples)
        model = sklearn_cluster.HDBSCAN(
            min_cluster_size=size, min_samples=min_samples, cluster_selection_method=self.selection, copy=True
        ).fit(points)
        labels = model.labels_.astype(np.int32)
        cores = kth_distances(points, points, min_samples)
        limits = _limits(points, cores, labels)
        return Landscape(points, labels, cores, model.probabilities_, limits, min_samples)

    def _settled(self, land: Landscape) -> Labels:
        """Give the (n,) labels of the rows of the fit, after the second step where there is one."""
        noise = np.flatnonzero(land.labels == NOISE)
        if self.noise == KEEP or not len(land.limits) or not len(noise):
            return land.labels
        labels = land.labels.copy()
        step = max(1, BLOCK_CELLS // len(land.points))
        for start in range(0, len(noise), step):
            rows = noise[start : start + step]
            labels[rows] = _second_step(land, *land.reach(land.points[rows]))[0]
        return labels


def _nearest(plain: Floats, mutual: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Give (m,) the column with the lowest mutual distance, and that; a tie goes to the lowest plain distance."""
    far = mutual.min(axis=1)
    return np.where(mutual == far[:, None], plain, np.inf).argmin(axis=1), far


def _second_step(land: Landscape, plain: Floats, mutual: Floats) -> tuple[Labels, Floats]:
    """Give (m,) the cluster of the nearest member, and a strength; not for rows of a cluster."""
    members = np.flatnonzero(land.labels != NOISE)
    nearest, far = _nearest(plain[:, members], mutual[:, members])
    labels = land.labels[members[nearest]]
    return labels, stray_strength(land.limits[labels], far)


def _limits(points: Floats, cores: Floats, labels: Labels) -> Floats:
    """Give (k,) for each cluster the mutual reachability distance to the nearest row outside: there it was split off.

    Source:
        The distance at which single linkage joins a cluster to the rest is the lowest one across its border.
    """
    limits = np.full(int(labels.max()) + 1, np.inf)
    members = np.flatnonzero(labels != NOISE)
    step = max(1, BLOCK_CELLS // len(points))
    for start in range(0, len(members), step):
        rows = members[start : start + step]
        across = np.maximum(np.maximum(cdist(points[rows], points), cores), cores[rows, None])
        across[labels[rows, None] == labels] = np.inf
        np.minimum.at(limits, labels[rows], across.min(axis=1))
    np.maximum.at(limits, labels[members], cores[members])  # equal but for rounding; a member must not fall out
    return limits


def _renumbered(land: Landscape, old: npt.NDArray[np.int64]) -> Landscape:
    """Renumber the clusters; ``old`` is the old number of each new one."""
    new = np.append(np.argsort(old), NOISE).astype(np.int32)  # the last is NOISE's
    return Landscape(land.points, new[land.labels], land.cores, land.probabilities, land.limits[old], land.min_samples)


def _size(wanted: float, n_rows: int) -> int:
    return max(FEWEST_MEMBERS, math.ceil(wanted * n_rows)) if isinstance(wanted, float) else wanted


def _members(value: object) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2:
        return value
    if isinstance(value, float) and 0 < value < 1:
        return value
    raise ConfigError(
        f"'{WHERE}.min_cluster_size' is {shown(value)}; expected a whole number >= 2, or a share of users in (0, 1)"
    )


def _refuse_many(n_rows: int) -> None:
    if n_rows > MAX_ROWS:
        raise DataError(
            f"hdbscan was asked to cluster {n_rows:,} rows; it compares all pairs, and at most {MAX_ROWS:,} rows are "
            "taken: use dbscan or kmeans"
        )
