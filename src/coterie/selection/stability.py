"""Does a clustering come back: when users are resampled, and when the algorithm starts elsewhere.

Of many users a sample draws only some: the m out of n bootstrap, which asks the same of a smaller audience. Centres of
fewer users lie less firmly, so it errs on the strict side.

Source:
    Hennig (2007), "Cluster-wise assessment of cluster stability", section 3.1; Bickel, Götze & van Zwet (1997),
    "Resampling fewer than n observations"; Politis, Romano & Wolf (1999), "Subsampling"; Hubert & Arabie (1985),
    "Comparing partitions".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Clusterer, Labels
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.randomness import generator
from coterie.selection.references import sample_rows

MOST_DRAWN = 10_000  # users of a sample: a segment of 1 % still has 100 of them
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Resampling:
    """The clusterings that stability compares.

    Args:
        points: (n, d) of the fit, held fixed.
        labels: (n,) of the fit.
        clusterer: with the settings of the fit.
        seed: the project's root seed.
        most: users that a sample draws at most; None for as many as there are, where settings count neighbours or
            members and mean something else in a smaller sample.
    """

    points: Points
    labels: Labels
    clusterer: Clusterer
    seed: int
    most: int | None = MOST_DRAWN

    def draw(self, *names: str | int) -> Codes:
        """Draw users with replacement, in order; ``names`` says for what."""
        n = len(self.labels)
        size = n if self.most is None else min(n, self.most)
        return np.sort(generator(self.seed, *names).integers(0, n, size))


def bootstrap_jaccard(task: tuple[Resampling, int]) -> npt.NDArray[np.float64]:
    """Draw one bootstrap sample of users, cluster it anew, and find each cluster again.

    Args:
        task: the clusterings and the number of the draw.

    Returns:
        (k,) for each cluster of the fit the highest Jaccard similarity in [0, 1] to a cluster of the sample, over the
        distinct users drawn; 0 where none of its users was drawn or the sample could not be clustered.
    """
    resampling, draw = task
    n_clusters = int(resampling.labels.max()) + 1
    # Draws and starts do not depend on k, so that numbers of clusters are compared on the same samples, and an
    # algorithm can use again what it found in a sample for another k.
    drawn = resampling.draw("bootstrap", draw)
    try:
        fitted = resampling.clusterer.fit(resampling.points[drawn], generator(resampling.seed, "bootstrap-fit", draw))
    except DataError:
        return np.zeros(n_clusters)
    distinct, first = np.unique(drawn, return_index=True)
    return best_jaccard(resampling.labels[distinct], fitted.fit_labels[first], n_clusters)


def best_jaccard(labels: Labels, others: Labels, n_clusters: int) -> npt.NDArray[np.float64]:
    """Match each cluster with the most similar of another clustering of the same users.

    Args:
        labels: (n,) in 0..n_clusters-1. others: (n,) of the other clustering; noise (-1) matches nothing.

    Returns:
        (n_clusters,) Jaccard similarities in [0, 1].
    """
    n_others = int(others.max(initial=-1)) + 1
    known = (labels >= 0) & (others >= 0)
    both = _crossed(labels[known], others[known], n_clusters, max(n_others, 1))
    mine = np.bincount(labels[labels >= 0], minlength=n_clusters)[:, None]
    theirs = np.bincount(others[others >= 0], minlength=max(n_others, 1))[None, :]
    best: npt.NDArray[np.float64] = (both / np.maximum(mine + theirs - both, 1)).max(axis=1)
    return best


def _crossed(labels: Labels, others: Labels, n_labels: int, n_others: int) -> Codes:
    """Count users by their label in two clusterings, (n_labels, n_others)."""
    cells = labels.astype(np.int64) * n_others + others
    return np.bincount(cells, minlength=n_labels * n_others).reshape(n_labels, n_others)


def refit(task: tuple[Resampling, int]) -> Labels:
    """Cluster the same points from another seed; give no labels where they cannot be clustered from there.

    Of more users than ``most`` a random sample of that many is clustered, the same for every attempt.
    """
    resampling, attempt = task
    points, seed = resampling.points, resampling.seed
    if resampling.most is not None and resampling.most < len(points):
        points = points[sample_rows(len(points), resampling.most, generator(seed, "seeds-rows"))]
    try:
        return resampling.clusterer.fit(points, generator(seed, "seeds", attempt)).fit_labels
    except DataError:
        return np.empty(0, np.int32)


def seed_agreement(labelings: list[Labels]) -> float:
    """Give the mean adjusted Rand index over all pairs of refits, at most 1; one without labels agrees with none."""
    pairs = combinations(labelings, 2)
    return float(np.mean([adjusted_rand(a, b) if len(a) and len(b) else 0.0 for a, b in pairs]))


def adjusted_rand(labels: Labels, others: Labels) -> float:
    """Give the agreement of two clusterings of the same n >= 1 users, at most 1; 0 is that of chance.

    Args:
        labels, others: (n,) clusters from 0, or NOISE, which counts as a cluster of its own.

    Source:
        Hubert & Arabie (1985), equation 5, by the numbers of pairs that are together in both, in one, in none.
    """
    both = _crossed(labels + 1, others + 1, int(labels.max()) + 2, int(others.max()) + 2)
    n, squares = len(labels), int((both**2).sum())
    mine, theirs = int((both.sum(axis=1) ** 2).sum()) - squares, int((both.sum(axis=0) ** 2).sum()) - squares
    together = squares - n
    apart = n * n - together - mine - theirs - n
    if mine == theirs == 0:
        return 1.0
    chance = (together + mine) * (mine + apart) + (together + theirs) * (theirs + apart)
    return 2.0 * (together * apart - mine * theirs) / chance
