"""The gap statistic: is the inertia lower than that of points without clusters, and from which k on is it not by more.

In come points and clusterers; out comes the gap at every k from 1, which no index made of borders can judge.

Source:
    Tibshirani, Walther & Hastie (2001), "Estimating the number of clusters in a data set via the gap statistic",
    sections 3 and 4, with the reference of their (b): uniform over the box of the principal axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Clusterer, Labels
from coterie.embedding.contract import Points
from coterie.errors import ConfigError, DataError
from coterie.parallel import map_in_order
from coterie.randomness import generator
from coterie.selection.references import reference, sample_rows
from coterie.selection.types import GapCurve, GapPoint
from coterie.terms import NOISE

REFERENCES = 20
MOST_ROWS = 1_000  # whose inertia is known to a few percent, far less than what a cluster takes from it
Floats = npt.NDArray[np.float64]
MakeClusterer = Callable[[int], Clusterer]


def gap_curve(
    points: Points,
    make_clusterer: MakeClusterer,
    ks: Sequence[int],
    seed: int,
    *,
    references: int = REFERENCES,
    most_rows: int = MOST_ROWS,
    threads: int,
) -> GapCurve:
    """Compute the gap at k = 1 and at the given numbers of clusters.

    Args:
        points: (n, d). make_clusterer: gives the clusterer for a k; few starts do.
        ks: numbers of clusters, >= 2; 1 is added. seed: the project's root seed.
        references: samples without clusters, >= 2. most_rows: a larger table is sampled. threads: samples at once.

    Returns:
        k and gaps; a gap is infinite where the data has an inertia of zero. A k at which the data or a reference cannot
        be clustered, as where a mixture's component shrinks onto a point, is left out. The rule stops at the first k
        that is no worse than the next, and so at 1 where three clusters lie so that two explain little.

    Raises:
        ConfigError: ks or references are out of range.
    """
    if not ks or min(ks) < 2 or references < 2:
        raise ConfigError(f"a gap curve needs ks >= 2 and at least 2 references, got {list(ks)} and {references}")
    data = points[gap_rows(len(points), seed, most_rows)]
    law = reference(data, "box")
    ordered = sorted({1, *ks})

    def one(number: int) -> Floats:
        drawn = data if number == 0 else law.draw(generator(seed, "gap-reference", number))
        return np.array([_log_inertia(drawn, make_clusterer, k, generator(seed, "gap-fit", number)) for k in ordered])

    logs = np.stack(list(map_in_order(one, range(references + 1), threads=threads)))
    known = ~np.isnan(logs).any(axis=0)
    logs = logs[:, known]
    errors = logs[1:].std(axis=0) * np.sqrt(1 + 1 / references)
    gaps = logs[1:].mean(axis=0) - logs[0]
    found = [
        GapPoint(k, float(g), float(e)) for k, g, e in zip(np.array(ordered)[known].tolist(), gaps, errors, strict=True)
    ]
    return GapCurve(tuple(found), smallest_sufficient(found))


def gap_rows(n: int, seed: int, most_rows: int = MOST_ROWS) -> npt.NDArray[np.int64]:
    """Give the rows of n that a gap curve looks at, in order."""
    return sample_rows(n, most_rows, generator(seed, "gap-rows"))


def smallest_sufficient(points: Sequence[GapPoint]) -> int:
    """Give the smallest k whose gap is at least the next one's less its standard error; the largest k where none is.

    Args:
        points: in order of k, at least one.
    """
    for here, following in pairwise(points):
        if here.gap >= following.gap - following.standard_error:
            return here.k
    return points[-1].k


def _log_inertia(points: Points, make_clusterer: MakeClusterer, k: int, rng: np.random.Generator) -> float:
    """Give log W_k; NaN where the points cannot be clustered so."""
    try:
        labels = np.zeros(len(points), np.int32) if k == 1 else make_clusterer(k).fit(points, rng).fit_labels
    except DataError:
        return np.nan
    with np.errstate(divide="ignore"):
        return float(np.log(inertia(points, labels)))


def inertia(points: Points, labels: Labels) -> float:
    """Give the sum of squared distances to the mean of the own cluster.

    Args:
        points: (n, d). labels: (n,) clusters from 0; NOISE counts with its distance to the mean of all.
    """
    exact = points.astype(np.float64)
    centred = exact - exact.mean(axis=0)
    counts = np.bincount(labels[labels != NOISE], minlength=1)
    inside = centred[labels != NOISE]
    own = labels[labels != NOISE]
    sums = np.stack([np.bincount(own, column, len(counts)) for column in inside.T], axis=1)
    centred[labels != NOISE] -= (sums / np.maximum(counts, 1)[:, None])[own]
    return float(np.einsum("ij,ij->", centred, centred))
