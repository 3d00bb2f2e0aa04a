"""The decision as a record: what ``decision.json`` holds and the decision sheet shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from coterie.clustering.contract import Setting

SCHEMA = "coterie.decision"
VERSION = 2

StabilityBand = Literal["unstable", "doubtful", "stable", "highly stable"]
Grade = Literal["natural", "reproducible", "constructive", "none"]
GateName = Literal["verdict", "stability", "size", "noise", "users"]
Null = Literal["gaussian", "copula", "permuted"]


def _null_is_nan(value: Any) -> Any:
    return math.nan if value is None else value


# JSON has no NaN: a number that could not be computed is written as null and read back as NaN.
Number = Annotated[float, BeforeValidator(_null_is_nan)]


UNSTABLE_BELOW = 0.60  # below it not even a pattern is shown (Hennig 2007, section 5)


def stability_band(jaccard: float) -> StabilityBand:
    """Name the band of a bootstrap Jaccard (Hennig 2007, "Cluster-wise assessment of cluster stability", section 5)."""
    if jaccard < UNSTABLE_BELOW:
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
class Explained:
    """Held-out-column explained variance: what lift is to tables of events, for tables of traits.

    Args:
        value: share of the variance of columns that segments were not formed on which they explain, at most 1, with its
            95 % interval over users and over refits without a fold of the columns.
        standard_error: of the value.
        random: mean share that random segments of the same sizes explain.
    """

    value: Interval
    standard_error: Number
    random: Number


@dataclass(frozen=True, slots=True)
class NullTest:
    """Is there structure beyond the covariance: the segments' separation against that of structureless replicates.

    Args:
        null: how replicates are made. replicates: how many.
        statistic: separation of the segments, in [0, 1]: 0 = no valley between neighbours, 1 = empty space there.
        null_mean, null_high: mean and 95 % quantile of the replicates' separation.
        p: share of replicates with at least as much separation, counting the data itself: (b + 1) / (replicates + 1).
        floor: separation below which segments are no islands, whatever p says.
        is_natural: p at most 0.05 and the statistic at least at the floor.
    """

    null: Null
    replicates: int
    statistic: Number
    null_mean: Number
    null_high: Number
    p: Number
    floor: float
    is_natural: bool


@dataclass(frozen=True, slots=True)
class GapPoint:
    """The gap statistic at one k: log inertia of the reference less that of the data, with its standard error."""

    k: int
    gap: Number
    standard_error: Number


@dataclass(frozen=True, slots=True)
class GapCurve:
    """The gap statistic over k, from k = 1.

    Args:
        points: in order of k.
        k: the smallest whose gap is within one standard error of the next one's; 1 = no clusters.
    """

    points: tuple[GapPoint, ...]
    k: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the decision sheet.

    Args:
        method: the clusterer's name. k: number of clusters, noise not counted.
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
        recipe: name of the basis and embedding that its points come from, "" where there is only one.
        settings: of the method beside k, such as eps.
        noise_share: users that it leaves out, over all.
        bic: Bayesian information criterion, lower is better; None where the method has no likelihood.
        assign_agreement: share of the users of the fit whom ``assign`` gives the label of the fit.
        slsw: segment level stability within the solution, per cluster, in [0, 1].
        slsa: segment level stability across neighbouring solutions of the same method, per cluster, in [0, 1].
        explained: held-out-column explained variance; None where lift is measured, or it cannot be.
        separated_by: (column, share) pairs: the columns that carry most of what separates the clusters, by their share
            of the sum of squares between them; an embedding's own dimensions count as one, "embedding".
        dropped_share: users that its recipe does not segment, as by a floor of a feature, over those that any measured
            recipe does. All other figures are of the users that it does segment.
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
    recipe: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    noise_share: float = 0.0
    bic: float | None = None
    assign_agreement: float = 1.0
    slsw: tuple[Number, ...] = ()
    slsa: tuple[Number, ...] = ()
    explained: Explained | None = None
    separated_by: tuple[tuple[str, float], ...] = ()
    dropped_share: float = 0.0

    @property
    def out_share(self) -> float:
        """Share of all users that are in no segment, as noise or dropped by the recipe."""
        return 1 - (1 - self.noise_share) * (1 - self.dropped_share)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A method with settings that gave nothing to choose from, and why."""

    recipe: str
    method: str
    settings: Mapping[str, Setting]
    reason: str


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
class Gate:
    """One condition of publishing, for programs.

    Args:
        name: "verdict", "stability", "size", "noise" or "users". passed: whether it is met. reason: what was found.
    """

    name: GateName
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RecipeTried:
    """One recipe of the search.

    Args:
        name: "" for the config as it stands. changes: dotted key of the config to value.
        measured: whether it was measured in full; else it fell out in the coarse round.
        coarse_score: best lift (or explained variance, or silhouette) among its coarse candidates that hold;
            None without a coarse round. coarse_stability: least Jaccard of that candidate's segments.
        failure: why it could not be made at all, or "".
    """

    name: str
    changes: Mapping[str, Any]
    measured: bool
    coarse_score: Number | None = None
    coarse_stability: Number | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The choice and its reason.

    Args:
        candidates: the sheet, in order of recipe, then k.
        chosen: index into ``candidates``.
        reason: why this one, in sentences.
        grade: "natural" (islands that hold), "reproducible" (holds and pays), "constructive" (a useful cut of a
            continuum: pays, but the borders move, or there are no events to show more), "none".
        answers: natural? reproducible? pays? usable?
        protocol: how things were measured, in sentences.
        warnings: what a reader must know before using the segments.
        recipes: bases and embeddings that were tried. left_out: methods that gave nothing to choose from.
        comparisons: each other recipe beside the chosen one, in sentences.
        null: the test behind "Is it natural?". gap: the gap statistic on the chosen recipe's points.
        gates: conditions of publishing.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    reason: str
    grade: Grade
    answers: tuple[Answer, ...]
    protocol: tuple[str, ...]
    warnings: tuple[str, ...]
    recipes: tuple[RecipeTried, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    comparisons: tuple[str, ...] = ()
    null: NullTest | None = None
    gap: GapCurve | None = None
    gates: tuple[Gate, ...] = ()

    @property
    def publishable(self) -> bool:
        """Whether every gate is passed."""
        return all(gate.passed for gate in self.gates)

    @property
    def has_too_few(self) -> bool:
        """Whether fewer were segmented than anything can be shown of."""
        return any(gate.name == "users" and not gate.passed for gate in self.gates)
