"""Records that figures are made from and that no earlier step has: so far the map of users.

UMAP is for looking alone: nothing is measured on its map, and no segment is formed on one.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.errors import DataError
from coterie.randomness import legacy_seed

MAP_LIMIT = 5_000
NEIGHBOURS = 15  # UMAP's own default
Projection = Literal["pca", "umap"]


@dataclass(frozen=True, slots=True, eq=False)
class UserMap:
    """Users as points on two axes.

    Args:
        x, y: (m,) principal components of the embedding, in its unit, centred on all users; or the axes of UMAP, which
            have no unit and keep who is near to whom, but not how far apart others are.
        segments: (m,) segment id of each point.
        n_total: users there are, of whom ``m`` are shown.
        explained: share of the embedding's variance along x and along y, each in [0, 1]; None for UMAP.
        projection: which of the two it is.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    segments: tuple[str, ...]
    n_total: int
    explained: tuple[float, float] | None
    projection: Projection = "pca"

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
    projection: Projection = "pca",
) -> UserMap:
    """Lay users out on the first two principal components of their embedding, or by UMAP.

    The components come from all users; the points shown are a uniform sample where there are more than ``limit``. Each
    is turned so that the embedding's dimension that weighs most points along it: the same points give the same map.
    UMAP lays out the points shown.

    Args:
        points: (n, d) embedding. segment_ids: (n,) in the same order.

    Raises:
        DataError: the two differ in length, ``points`` is not two-dimensional or holds a value that is not finite, or
            ``limit`` is below 1.
        MissingExtraError: UMAP is asked for and not installed; names the install line.
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
    chosen = np.arange(n) if n <= limit else np.sort(rng.choice(n, limit, replace=False))
    shown = tuple(str(segment_ids[row]) for row in chosen)
    if projection == "umap":
        flat = _laid_out(wide[chosen], rng)
        return UserMap(flat[:, 0], flat[:, 1], shown, n, None, projection)
    axes, explained = _axes(wide)
    centre = wide.mean(axis=0) if n else np.zeros(wide.shape[1])
    flat = (wide[chosen] - centre) @ axes
    return UserMap(flat[:, 0], flat[:, 1], shown, n, explained)


def require_projection(projection: Projection) -> None:
    """See to it that a map can be made.

    Raises:
        MissingExtraError: it needs a package that is not installed; names the install line.
    """
    if projection == "umap":
        _umap()


def _umap() -> ModuleType:
    return plugins.require("umap", extra="umap")


def _laid_out(points: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Give (n, 2) places by UMAP; too few points to have neighbours lie on one place.

    Source:
        McInnes, Healy & Melville (2018), "UMAP: Uniform manifold approximation and projection for dimension reduction".
    """
    umap = _umap()
    if len(points) <= 3:
        return np.zeros((len(points), 2))
    # One thread and a fixed start, so that the same points give the same map.
    layout = umap.UMAP(
        n_components=2,
        n_neighbors=min(NEIGHBOURS, len(points) - 1),
        init="pca" if points.shape[1] >= 2 else "random",
        random_state=legacy_seed(rng),
        n_jobs=1,
    )
    flat: npt.NDArray[np.float64] = np.asarray(layout.fit_transform(points), np.float64)
    return flat


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
