"""What the evaluation of recommenders gives, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from coterie.selection.types import Interval

SCHEMA, VERSION = "coterie.recommenders", 1
SplitName = Literal["random", "temporal"]


@dataclass(frozen=True, slots=True)
class Judged:
    """How well one recommender ranks the whole catalogue, less what each user had in training.

    Args:
        name: its name; "random" is a ranking by chance. options: that it was fitted with.
        tried: settings that were compared on a validation part of the training part, each with its score.
        ndcg, recall, precision: NDCG@10, Recall@20 and mean average precision over users, in [0, 1].
        coverage: share of the catalogue that is among anybody's first ten.
        novelty: mean self-information of the first ten in bits: how few users took them up.
    """

    name: str
    options: Mapping[str, Any]
    tried: tuple[tuple[Mapping[str, Any], float], ...]
    ndcg: Interval
    recall: Interval
    precision: Interval
    coverage: float
    novelty: Interval


@dataclass(frozen=True, slots=True)
class Rated:
    """How far foretold values are from held-out ones: root mean squared and mean absolute error."""

    name: str
    rmse: Interval
    mae: Interval


@dataclass(frozen=True, slots=True)
class Compared:
    """Two recommenders over the same users.

    Args:
        measure: "NDCG@10" or "squared error". first, second: their names.
        difference: mean of the first less the second, with its 95 % interval.
        p: two-sided, of the signed-rank test. p_adjusted: Holm's, over all pairs of the measure.
    """

    measure: str
    first: str
    second: str
    difference: Interval
    p: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class Paying:
    """Whether a segment's own popularity beats that among all.

    Args:
        segment, name: of the run; "" and "all" for everybody. users: measured; None where they are too few to be shown,
            and with them all that follows.
        popularity, by_segment: mean NDCG@10 of the two rankings. lift: the second over the first, with its interval.
        best, personal: the best personal recommender, and its mean NDCG@10 among these users.
    """

    segment: str
    name: str
    users: int | None
    popularity: float | None
    by_segment: float | None
    lift: Interval | None
    best: str
    personal: float | None


@dataclass(frozen=True, slots=True)
class RecommenderEvaluation:
    """Recommenders on one split of a run's events.

    Args:
        run: its id. split: how events were held out. share: of each user's items that was. liked_from: value from which
            an item counts as liked; None for each user's own mean, or everything where there are no values.
        users: with held-out likes, who are measured. items: in the catalogue. trained, held: pairs of user and item.
        judged, rated, compared, paying: see their types. left_out: recommenders that could not be fitted, and why.
        notes: what a reader should know.
    """

    run: str
    split: SplitName
    share: float
    liked_from: float | None
    users: int
    items: int
    trained: int
    held: int
    judged: tuple[Judged, ...]
    rated: tuple[Rated, ...]
    compared: tuple[Compared, ...]
    paying: tuple[Paying, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
