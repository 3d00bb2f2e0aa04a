"""The null test: are segments islands, or cuts through a cloud.

In come points, their labels and the clusterer that gave them; out comes how deep the valleys between neighbouring
segments are, against the valleys that the same clusterer with the same settings finds in points that have the same
covariance (or the same marginals) and no clusters.

**Separation.** A density is followed along the line from the centre of one cluster to that of another: all points
count, each by a Gaussian kernel, narrow along the line and wide across it. With v the lowest density between the
centres and p the lower of the highest ones on either side, depth is 1 - v / p, less a standard error of the counts
behind them: 0 where the density never falls on the way, near 1 where there is empty space. A cluster is as separate as
the shallower of its valleys to the two nearest others, and separation is the mean over clusters, weighted by members.

This is 0, up to chance, for *every* cloud whose density is log-concave (a Gaussian of any covariance, a uniform cube),
however it is cut, because such a density stays log-concave when it is smoothed by a kernel, and has one peak on every
line. The members of two clusters alone, projected on the line between their centres, lack this: cells of a cut cube are
narrower at their common wall than in their middle. Points on a lattice, such as answers from 1 to 5, have gaps between
its sites; where most points coincide with others, the kernel is at least half as wide as the sites are apart.

A small p alone is not enough: with enough users every law is refuted. So segments are *natural* only where valleys are
also deeper than a floor.

Source:
    Parametric bootstrap of an index over refits: Hennig & Lin (2015), "Flexible parametric bootstrap for testing
    homogeneity against clustering and assessing the number of clusters"; Gaussian null: Liu, Hayes, Nobel & Marron
    (2008), "Statistical significance of clustering for high-dimension, low-sample size data". Ratio of the lowest
    density between two centres to the second highest peak: Hennig (2010), "Methods for merging Gaussian mixture
    components", section 4. Log-concave convolutions: Prékopa (1973), "On logarithmic concave measures and functions". p
    with the data counted: Davison & Hinkley (1997), "Bootstrap methods and their application", equation 4.11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

from coterie.clustering.contract import Clusterer, Labels
from coterie.embedding.contract import Points
from coterie.errors import ConfigError, DataError
from coterie.parallel import map_in_order
from coterie.randomness import generator
from coterie.selection.references import reference, sample_rows
from coterie.selection.types import Null, NullTest
from coterie.terms import NOISE

Floats = npt.NDArray[np.float64]
LEVEL = 0.05
FLOOR = 0.1  # bench/quality/null.py: points of one blob stay below it, whatever their law
MOST_ROWS = 3_000
FEWEST = 19  # replicates, for p to come down to 0.05
ALONG = 0.12  # width of the kernel along the line, over the distance of the centres
ACROSS = (
    0.5  # its squared width across, over the clusters' scatter across: a good third of the members keep their weight
)
ERRORS = 1.0
NEIGHBOURS = 2
ROUNDING = 1e-10
BINS = 64  # of twice the distance between the centres


def null_test(
    points: Points,
    labels: Labels,
    clusterer: Clusterer,
    seed: int,
    *,
    null: Null = "gaussian",
    replicates: int = 99,
    floor: float = FLOOR,
    most_rows: int = MOST_ROWS,
    threads: int,
) -> NullTest:
    """Test the separation of segments against replicates without clusters.

    Args:
        points: (n, d). labels: (n,) of the fit; noise is no segment.
        clusterer: that gave the labels, with its settings; refitted on every replicate. Where it cannot be, or finds
            fewer than two clusters there, the replicate's separation is 0.
        seed: the project's root seed. null: what replicates keep, see ``references.reference``.
        replicates: at least 19, for p to come down to 0.05. floor: in (0, 1). most_rows: a larger table is sampled;
            settings that count neighbours or members mean something else in a sample, so give such methods all rows.
        threads: replicates at once.

    Raises:
        ConfigError: an argument is out of its range.
        DataError: labels do not belong to the points, or points are not finite.
    """
    if replicates < FEWEST or not 0 < floor < 1 or most_rows < 2:
        raise ConfigError(
            f"a null test needs at least {FEWEST} replicates, a floor in (0, 1) and at least 2 rows, got {replicates}, "
            f"{floor:g} and {most_rows}"
        )
    if len(points) != len(labels):
        raise DataError(f"{len(points)} points need as many labels, got {len(labels)}")
    rows = sample_rows(len(points), most_rows, generator(seed, "null-rows"))
    law = reference(points[rows], null)

    def one(number: int) -> float:
        drawn = law.draw(generator(seed, "null", null, number))
        try:
            fitted = clusterer.fit(drawn, generator(seed, "null-fit", null, number))
        except DataError:
            return 0.0
        return separation(drawn, fitted.fit_labels)

    found = separation(points[rows], labels[rows])
    others = np.array(list(map_in_order(one, range(replicates), threads=threads)))
    p = (1 + int((others >= found).sum())) / (replicates + 1)
    high = float(np.quantile(others, 1 - LEVEL))
    return NullTest(null, replicates, found, float(others.mean()), high, p, floor, bool(p <= LEVEL and found >= floor))


def separation(points: Points, labels: Labels) -> float:
    """Give the mean depth of the shallower valley between each cluster and the two nearest others.

    Args:
        points: (n, d). labels: (n,) clusters from 0, or NOISE, which is no cluster but counts in the density, else a
            method would dig its own valleys by leaving people out; a number may be nobody's.

    Returns:
        In [0, 1], clusters weighted by their members; higher is better, 0 with fewer than two clusters.
    """
    clusters, own = np.unique(labels[labels != NOISE], return_inverse=True)
    if len(clusters) < 2:
        return 0.0
    inside = np.full(len(labels), NOISE, np.int64)
    inside[labels != NOISE] = own
    cloud = _cloud(points.astype(np.float64), inside, len(clusters))
    depths = cloud.shallowest()
    return float(np.average(depths, weights=cloud.sizes))


@dataclass(frozen=True, slots=True, eq=False)
class _Cloud:
    """Points in clusters.

    Args:
        points: (n, d), noise among them. sizes: (k,) members. centres: (k, d). scatter: (k, d, d) sums of
            products around them. lattice: least width of the kernel along a line, 0 for points on no lattice.
    """

    points: Floats
    sizes: npt.NDArray[np.int64]
    centres: Floats
    scatter: Floats
    lattice: float

    def shallowest(self) -> list[float]:
        """Give each cluster's depth to the nearest others, the least of them."""
        apart = cdist(self.centres, self.centres)
        np.fill_diagonal(apart, -1.0)  # itself comes first, also where centres coincide
        nearest = np.argsort(apart, axis=1, kind="stable")[:, 1 : 1 + NEIGHBOURS]
        pairs = {(min(a, b), max(a, b)) for a, others in enumerate(nearest.tolist()) for b in others}
        found = {pair: self.depth(*pair) for pair in sorted(pairs)}
        return [min(found[min(a, b), max(a, b)] for b in others) for a, others in enumerate(nearest.tolist())]

    def depth(self, one: int, other: int) -> float:
        """Follow the density from one centre to the other."""
        axis = self.centres[other] - self.centres[one]
        length = float(np.linalg.norm(axis))
        if length == 0:
            return 0.0
        axis /= length
        offsets = self.points - self.centres[one]
        along = offsets @ axis
        across = np.maximum(np.einsum("ij,ij->i", offsets, offsets) - along**2, 0)
        both = self.scatter[one] + self.scatter[other]
        spread = float(np.trace(both) - axis @ both @ axis) / int(self.sizes[one] + self.sizes[other])
        # On one line, or nearly, there is nothing across that could be told from rounding.
        is_flat = spread <= ROUNDING * length**2
        weights = np.exp(-across / (2 * ACROSS * (length**2 if is_flat else spread)))
        return valley_depth(along / length, weights, max(ALONG, self.lattice / length))


def _cloud(points: Floats, own: npt.NDArray[np.int64], k: int) -> _Cloud:
    members = [points[own == c] for c in range(k)]
    centres = np.stack([rows.mean(axis=0) for rows in members])
    centred = [rows - centre for rows, centre in zip(members, centres, strict=True)]
    scatter = np.stack([rows.T @ rows for rows in centred])
    return _Cloud(points, np.bincount(own[own != NOISE], minlength=k), centres, scatter, _lattice_width(points))


def _lattice_width(points: Floats) -> float:
    """Give half the median distance between neighbouring sites where most points share theirs with others, else 0."""
    if len(np.unique(points[:, 0])) > len(points) / 2:  # and so are the sites, which take longer to count
        return 0.0
    sites = np.unique(points, axis=0)
    if not 1 < len(sites) <= len(points) / 2:
        return 0.0
    return float(np.median(KDTree(sites).query(sites, k=2)[0][:, 1])) / 2


def valley_depth(places: Floats, weights: Floats, width: float) -> float:
    """Give the depth of the lowest density between two centres.

    Args:
        places: (n,) on the line, with one centre at 0 and the other at 1. weights: (n,) in [0, 1].
        width: standard deviation of the kernel, > 0.

    Returns:
        In [0, 1]: 1 - v / p less ``ERRORS`` standard errors, with p and v the weights that the kernel, 1 at its middle,
        counts at the lower peak and in the valley.
    """
    counts = np.histogram(places, BINS, (-0.5, 1.5), weights=weights)[0]
    spread = width * BINS / 2
    density = gaussian_filter1d(counts, spread, mode="constant") * np.sqrt(2 * np.pi) * spread
    first, last = BINS // 4, 3 * BINS // 4
    lowest = first + int(density[first : last + 1].argmin())
    peak = min(float(density[: lowest + 1].max()), float(density[lowest:].max()))
    valley = float(density[lowest])
    return max(0.0, (peak - valley - ERRORS * float(np.sqrt(peak + valley))) / peak) if peak > 0 else 0.0
