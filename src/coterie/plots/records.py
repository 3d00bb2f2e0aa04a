"""Records that figures are made from and that no earlier step has: so far the map of users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.errors import DataError

MAP_LIMIT = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class UserMap:
    """Users as points on two axes.

    Args:
        x, y: (m,) principal components of the embedding, in its unit, centred on all users.
        segments: (m,) segment id of each point.
        n_total: users there are, of whom ``m`` are shown.
        explained: share of the embedding's variance along x and along y, each in [0, 1].
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    segments: tuple[str, ...]
    n_total: int
    explained: tuple[float, float]

    @property
    def sampled(self) -> bool:
        """Whether the map shows a random sample of the users."""
        return len(self.segments) < self.n_total


def sample_map(
    points: npt.NDArray[np.floating],
    segment_ids: npt.NDArray[np.str_] | tuple[str, ...] | list[str],
    rng: np.random.Generator,
    *,
    limit: int = MAP_LIMIT,
) -> UserMap:
    """Lay users out on the first two principal components of their embedding.

    The axes come from all users; the points shown are a uniform sample where there are more than ``limit``. Each axis
    is turned so that the embedding's dimension that weighs most points along it: the same points give the same map.

    Args:
        points: (n, d) embedding. segment_ids: (n,) in the same order.

    Raises:
        DataError: the two differ in length, ``points`` is not two-dimensional or holds a value that is not finite, or
            ``limit`` is below 1.
    """
    wide = np.asarray(points, dtype=np.float64)
    if wide.ndim != 2 or len(wide) != len(segment_ids):
        raise DataError(
            f"a map got points of shape {wide.shape} and {len(segment_ids)} segment ids; expected (n, d) and n ids"
        )
    if not np.isfinite(wide).all():
        raise DataError("a map got points with values that are not finite; expected an embedding without gaps")
    if limit < 1:
        raise DataError(f"a map got limit = {limit}; expected 1 or more")
    n = len(wide)
    axes, explained = _axes(wide)
    chosen = np.arange(n) if n <= limit else np.sort(rng.choice(n, limit, replace=False))
    centre = wide.mean(axis=0) if n else np.zeros(wide.shape[1])
    flat = (wide[chosen] - centre) @ axes
    return UserMap(flat[:, 0], flat[:, 1], tuple(str(segment_ids[row]) for row in chosen), n, explained)


def _axes(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], tuple[float, float]]:
    """Give (d, 2) principal axes and the share of variance of each; an axis that is not there is zero."""
    n, d = points.shape
    axes, shares = np.zeros((d, 2)), np.zeros(2)
    if n < 2 or d == 0:
        return axes, (0.0, 0.0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(points, rowvar=False)))
    total = float(values.sum())
    if total <= 0:
        return axes, (0.0, 0.0)
    kept = min(d, 2)
    axes[:, :kept] = vectors[:, ::-1][:, :kept]
    shares[:kept] = np.clip(values[::-1][:kept] / total, 0.0, 1.0)
    heaviest = axes[np.abs(axes).argmax(axis=0), [0, 1]]
    return axes * np.where(heaviest < 0, -1.0, 1.0), (float(shares[0]), float(shares[1]))
