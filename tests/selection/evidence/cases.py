"""Blobs with labels and a sheet to gather evidence from."""

from __future__ import annotations

import numpy as np

from coterie.selection.types import Candidate, Interval


def blobs(sizes=(40, 30, 20), *, dims=3, apart=8.0, seed=0):
    """Points of clusters that are ``apart`` standard deviations from each other, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    centres = apart * np.eye(max(dims, len(sizes)))[: len(sizes), :dims]
    return (centres[labels] + rng.normal(size=(len(labels), dims))).astype(np.float32), labels


def candidate(labels, *, method="kmeans", inertia=100.0, **more):
    labels = np.asarray(labels)
    sizes = np.bincount(labels[labels >= 0])
    k = len(sizes)
    flat = Interval(0.2, 0.2, 0.2)
    return Candidate(
        method=method, k=k, inertia=inertia, silhouette=flat, calinski_harabasz=1.0, davies_bouldin=1.0,
        jaccard=tuple(0.9 - 0.1 * c for c in range(k)), seed_agreement=1.0, smallest_share=0.1,
        sizes=tuple(sizes.tolist()), activity_explained=None, lift=None, misses=(), **more,
    )  # fmt: skip


def halved(labels):
    """The same clusters with every first half of the largest split off as a new one."""
    again = labels.copy()
    largest = np.flatnonzero(labels == 0)
    again[largest[: len(largest) // 2]] = labels.max() + 1
    return again


def sheet(labels):
    """A sheet of three solutions: two clusters merged, as given, one halved; the middle one is chosen."""
    merged = np.minimum(labels, labels.max() - 1)
    labelings = [merged, labels, halved(labels)]
    return [candidate(one, inertia=90.0 / (place + 1)) for place, one in enumerate(labelings)], labelings, 1
