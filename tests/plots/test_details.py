from __future__ import annotations

import pytest

from coterie import plots
from coterie.segments.types import Calendar, Difference, Histogram, Marker, Neighbour, Percentile, ScoreGrid
from tests.plots.charts import find


def test_items_by_value_say_what_is_withheld():
    record = ScoreGrid(("Alpha", "Beta"), (5.0, 4.0), ((9, None), (0, 7)))
    layer, rows = find(plots.score_heatmap("s-1", record), "text")
    assert [(row["item"], row["value"], row["said"]) for row in rows] == [
        ("Alpha", "5", "9"),
        ("Alpha", "4", "–"),
        ("Beta", "5", "0"),
        ("Beta", "4", "7"),
    ]
    assert layer["encoding"]["text"]["field"] == "said"


def test_small_multiples_stand_one_below_the_other():
    records = [Histogram(name, (0.0, 1.0, 3.0), (5, 15), (10, None), 1.0, 1.5) for name in ("one", "two")]
    _, rows = find(plots.number_distributions("s-1", records), "rect")
    assert [row["floor"] for row in rows] == [1, 1, 2, 2]
    assert [row["low"] for row in rows[:2]] == [0, pytest.approx(1 / 3)]
    assert rows[1]["everyone"] == "too few to say"
    assert rows[1]["all"] is None


def test_a_calendar_has_an_index_where_anybody_is_active():
    record = Calendar(
        "hour of the week", ("Mon", "Tue"), ("00", "12"), ((0.5, None), (0.0, 0.0)), ((0.25, 0.2), (0.0, 0.1))
    )
    _, rows = find(plots.activity_calendar("s-1", record), "rect")
    assert [(row["row"], row["column"], row["segment"]) for row in rows] == [
        ("Mon", "00", "50.00%"),
        ("Mon", "12", "too few to say"),
        ("Tue", "12", "0.00%"),
    ]
    assert rows[0]["log"] == 1
    assert rows[1]["log"] is None


def test_markers_say_which_way():
    records = [Marker("tag", "War", 0.3, 0.5, True, 90), Marker("item", "Alpha", 0.1, 0.2, False, 90)]
    _, rows = find(plots.markers("s-1", records), "bar")
    assert [row["what"] for row in rows] == ["more War", "less Alpha"]


def test_percentiles_go_from_high_to_low():
    records = [Percentile("tag", "War", 20.0, 90), Percentile("number", "age", 70.0, 90)]
    _, rows = find(plots.percentiles("s-1", records), "point")
    assert [(row["what"], row["at"]) for row in rows] == [("age", 70), ("War", 20)]


def test_neighbours_are_drawn_by_their_shares():
    share = Difference("tag", "ratings", "tag", "War", "basis", 0.3, 0.1, 1.0, 0.001)
    number = Difference("number", "people", "age", "age", "descriptor", 30.0, 40.0, -1.0, 0.001)
    _, rows = find(plots.neighbour("s-1", Neighbour("s-2", 1.0, (share, number))), "point")
    assert rows == [{"what": "War", "here": 0.3, "there": 0.1}]
