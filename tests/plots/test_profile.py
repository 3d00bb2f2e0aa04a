from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie import plots
from coterie.plots.profile import _ends, _strongest
from coterie.segments.types import Histogram, Interval, Shares
from tests.plots.charts import find
from tests.report.samples import STATES, mark


def test_index_dots_by_hand():
    marks = [mark("tag", "tag", "Drama", 50, p=0.3), mark("tag", "tag", "War", 200)]
    layer, rows = find(plots.index_dots("s-2", marks), "point")
    assert [(row["label"], row["index"], row["chance"]) for row in rows] == [
        ("War", 200, "significant"),
        ("Drama", 50, "within chance"),
    ]
    scale = layer["encoding"]["x"]["scale"]
    assert scale["type"] == "log"
    assert scale["domain"] == pytest.approx([100 / 2.47, 247], rel=0.01)  # 235 at most, and as far below; 5 % of room
    assert layer["encoding"]["x"]["axis"]["values"] == [50, 100, 200]
    assert layer["encoding"]["fill"]["condition"]["value"] == "white"


def test_categories_say_their_attribute_and_long_titles_stay_apart():
    long = "A title that is much longer than any axis would have room for, part "
    marks = [
        mark("category", "job", "artist", 150),
        mark("item", "item", long + "1", 140),
        mark("item", "item", long + "2", 130),
    ]
    _, rows = find(plots.index_dots("s-1", marks), "point")
    assert [row["label"] for row in rows] == [
        "job: artist",
        "A title that is much longer…",
        "A title that is much longer… (2)",
    ]
    assert rows[1]["full"] == long + "1"


def test_a_mark_without_index_is_left_out():
    assert find(plots.index_dots("s-1", [replace(mark("number", "age", "age", 90), index=None)]), "point")[1] == []


def test_both_sides_of_the_average_are_kept():
    marks = [mark("tag", "tag", f"over {n}", 300 - n) for n in range(20)] + [mark("tag", "tag", "under", 40)]
    kept = _strongest(marks, 12)
    assert [m.label for m in kept] == [*(f"over {n}" for n in range(11)), "under"]
    assert len(_strongest(marks[:20], 12)) == 12
    assert [m.label for m in _strongest(marks[20:], 12)] == ["under"]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), max_size=5))
def test_the_axis_reaches_as_far_below_as_above(pairs: list[tuple[float, float]]):
    low, high = _ends([{"low": min(pair), "high": max(pair)} for pair in pairs])
    assert math.isclose(low * high, 10_000)
    assert 200 <= high <= 1600


def test_an_index_of_zero_still_draws():
    zero = replace(mark("tag", "tag", "Western", 50), index=Interval(0.0, 0.0, 30.0))
    _, rows = find(plots.index_dots("s-1", [zero]), "point")
    assert rows[0]["index"] == 0


def test_a_distribution_is_in_shares_of_each():
    record = Histogram("age", (0.0, 10.0, 20.0), (1, 3), (30, 10), 14.0, 13.0)
    layer, rows = find(plots.number_distribution("s-1", record), "bar")
    assert [(r["low"], r["high"], r["segment"], r["everyone"]) for r in rows] == [
        (0, 10, 0.25, 0.75),
        (10, 20, 0.75, 0.25),
    ]
    assert layer["encoding"]["x"]["bin"] == "binned"
    _, steps = find(plots.number_distribution("s-1", record), "line")
    assert steps[-1] == {"at": 20.0, "everyone": 0.25}


def test_bins_of_few_are_not_drawn():
    record = Histogram("age", (0.0, 10.0, 20.0, 30.0), (None, 6, 2 + 4), (None, 30, 10), 14.0, 13.0)
    _, rows = find(plots.number_distribution("s-1", record), "bar")
    assert [(row["low"], row["segment"]) for row in rows] == [(10, 0.5), (20, 0.5)]


def test_an_empty_distribution_draws():
    assert (
        find(plots.number_distribution("s-1", Histogram("age", (0.0, 1.0), (0,), (0,), 0.0, 0.0)), "bar")[1][0][
            "segment"
        ]
        == 0
    )


def test_categories_stop_at_the_limit():
    values = tuple(f"value {n}" for n in range(20))
    record = Shares("job", values, (0.05,) * 20, (0.05,) * 20, (2,) * 20)
    _, rows = find(plots.category_shares("s-1", record), "bar")
    assert [row["value"] for row in rows] == list(values[: plots.MOST_VALUES])
    assert find(plots.category_shares("s-1", record), "tick")[1][0]["everyone"] == 0.05


def test_one_value_draws():
    assert len(find(plots.category_shares("s-1", Shares("pet", ("cat",), (1.0,), (1.0,), (7,))), "bar")[1]) == 1


def states_of(record: Shares) -> dict[str, dict[str, object]]:
    layer, _ = find_map(plots.state_map("s-1", record))
    return {row["state"]: row for row in layer}


def find_map(chart):
    body = plots.spec(chart)
    assert plots.svg(chart).count("<path") > 51
    lookup = body["layer"][0]["transform"][0]["from"]["data"]
    return body["datasets"][lookup["name"]] if "name" in lookup else lookup["values"], body


def test_states_with_few_people_stay_grey():
    by_state = states_of(Shares("state", ("CA", "NY", "ON"), (0.6, 0.35, 0.05), (0.3, 0.69, 0.01), (60, 35, 5)))
    assert len(by_state) == 51
    assert (by_state["CA"]["log"], by_state["CA"]["said"]) == (1.0, "200")
    assert (by_state["NY"]["said"], by_state["NY"]["people"]) == ("51", "35")
    assert (by_state["TX"]["log"], by_state["TX"]["said"]) == (None, "too few to say")


def test_a_state_without_anybody_has_a_finite_colour():
    rows = states_of(Shares("state", ("CA", "NY"), (1.0, 0.0), (0.5, 0.5), (100, 0)))
    assert rows["NY"]["log"] == pytest.approx(math.log2(0.01))


def test_the_outlines_are_of_every_state_and_stand_apart_from_the_map():
    assert set(plots.state_names()) == set(STATES)
    assert len(plots.state_names()) == 51
    body = plots.spec(plots.state_map("s-1", Shares("state", ("CA",), (1.0,), (1.0,), (9,))))
    assert body["data"]["name"] in body["datasets"]
    assert body["data"]["name"] not in plots.without_outlines(body)["datasets"]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_any_text_may_be_a_value(values: list[str]):
    share = 1 / len(values)
    record = Shares("any", tuple(values), (share,) * len(values), (share,) * len(values), (1,) * len(values))
    _, rows = find(plots.category_shares("s-1", record), "bar")
    assert len({row["value"] for row in rows}) == len(values)
