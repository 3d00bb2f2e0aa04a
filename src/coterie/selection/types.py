"""The decision as a record: what ``decision.json`` holds and the decision sheet shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

SCHEMA = "coterie.decision"
VERSION = 1

StabilityBand = Literal["unstable", "doubtful", "stable", "highly stable"]
Grade = Literal["reproducible", "constructive", "none"]


def _null_is_nan(value: Any) -> Any:
    return math.nan if value is None else value


# JSON has no NaN: a number that could not be computed is written as null and read back as NaN.
Number = Annotated[float, BeforeValidator(_null_is_nan)]


def stability_band(jaccard: float) -> StabilityBand:
    """Name the band of a bootstrap Jaccard (Hennig 2007, "Cluster-wise assessment of cluster stability", section 5)."""
    if jaccard < 0.60:
        return "unstable"
    if jaccard < 0.75:
        return "doubtful"
    return "stable" if jaccard < 0.85 else "highly stable"


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: Number
    low: Number
    high: Number

    @property
    def is_known(self) -> bool:
        """Whether it is made of finite numbers."""
        return all(isinstance(part, int | float) and math.isfinite(part) for part in (self.value, self.low, self.high))


@dataclass(frozen=True, slots=True)
class LiftResult:
    """Segment lift: does knowing the segment help to rank what users take up next.

    Args:
        lift: NDCG@10 by segment popularity over NDCG@10 by global popularity, on held-out events; above 1 is good.
        standard_error: of the lift, over users.
        ndcg_segment: mean NDCG@10 in [0, 1] of the ranking by popularity in the user's segment.
        ndcg_global: mean NDCG@10 in [0, 1] of the ranking by popularity among all.
        n_users: users with at least one held-out positive, over which the means go.
        per_segment: lift within each cluster of the final labels, in label order; NaN where it has no such user.
    """

    lift: Interval
    standard_error: Number
    ndcg_segment: Number
    ndcg_global: Number
    n_users: int
    per_segment: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the decision sheet.

    Args:
        method: the clusterer's name. k: number of clusters.
        inertia: sum of squared distances to the own centre; falls with k.
        silhouette: mean silhouette in [-1, 1]; its interval is that of a sample above 20,000 rows, else of no width.
        calinski_harabasz: higher is better. davies_bouldin: lower is better.
        jaccard: bootstrap Jaccard per cluster in [0, 1], in label order.
        seed_agreement: mean adjusted Rand index between refits with other seeds, at most 1.
        smallest_share: users of the smallest cluster over all users.
        sizes: users per cluster, in label order.
        activity_explained: share of the variance of log(events per user) that the clusters explain, in [0, 1].
        lift: None where there are no events, or nobody has one to spare, to hold out.
        misses: floors that it misses, in words; empty when it may be chosen.
    """

    method: str
    k: int
    inertia: float
    silhouette: Interval
    calinski_harabasz: float
    davies_bouldin: float
    jaccard: tuple[float, ...]
    seed_agreement: float
    smallest_share: float
    sizes: tuple[int, ...]
    activity_explained: float | None
    lift: LiftResult | None
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the questions that every segmentation is asked.

    Args:
        question: for example "Is it reproducible?".
        passed: the answer.
        short: a few words: "yes: 4 of 5 segments are stable".
        detail: a sentence or two with the numbers.
    """

    question: str
    passed: bool
    short: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The choice and its reason.

    Args:
        candidates: the sheet, in order of k.
        chosen: index into ``candidates``.
        reason: why this one, in sentences.
        grade: "reproducible" (holds and pays), "constructive" (pays, but the borders move), "none".
        answers: reproducible? pays? usable?
        protocol: how lift and stability were measured, in sentences.
        warnings: what a reader must know before using the segments.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    reason: str
    grade: Grade
    answers: tuple[Answer, ...]
    protocol: tuple[str, ...]
    warnings: tuple[str, ...]
