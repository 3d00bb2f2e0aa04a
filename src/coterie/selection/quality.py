"""Internal indices of a clustering: how tight and how far apart its clusters are.

In come points and labels; out come numbers that stand side by side in the decision sheet. None of them decides alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from coterie.clustering.contract import Labels
from coterie.clustering.silhouettes import from_sums
from coterie.embedding.contract import Points
from coterie.parallel import map_in_order
from coterie.selection.references import sample_rows
from coterie.selection.types import Interval

EXACT_ROWS = 20_000
SAMPLE_ROWS = 4_000
Z_95 = 1.959963984540054
BLOCK_CELLS = 8_000_000


@dataclass(frozen=True, slots=True)
class Indices:
    """Inertia (falls with k), Calinski-Harabasz (higher is better), Davies-Bouldin (lower is better)."""

    inertia: float
    calinski_harabasz: float
    davies_bouldin: float


def indices(points: Points, labels: Labels) -> Indices:
    """Compute the indices that need only the centres.

    Args:
        points: (n, d). labels: (n,) of at least two clusters, each with members.

    Source:
        Caliński & Harabasz (1974), "A dendrite method for cluster analysis"; Davies & Bouldin (1979), "A cluster
        separation measure".
    """
    exact = points.astype(np.float64)
    n, counts = len(labels), np.bincount(labels)
    sums = np.stack([np.bincount(labels, exact[:, j], len(counts)) for j in range(exact.shape[1])], axis=1)
    centres = sums / counts[:, None]
    exact -= centres[labels]
    squares = np.einsum("ij,ij->i", exact, exact)
    inertia = float(squares.sum())
    offsets = centres - sums.sum(axis=0) / n
    between = float(counts @ np.einsum("ij,ij->i", offsets, offsets))
    ratio = between * (n - len(counts)) / (inertia * (len(counts) - 1)) if inertia > 0 else 1.0
    return Indices(inertia, ratio, _davies_bouldin(centres, np.bincount(labels, np.sqrt(squares)) / counts))


def _davies_bouldin(centres: npt.NDArray[np.float64], radii: npt.NDArray[np.float64]) -> float:
    """Give the mean over clusters of how near the most similar other one is.

    Args:
        centres: (k, d). radii: (k,) mean distances of members to them.
    """
    apart = cdist(centres, centres)
    if np.allclose(radii, 0) or np.allclose(apart, 0):
        return 0.0
    apart[apart == 0] = np.inf
    return float(((radii[:, None] + radii) / apart).max(axis=1).mean())


def silhouettes(
    points: Points, labelings: Sequence[Labels], rng: np.random.Generator, *, threads: int
) -> list[Interval]:
    """Give the mean silhouette of each labelling, from one pass over the distances.

    Exact up to ``EXACT_ROWS`` rows (an interval of no width). Above, ``SAMPLE_ROWS`` rows are compared with
    ``EXACT_ROWS``, all drawn at random, the same for every labelling; the interval is that of a mean over such rows.

    Args:
        points: (n, d). labelings: each (n,), clusters 0..k-1, k >= 2.

    Returns:
        One mean in [-1, 1] a labelling; higher is better.

    Source:
        Rousseeuw (1987), "Silhouettes: a graphical aid". Interval: Cochran (1977), equation 2.22.
    """
    if not labelings:
        return []
    n = len(points)
    if n <= EXACT_ROWS:
        values = silhouette_values(points.astype(np.float64), np.arange(n), labelings, threads=threads)
        return [Interval(float(v.mean()), float(v.mean()), float(v.mean())) for v in values]
    others = sample_rows(n, EXACT_ROWS, rng)
    rows = sample_rows(len(others), SAMPLE_ROWS, rng)
    exact = points[others].astype(np.float64)
    seen = [labels[others] for labels in labelings]
    return [_mean(values, n) for values in silhouette_values(exact, rows, seen, threads=threads)]


def _mean(values: npt.NDArray[np.float64], n: int) -> Interval:
    """Give the mean of a sample of n rows with its interval."""
    mean = float(values.mean())
    half = Z_95 * float(np.sqrt(values.var(ddof=1) / len(values) * (1 - len(values) / n)))
    return Interval(mean, mean - half, mean + half)


def silhouette_values(
    points: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], labelings: Sequence[Labels], *, threads: int
) -> list[npt.NDArray[np.float64]]:
    """Give the silhouettes of some rows against all rows, for every labelling.

    Args:
        points: (n, d). rows: (r,) row numbers. labelings: each (n,).

    Returns:
        One (r,) array in [-1, 1] a labelling; a point alone in its cluster has 0.
    """
    onehots = np.hstack([np.eye(labels.max() + 1)[labels] for labels in labelings])
    counts = onehots.sum(axis=0)
    ends = np.cumsum([labels.max() + 1 for labels in labelings])[:-1]
    norms = np.einsum("ij,ij->i", points, points)
    step = max(1, BLOCK_CELLS // len(points))
    blocks = [rows[start : start + step] for start in range(0, len(rows), step)]

    def one_block(block: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float64]]:
        # |a - b|^2 = |a|^2 - 2 ab + |b|^2 turns the distances into one matrix product; rounding may leave -0.
        distances = points[block] @ points.T
        distances *= -2
        distances += norms[block][:, None]
        distances += norms
        np.maximum(distances, 0, out=distances)
        np.sqrt(distances, out=distances)
        sums = np.split(distances @ onehots, ends, axis=1)
        sizes = np.split(counts, ends)
        return [from_sums(s, labels[block], n) for s, labels, n in zip(sums, labelings, sizes, strict=True)]

    parts = list(map_in_order(one_block, blocks, threads=threads))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def activity_explained(labels: Labels, n_events: npt.NDArray[np.float64]) -> float:
    """Give the share of the variance of log activity that the clusters explain: heavy against light users.

    Args:
        labels: (n,). n_events: (n,) events per user, >= 1.

    Returns:
        The correlation ratio eta squared in [0, 1]; 0 means that clusters say nothing of activity.
    """
    if n_events.min() == n_events.max():  # the rounding of their mean would be taken for differences
        return 0.0
    log_events = np.log(n_events)
    total = float(((log_events - log_events.mean()) ** 2).sum())
    counts = np.bincount(labels)
    means = np.bincount(labels, log_events) / np.maximum(counts, 1)
    return min(1.0, float((counts * (means - log_events.mean()) ** 2).sum() / total))
