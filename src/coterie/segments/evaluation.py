"""Which segment first: how attractive each is, and how distinct, as raw figures and on one scale.

On the scale 50 is the average, 75 twice and 25 half of it. It is no rank: of two segments that hardly differ both stand
near 50, where ranks or a stretch from lowest to highest would put one at 0 and the other at 100.

Source:
    Dolnicar, Grün & Leisch (2018), "Market Segmentation Analysis": distinctness and size among the criteria that a
    target segment must meet (chapter 4), and the segment evaluation plot with weighted criteria (chapter 10). Its other
    axis, how attractive the organisation is to a segment, stands in no table of events; distinctness takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from coterie.segments.growth import Growth
from coterie.segments.marks import is_activity
from coterie.segments.members import Members
from coterie.segments.types import Segment, SegmentProfile
from coterie.selection.types import Interval, Number

SCHEMA = "coterie.evaluation"
VERSION = 1

CriterionName = Literal["size", "activity", "value", "lift", "growth"]
CRITERIA: Final[tuple[CriterionName, ...]] = get_args(CriterionName)
MIDDLE, DOUBLING, TOP = 50.0, 25.0, 100.0
NOT_KNOWN: Final = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One figure of a segment.

    Args:
        raw: share of the users (size), mean events (activity), mean value, lift, growth, or distance to the nearest
            other centre (distinctiveness); the ends are NaN where there is no interval.
        average: what is 50 on the scale.
        score: on the scale from 0 to 100; NaN where the figure is not known.
        missing: why it is not known, or "".
    """

    raw: Interval
    average: Number
    score: Number
    missing: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is a score."""
        return math.isfinite(self.score)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One segment evaluated.

    Args:
        size: its users. criteria: by name. weights: of the criteria that are known, adding up to 1.
        attractiveness: weighted mean of the scores, in [0, 100]; NaN where no weighted criterion is known.
        distinctiveness: distance to the nearest other centre, in units of how far its own users lie from theirs.
    """

    segment_id: str
    size: int
    criteria: Mapping[CriterionName, Criterion]
    weights: Mapping[CriterionName, float]
    attractiveness: Number
    distinctiveness: Criterion

    @property
    def is_placed(self) -> bool:
        """Whether it has a place in the plot."""
        return math.isfinite(self.attractiveness) and self.distinctiveness.is_known


@dataclass(frozen=True, slots=True)
class Known:
    """What segments are evaluated by, one entry a segment, in one order.

    Args:
        distances: see ``distinctiveness``. growth: None where events have no time, or there are none.
    """

    segments: tuple[Segment, ...]
    profiles: tuple[SegmentProfile, ...]
    distances: tuple[float, ...]
    growth: tuple[Growth | None, ...] | None


def evaluate(known: Known, weights: Mapping[CriterionName, float], *, min_cell: int = 5) -> tuple[Evaluation, ...]:
    """Evaluate every segment.

    Args:
        weights: of the criteria, at least 0; those that are not known of any segment leave theirs to the others.
        min_cell: nothing is said of a segment of fewer users.
    """
    by_name: dict[CriterionName, list[Criterion]] = {
        "size": _sizes(known.segments),
        "activity": _activities(known.profiles),
        "value": _values(known.profiles),
        "lift": _lifts(known.segments),
        "growth": _growths(known),
    }
    distinct = _distinct(known.distances)
    # A criterion counts for all segments or for none, else two would be compared by different things.
    shared = {name: weights.get(name, 0.0) for name in CRITERIA if any(one.is_known for one in by_name[name])}
    return tuple(
        _evaluation(segment, {name: by_name[name][place] for name in CRITERIA}, distinct[place], shared, min_cell)
        for place, segment in enumerate(known.segments)
    )


def distinctiveness(points: npt.NDArray[np.floating], members: Members) -> tuple[float, ...]:
    """Give each segment's distance to the nearest other centre over the root mean square distance to its own.

    Not the mean |log index| of its marks: which marks are significant depends on how many users a segment has, and the
    few that a small one has are its wildest. A distance asks all features of all users alike.

    Args:
        points: (n, d) of the members, in their order.

    Returns:
        (k,) at least 0, high is good; NaN where a segment has no spread or there is no other.
    """
    k = members.n_segments
    groups = [np.asarray(points[members.labels == label], dtype=np.float64) for label in range(k)]
    centres = np.array([group.mean(axis=0) for group in groups])
    apart = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    spread = [math.sqrt(float(((g - c) ** 2).sum(axis=1).mean())) for g, c in zip(groups, centres, strict=True)]
    nearest = apart.min(axis=1)
    found = zip(nearest.tolist(), spread, strict=True)
    return tuple(near / own if own > 0 and math.isfinite(near) else math.nan for near, own in found)


def scored(raw: float, average: float) -> float:
    """Put a figure on the scale.

    Example:
        >>> scored(3.0, 1.5), scored(1.5, 1.5), scored(0.75, 1.5)
        (75.0, 50.0, 25.0)
    """
    if not (math.isfinite(raw) and math.isfinite(average)) or average <= 0 or raw < 0:
        return math.nan
    if raw == 0:
        return 0.0
    return min(max(MIDDLE + DOUBLING * math.log2(raw / average), 0.0), TOP)


def _evaluation(
    segment: Segment,
    criteria: Mapping[CriterionName, Criterion],
    distinct: Criterion,
    weights: Mapping[CriterionName, float],
    min_cell: int,
) -> Evaluation:
    if segment.size < min_cell:
        hidden = _missing(f"fewer than {min_cell} users")
        return Evaluation(segment.id, segment.size, dict.fromkeys(CRITERIA, hidden), {}, math.nan, hidden)
    total = sum(weights.values())
    own = {name: weight / total for name, weight in weights.items() if weight > 0} if total > 0 else {}
    # One that is not known of this segment alone counts as average: it may not raise it, nor let it fall.
    scores = {name: criteria[name].score if criteria[name].is_known else MIDDLE for name in own}
    attractive = sum(weight * scores[name] for name, weight in own.items()) if own else math.nan
    return Evaluation(segment.id, segment.size, dict(criteria), own, attractive, distinct)


def _missing(why: str) -> Criterion:
    return Criterion(NOT_KNOWN, math.nan, math.nan, why)


def _criterion(raw: Interval, average: float) -> Criterion:
    score = scored(raw.value, average)
    return Criterion(raw, average, score, "" if math.isfinite(score) else "it can be negative, so it has no doubling")


def _alone(value: float) -> Interval:
    return Interval(value, math.nan, math.nan)


def _sizes(segments: Sequence[Segment]) -> list[Criterion]:
    return [_criterion(_alone(segment.share), 1 / len(segments)) for segment in segments]


def _activities(profiles: Sequence[SegmentProfile]) -> list[Criterion]:
    found = []
    for profile in profiles:
        # What segments were formed on first, as in the rest of the profile.
        marks = sorted((mark for mark in profile.marks if is_activity(mark)), key=lambda mark: mark.use != "basis")
        if not marks:
            found.append(_missing("there are no events, or of too few users to say"))
            continue
        mark = marks[0]
        ends = (mark.index.low, mark.index.high) if mark.index is not None else (math.nan, math.nan)
        low, high = (mark.overall * end / 100 for end in ends)
        found.append(_criterion(Interval(mark.inside, low, high), mark.overall))
    return found


def _values(profiles: Sequence[SegmentProfile]) -> list[Criterion]:
    found = []
    for profile in profiles:
        did = profile.activity
        if did is None or did.mean_value_inside is None or did.mean_value_overall is None:
            found.append(_missing("events carry no value, or of too few users to say"))
        else:
            found.append(_criterion(_alone(did.mean_value_inside), did.mean_value_overall))
    return found


def _lifts(segments: Sequence[Segment]) -> list[Criterion]:
    lifts = [segment.lift for segment in segments]
    known = [
        (lift.value, segment.size) for lift, segment in zip(lifts, segments, strict=True) if lift and lift.is_known
    ]
    if not known:
        return [_missing("lift was not measured")] * len(segments)
    average = sum(value * size for value, size in known) / sum(size for _, size in known)
    return [
        _criterion(lift, average) if lift is not None and lift.is_known else _missing("lift was not measured")
        for lift in lifts
    ]


def _growths(known: Known) -> list[Criterion]:
    if known.growth is None:
        return [_missing("events have no time")] * len(known.segments)
    return [
        _missing("too few were active in both halves") if grown is None else _criterion(grown.ratio, 1.0)
        for grown in known.growth
    ]


def _distinct(distances: Sequence[float]) -> list[Criterion]:
    positive = [distance for distance in distances if math.isfinite(distance) and distance > 0]
    if not positive:
        return [_missing("the groups have no distance or no spread")] * len(distances)
    average = math.exp(sum(math.log(distance) for distance in positive) / len(positive))
    return [
        _criterion(_alone(distance), average) if math.isfinite(distance) else _missing("the group has no spread")
        for distance in distances
    ]
