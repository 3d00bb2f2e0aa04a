from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.engines import local
from coterie.segments.growth import growth
from coterie.tables import CheckedTable
from coterie.tables.types import events_of
from tests.segments.samples import members_of


def events(rows):
    """(user, time) pairs as numbered events; each is of an item of its own."""
    columns = {
        "user_id": [user for user, _ in rows],
        "item_id": [f"i{number:04}" for number in range(len(rows))],
        "time_s": [None if time is None else float(time) for _, time in rows],
    }
    schema = {"user_id": pl.String, "item_id": pl.String, "time_s": pl.Float64}
    return events_of(CheckedTable("ratings", "events", local.lazy(pl.DataFrame(columns, schema=schema))))


def spread(early: int, late: int, users: range) -> list[tuple[str, int]]:
    return [(f"u{user:03}", time) for user in users for time, count in ((0, early), (10, late)) for _ in range(count)]


def members(k0: int, k1: int):
    return members_of(np.repeat([0, 1], [k0, k1]))


def test_a_case_by_hand():
    # Six users of 1 then 3 events beside six of 3 then 1: 6 of 24 early, 18 of 24 late.
    rows = [*spread(1, 3, range(6)), *spread(3, 1, range(6, 12))]
    first, second = growth(events(rows), members(6, 6))
    assert (first.earlier, first.later, first.ratio.value) == (0.25, 0.75, 3.0)
    assert second.ratio.value == pytest.approx(1 / 3)
    # Influence of a user of the first: (3/18 - 3/24) - (1/6 - 1/24) = -1/12; of the others -1/24 + 3/24 = 1/12.
    error = math.sqrt(12 * (1 / 12) ** 2 * 12 / 11)
    assert first.ratio.low == pytest.approx(3 * math.exp(-1.959964 * error))
    assert first.ratio.high == pytest.approx(3 * math.exp(1.959964 * error))


def test_a_share_that_stays_is_no_growth():
    found = growth(events([*spread(2, 4, range(5)), *spread(1, 2, range(5, 10))]), members(5, 5))
    assert [one.ratio.value for one in found] == [1.0, 1.0]


def test_a_few_users_are_told_nothing_of():
    found = growth(events([*spread(1, 1, range(4)), *spread(1, 1, range(4, 10))]), members(4, 6))
    assert found[0] is None
    assert found[1] is not None


def test_without_times_there_is_none():
    no_time = pl.DataFrame({"user_id": ["u000"], "item_id": ["a"]})
    assert growth(events_of(CheckedTable("r", "events", local.lazy(no_time))), members(1, 0)) is None
    assert growth(events([("u000", None)]), members(1, 0)) is None
    assert growth(events(spread(5, 0, range(5))), members(5, 0)) is None, "one moment has no halves"


def test_a_late_take_off_is_cut_at_the_median_event():
    # Half of the time is over before the second event: cut in the middle, the earlier half would hold one event.
    rows = [("u000", 0), *[(f"u{user:03}", 100 + step) for user in range(12) for step in range(8)]]
    found = growth(events(rows), members(6, 6))
    assert found[0] is not None
    assert 0.4 < found[0].earlier < 0.6


@given(st.integers(0, 2**32 - 1))
def test_shares_of_both_halves_add_up_and_order_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (f"u{user:03}", int(time))
        for user, time in zip(rng.integers(0, 30, 400), rng.integers(0, 99, 400), strict=True)
    ]
    own = members(15, 15)
    found = growth(events(rows), own)
    assert sum(one.earlier for one in found) == pytest.approx(1)
    assert sum(one.later for one in found) == pytest.approx(1)
    assert all(one.ratio.low <= one.ratio.value <= one.ratio.high for one in found)
    shuffled = growth(events([rows[place] for place in rng.permutation(len(rows))]), own)
    assert shuffled == found
