"""How good an audience is that looks like its seeds: seeds hidden, looked for, and found within a reach.

Seeds are dealt out to folds. One fold at a time is hidden among all others, as if nobody had known that they are seeds;
the rest of the seeds ranks everybody. Recall at a reach is the share of hidden seeds in the first so many of the
ranking. Random gives the reach itself. Beside it stand two rankings that need no model: by activity, and by the share
of seeds in somebody's segment. Whoever is level shares the places, so that no order of ids decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coterie.activation.intervals import wilson
from coterie.activation.lookalike import Ground, fit, folds
from coterie.selection.types import Interval

FOLDS: Final = 5
REACHES: Final = (0.01, 0.05, 0.10)
CURVE: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CLASSIFIER, CENTROID, ACTIVITY, SEGMENT, RANDOM = "classifier", "centroid", "activity", "segment", "random"
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of hidden seeds within a reach, by one ranking.

    Args:
        by: the ranking. reach: share of those who are ranked. recall: with its 95 % interval over seeds (Wilson's).
        times_random: recall over reach.
    """

    by: str
    reach: float
    recall: Interval
    times_random: float


@dataclass(frozen=True, slots=True)
class Hidden:
    """What looking for hidden seeds gave.

    Args:
        n: seeds that were hidden, each once. recalls: at ``REACHES``, by every ranking.
        curve: recall at each reach of ``CURVE``, by ranking.
    """

    n: int
    recalls: tuple[Recall, ...]
    curve: Mapping[str, tuple[float, ...]]

    def at(self, by: str, reach: float) -> Recall:
        """Give the recall of one ranking at one of ``REACHES``."""
        return next(one for one in self.recalls if (one.by, one.reach) == (by, reach))


def look_for_hidden(
    ground: Ground, is_seed: Mask, activity: Floats | None, segment: npt.NDArray[np.int64], seed: int
) -> Hidden:
    """Hide a fold of the seeds at a time, and look for them among all others.

    Args:
        ground: without those who are excluded. is_seed: (n,), of ``FOLDS`` at least. activity: (n,) events; None where
            there are none. segment: (n,) number of the own segment, -1 for none. seed: the project's.
    """
    seeds = np.flatnonzero(is_seed)
    hits: dict[str, list[Floats]] = {}
    grid = (*REACHES, *CURVE)
    for number, fold in enumerate(folds(len(seeds), FOLDS, seed)):
        known = is_seed.copy()
        known[seeds[fold]] = False
        model = fit(ground, known, seed, "hidden", number)
        ranked = np.flatnonzero(~known)
        is_hidden = is_seed[ranked]
        rankings = {
            CLASSIFIER: model.scores(ground.ids[ranked], ground.rows[ranked]),
            CENTROID: model.similarity(ground.units[ranked]),
            SEGMENT: _share_of_seeds(segment, known)[ranked],
        }
        if activity is not None:
            rankings[ACTIVITY] = activity[ranked]
        for by, scores in rankings.items():
            hits.setdefault(by, []).append(found_within(scores, is_hidden, grid))
    totals = {by: np.sum(parts, axis=0) for by, parts in hits.items()}
    n = len(seeds)
    recalls = tuple(
        Recall(by, reach, wilson(float(total[at]), n), float(total[at]) / n / reach)
        for by, total in totals.items()
        for at, reach in enumerate(REACHES)
    )
    curve = {by: tuple((total[len(REACHES) :] / n).tolist()) for by, total in totals.items()}
    return Hidden(n, recalls, curve)


def found_within(scores: Floats, wanted: Mask, reaches: Sequence[float]) -> Floats:
    """Give how many of those who are wanted are in the first shares of a ranking; level ones share the last places.

    Args:
        scores: (n,) higher first. wanted: (n,). reaches: (r,) in (0, 1], of n.

    Example:
        >>> found_within(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False]), [0.5]).tolist()
        [1.5]
    """
    n, rising, of_wanted = len(scores), np.sort(scores), np.sort(scores[wanted])
    places = np.asarray(reaches, np.float64) * n
    last = rising[n - np.clip(np.ceil(places - 1e-9).astype(np.int64), 1, n)]
    above, from_last = (n - np.searchsorted(rising, last, side) for side in ("right", "left"))
    share = np.clip((places - above) / np.maximum(from_last - above, 1), 0, 1)
    w = len(of_wanted)
    wanted_above, wanted_from = (w - np.searchsorted(of_wanted, last, side) for side in ("right", "left"))
    found: Floats = wanted_above + share * (wanted_from - wanted_above)
    return found


def _share_of_seeds(segment: npt.NDArray[np.int64], is_seed: Mask) -> Floats:
    """Give everybody the share of seeds in their segment; those in none are one group."""
    place = np.where(segment >= 0, segment, segment.max(initial=-1) + 1)
    sizes = np.bincount(place)
    shares: Floats = (np.bincount(place, is_seed, len(sizes)) / np.maximum(sizes, 1))[place]
    return shares


def warnings_of(
    n_seeds: int, width: int, hidden: Hidden | None, *, ranked_by: str = CLASSIFIER, one: str = "user"
) -> tuple[str, ...]:
    """Say where seeds are too few, or not to be told from the rest.

    Args:
        n_seeds: that the run knows something of. width: columns that they are told apart by.
        hidden: None where there are too few. ranked_by: the ranking that the audience is taken from.
        one: what is ranked.
    """
    told = list(_too_few(n_seeds, width, hidden, ranked_by))
    if hidden is None:
        return tuple(told)
    reach = REACHES[-1]
    recall = hidden.at(ranked_by, reach)
    if recall.recall.low <= reach:
        told.append(
            f"the seeds are not distinctive: {recall.recall.value:.0%} of hidden ones are found at {reach:.0%} reach "
            f"(95 % interval {recall.recall.low:.0%} to {recall.recall.high:.0%}), and random finds {reach:.0%}; what "
            "the run knows does not tell them from others"
        )
    for by, means in ((ACTIVITY, f"the most active {one}s"), (SEGMENT, "the segment with most seeds")):
        if by in hidden.curve and hidden.at(by, reach).recall.value >= recall.recall.value:
            told.append(
                f"{means} would do as well: {hidden.at(by, reach).recall.value:.0%} of hidden seeds are among them at "
                f"{reach:.0%} reach, against {recall.recall.value:.0%}"
            )
    return tuple(told)


def _too_few(n_seeds: int, width: int, hidden: Hidden | None, ranked_by: str) -> Sequence[str]:
    if hidden is None:
        return [
            f"{n_seeds:,} seeds are too few to hide some and look for them (at least {FOLDS} are needed), so nobody "
            "knows whether this audience is like them"
        ]
    told = []
    interval = hidden.at(ranked_by, REACHES[-1]).recall
    half = (interval.high - interval.low) / 2
    if half > 0.10:
        told.append(
            f"{n_seeds:,} seeds are few: the share of hidden ones that is found at {REACHES[-1]:.0%} reach is known to "
            f"±{half:.0%} only; 100 seeds make it ±10% at most"
        )
    if n_seeds < width:
        told.append(
            f"{n_seeds:,} seeds are fewer than the {width:,} columns that they are told apart by; give more seeds, or "
            "compare by fewer columns"
        )
    return told
