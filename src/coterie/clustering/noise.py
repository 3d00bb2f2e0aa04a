"""Rows that belong to no cluster: kept as noise, or given to the nearest cluster by a second step."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import Floats, cluster_means
from coterie.terms import NOISE

KEEP, ASSIGN = "keep", "assign"
NOISE_RULES = (KEEP, ASSIGN)


def member_strength(strength: Floats, rule: str) -> Floats:
    """Make room below members, whose (n,) strength is in [0, 1], for the rows of the second step: then in [0.5, 1]."""
    return strength if rule == KEEP else 0.5 + strength / 2


def stray_strength(reach: Floats | float, distance: Floats) -> Floats:
    """Give half of reach / distance, in [0, 0.5]: never above that of a member, and falling with the distance.

    Args:
        reach: (n,) or one for all: how far the cluster goes by the algorithm's own rule. distance: (n,) to it, > 0.
    """
    halves: Floats = np.minimum(reach / (2 * distance), 0.5)
    return halves


def all_noise(n_rows: int) -> Assignment:
    """Give the assignment of a fit that found no cluster."""
    return Assignment(np.full(n_rows, NOISE, np.int32), np.zeros(n_rows), np.full(n_rows, np.nan))


def distance_to_mean(points: Floats, labels: Labels, means: Floats) -> Floats:
    """Give (n,) distances of (n, d) points to the mean of their cluster, NaN for noise.

    Args:
        labels: (n,) cluster numbers or NOISE. means: (k, d), k >= 1.
    """
    distances = cdist(points, means)[np.arange(len(labels)), labels]
    return np.where(labels == NOISE, np.nan, distances)


def means_of(points: Floats, labels: Labels, n_clusters: int) -> Floats:
    """Give the (n_clusters, d) means of the members of each cluster; (0, d) where there is none."""
    return cluster_means(points, labels, n_clusters) if n_clusters else np.empty((0, points.shape[1]))
