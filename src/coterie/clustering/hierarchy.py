"""Agglomerative clustering: users merged pair by pair into a tree, which is then cut into k.

The tree has no rule for newcomers, so one is stated: everybody belongs to the cluster of the nearest *representative*.
Representatives are the rows of the fit themselves where these are few. Where they are many, they are condensed into
k-means centres first, each row follows its nearest centre, and the tree is built over the centres, weighed by their
rows. Either way assigning agrees with the fit in every row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import cdist

from coterie.clustering.centres import FittedCentres
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import (
    Floats,
    assign_nearest,
    check_width,
    cluster_means,
    in_blocks,
    relative_strength,
)
from coterie.clustering.labels import inhabited_order
from coterie.clustering.lloyd import lloyd
from coterie.clustering.merging import cut, merge_weighted
from coterie.embedding.contract import Points
from coterie.embedding.rows import count_distinct
from coterie.errors import ConfigError, DataError, shown
from coterie.features.options import one_of, whole
from coterie.frozen import Frozen
from coterie.randomness import legacy_seed

LINKAGES = ("ward", "average", "complete")
MAX_ROWS = 5_000  # rows that are merged one by one; their distances, with SciPy's copy, take 200 MB
CONDENSING_ITERATIONS = 20  # representatives need to cover the rows, not to be the best k-means


@dataclass(frozen=True, slots=True, eq=False)
class Dendrogram:
    """What was merged, and into what.

    Args:
        points: (m, d) representatives. sizes: (m,) rows that each stands for. labels: (m,) cluster of each.
        tree: (m - 1, 4) merges in SciPy's form, from the lowest to the highest: two clusters, height, representatives.
    """

    points: Floats
    sizes: npt.NDArray[np.int64]
    labels: Labels
    tree: Floats


class FittedHierarchy(FittedCentres):
    """Representatives with their clusters, the tree that merged them, and the means of the clusters."""

    def __init__(self, dendrogram: Dendrogram, centres: Floats, fit_labels: Labels | None = None) -> None:
        super().__init__(centres, fit_labels)
        self.dendrogram = dendrogram

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points the cluster of its nearest representative.

        Strength is 1 - d1 / d2 with d1 the distance to that representative and d2 to the nearest one of another
        cluster; a row that is its own representative has 1. Distance is to the mean of the cluster's rows.
        """
        check_width(points, self.centres.shape[1], "hierarchy")
        return in_blocks(points, len(self.dendrogram.points), self._assign_block)

    def _assign_block(self, points: Floats) -> Assignment:
        distances = cdist(points, self.dendrogram.points)
        nearest = distances.argmin(axis=1)
        labels = self.dendrogram.labels[nearest]
        rows = np.arange(len(points))
        first = distances[rows, nearest]
        distances[labels[:, None] == self.dendrogram.labels] = np.inf
        to_centre = cdist(points, self.centres)[rows, labels]
        return Assignment(labels, relative_strength(first, distances.min(axis=1)), to_centre)

    def to_arrays(self) -> Frozen:
        """Give the representatives, their clusters and the tree."""
        d = self.dendrogram
        arrays: dict[str, npt.NDArray[Any]] = {
            "points": d.points,
            "sizes": d.sizes,
            "labels": d.labels,
            "tree": d.tree,
            "centres": self.centres,
        }
        return Frozen("agglomerative", {}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal partition."""
        arrays = frozen.arrays
        return cls(Dendrogram(arrays["points"], arrays["sizes"], arrays["labels"], arrays["tree"]), arrays["centres"])


class Agglomerative:
    """Settings of agglomerative clustering.

    Args:
        k: number of clusters, >= 2.
        starts: of no effect: the algorithm has no random start.
        linkage: what is merged next: "ward" the two clusters whose union adds least to the sum of squares, "average"
            those with the lowest mean distance between members, "complete" those with the lowest greatest distance.
        condense: more than twice as many rows are first condensed into this many k-means centres; between centres,
            "average" and "complete" take all rows of a centre to lie in it. 0 never condenses; above 5,000 rows the
            fit is then refused.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Ward (1963), "Hierarchical grouping to optimize an objective function"; Murtagh & Legendre (2014), "Ward's
        hierarchical agglomerative clustering method" (heights are those of its Ward2).
    """

    Fitted: ClassVar[type[FittedHierarchy]] = FittedHierarchy
    starts_at_random: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("linkage", "condense"), "agglomerative")
        where = "clustering.options.agglomerative"
        self.linkage = one_of(options.get("linkage", "ward"), LINKAGES, f"{where}.linkage")
        self.condense = whole(options.get("condense", 500), f"{where}.condense", low=0)
        most = MAX_ROWS // 2
        if self.condense and not self.k <= self.condense <= most:
            raise ConfigError(
                f"'{where}.condense' is {shown(self.condense)}; expected 0 (never) or a number from k = {self.k} to "
                f"{most:,}"
            )

    def fit(self, points: Points, rng: np.random.Generator) -> FittedHierarchy:
        """Merge (n, d) points until one cluster is left, and undo the last k - 1 merges.

        Raises:
            DataError: also where there are more rows than can be merged one by one.
        """
        check_points(points, self.k)
        exact = points.astype(np.float64)
        merged = self._merged(exact, legacy_seed(rng))
        old = cut(merged.tree, self.k)
        labels, order = inhabited_order(old[merged.nearest], self.k)
        new_number = np.empty(self.k, np.int32)
        new_number[order] = np.arange(len(order))
        dendrogram = Dendrogram(merged.points, np.bincount(merged.nearest), new_number[old], merged.tree)
        return FittedHierarchy(dendrogram, cluster_means(exact, labels, len(order)), labels)

    def _merged(self, points: Floats, seed: int) -> _Merged:
        """Merge all rows, or look up what was merged: a search cuts the tree of the same rows at every k."""
        is_condensed = bool(self.condense) and len(points) > 2 * self.condense
        digest = hashlib.blake2b(np.ascontiguousarray(points).data, digest_size=16).digest()
        place = _place(digest, points.shape, self.linkage, (self.condense, seed) if is_condensed else None)
        if "merged" not in place:
            merged = self._merge_condensed(points, seed) if is_condensed else self._merge_rows(points)
            for array in (merged.points, merged.nearest, merged.tree):
                array.setflags(write=False)
            place["merged"] = merged
        return place["merged"]

    def _merge_rows(self, points: Floats) -> _Merged:
        if len(points) > MAX_ROWS:
            raise DataError(
                f"agglomerative was asked to merge {len(points):,} rows one by one; at most {MAX_ROWS:,} fit in "
                "memory: set 'condense' of agglomerative to 500, or use kmeans"
            )
        return _Merged(points, np.arange(len(points), dtype=np.int32), linkage(points, self.linkage))

    def _merge_condensed(self, points: Floats, seed: int) -> _Merged:
        """Merge centres that stand for all rows."""
        n_centres = min(self.condense, count_distinct(points, self.condense))
        centres = lloyd(points, n_centres, 1, np.random.default_rng(seed), iterations=CONDENSING_ITERATIONS)
        _, order = inhabited_order(assign_nearest(points, centres).labels, n_centres)
        centres = np.ascontiguousarray(centres[order])
        # Asked anew: a row between two centres goes to the first of them, in the order that newcomers will meet.
        kept, nearest = np.unique(assign_nearest(points, centres).labels, return_inverse=True)
        tree = merge_weighted(centres[kept], np.bincount(nearest).astype(np.float64), self.linkage)
        return _Merged(centres[kept], nearest.astype(np.int32), tree)


@dataclass(frozen=True, slots=True, eq=False)
class _Merged:
    """(m, d) representatives, (n,) the one of each row, and the (m - 1, 4) tree over them."""

    points: Floats
    nearest: Labels
    tree: Floats


@lru_cache(maxsize=64)  # the resamples of a search, whose every k comes by in turn
def _place(*_key: object) -> dict[str, _Merged]:
    """Give the place where a tree is remembered, by what names its rows and not by the rows themselves."""
    return {}
