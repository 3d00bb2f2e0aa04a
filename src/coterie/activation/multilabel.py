"""How well several labels a row are told: scores and labels in, measures with intervals over rows out.

Source:
    Tsoumakas, Katakis & Vlahavas (2010), "Mining multi-label data", section 4: F1 by micro, macro and example, Hamming
    loss, and accuracy, which is Jaccard's index by example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from coterie.selection.types import Interval

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
DRAWS: Final = 300  # of the bootstrap over rows
MEASURES: Final = ("f1_micro", "f1_macro", "f1_samples", "hamming", "jaccard")


@dataclass(frozen=True, slots=True)
class LabelMeasures:
    """Measures of one method.

    Args:
        f1_micro, f1_macro, f1_samples: in [0, 1], greater is better: over all cells together, mean over labels, mean
            over rows. hamming: share of cells that are wrong, less is better. jaccard: mean over rows of what is said
            and so over what is said or so. A row or label of which nothing is said and nothing so counts as right.
    """

    f1_micro: Interval
    f1_macro: Interval
    f1_samples: Interval
    hamming: Interval
    jaccard: Interval


def point_measures(so: Mask, said: Mask, weights: Floats | None = None) -> Floats:
    """Give the measures in the order of ``MEASURES``.

    Args:
        so, said: (n, m). weights: (n,) how often each row counts; None: once.
    """
    w = np.ones(len(so)) if weights is None else weights
    hits, union, sizes = so & said, so | said, so.astype(np.int64) + said
    of_label, of_sizes = w @ hits, w @ sizes
    own, held, either = hits.sum(axis=1), sizes.sum(axis=1), union.sum(axis=1)
    total = max(float(w.sum()), 1.0)
    return np.array(
        [
            2 * of_label.sum() / of_sizes.sum() if of_sizes.sum() else 1.0,
            np.where(of_sizes > 0, 2 * of_label / np.maximum(of_sizes, 1e-12), 1.0).mean(),
            w @ np.where(held > 0, 2 * own / np.maximum(held, 1), 1.0) / total,
            w @ (so ^ said).mean(axis=1) / total,
            w @ np.where(either > 0, own / np.maximum(either, 1), 1.0) / total,
        ]
    )


def label_measures(so: Mask, said: Mask, rng: np.random.Generator) -> LabelMeasures:
    """Measure what is said of (n, m) labels.

    Args:
        rng: for the intervals; the same one for several methods gives paired draws.
    """
    found, drawn = point_measures(so, said), np.array([point_measures(so, said, w) for w in draws(len(so), rng)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return LabelMeasures(*(Interval(float(v), float(a), float(b)) for v, a, b in zip(found, low, high, strict=True)))


def gain(so: Mask, said: Mask, other: Mask, rng: np.random.Generator) -> Interval:
    """Give by how much the F1 over all cells is above that of another method, paired over rows."""
    pairs = [(point_measures(so, said, w)[0], point_measures(so, other, w)[0]) for w in draws(len(so), rng)]
    apart = np.array([a - b for a, b in pairs])
    low, high = np.quantile(apart, [0.025, 0.975])
    return Interval(float(point_measures(so, said)[0] - point_measures(so, other)[0]), float(low), float(high))


def draws(n: int, rng: np.random.Generator) -> Any:
    """Give how often each of n rows is drawn, anew and anew."""
    return (rng.multinomial(n, np.full(n, 1 / n)).astype(np.float64) for _ in range(DRAWS))


def best_threshold(scores: Floats, so: Mask) -> float:
    """Give the threshold on (n, m) scores that makes the F1 over all cells greatest; of several the highest.

    Every threshold between two scores is looked at: sorted from the top, F1 = 2 hits / (said + so).
    """
    flat, truth = scores.ravel(), so.ravel()
    order = np.argsort(-flat, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(flat) + 1) + truth.sum())
    ends = np.append(flat[order][1:] != flat[order][:-1], True)  # of equal scores all are said, or none
    best = int(np.argmax(np.where(ends, f1, -1.0)))
    return float(flat[order][best])
