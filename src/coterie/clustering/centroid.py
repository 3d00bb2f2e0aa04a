"""K-means: clusters as balls around their means, and the nearest mean as the rule for everybody who comes later."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans as SklearnKMeans

from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.labels import canonical_order
from coterie.config import refuse_unknown
from coterie.embedding.contract import Points
from coterie.embedding.rows import count_distinct
from coterie.errors import ConfigError, DataError, ModelError, shown
from coterie.frozen import Frozen
from coterie.randomness import legacy_seed

BLOCK_CELLS = 4_000_000


class FittedKMeans:
    """Centres, largest cluster first."""

    def __init__(self, centres: npt.NDArray[np.float64], fit_labels: Labels | None = None) -> None:
        self.centres = centres
        self._fit_labels = np.empty(0, np.int32) if fit_labels is None else fit_labels

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.centres)

    @property
    def fit_labels(self) -> Labels:
        """(n,) labels of the algorithm's own last pass over the rows of the fit."""
        return self._fit_labels

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points its nearest centre; a tie goes to the larger cluster.

        Strength is 1 - d1 / d2 with d1 the distance to the nearest and d2 to the second nearest centre: the
        simplified silhouette of the point (Hruschka, de Castro & Campello 2004).
        """
        if points.ndim != 2 or points.shape[1] != self.centres.shape[1]:
            got = f"{points.shape[1]} dims" if points.ndim == 2 else f"{points.ndim} axes"
            raise ModelError(f"this k-means was fitted on {self.centres.shape[1]} dims, got points of {got}")
        step = max(1, BLOCK_CELLS // self.n_clusters)
        parts = [self._assign_block(points[start : start + step]) for start in range(0, max(len(points), 1), step)]
        return Assignment(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _assign_block(self, points: Points) -> tuple[Labels, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        distances = cdist(points.astype(np.float64), self.centres)
        labels = distances.argmin(axis=1).astype(np.int32)
        nearest_two = np.partition(distances, 1, axis=1) if self.n_clusters > 1 else np.c_[distances, distances]
        first, second = nearest_two[:, 0], nearest_two[:, 1]
        strength = 1.0 - first / np.where(second > 0, second, 1.0)
        return labels, np.where(second > 0, strength, 0.0), first

    def to_arrays(self) -> Frozen:
        """Give the centres."""
        return Frozen("kmeans", {}, {"centres": self.centres})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal partition."""
        return cls(frozen.arrays["centres"])


class KMeans:
    """Settings of Lloyd's k-means with k-means++ starts.

    Args:
        k: number of clusters, >= 2.
        starts: independent starts, of which the one with the lowest inertia is kept, >= 1.

    Source:
        Lloyd (1982), "Least squares quantization in PCM"; Arthur & Vassilvitskii (2007), "k-means++".
    """

    Fitted: ClassVar[type[FittedKMeans]] = FittedKMeans

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, ("k", "starts"), "clustering (kmeans)")
        self.k: int = options.get("k", 8)
        self.starts: int = options.get("starts", 10)
        for name, lowest in (("k", 2), ("starts", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise ConfigError(f"'{name}' of kmeans is a whole number >= {lowest}, got {shown(value)}")

    def fit(self, points: Points, rng: np.random.Generator) -> FittedKMeans:
        """Find k centres among (n, d) points, in one thread so that sums are made in one order."""
        _check_enough(points, self.k)
        model = SklearnKMeans(self.k, n_init=self.starts, random_state=legacy_seed(rng), algorithm="lloyd", tol=1e-6)
        model.fit(points.astype(np.float64))
        labels, order = canonical_order(model.labels_.astype(np.int32), self.k)
        return FittedKMeans(np.ascontiguousarray(model.cluster_centers_[order]), labels)


def _check_enough(points: Points, k: int) -> None:
    if not np.isfinite(points).all():
        raise DataError("the embedding has cells that are not finite numbers; k-means needs finite points")
    n_distinct = count_distinct(points, k)
    if n_distinct < k:
        raise DataError(
            f"{k} clusters were asked of {n_distinct} distinct points; lower 'clustering.k' or bring more users"
        )
