"""Points without clusters, to hold those of the data against.

In come n points; out go as many that keep something of theirs (covariance, marginals, extent) and have no clusters. A
replicate of points on the unit sphere lies on it too, and a large table is compared by a sample of its rows.

A column whose rows share their values (a yes or no, a count, a score with many zeros) has gaps and heaps of its own,
which are no gaps between groups of people. The Gaussian keeps such a column's values, or they would pass for structure.

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
HEAPED = 0.25  # of a column's rows that share their value with another row; among float32 measurements hardly any do


def sample_rows(n: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give the numbers of all of n rows, or of ``most`` drawn at random, in order."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A law without clusters that replicates are drawn from.

    Args:
        points: (n, d) of the data, in float64. kind: what is kept of them. on_sphere: their rows have length one.
        heaped: (d,) columns in which many rows share their value with another row.
    """

    points: Floats
    kind: Kind
    on_sphere: bool
    heaped: npt.NDArray[np.bool_]

    def draw(self, rng: np.random.Generator) -> Points:
        """Draw (n, d) points; those of a reference on the sphere are brought to length one."""
        drawn = _DRAWS[self.kind](self, rng)
        return np.asarray(unit_rows(drawn) if self.on_sphere else drawn, np.float32)


def reference(points: npt.NDArray[np.floating], kind: Kind) -> Reference:
    """Take the law of some kind from (n, d) points.

    Args:
        kind: "gaussian" keeps mean and covariance, and the values of columns in which a quarter of the rows or more
            share theirs; "copula" every column's own values and the correlation of their ranks; "permuted" the columns'
            own values alone; "box" the extent along the principal axes.

    Raises:
        DataError: there are fewer than two points, or a cell is not finite. UnknownNameError: there is no such kind.
    """
    if kind not in _DRAWS:
        raise UnknownNameError("reference", kind, _DRAWS)
    exact = points.astype(np.float64)
    if len(exact) < 2 or not np.isfinite(exact).all():
        raise DataError(f"a reference needs at least two finite points, got {len(exact)}; bring more users")
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    on_sphere = bool((np.abs(lengths - 1) < UNIT_TOLERANCE).all()) and exact.shape[1] > 1
    return Reference(exact, kind, on_sphere, _heaped(exact))


def _normal(n: int, covariance: Floats, rng: np.random.Generator) -> Floats:
    """Draw (n, d) from N(0, covariance), which may be singular; what is no covariance gives way, but for variances."""
    values, axes = np.linalg.eigh(covariance)
    roots = axes * np.sqrt(np.maximum(values, 0))
    reached = np.einsum("ij,ij->i", roots, roots)
    kept = np.sqrt(np.divide(np.diag(covariance), reached, out=np.ones_like(reached), where=reached > 0))
    drawn: Floats = rng.standard_normal((n, len(values))) @ (roots * kept[:, None]).T
    return drawn


def _gaussian(law: Reference, rng: np.random.Generator) -> Floats:
    return _with_values(law.points, law.heaped, rng)


def _copula(law: Reference, rng: np.random.Generator) -> Floats:
    return _with_values(law.points, np.ones(law.points.shape[1], np.bool_), rng)


def _with_values(points: Floats, kept: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Draw normal rows, and give the columns in ``kept`` their own values back, by rank.

    In the covariance a kept column is the normal variable that its values are bands of. Of that only the mean of each
    band is known, whose covariances are too small by its variance v; they are divided by it.
    """
    n = len(points)
    ordered = np.sort(points[:, kept], axis=0)
    normal = points - points.mean(axis=0)
    normal[:, kept] = _band_means(points[:, kept], ordered)
    covariance = normal.T @ normal / (n - 1)
    known = np.where(kept, np.diag(covariance), 1.0)
    known[known <= 0] = 1.0  # a constant column stays: its scores are all 0
    covariance /= np.outer(known, known)
    covariance[np.diag_indices_from(covariance)] = np.where(kept, 1.0, np.diag(covariance))
    drawn = _normal(n, covariance, rng)
    places = np.minimum((ndtr(drawn[:, kept]) * n).astype(np.int64), n - 1)
    drawn += points.mean(axis=0)
    drawn[:, kept] = np.take_along_axis(ordered, places, axis=0)
    return drawn


def _band_means(points: Floats, ordered: Floats) -> Floats:
    """Give for each cell the mean of a standard normal variable over the ranks that the cell's value takes up."""
    n = len(points)
    means = np.empty(points.shape)
    for mean, o, p in zip(means.T, ordered.T, points.T, strict=True):
        low, high = np.searchsorted(o, p, "left"), np.searchsorted(o, p, "right")
        edges = np.exp(-(ndtri(np.arange(n + 1) / n) ** 2) / 2) / np.sqrt(2 * np.pi)
        mean[:] = (edges[low] - edges[high]) * n / (high - low)
    return means


def _heaped(points: Floats) -> npt.NDArray[np.bool_]:
    """Say of each of d columns whether many of its rows share their value with another row."""
    counts = [np.unique(column, return_counts=True)[1] for column in points.T]
    return np.array([count[count > 1].sum() >= HEAPED * len(points) for count in counts], np.bool_)


def _permuted(law: Reference, rng: np.random.Generator) -> Floats:
    drawn: Floats = rng.permuted(law.points, axis=0)
    return drawn


def _box(law: Reference, rng: np.random.Generator) -> Floats:
    points = law.points
    centre = points.mean(axis=0)
    _, axes = np.linalg.eigh((points - centre).T @ (points - centre))
    scores = (points - centre) @ axes
    drawn: Floats = centre + rng.uniform(scores.min(axis=0), scores.max(axis=0), scores.shape) @ axes.T
    return drawn


_DRAWS: dict[str, Callable[[Reference, np.random.Generator], Floats]] = {
    "gaussian": _gaussian,
    "copula": _copula,
    "permuted": _permuted,
    "box": _box,
}
