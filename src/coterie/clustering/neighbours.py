"""How near the neighbours are: the k-distance curve, its knee, and what all neighbourhoods together would take.

Curve and estimate look at a sample of rows, each against all rows, so they cost O(n) beyond the sample's size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from coterie.clustering.distances import BLOCK_CELLS, Floats
from coterie.embedding.contract import Points
from coterie.errors import ConfigError, DataError, shown
from coterie.features.options import whole

AUTO = "auto"
SAMPLE_ROWS = 1_000
CURVE_POINTS = 500
FEWEST_NEIGHBOURS = 4
CORE_SHARE = 0.02
BYTES_PER_NEIGHBOUR = 24  # measured on scikit-learn 1.9: an 8-byte row number, its distance, and the arrays' slack
MAX_NEIGHBOURHOOD_BYTES = 1_000_000_000
UNRELATED = 1e-6  # of the points' spread: below any distance between float32 points that differ, above rounding


@dataclass(frozen=True, slots=True, eq=False)
class KDistance:
    """The k-distance curve.

    Args:
        k: neighbours counted, the row itself being the first.
        distances: (m,) ascending, m <= 500, in units of the embedding: distance of a row to its k-th neighbour, at
            evenly spaced ranks from the densest row (share 0) to the most remote (share 1).
        knee: the one of these distances where the curve turns up: denser rows are in some crowd, others remote.
    """

    k: int
    distances: Floats
    knee: float

    def at(self, share: float) -> float:
        """Give the distance within which this share of rows, in [0, 1], has k neighbours."""
        return float(self.distances[math.ceil(share * (len(self.distances) - 1))])


def whole_or_auto(value: object, where: str) -> int | str:
    """Give a whole number >= 1 or "auto" back.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(value, str):
        if value != AUTO:
            raise ConfigError(f"'{where}' is {shown(value)}; expected a whole number >= 1 or 'auto'")
        return AUTO
    return whole(value, where, low=1)


def default_min_samples(n_rows: int, n_dims: int) -> int:
    """Give the neighbours that make a row a core: 2 d, at least 4, at most 2 % of the rows.

    The bound keeps a crowd of 3 % of all, the smallest segment that is allowed by default, able to have a core.

    Source:
        Sander, Ester, Kriegel & Xu (1998), "Density-based clustering in spatial databases: the algorithm GDBSCAN and
        its applications", section 4.2 (2 d); Ester, Kriegel, Sander & Xu (1996), section 4.2 (4).
    """
    return max(FEWEST_NEIGHBOURS, min(2 * n_dims, int(CORE_SHARE * n_rows)))


def sample_rows(points: Points, rng: np.random.Generator) -> Floats:
    """Give all rows, or 1,000 of them at random; the rows drawn do not depend on the order of (n, d) points."""
    if len(points) <= SAMPLE_ROWS:
        return points.astype(np.float64)
    order = np.lexsort(points.T)
    drawn = np.sort(rng.choice(len(points), SAMPLE_ROWS, replace=False))
    return points[order[drawn]].astype(np.float64)


def kth_distances(rows: Floats, points: Floats, k: int) -> Floats:
    """Give (m,) distances from each of (m, d) rows to its k-th nearest of (n, d) points, k in 1..n."""
    step = max(1, BLOCK_CELLS // len(points))
    found = np.empty(len(rows))
    for start in range(0, len(rows), step):
        block = cdist(rows[start : start + step], points)
        block.partition(k - 1, axis=1)
        found[start : start + step] = block[:, k - 1]
    return found


def kth_distances_of_many(rows: npt.NDArray[np.int64], points: Floats, k: int) -> Floats:
    """Give what ``kth_distances`` gives for rows of the (n, d) points themselves, faster where n is large.

    The k nearest of a row are found by a product of matrices, whose rounding may take one for another that is as near;
    their distances are taken exactly.
    """
    step = max(1, BLOCK_CELLS // len(points))
    halves = np.einsum("ij,ij->i", points, points) / 2
    found = np.empty(len(rows))
    for start in range(0, len(rows), step):
        block = points[rows[start : start + step]]
        nearness = halves - block @ points.T
        nearest = np.argpartition(nearness, k - 1, axis=1)[:, :k]
        offsets = points[nearest] - block[:, None]
        found[start : start + step] = np.sqrt(np.einsum("ijk,ijk->ij", offsets, offsets).max(axis=1))
    return found


def k_distance_curve(sample: Floats, points: Floats, k: int) -> KDistance:
    """Give the curve of a sample of (n, d) points, n >= 1; where k is more than n, of the n-th neighbour."""
    k = min(k, len(points))
    exact = np.sort(kth_distances(sample, points, k))
    ranks = np.linspace(0, len(exact) - 1, min(len(exact), CURVE_POINTS)).round().astype(np.int64)
    return KDistance(k, exact[ranks], find_knee(exact[ranks]))


def find_knee(distances: Floats) -> float:
    """Give the one of (m,) ascending distances where they turn from rising slowly to rising fast.

    Curve and ranks are scaled to [0, 1]; the knee is where the curve lies farthest below the diagonal. Of all knees
    that Kneedle would confirm this is the most pronounced, and none is confirmed where the curve lies less than one
    step below it (sensitivity S = 1): no density tells rows apart then, and the last distance is given, which leaves
    nobody out. No smoothing: sorted distances have no noise to be smoothed away.

    Source:
        Satopää, Albrecht, Irwin & Raghavan (2011), "Finding a 'kneedle' in a haystack", section III.
    """
    height = distances[-1] - distances[0]
    if height == 0:
        return float(distances[-1])
    below = np.linspace(0, 1, len(distances)) - (distances - distances[0]) / height
    knee = int(below.argmax())
    return float(distances[knee if below[knee] > 1 / (len(distances) - 1) else -1])


def usable_eps(distance: float, curve: KDistance, points: Floats) -> float:
    """Make a radius > 0 of a distance of the curve: rounded up to four digits, so that rounding leaves nobody outside.

    Where the distance is 0, rows having k exact copies, the lowest k-distance above 0 takes its place; where that is
    missing too, a radius that takes in copies and nothing else.
    """
    if distance == 0:
        positive = curve.distances[curve.distances > 0]
        distance = float(positive[0]) if len(positive) else UNRELATED * float(np.ptp(points, axis=0).max())
    if distance == 0:  # all rows are the same
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(distance)) - 3)
    return max(distance, float(f"{math.ceil(distance / unit) * unit:.4g}"))


@dataclass(frozen=True, slots=True)
class NeighbourCount:
    """What the neighbourhoods of all rows hold, estimated from a sample.

    Args:
        eps: their radius. mean: rows in a neighbourhood, the row itself among them. pairs: in all. size: bytes.
    """

    eps: float
    mean: float
    pairs: float
    size: float

    @property
    def fits(self) -> bool:
        """Whether they fit in the memory that a fit may take."""
        return self.size <= MAX_NEIGHBOURHOOD_BYTES


def count_neighbours(sample: Floats, points: Floats, eps: float) -> NeighbourCount:
    """Estimate the neighbourhoods of (n, d) points from those of a sample of them."""
    step = max(1, BLOCK_CELLS // len(points))
    blocks = (cdist(sample[start : start + step], points) for start in range(0, len(sample), step))
    mean = sum(int(np.count_nonzero(block <= eps)) for block in blocks) / len(sample)
    pairs = mean * len(points)
    return NeighbourCount(eps, mean, pairs, pairs * BYTES_PER_NEIGHBOUR)


def refuse_crowds(count: NeighbourCount) -> None:
    """Refuse neighbourhoods that would not fit in memory.

    Raises:
        DataError: they would not.
    """
    if not count.fits:
        raise DataError(
            f"dbscan with eps {count.eps:g} finds about {count.mean:,.0f} neighbours of each row: {count.pairs:,.0f} "
            f"pairs, {count.size / 1e9:,.1f} GB; at most {MAX_NEIGHBOURHOOD_BYTES / 1e9:g} GB are taken: lower 'eps' "
            "of dbscan, or use kmeans"
        )
