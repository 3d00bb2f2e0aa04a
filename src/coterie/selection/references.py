"""Points without clusters, to hold those of the data against.

In come n points; out go as many that keep something of theirs (covariance, marginals, extent) and have no clusters. A
replicate of points on the unit sphere lies on it too, and a large table is compared by a sample of its rows.

Source:
    Hennig & Lin (2015), "Flexible parametric bootstrap for testing homogeneity against clustering and assessing the
    number of clusters"; Gaussian with the covariance of the data: Liu, Hayes, Nobel & Marron (2008), "Statistical
    significance of clustering for high-dimension, low-sample size data"; Gaussian copula: Nelsen (2006), "An
    introduction to copulas"; uniform over the box of the principal axes: Tibshirani, Walther & Hastie (2001),
    "Estimating the number of clusters in a data set via the gap statistic", section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from coterie.embedding.contract import Points
from coterie.embedding.rows import unit_rows
from coterie.errors import DataError, UnknownNameError

Floats = npt.NDArray[np.float64]
Kind = Literal["gaussian", "copula", "permuted", "box"]
UNIT_TOLERANCE = 1e-4  # of a row of float32


def sample_rows(n: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give the numbers of all of n rows, or of ``most`` drawn at random, in order."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A law without clusters that replicates are drawn from.

    Args:
        points: (n, d) of the data, in float64. kind: what is kept of them. on_sphere: their rows have length one.
    """

    points: Floats
    kind: Kind
    on_sphere: bool

    def draw(self, rng: np.random.Generator) -> Points:
        """Draw (n, d) points; those of a reference on the sphere are brought to length one."""
        drawn = _DRAWS[self.kind](self.points, rng)
        return np.asarray(unit_rows(drawn) if self.on_sphere else drawn, np.float32)


def reference(points: npt.NDArray[np.floating], kind: Kind) -> Reference:
    """Take the law of some kind from (n, d) points.

    Args:
        kind: "gaussian" keeps mean and covariance; "copula" every column's own values and the correlation of their
            ranks; "permuted" the columns' own values alone; "box" the extent along the principal axes.

    Raises:
        DataError: there are fewer than two points, or a cell is not finite. UnknownNameError: there is no such kind.
    """
    if kind not in _DRAWS:
        raise UnknownNameError("reference", kind, _DRAWS)
    exact = points.astype(np.float64)
    if len(exact) < 2 or not np.isfinite(exact).all():
        raise DataError(f"a reference needs at least two finite points, got {len(exact)}; bring more users")
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    return Reference(exact, kind, bool((np.abs(lengths - 1) < UNIT_TOLERANCE).all()) and exact.shape[1] > 1)


def _normal(n: int, covariance: Floats, rng: np.random.Generator) -> Floats:
    """Draw (n, d) from N(0, covariance), which may be singular."""
    values, axes = np.linalg.eigh(covariance)
    drawn: Floats = (rng.standard_normal((n, len(values))) * np.sqrt(np.maximum(values, 0))) @ axes.T
    return drawn


def _gaussian(points: Floats, rng: np.random.Generator) -> Floats:
    centred = points - points.mean(axis=0)
    drawn: Floats = points.mean(axis=0) + _normal(len(points), centred.T @ centred / (len(points) - 1), rng)
    return drawn


def _copula(points: Floats, rng: np.random.Generator) -> Floats:
    n = len(points)
    order = np.argsort(points, axis=0, kind="stable")
    ordered = np.take_along_axis(points, order, axis=0)
    scores = ndtri((_mid_ranks(points, ordered) + 0.5) / n)
    varying = scores.std(axis=0) > 0
    drawn = points.copy()  # a constant column stays
    if varying.any():
        correlation = np.atleast_2d(np.corrcoef(scores[:, varying], rowvar=False))
        places = np.minimum((ndtr(_normal(n, correlation, rng)) * n).astype(np.int64), n - 1)
        drawn[:, varying] = np.take_along_axis(ordered[:, varying], places, axis=0)
    return drawn


def _mid_ranks(points: Floats, ordered: Floats) -> Floats:
    """Give each cell's rank in its column from 0, the mean one among ties."""
    pairs = zip(points.T, ordered.T, strict=True)
    ranks = [(np.searchsorted(o, p, "left") + np.searchsorted(o, p, "right") - 1) / 2 for p, o in pairs]
    return np.stack(ranks, axis=1).astype(np.float64)


def _permuted(points: Floats, rng: np.random.Generator) -> Floats:
    drawn: Floats = rng.permuted(points, axis=0)
    return drawn


def _box(points: Floats, rng: np.random.Generator) -> Floats:
    centre = points.mean(axis=0)
    _, axes = np.linalg.eigh((points - centre).T @ (points - centre))
    scores = (points - centre) @ axes
    drawn: Floats = centre + rng.uniform(scores.min(axis=0), scores.max(axis=0), scores.shape) @ axes.T
    return drawn


_DRAWS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "gaussian": _gaussian,
    "copula": _copula,
    "permuted": _permuted,
    "box": _box,
}
