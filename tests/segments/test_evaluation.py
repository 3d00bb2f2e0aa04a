from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import parse_config
from coterie.errors import ConfigError
from coterie.segments.evaluation import CRITERIA, Evaluation, Known, distinctiveness, evaluate, scored
from coterie.segments.growth import Growth
from coterie.segments.marks import ACTIVITY_LABEL
from coterie.segments.types import Activity, Segment, SegmentProfile
from coterie.selection.types import Interval
from tests.segments.samples import mark, members_of

EQUAL = dict.fromkeys(CRITERIA, 1.0)


def segment(number: int, size: int, share: float, lift: float | None = None) -> Segment:
    found = None if lift is None else Interval(lift, lift - 0.1, lift + 0.1)
    return Segment(f"s-{number}", number - 1, f"Segment {number}", size, share, 0.9, "highly stable", found, ())


def profile(number: int, *, events: float | None = None, value: float | None = None) -> SegmentProfile:
    active = mark(ACTIVITY_LABEL, "number", column="events", inside=events or 0.0, overall=20.0, index=100.0)
    did = Activity(10.0, 10.0, value, None if value is None else 4.0)
    marks = () if events is None else (active,)
    return SegmentProfile(f"s-{number}", marks, (), (), (), (), None if events is None else did, ())


def known(growth: tuple[Growth | None, ...] | None = None) -> Known:
    segments = (segment(1, 75, 0.75, 1.2), segment(2, 25, 0.25, 2.4))
    profiles = (profile(1, events=10.0, value=4.0), profile(2, events=40.0, value=2.0))
    return Known(segments, profiles, (1.0, 4.0), growth)


def test_a_case_by_hand():
    grown = (Growth(0.5, 0.25, Interval(0.5, 0.4, 0.6)), Growth(0.5, 0.75, Interval(1.5, 1.3, 1.7)))
    first, second = evaluate(known(grown), EQUAL)
    scores = {name: one.score for name, one in first.criteria.items()}
    # size 0.75 over 1/2; events 10 over 20; value 4 over 4; lift 1.2 over (0.75 * 1.2 + 0.25 * 2.4) = 1.5; growth 1/2.
    assert scores == pytest.approx({
        "size": 50 + 25 * math.log2(1.5), "activity": 25.0, "value": 50.0, "lift": 50 + 25 * math.log2(0.8),
        "growth": 25.0,
    })  # fmt: skip
    assert first.attractiveness == pytest.approx(sum(scores.values()) / 5)
    assert second.criteria["lift"].raw == Interval(2.4, 2.3, 2.5)
    assert second.criteria["growth"].raw.low == 1.3
    # Distances 1 and 4, of which the geometric mean is 2.
    assert (first.distinctiveness.score, second.distinctiveness.score) == pytest.approx((25.0, 75.0))


def test_weights_count_together_as_one():
    (first, _) = evaluate(known(), {"size": 3.0, "activity": 1.0})
    assert first.weights == {"size": 0.75, "activity": 0.25}
    assert first.attractiveness == pytest.approx(0.75 * (50 + 25 * math.log2(1.5)) + 0.25 * 25)


def test_what_no_segment_has_leaves_its_weight_to_the_others():
    bare = Known((segment(1, 60, 0.6), segment(2, 40, 0.4)), (profile(1), profile(2)), (1.0, 1.0), None)
    first, second = evaluate(bare, EQUAL)
    assert first.weights == {"size": 1.0}
    assert [first.criteria[name].missing for name in CRITERIA[1:]] == [
        "there are no events, or of too few users to say",
        "events carry no value, or of too few users to say",
        "lift was not measured", "events have no time"
    ]  # fmt: skip
    assert first.distinctiveness.score == second.distinctiveness.score == 50.0
    assert abs(first.attractiveness - second.attractiveness) < 15, "two that hardly differ lie near each other"


def test_what_one_segment_lacks_counts_as_average_for_it():
    first, _ = evaluate(known((None, Growth(0.5, 0.7, Interval(1.4, 1.1, 1.6)))), {"growth": 1.0})
    assert first.criteria["growth"].missing == "too few were active in both halves"
    assert first.attractiveness == 50.0


def test_nothing_is_said_of_a_few_users():
    two = known()
    few = replace(two, segments=(two.segments[0], replace(two.segments[1], size=4)))
    first, second = evaluate(few, EQUAL)
    assert first.is_placed
    assert not second.is_placed
    assert {one.missing for one in second.criteria.values()} == {"fewer than 5 users"}


def test_values_that_can_be_negative_have_no_place():
    assert math.isnan(scored(-1.0, 2.0))
    assert math.isnan(scored(1.0, -2.0))
    two = known()
    below = replace(two.profiles[0], activity=Activity(1.0, 1.0, -0.5, 4.0))
    first, _ = evaluate(replace(two, profiles=(below, two.profiles[1])), EQUAL)
    assert first.criteria["value"].missing == "it can be negative, so it has no doubling"


@given(st.floats(0.001, 1000), st.floats(0.001, 1000))
def test_the_scale_is_even_and_bounded(raw, average):
    score = scored(raw, average)
    assert 0 <= score <= 100
    assert score + scored(average, raw) == pytest.approx(100)
    assert scored(0.0, average) == 0.0


def test_distance_in_units_of_the_own_spread():
    # Centres at 0 and 10; one spreads by 1 to either side, the other by 2.
    points = np.array([[-1.0], [1.0], [8.0], [12.0]])
    assert distinctiveness(points, members_of(np.array([0, 0, 1, 1]))) == pytest.approx((10.0, 5.0))
    alone = distinctiveness(points, members_of(np.array([0, 0, 0, 0])))
    assert math.isnan(alone[0])
    noise = distinctiveness(points, members_of(np.array([0, 0, -1, 1])))
    assert noise[0] == pytest.approx(12.0)
    assert math.isnan(noise[1]), "one user has no spread"


def test_no_distance_is_no_place():
    two = known()
    first, second = evaluate(replace(two, distances=(math.nan, math.nan)), EQUAL)
    assert not any(one.is_placed for one in (first, second))
    assert isinstance(first, Evaluation)
    (one, _) = evaluate(replace(two, distances=(math.nan, 2.0)), EQUAL)
    assert one.distinctiveness.missing == "the group has no spread"


def test_weights_in_the_config():
    base = {"tables": {"t": {"role": "users", "source": "t.csv", "user": "id"}}}
    base |= {"features": {"f": {"kind": "attributes", "from": "t"}}}

    def weights(**asked):
        return parse_config({**base, "segments": {"evaluation": {"weights": asked}}}).segments.evaluation.weights

    assert weights(size=2).size == 2
    assert tuple(type(weights()).model_fields) == CRITERIA
    with pytest.raises(ConfigError, match=r"unknown key 'sise' .* did you mean 'size'"):
        weights(sise=1)
    with pytest.raises(ConfigError, match="every weight is 0, so nothing would count; leave one above"):
        weights(**dict.fromkeys(CRITERIA, 0))
    with pytest.raises(ConfigError, match="greater than or equal to 0"):
        weights(size=-1)
