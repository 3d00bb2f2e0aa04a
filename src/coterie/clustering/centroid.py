"""K-means: clusters as balls around their means, and the nearest mean as the rule for everybody who comes later."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from coterie.clustering.centres import FittedCentres
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.contract import Assignment
from coterie.clustering.distances import assign_nearest, check_width, cluster_means
from coterie.clustering.labels import inhabited_order
from coterie.clustering.lloyd import lloyd
from coterie.embedding.contract import Points
from coterie.frozen import Frozen


class FittedKMeans(FittedCentres):
    """Centres, and the nearest one as the rule."""

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points its nearest centre; a tie goes to the larger cluster.

        Strength is 1 - d1 / d2 with d1 the distance to the nearest and d2 to the second nearest centre: the
        simplified silhouette of the point (Hruschka, de Castro & Campello 2004).
        """
        check_width(points, self.centres.shape[1], "k-means")
        return assign_nearest(points, self.centres)

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
        self.k, self.starts = common_options(options, (), "kmeans")

    def fit(self, points: Points, rng: np.random.Generator) -> FittedKMeans:
        """Find k centres among (n, d) points."""
        check_points(points, self.k)
        labels, order = inhabited_order(assign_nearest(points, lloyd(points, self.k, self.starts, rng)).labels, self.k)
        centres = cluster_means(points.astype(np.float64), labels, len(order))
        # Asked anew: a row between two centres goes to the first of them, in the order that newcomers will meet.
        return FittedKMeans(centres, assign_nearest(points, centres).labels)
