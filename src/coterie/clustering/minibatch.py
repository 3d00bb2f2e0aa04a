"""K-means on small batches: for more users than Lloyd's passes over all rows are worth waiting for."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from coterie.clustering.centroid import FittedKMeans
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.distances import assign_nearest
from coterie.clustering.labels import inhabited_order
from coterie.embedding.contract import Points
from coterie.features.options import whole
from coterie.randomness import legacy_seed


class MiniBatch:
    """Settings of mini-batch k-means; what it leaves behind is centres, used as those of k-means are.

    Args:
        k: number of clusters, >= 2; a centre that ends up as nobody's nearest is left out.
        starts: random sets of first centres, of which the best on a sample is kept, >= 1.
        batch: rows that each step looks at, >= 1.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Sculley (2010), "Web-scale k-means clustering".
    """

    Fitted: ClassVar[type[FittedKMeans]] = FittedKMeans

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("batch",), "minibatch")
        self.batch = whole(options.get("batch", 1024), "clustering.options.minibatch.batch", low=1)

    def fit(self, points: Points, rng: np.random.Generator) -> FittedKMeans:
        """Find centres among (n, d) points; labels are those of the nearest final centre."""
        check_points(points, self.k)
        model = MiniBatchKMeans(self.k, n_init=self.starts, batch_size=self.batch, random_state=legacy_seed(rng))
        centres = model.fit(points.astype(np.float64)).cluster_centers_
        labels, order = inhabited_order(assign_nearest(points, centres).labels, self.k)
        return FittedKMeans(np.ascontiguousarray(centres[order]), labels)
