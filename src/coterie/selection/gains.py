"""What each user gains by each candidate, so that two candidates are compared on the same users.

Two lifts may each be uncertain by .04 and their difference by .01: the same easy and hard users are in both. The rule
of one standard error needs the error of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.features.contract import Ids
from coterie.selection.explained import HeldOut

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """A candidate's score, user by user and refit by refit.

    Args:
        by_user: (n,) their mean is the score: lift, or explained variance; NaN for a user who was not evaluated.
        by_refit: (r,) the score in each split or fold; () where the refits are no draws of their own.
    """

    by_user: Floats
    by_refit: Floats


def of_lift(by_segment: Floats, by_all: Floats) -> Gains:
    """Give the gains behind a lift.

    Args:
        by_segment, by_all: (splits, n) NDCG@10 of the two rankings; NaN where a user was not evaluated.
    """
    count = np.maximum((~np.isnan(by_all)).sum(axis=0), 1)
    evaluated = ~np.isnan(by_all).all(axis=0)
    segment = np.where(evaluated, np.nansum(by_segment, axis=0) / count, np.nan)
    overall = np.nansum(by_all, axis=0)[evaluated] / count[evaluated]
    # Splits share most of their events, so they are averaged over and not taken for independent draws.
    level = float(overall.mean()) if evaluated.any() else np.nan
    return Gains(segment / level if level else np.full_like(segment, np.nan), np.empty(0))


def of_explained(held: HeldOut) -> Gains:
    """Give the gains behind an explained variance."""
    by_user = (held.baseline - held.by_user) / float(held.baseline.mean())
    return Gains(by_user, 1 - held.by_refit / held.baseline_by_refit)


def error_of_difference(one: Gains, other: Gains, *, ids: tuple[Ids, Ids]) -> float:
    """Give the standard error of the difference of two scores, paired over the users that both evaluated.

    Args:
        ids: (n,) sorted users of each. Refits are paired too where both have as many.

    Returns:
        >= 0; 0 where fewer than two users are shared: nothing says then that the lesser score may be as good.
    """
    _, mine, theirs = np.intersect1d(*ids, assume_unique=True, return_indices=True)
    difference = one.by_user[mine] - other.by_user[theirs]
    difference = difference[~np.isnan(difference)]
    if len(difference) < 2:
        return 0.0
    variance = float(difference.var(ddof=1)) / len(difference)
    if 2 <= len(one.by_refit) == len(other.by_refit):
        variance += float((one.by_refit - other.by_refit).var(ddof=1)) / len(one.by_refit)
    return float(np.sqrt(variance)) if np.isfinite(variance) else 0.0
