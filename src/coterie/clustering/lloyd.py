"""Lloyd's k-means, for the clusterers that are made of it."""

from __future__ import annotations

import numpy as np

from coterie._kernels import kmeans
from coterie.clustering.distances import Floats
from coterie.embedding.contract import Points

SAMPLE = 20_000  # rows that starts are drawn from; the iterations see all
ITERATIONS = 300
TOLERANCE = 1e-6  # of the mean variance of a dimension: how little centres move once they have converged


def lloyd(
    points: Points | Floats, k: int, starts: int, rng: np.random.Generator, *, iterations: int = ITERATIONS
) -> Floats:
    """Find (k, d) centres of (n, d) points, of which at least k are distinct; the best of several k-means++ starts.

    Distances are taken in single precision between points about their mean, centres as means in double precision.
    """
    middle = points.mean(axis=0, dtype=np.float64)
    centred = points - middle
    scale = float(np.abs(centred).max())  # so that squares of very large and very small numbers are numbers
    centred = (centred / scale).astype(np.float32)
    sample = centred
    if len(points) > SAMPLE:
        sample = centred[np.sort(rng.choice(len(points), SAMPLE, replace=False))]
    uniforms = rng.random((starts, k, 2 + int(np.log(k))))
    tolerance = TOLERANCE * float(centred.var(axis=0, dtype=np.float64).mean())
    found = kmeans(centred, sample, uniforms, most=iterations, tolerance=tolerance)
    centres: Floats = found.centres * scale + middle
    return centres
