"""Bisecting k-means: clusters cut in two again and again; a newcomer goes down the same cuts.

The fit is frozen as the tree of its cuts, each with the two centres that it compares. A row's cluster is where it
arrives, which need not be the cluster with the nearest centre; so assigning agrees with the fit in every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from coterie.clustering.centres import FittedCentres
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import (
    Floats,
    check_width,
    cluster_means,
    in_blocks,
    own_and_other,
    relative_strength,
)
from coterie.clustering.labels import inhabited_order
from coterie.clustering.lloyd import lloyd
from coterie.embedding.contract import Points
from coterie.features.options import one_of
from coterie.frozen import Frozen

STRATEGIES = ("biggest_inertia", "largest_cluster")


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """The tree of cuts, parents first.

    Args:
        centres: (c, 2, d) what each cut compares. targets: (c, 2) where each side leads: a later cut, or ~label.
    """

    centres: Floats
    targets: npt.NDArray[np.int32]

    def descend(self, points: Floats) -> Labels:
        """Give the (n,) labels at which points arrive; a tie goes to the first side."""
        place = np.zeros(len(points), np.int32)
        for cut, (centres, targets) in enumerate(zip(self.centres, self.targets, strict=True)):
            here = np.flatnonzero(place == cut)
            place[here] = targets[cdist(points[here], centres).argmin(axis=1)]
        return ~place


class FittedBisecting(FittedCentres):
    """A tree of cuts and the centres of the clusters that it leads to."""

    def __init__(self, cuts: Cuts, centres: Floats, fit_labels: Labels | None = None) -> None:
        super().__init__(centres, fit_labels)
        self.cuts = cuts

    def assign(self, points: Points) -> Assignment:
        """Send each of (n, d) points down the cuts.

        Strength is 1 - d1 / d2 with d1 the distance to the own centre and d2 to the nearest other; 0 where another
        centre is nearer, on the far side of some cut.
        """
        check_width(points, self.centres.shape[1], "bisecting k-means")
        return in_blocks(points, self.n_clusters, self._assign_block)

    def _assign_block(self, points: Floats) -> Assignment:
        labels = self.cuts.descend(points)
        own, other = own_and_other(cdist(points, self.centres), labels)
        return Assignment(labels, relative_strength(own, other), own)

    def to_arrays(self) -> Frozen:
        """Give the tree and the centres."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "cut_centres": self.cuts.centres,
            "targets": self.cuts.targets,
            "centres": self.centres,
        }
        return Frozen("bisecting", {}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal partition."""
        arrays = frozen.arrays
        return cls(Cuts(arrays["cut_centres"], arrays["targets"]), arrays["centres"])


class Bisecting:
    """Settings of bisecting k-means.

    Args:
        k: number of clusters, >= 2.
        starts: independent starts of each cut, of which the one with the lowest inertia is kept, >= 1.
        bisecting_strategy: which cluster is cut next: "biggest_inertia" the one that is widest in sum, or
            "largest_cluster" the one with most members, for sizes that differ less.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Steinbach, Karypis & Kumar (2000), "A comparison of document clustering techniques".
    """

    Fitted: ClassVar[type[FittedBisecting]] = FittedBisecting

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("bisecting_strategy",), "bisecting")
        self.bisecting_strategy = one_of(
            options.get("bisecting_strategy", STRATEGIES[0]),
            STRATEGIES,
            "clustering.options.bisecting.bisecting_strategy",
        )

    def fit(self, points: Points, rng: np.random.Generator) -> FittedBisecting:
        """Cut (n, d) points k - 1 times."""
        # scikit-learn's own BisectingKMeans keeps the centres of its cuts private, and can cut equal points in two.
        check_points(points, self.k)
        exact = points.astype(np.float64)
        leaves = np.zeros(len(points), np.int32)
        centres, targets = np.empty((self.k - 1, 2, points.shape[1])), np.full((self.k - 1, 2), ~0, np.int32)
        for cut in range(self.k - 1):
            leaf = self._next(exact, leaves, cut + 1)
            members = np.flatnonzero(leaves == leaf)
            centres[cut] = lloyd(exact[members], 2, self.starts, rng)
            # The leaf's place in the tree becomes the cut; its first side keeps its number, the second gets a new one.
            targets[:cut][targets[:cut] == ~leaf] = cut
            targets[cut] = ~leaf, ~(cut + 1)
            leaves[members[cdist(exact[members], centres[cut]).argmin(axis=1) == 1]] = cut + 1
        labels, order = inhabited_order(leaves, self.k)
        new_number = np.empty(self.k, np.int32)
        new_number[order] = np.arange(len(order))
        targets = np.where(targets < 0, ~new_number[np.where(targets < 0, ~targets, 0)], targets).astype(np.int32)
        return FittedBisecting(Cuts(centres, targets), cluster_means(exact, labels, len(order)), labels)

    def _next(self, points: Floats, leaves: Labels, n_leaves: int) -> int:
        """Choose the leaf that is cut next among those that hold two different points."""

        def worth(leaf: int) -> float:
            members = points[leaves == leaf]
            if not np.ptp(members, axis=0).any():
                return -1.0
            if self.bisecting_strategy == "largest_cluster":
                return float(len(members))
            return float(((members - members.mean(axis=0)) ** 2).sum())

        return max(range(n_leaves), key=worth)
