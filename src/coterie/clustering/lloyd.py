"""Lloyd's k-means, for the clusterers that are made of it.

Of many points a sample is clustered first, from all starts; only the best of them goes on to all points, where it is
nearly at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coterie._kernels import KMeansFit, Singles, assign, kmeans, kmeans_from
from coterie.clustering.distances import Floats
from coterie.embedding.contract import Points

SAMPLE, SAMPLE_PER_CENTRE = 20_000, 200  # rows that starts are compared on, at least
ITERATIONS = 300
TOLERANCE = 1e-6  # of the mean variance of a dimension: how little centres move once they have converged


class _Prepared(NamedTuple):
    """Points about their mean, in units of their largest coordinate, and a sample of them.

    Args:
        points: (n, d). sample: (s, d), all points where there are few. middle: (d,). tolerance, most: when
            iterations end, as the kernels want it.
    """

    points: Singles
    sample: Singles
    middle: Floats
    scale: float
    tolerance: float
    most: int

    def original(self, centres: Floats) -> Floats:
        """Give (k, d) centres in units of the points as they came."""
        found: Floats = centres * self.scale + self.middle
        return found


def lloyd(
    points: Points | Floats, k: int, starts: int, rng: np.random.Generator, *, iterations: int = ITERATIONS
) -> Floats:
    """Find (k, d) centres of (n, d) points, of which at least k are distinct; the best of several k-means++ starts.

    Distances are taken in single precision between points about their mean, centres as means in double precision.
    """
    prepared = _prepared(points, k, rng, iterations)
    return prepared.original(_rested(prepared, _fresh(prepared, k, starts, rng)).centres)


def sweep(points: Points | Floats, ks: Sequence[int], starts: int, rng: np.random.Generator) -> list[Floats]:
    """Find the centres of several numbers of clusters, each from ``starts`` fresh starts and one more.

    The centres of the number before, and a point far from them, are a start that is nearly at rest, and one that fresh
    starts are given up against. Ask for all numbers at once, in rising order, once for each embedding: what one finds
    depends on which came before.

    Args:
        points: (n, d), of which at least the largest of ``ks`` are distinct. ks: rising, each >= 1.

    Returns:
        One (k, d) array for each of ``ks``.
    """
    prepared = _prepared(points, max(ks), rng, ITERATIONS)
    found: list[Floats] = []
    for k in ks:
        tried: list[KMeansFit] = []
        if found:
            tried.append(_settled(prepared, prepared.sample, _extended(prepared.sample, found[-1], k, rng)))
        tried.append(_fresh(prepared, k, starts, rng, *(fit.inertia for fit in tried)))
        found.append(_rested(prepared, min(tried, key=lambda fit: fit.inertia)).centres)
    return [prepared.original(centres) for centres in found]


def _prepared(points: Points | Floats, most_k: int, rng: np.random.Generator, iterations: int) -> _Prepared:
    middle = points.mean(axis=0, dtype=np.float64)
    centred = points - middle
    scale = float(np.abs(centred).max())  # so that squares of very large and very small numbers are numbers
    centred = (centred / scale).astype(np.float32)
    sample, size = centred, max(SAMPLE, SAMPLE_PER_CENTRE * most_k)
    if len(points) > size:
        sample = centred[np.sort(rng.choice(len(points), size, replace=False))]
    tolerance = TOLERANCE * float(centred.var(axis=0, dtype=np.float64).mean())
    return _Prepared(centred, sample, middle, scale, tolerance, iterations)


def _fresh(prepared: _Prepared, k: int, starts: int, rng: np.random.Generator, bound: float = np.inf) -> KMeansFit:
    """Give the best of several k-means++ starts on the sample, of infinite inertia where none gets below a bound."""
    sample, uniforms = prepared.sample, rng.random((starts, k, 2 + int(np.log(k))))
    return kmeans(sample, sample, uniforms, most=prepared.most, tolerance=prepared.tolerance, bound=bound)


def _settled(prepared: _Prepared, points: Singles, centres: Floats) -> KMeansFit:
    return kmeans_from(points, centres, most=prepared.most, tolerance=prepared.tolerance)


def _rested(prepared: _Prepared, fit: KMeansFit) -> KMeansFit:
    """Take centres of the sample further on all points."""
    is_all = prepared.sample is prepared.points
    return fit if is_all else _settled(prepared, prepared.points, fit.centres)


def _extended(sample: Singles, centres: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Add centres up to k: of a few points drawn by their squared distance always the one that lowers the sum most."""
    nearest = np.square(assign(sample.astype(np.float64), centres)[1])
    while len(centres) < k:
        drawn = np.searchsorted(np.cumsum(nearest), rng.random(2 + int(np.log(k))) * nearest.sum(), side="right")
        rows = np.minimum(drawn, len(sample) - 1)
        offsets = (sample - sample[row] for row in rows)
        lowered = [np.minimum(nearest, np.einsum("ij,ij->i", offset, offset)) for offset in offsets]
        best = int(np.argmin([values.sum() for values in lowered]))
        centres, nearest = np.vstack([centres, sample[rows[best]]]), lowered[best]
    return centres
