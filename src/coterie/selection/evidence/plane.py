"""Segments and their neighbourhoods: similarities to centroids, and the plane of the first two principal components."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from coterie.clustering.contract import Labels
from coterie.clustering.distances import cluster_means
from coterie.embedding.contract import Points
from coterie.selection.evidence.thinning import Floats, brief, briefly, drawn
from coterie.selection.evidence.types import Gorge, GorgeRow, Neighbours, SegmentOutline, Separation
from coterie.terms import NOISE

MOST_ROWS = 20_000
BINS = 25
MOST_POINTS = 600
LEAST_EDGE = 0.01  # of all users
INSIDE = 0.5  # of a segment's users, if they were normal
CORNERS = 40


def gorge(points: Points, labels: Labels, names: Sequence[str], rng: np.random.Generator) -> Gorge | None:
    """Give how similar users are to each segment's centroid: its members, and all others; None for fewer than two.

    The similarity of a user to a centroid is exp(-d) over the sum of exp(-d) to all centroids, with d in units of the
    users' mean distance to their own centroid, so that it does not depend on the scale of the embedding.

    Args:
        points: (n, d). labels: (n,) clusters or NOISE; users left out belong to the others. names: of the clusters.

    Source:
        Dolnicar, Grün & Leisch (2018), "Market Segmentation Analysis", section 7.5.2: gorge plots.
    """
    if len(names) < 2:
        return None
    rows = drawn(len(points), MOST_ROWS, rng)
    exact, own = points[rows].astype(np.float64), labels[rows]
    distances = cdist(exact, _centres(points, labels, len(names)))
    kept = own != NOISE
    unit = float(distances[kept, own[kept]].mean())
    if unit <= 0:
        return None
    near = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / unit)
    similar = near / near.sum(axis=1, keepdims=True)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    made = tuple(
        GorgeRow(name, _shares(similar[own == c, c], edges), _shares(similar[own != c, c], edges))
        for c, name in enumerate(names)
    )
    return Gorge(briefly(edges), brief(unit), made, len(rows), len(points))


def _shares(values: Floats, edges: Floats) -> tuple[float, ...]:
    counts = np.histogram(values, edges)[0]
    return briefly(counts / max(int(counts.sum()), 1))


def separation(points: Points, labels: Labels, names: Sequence[str], rng: np.random.Generator) -> Separation | None:
    """Lay segments on the plane that shows most of the variance, and say which are neighbours; None without any.

    Args:
        points: (n, d). labels: (n,) clusters or NOISE. names: of the clusters.

    Source:
        Leisch (2010), "Neighborhood graphs, stripes and shadow plots for cluster visualization", section 2.
    """
    if not len(names) or len(points) < 2:
        return None
    centre = points.mean(axis=0, dtype=np.float64)
    axes, explained = _axes(points, centre)
    flat = (points.astype(np.float64) - centre) @ axes
    kept = np.flatnonzero(labels != NOISE)
    shown = kept[drawn(len(kept), MOST_POINTS, rng)]
    return Separation(
        briefly(flat[shown, 0]),
        briefly(flat[shown, 1]),
        tuple(names[label] for label in labels[shown]),
        tuple(_outline(flat[labels == c], name) for c, name in enumerate(names)),
        _neighbours(points, labels, names, rng),
        explained,
        INSIDE,
        len(points),
    )


def _centres(points: Points, labels: Labels, k: int) -> Floats:
    return cluster_means(points.astype(np.float64), labels, k)


def _axes(points: Points, centre: Floats) -> tuple[Floats, tuple[float, float]]:
    """Give (d, 2) principal axes, turned so that the dimension that weighs most points along, and their shares."""
    offsets = points - centre
    values, vectors = np.linalg.eigh(offsets.T @ offsets / max(len(points) - 1, 1))
    axes, shares = np.zeros((len(centre), 2)), np.zeros(2)
    some = min(2, len(values))
    axes[:, :some] = vectors[:, ::-1][:, :some]
    if values.sum() > 0:
        shares[:some] = np.clip(values[::-1][:some] / values.sum(), 0.0, 1.0)
    heaviest = axes[np.abs(axes).argmax(axis=0), [0, 1]]
    return axes * np.where(heaviest < 0, -1.0, 1.0), (brief(shares[0]), brief(shares[1]))


def _outline(own: Floats, name: str) -> SegmentOutline:
    """Give the ellipse that holds half of a normal cloud of the same mean and covariance: chi square of 2 degrees."""
    middle = own.mean(axis=0)
    spread = np.cov(own, rowvar=False) if len(own) > 1 else np.zeros((2, 2))
    values, vectors = np.linalg.eigh(spread)
    radii = np.sqrt(np.maximum(values, 0) * -2 * np.log(1 - INSIDE))
    angles = np.linspace(0, 2 * np.pi, CORNERS + 1)
    line = middle + (radii * np.c_[np.cos(angles), np.sin(angles)]) @ vectors.T
    return SegmentOutline(name, brief(middle[0]), brief(middle[1]), briefly(line[:, 0]), briefly(line[:, 1]))


def _neighbours(
    points: Points, labels: Labels, names: Sequence[str], rng: np.random.Generator
) -> tuple[Neighbours, ...]:
    if len(names) < 2:
        return ()
    rows = drawn(len(points), MOST_ROWS, rng)
    distances = cdist(points[rows].astype(np.float64), _centres(points, labels, len(names)))
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :2]
    shared = np.zeros((len(names), len(names)))
    np.add.at(shared, (nearest.min(axis=1), nearest.max(axis=1)), 1 / len(rows))
    pairs = np.argwhere(shared >= LEAST_EDGE)
    return tuple(Neighbours(names[a], names[b], brief(shared[a, b])) for a, b in pairs)
