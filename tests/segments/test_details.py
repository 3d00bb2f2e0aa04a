"""What profiles tell beyond marks: distinctive items, markers, percentiles, neighbours and calendars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.segments.columns import Column
from coterie.segments.distinctive import shrunk_index
from coterie.segments.markers import information, markers, percentiles
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.neighbours import nearest
from coterie.segments.profile import profile_segments
from coterie.tables import Tables
from tests.segments.samples import Rows, members_of, planted, tables_of

OPTIONS = ProfileOptions(positive_from=4.0)


def test_shrinkage_by_hand():
    """Ratios 3, 1/2 and 1 around 1; A = (10 * 4 + 20 * 0.25 + 10 * 0) / 40 - 3 / 40 by the weights, m = 1."""
    seen, expected = np.array([30.0, 10.0, 10.0]), np.array([10.0, 20.0, 10.0])
    mean = 50 / 40
    beyond = (10 * (3 - mean) ** 2 + 20 * (0.5 - mean) ** 2 + 10 * (1 - mean) ** 2) / 40 - mean * 3 / 40
    pseudo = mean / beyond
    assert shrunk_index(seen, expected) == pytest.approx(100 * (seen + pseudo * mean) / (expected + pseudo))


def test_three_fans_make_no_cult():
    seen = np.array([3.0, *[60.0] * 20, *[20.0] * 20])
    expected = np.array([0.2, *[40.0] * 40])
    shrunk = shrunk_index(seen, expected)
    assert 100 * seen[0] / expected[0] == pytest.approx(1500)
    assert shrunk[0] < 200
    assert shrunk[1] > 140


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0.1, 50)), min_size=1, max_size=20))
def test_shrunk_lies_between_the_own_and_the_mean(pairs):
    seen, expected = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    mean, own = 100 * seen.sum() / expected.sum(), 100 * seen / expected
    shrunk = shrunk_index(seen, expected)
    assert (shrunk >= np.minimum(mean, own) - 1e-6).all()
    assert (shrunk <= np.maximum(mean, own) + 1e-6).all()


def test_information_by_hand():
    assert information(np.array([[50.0, 50.0], [50.0, 50.0]])) == 0
    assert information(np.array([[400.0, 0.0], [0.0, 400.0]])) == pytest.approx(1 - 1 / (1600 * np.log(2)))
    assert information(np.zeros((2, 2))) == 0


def test_the_planted_taste_is_the_first_marker_and_stands_high():
    rows, labels = planted()
    for label, profile in enumerate(profile_segments(tables_of(rows), members_of(labels), OPTIONS)):
        assert f"tag{label}" in {marker.column for marker in profile.markers if marker.over}
        by_tag = {one.column: one.percentile for one in profile.percentiles}
        assert by_tag[f"tag{label}"] > 65
        assert {item.label for item in profile.distinctive} & {f"Film {each}" for each in range(120)}
        assert all(item.shrunk < item.index for item in profile.distinctive)


def test_percentiles_by_hand():
    column = Column("x", "x", "number", "x", np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 9, np.nan]))
    labels = np.array([0] * 5 + [1] * 6)
    low, high = percentiles([column], labels, OPTIONS, 2)
    assert low[0].percentile == 25  # ranks 5, 15, 25, 35, 45
    assert high[0].percentile == 75
    assert low[0].n_users == 10


def test_unknown_is_an_answer_too():
    values = np.array([None] * 30 + ["yes"] * 30, dtype=object)
    ((first, *_), _) = markers([Column("x", "x", "category", "x", values)], np.repeat([0, 1], 30), None, OPTIONS, 2)
    assert first.share > 0.9


def test_the_nearest_centre():
    of, gaps = nearest(np.array([[0.0, 0], [3, 4], [3, 5]]))
    assert of.tolist() == [1, 2, 1]
    assert gaps.tolist() == [5, 1, 1]


def test_neighbours_differ_by_what_was_planted():
    rows, labels = planted()
    plain = members_of(labels)
    members = replace_centres(plain, np.array([[0.0, 0], [1, 0], [5, 0]]))
    first, second, third = profile_segments(tables_of(rows), members, OPTIONS)
    assert [each.neighbour.segment_id for each in (first, second, third)] == ["s-2", "s-1", "s-2"]
    assert {"tag0", "tag1"} <= {one.label for one in first.neighbour.differences}
    for one in first.neighbour.differences:
        if one.label == "tag0":
            assert one.here > one.there
            assert one.effect > 0
        assert one.p_adjusted < OPTIONS.fdr
    assert profile_segments(tables_of(rows), plain, OPTIONS)[0].neighbour is None


def replace_centres(members: Members, centres: np.ndarray) -> Members:
    return replace(members, centres=centres)


def with_times(seconds: list[float]) -> Tables:
    events = pl.DataFrame(
        {
            "user_id": [f"u{place:03}" for place in range(40)],
            "item_id": ["a"] * 40,
            "time_s": seconds,
        }
    )
    return tables_of(Rows(events=events))


def test_a_calendar_by_hand():
    """Ten of the first segment on a Thursday at 3, ten at 4; all of the second on a Friday at 3."""
    hour, day = 3600, 86400
    times = [3.0 * hour + 5] * 10 + [4.0 * hour] * 10 + [day + 3.0 * hour] * 20
    one, other = profile_segments(with_times(times), members_of(np.repeat([0, 1], 20)), OPTIONS)
    assert (one.calendar.unit, one.calendar.rows[3], len(one.calendar.columns)) == ("hour of the week", "Thu", 24)
    assert one.calendar.inside[3][3:5] == (0.5, 0.5)
    assert one.calendar.overall[3][3:5] == (0.25, 0.25)
    assert other.calendar.inside[4][3] == 1


def test_a_calendar_of_few_is_coarser():
    hour = 3600
    times = [float(place % 20 % 18 * hour + 60) for place in range(40)]
    one, _ = profile_segments(with_times(times), members_of(np.repeat([0, 1], 20)), OPTIONS)
    assert one.calendar.unit == "six hours of the week"
    assert one.calendar.inside[3][0] == pytest.approx(0.4)


def test_dates_have_months():
    days = [float(86400 * (0 if place < 20 else 400)) for place in range(40)]
    one, other = profile_segments(with_times(days), members_of(np.repeat([0, 1], 20)), OPTIONS)
    assert (one.calendar.unit, one.calendar.rows) == ("month", ("1970", "1971"))
    assert one.calendar.inside[0][0] == 1
    assert other.calendar.inside[1][1] == 1


def test_no_times_no_calendar():
    rows, labels = planted()
    assert profile_segments(tables_of(rows), members_of(labels), OPTIONS)[0].calendar is None


def test_threads_and_order_of_rows_do_not_matter(monkeypatch):
    rows, labels = planted()
    shuffled = replace(rows, events=rows.events.sample(fraction=1, shuffle=True, seed=3), users=rows.users.reverse())
    members = replace_centres(members_of(labels), np.array([[0.0, 0], [1, 0], [5, 0]]))
    one = profile_segments(tables_of(rows), members, OPTIONS)
    monkeypatch.setattr("coterie.segments.events.AT_ONCE", 500)
    monkeypatch.setattr("coterie.segments.events.default_threads", lambda: 2)
    monkeypatch.setattr("coterie.segments.calendar.default_threads", lambda: 2)
    assert profile_segments(tables_of(shuffled), members, OPTIONS) == one
