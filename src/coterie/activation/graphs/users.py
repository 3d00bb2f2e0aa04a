"""Users who are alike: points in, the graph of nearest neighbours by cosine out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coterie import _kernels as kernels
from coterie.activation.graphs.types import Found, Links

Singles = npt.NDArray[np.float32]


def nearest_users(points: Singles, ids: npt.NDArray[np.str_], *, k: int, mutual: bool = False) -> Found:
    """Link each user with the k whose points have the largest cosine with theirs, exactly.

    Args:
        points: (n, d). ids: (n,) sorted. k: neighbours of a user, at most the number of the others.
        mutual: keep an edge where each is among the other's k; by default where one of them is.

    Returns:
        Edges without a direction, weighed by their cosine; those of a cosine of zero or less are left out.
    """
    norms = np.linalg.norm(points.astype(np.float64), axis=1)
    placed = norms > 0
    left_out = (f"{int((~placed).sum()):,} users at the origin, who have no direction",) if not placed.all() else ()
    ids, units = ids[placed], (points[placed] / norms[placed][:, None]).astype(np.float32)
    n = len(ids)
    if n < 2:
        none = np.empty(0, np.int64)
        return Found(tuple(ids.tolist()), None, Links(none, none, none.astype(np.float64)), 0, 0, 0, left_out)
    near, cosine = kernels.top_k(units, units, min(k, n - 1), exclude_self=True)
    one, other = np.repeat(np.arange(n), near.shape[1]), near.ravel().astype(np.int64)
    pair = np.minimum(one, other) * n + np.maximum(one, other)
    pairs, first, times = np.unique(pair, return_index=True, return_counts=True)
    weight = np.minimum(cosine.ravel()[first].astype(np.float64), 1.0)
    kept = (weight > 0) & (times >= (2 if mutual else 1))
    links = Links(pairs[kept] // n, pairs[kept] % n, weight[kept])
    return Found(tuple(ids.tolist()), None, links, 0, 0, len(links), left_out)


def cloud_like(points: Singles, rng: np.random.Generator) -> Singles:
    """Give as many points of one normal distribution with the mean and covariance of these: a cloud of no groups."""
    wide = points.astype(np.float64)
    values, axes = np.linalg.eigh(np.cov(wide, rowvar=False).reshape(wide.shape[1], wide.shape[1]))
    drawn = rng.standard_normal(wide.shape) * np.sqrt(np.maximum(values, 0.0))
    cloud: Singles = (wide.mean(axis=0) + drawn @ axes.T).astype(np.float32)
    return cloud
