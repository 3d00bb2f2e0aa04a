"""Does a clustering come back: when users are resampled, and when the algorithm starts elsewhere.

Source:
    Hennig (2007), "Cluster-wise assessment of cluster stability", section 3.1; Hubert & Arabie (1985), "Comparing
    partitions".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_rand_score

from coterie.clustering.contract import Clusterer, Labels
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.randomness import generator


@dataclass(frozen=True, slots=True)
class Resampling:
    """The clusterings that stability compares.

    Args:
        points: (n, d) of the fit, held fixed.
        labels: (n,) of the fit.
        clusterer: with the settings of the fit.
        seed: the project's root seed.
    """

    points: Points
    labels: Labels
    clusterer: Clusterer
    seed: int


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
    drawn = np.sort(
        generator(resampling.seed, "bootstrap", draw).integers(0, len(resampling.labels), len(resampling.labels))
    )
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
    both = np.zeros((n_clusters, max(n_others, 1)))
    np.add.at(both, (labels[known], others[known]), 1)
    mine = np.bincount(labels[labels >= 0], minlength=n_clusters)[:, None]
    theirs = np.bincount(others[others >= 0], minlength=max(n_others, 1))[None, :]
    best: npt.NDArray[np.float64] = (both / np.maximum(mine + theirs - both, 1)).max(axis=1)
    return best


def refit(task: tuple[Resampling, int]) -> Labels:
    """Cluster the same points from another seed; give no labels where they cannot be clustered from there."""
    resampling, attempt = task
    try:
        return resampling.clusterer.fit(resampling.points, generator(resampling.seed, "seeds", attempt)).fit_labels
    except DataError:
        return np.empty(0, np.int32)


def seed_agreement(labelings: list[Labels]) -> float:
    """Give the mean adjusted Rand index over all pairs of refits, at most 1; one without labels agrees with none."""
    pairs = combinations(labelings, 2)
    return float(np.mean([adjusted_rand_score(a, b) if len(a) and len(b) else 0.0 for a, b in pairs]))
