"""DBSCAN: clusters as crowds, rows that are density-connected, and everybody else as noise.

A row with enough neighbours is a *core*; cores within ``eps`` of each other share a cluster. The rule for newcomers is
the cluster of the nearest core, if it is within ``eps``. It gives every core its own label; a row on a border, within
reach of two clusters, got the first of them from the fit and gets the nearer from the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree
from sklearn import cluster as sklearn_cluster

from coterie.clustering.centres import FittedCentres
from coterie.clustering.checks import check_finite, common_options
from coterie.clustering.contract import Assignment, Labels, Setting
from coterie.clustering.distances import Floats, check_width, in_blocks
from coterie.clustering.labels import canonical_order
from coterie.clustering.neighbours import (
    AUTO,
    KDistance,
    count_neighbours,
    default_min_samples,
    k_distance_curve,
    refuse_crowds,
    sample_rows,
    usable_eps,
    whole_or_auto,
)
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
from coterie.errors import ConfigError, shown
from coterie.features.options import above_zero, one_of
from coterie.frozen import Frozen
from coterie.terms import NOISE

CORE_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)  # of rows that are cores, where the search looks beside the knee
OPTIONS = ("eps", "min_samples", "noise")
WHERE = "clustering.options.dbscan"


@dataclass(frozen=True, slots=True, eq=False)
class Cores:
    """The core rows of a fit.

    Args:
        points: (c, d). labels: (c,) cluster of each. eps: how far their neighbourhoods go, > 0.
    """

    points: Floats
    labels: Labels
    eps: float
    _tree: KDTree | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tree", KDTree(self.points) if len(self.points) else None)

    def nearest(self, rows: Floats, farthest: float = np.inf) -> tuple[Labels, Floats]:
        """Give (n,) the label of the nearest core and the distance to it; NOISE where none is within the farthest."""
        if self._tree is None:
            return np.full(len(rows), NOISE, np.int32), np.full(len(rows), np.inf)
        distances, found = self._tree.query(rows, distance_upper_bound=np.nextafter(farthest, np.inf))
        labels = np.append(self.labels, np.int32(NOISE))  # the tree says len(points) where it finds none
        return labels[found], distances


class FittedDBSCAN(FittedCentres):
    """Cores with their clusters, the means of the clusters, and the k-distance curve of the fit.

    Args:
        cores: of the fit. means: (k, d) of all members, k >= 0. curve: of k-distances. noise: the rule for it.
        min_samples: neighbours of a core, itself among them.
    """

    def __init__(
        self,
        cores: Cores,
        means: Floats,
        curve: KDistance,
        *,
        noise: str,
        min_samples: int,
        fit_labels: Labels | None = None,
    ) -> None:
        super().__init__(means, fit_labels)
        self.cores, self.curve, self.noise, self.min_samples = cores, curve, noise, min_samples

    @property
    def eps(self) -> float:
        """Radius of a neighbourhood, > 0, in units of the embedding."""
        return self.cores.eps

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points the cluster of its nearest core, or NOISE where that is farther than eps.

        Strength is 1 - d / eps with d the distance to that core. With noise "assign" the nearest core's cluster is
        given at any distance; strength is then 1 - d / (2 eps) within eps and eps / (2 d) beyond, below any member's.
        Distance is to the mean of the cluster's rows, NaN for noise.
        """
        check_width(points, self.centres.shape[1], "dbscan")
        return in_blocks(points, max(points.shape[1], self.n_clusters, 1), self._assign_block)

    def _assign_block(self, rows: Floats) -> Assignment:
        if self.n_clusters == 0:
            return all_noise(len(rows))
        eps = self.eps
        labels, far = self.cores.nearest(rows, eps if self.noise == KEEP else np.inf)
        strength = np.zeros(len(rows))
        within = far <= eps
        strength[within] = member_strength(1 - far[within] / eps, self.noise)
        strays = ~within & (labels != NOISE)
        strength[strays] = stray_strength(eps, far[strays])
        return Assignment(labels, strength, distance_to_mean(rows, labels, self.centres))

    def to_arrays(self) -> Frozen:
        """Give the cores, the means and the curve."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "cores": self.cores.points,
            "core_labels": self.cores.labels,
            "centres": self.centres,
            "k_distances": self.curve.distances,
        }
        meta = {
            "eps": self.eps,
            "min_samples": self.min_samples,
            "noise": self.noise,
            "k": self.curve.k,
            "knee": self.curve.knee,
        }
        return Frozen("dbscan", meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal partition."""
        arrays, meta = frozen.arrays, frozen.meta
        return cls(
            Cores(arrays["cores"], arrays["core_labels"], meta["eps"]),
            arrays["centres"],
            KDistance(meta["k"], arrays["k_distances"], meta["knee"]),
            noise=meta["noise"],
            min_samples=meta["min_samples"],
        )


class DBSCAN:
    """Settings of DBSCAN, which finds the number of clusters itself: none, one or many.

    Args:
        k, starts: of no effect: the number of clusters comes out, and there is no random start.
        eps: radius of a neighbourhood, > 0, in units of the embedding; "auto" is the knee of the k-distance curve.
        min_samples: rows in the neighbourhood of a core, itself among them, >= 1; "auto" is twice the dims, at least 4,
            at most 2 % of the rows.
        noise: "keep", or "assign" it to the cluster of the nearest core in a second step.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Ester, Kriegel, Sander & Xu (1996), "A density-based algorithm for discovering clusters in large spatial
        databases with noise".
    """

    Fitted: ClassVar[type[FittedDBSCAN]] = FittedDBSCAN
    counts_clusters: ClassVar[bool] = False
    starts_at_random: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, OPTIONS, "dbscan")
        self.eps = _eps(options.get("eps", AUTO))
        self.min_samples = whole_or_auto(options.get("min_samples", AUTO), f"{WHERE}.min_samples")
        self.noise = one_of(options.get("noise", KEEP), NOISE_RULES, f"{WHERE}.noise")

    @classmethod
    def grid(
        cls, points: Points, options: Mapping[str, Any], rng: np.random.Generator
    ) -> tuple[dict[str, Setting], ...]:
        """Give the settings to try: ``eps`` at the knee, and where 10, 25, 50, 75, 90, 99 % of the rows are cores;
        without those whose neighbourhoods would not fit in memory, unless none does.

        Args:
            points: (n, d). options: what the user fixed; a fixed ``eps`` is the only one tried.
        """
        settings = cls(**options)
        if settings.eps != AUTO:
            return ({"eps": settings.eps},)
        check_finite(points)
        exact, sample = points.astype(np.float64), sample_rows(points, rng)
        curve = k_distance_curve(sample, exact, settings.neighbours(points))
        wanted = {usable_eps(distance, curve, exact) for distance in (curve.knee, *map(curve.at, CORE_SHARES))}
        fitting = [eps for eps in sorted(wanted) if count_neighbours(sample, exact, eps).fits]
        return tuple({"eps": eps} for eps in fitting or [min(wanted)])

    def neighbours(self, points: Points) -> int:
        """Give the neighbours of a core among (n, d) points."""
        return default_min_samples(*points.shape) if self.min_samples == AUTO else int(self.min_samples)

    def fit(self, points: Points, rng: np.random.Generator) -> FittedDBSCAN:
        """Find crowds among (n, d) points.

        Raises:
            DataError: there are no points, or their neighbourhoods would not fit in memory.
        """
        check_finite(points)
        exact, sample = points.astype(np.float64), sample_rows(points, rng)
        min_samples = self.neighbours(points)
        curve = k_distance_curve(sample, exact, min_samples)
        eps = usable_eps(curve.knee, curve, exact) if self.eps == AUTO else float(self.eps)
        refuse_crowds(count_neighbours(sample, exact, eps))
        found, core_rows = _crowds(exact, eps, min_samples)
        cores = Cores(exact[core_rows], found[core_rows], eps)
        if self.noise == ASSIGN:
            found[found == NOISE] = cores.nearest(exact[found == NOISE])[0]
        n_clusters = int(found.max()) + 1
        labels, order = canonical_order(found, n_clusters)
        cores = Cores(cores.points, np.argsort(order).astype(np.int32)[cores.labels], eps)
        means = means_of(exact, labels, n_clusters)
        return FittedDBSCAN(cores, means, curve, noise=self.noise, min_samples=min_samples, fit_labels=labels)


def _crowds(points: Floats, eps: float, min_samples: int) -> tuple[Labels, npt.NDArray[np.int64]]:
    """Give (n,) labels and the rows of cores, sorted by place: neither depends on the order of (n, d) points."""
    order = np.lexsort(points.T)
    # Centred, since scikit-learn's distances lose digits far from the origin.
    model = sklearn_cluster.DBSCAN(eps=eps, min_samples=min_samples).fit((points - points.mean(axis=0))[order])
    labels = np.empty(len(points), np.int32)
    labels[order] = model.labels_
    return labels, order[model.core_sample_indices_]


def _eps(value: object) -> float | str:
    if value == AUTO:
        return AUTO
    if isinstance(value, str):
        raise ConfigError(f"'{WHERE}.eps' is {shown(value)}; expected a number > 0 or 'auto'")
    return above_zero(value, f"{WHERE}.eps")
