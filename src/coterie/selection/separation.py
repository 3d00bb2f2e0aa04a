"""What separates the clusters: how much of the distance between them lies along which column."""

from __future__ import annotations

import numpy as np

from coterie.clustering.contract import Labels
from coterie.embedding.contract import Points

EMBEDDING = "embedding"
TOLD = 3


def separated_by(
    points: Points, labels: Labels, columns: tuple[str | None, ...], *, most: int = TOLD
) -> tuple[tuple[str, float], ...]:
    """Share the sum of squares between clusters out among the columns.

    Categories of one attribute ("block:attribute=category") count together, and so do the dimensions that an embedding
    made, under "embedding".

    Args:
        points: (n, d). labels: (n,) in 0..k-1. columns: (d,) names, None for an embedding's own; () if not known.
        most: pairs to give.

    Returns:
        (column, share) pairs, largest first; shares are in [0, 1]. Nothing where no dimension is a column.
    """
    if not any(columns):
        return ()
    exact = points.astype(np.float64)
    counts = np.bincount(labels)[:, None]
    sums = np.stack([np.bincount(labels, exact[:, j]) for j in range(exact.shape[1])], axis=1)
    between = (counts * (sums / np.maximum(counts, 1) - exact.mean(axis=0)) ** 2).sum(axis=0)
    shares: dict[str, float] = {}
    for name, size in zip(columns, between / max(between.sum(), np.finfo(np.float64).tiny), strict=True):
        attribute = EMBEDDING if name is None else name.split("=", 1)[0]
        shares[attribute] = shares.get(attribute, 0.0) + float(size)
    return tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:most])
