"""Silhouettes of every user in every solution: not one mean, but how each cluster's members sit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.clustering.contract import Labels
from coterie.embedding.contract import Points
from coterie.selection.evidence.solutions import Solution
from coterie.selection.evidence.thinning import Floats, brief, briefly, drawn, even_steps
from coterie.selection.evidence.types import ClusterSilhouette, SilhouetteProfile
from coterie.selection.quality import silhouette_values
from coterie.terms import NOISE

MOST_ROWS = 5_000
MOST_VALUES = 150  # a cluster
PER_SOLUTION = 300  # values of all clusters together, shared out by size
FEWEST_VALUES = 6


def silhouette_profiles(
    points: Points,
    found: Sequence[Solution],
    names: Sequence[str],
    chosen: int,
    rng: np.random.Generator,
    *,
    threads: int,
) -> tuple[SilhouetteProfile, ...]:
    """Measure the solutions of at least two clusters whose labels belong to ``points``.

    Above ``MOST_ROWS`` users a sample of them is measured, against the sample.

    Args:
        points: (n, d). names: of the chosen solution's clusters, in label order. chosen: its place in the sheet.

    Source:
        Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
    """
    rows = drawn(len(points), MOST_ROWS, rng)
    exact = points[rows].astype(np.float64)
    made = []
    clean = [s for s in found if s.n_clusters > 1 and not (s.labels == NOISE).any()]
    values = (
        silhouette_values(exact, np.arange(len(rows)), [s.labels[rows] for s in clean], threads=threads)
        if clean
        else []
    )
    at_hand = {s.place: v for s, v in zip(clean, values, strict=True)}
    for solution in found:
        if solution.n_clusters < 2:
            continue
        labels = solution.labels[rows]
        if solution.place not in at_hand:
            at_hand[solution.place] = _without_noise(exact, labels, threads)
        called = names if solution.place == chosen else [str(c + 1) for c in range(solution.n_clusters)]
        made.append(_profile(solution, labels, at_hand[solution.place], called, len(points)))
    return tuple(made)


def _without_noise(points: Floats, labels: Labels, threads: int) -> Floats:
    """Give (n,) silhouettes among the users that have a cluster; NaN for the others."""
    answer = np.full(len(labels), np.nan)
    kept = labels != NOISE
    if kept.any():
        inside = np.arange(int(kept.sum()))
        (answer[kept],) = silhouette_values(points[kept], inside, [labels[kept]], threads=threads)
    return answer


def _profile(
    solution: Solution, labels: Labels, values: Floats, names: Sequence[str], n_total: int
) -> SilhouetteProfile:
    kept = labels != NOISE
    clusters = []
    for cluster, name in enumerate(names):
        own = -np.sort(-values[labels == cluster])
        most = min(MOST_VALUES, max(FEWEST_VALUES, round(PER_SOLUTION * len(own) / max(int(kept.sum()), 1))))
        mean = brief(own.mean()) if len(own) else np.nan
        misplaced = brief((own < 0).mean()) if len(own) else np.nan
        clusters.append(ClusterSilhouette(name, len(own), mean, misplaced, briefly(own[even_steps(len(own), most)])))
    mean = brief(values[kept].mean()) if kept.any() else np.nan
    return SilhouetteProfile(
        solution.place, solution.name, solution.line, solution.n_clusters, mean, tuple(clusters), len(labels), n_total
    )
