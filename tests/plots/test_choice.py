from __future__ import annotations

from dataclasses import replace

import pytest

from coterie import plots
from coterie.selection.types import Interval
from tests.plots.charts import find, layers, mark_of, rows_of
from tests.report import samples


def test_lift_marks_the_chosen_and_hollows_what_misses_a_floor():
    decision = samples.decision()
    layer, rows = find(plots.lift_by_k(decision.candidates, decision.chosen), "point")
    assert [row["k"] for row in rows] == list(range(2, 13))
    assert [row["k"] for row in rows if row["state"] == "chosen"] == [5]
    assert {row["floors"] for row in rows if row["k"] <= 5} == {"may be chosen"}
    assert {row["floors"] for row in rows if row["k"] > 6} == {"misses a floor"}
    assert layer["encoding"]["fill"]["condition"]["test"] == "datum.floors == 'misses a floor'"
    assert rows[0]["low"] < rows[0]["value"] < rows[0]["high"]


def test_lift_stands_against_no_gain_and_names_the_chosen():
    decision = samples.decision()
    body = plots.spec(plots.lift_by_k(decision.candidates, decision.chosen))
    by_mark = {(mark_of(layer), str(rows_of(body, layer))) for layer in layers(body)}
    assert ("rule", "[{'at': 1.0}]") in by_mark
    assert ("text", "[{'k': 5, 'text': 'chosen'}]") in by_mark
    assert "k = 5: 1.61, chosen" in body["description"]


def test_without_events_there_is_no_dot():
    decision = samples.decision(events=False)
    _, rows = find(plots.lift_by_k(decision.candidates, decision.chosen), "point")
    assert rows == []


def test_stability_has_a_dot_a_cluster_and_the_floor():
    decision = samples.decision()
    chart = plots.stability_by_k(decision.candidates, decision.chosen, floor=0.7)
    _, rows = find(chart, "point")
    assert len(rows) == sum(range(2, 13))
    assert [row["value"] for row in rows if row["state"] == "chosen"] == list(samples.STABILITY)
    layer, floor = find(chart, "rule")
    assert floor == [{"at": 0.7}]
    assert layer["mark"]["strokeDash"]
    assert "rule" not in {
        mark_of(layer) for layer in layers(plots.spec(plots.stability_by_k(decision.candidates, decision.chosen)))
    }


def test_silhouette_has_its_interval():
    decision = samples.decision()
    _, rows = find(plots.silhouette_by_k(decision.candidates, decision.chosen), "point")
    assert [row["value"] for row in rows] == [candidate.silhouette.value for candidate in decision.candidates]


def test_a_silhouette_alone_has_an_axis_around_it():
    """One value is no extent; its only tick read 0, whatever the value."""
    alone = replace(samples.candidate(5), silhouette=Interval(0.142, 0.142, 0.142))
    layer, rows = find(plots.silhouette_by_k([alone], 0), "rule")
    assert len(rows) == 1
    assert layer["encoding"]["y"]["scale"]["domain"] == pytest.approx([0.042, 0.242])


DRAWN = (plots.lift_by_k, plots.stability_by_k, plots.silhouette_by_k)


def of_two_methods():
    one = samples.decision().candidates
    return (*one, *(replace(candidate, method="gmm") for candidate in one))


@pytest.mark.parametrize("draw", DRAWN)
def test_several_methods_stand_side_by_side_in_their_own_shape_and_colour_with_a_legend(draw):
    encoding = find(draw(of_two_methods(), 3), "point")[0]["encoding"]
    assert encoding["xOffset"]["field"] == "method"
    for channel in ("shape", "color"):
        assert encoding[channel]["field"] == "method"
        assert encoding[channel]["scale"]["domain"] == ["gmm", "kmeans"]
        assert len(set(encoding[channel]["scale"]["range"])) == 2
        assert encoding[channel]["legend"]["orient"] == "top"
    (emphasis,) = encoding["color"]["condition"]
    assert emphasis["test"] == "datum.state == 'chosen'"
    assert emphasis["value"] not in encoding["color"]["scale"]["range"], "only the chosen has its colour"


@pytest.mark.parametrize("draw", DRAWN)
def test_one_method_needs_neither_offset_nor_legend(draw):
    encoding = find(draw(samples.decision().candidates, 3), "point")[0]["encoding"]
    assert not {"xOffset", "shape"} & set(encoding)
    assert encoding["color"]["legend"] is None


def test_of_several_methods_what_misses_a_floor_is_hollow_and_the_chosen_is_not():
    fill = find(plots.lift_by_k(of_two_methods(), 3), "point")[0]["encoding"]["fill"]
    hollow, chosen = fill["condition"]
    assert (hollow["test"], hollow["value"]) == ("datum.floors == 'misses a floor'", "white")
    assert chosen["test"] == "datum.state == 'chosen'"


@pytest.mark.parametrize("draw", DRAWN)
def test_of_several_methods_each_candidate_is_read_out_by_its_method(draw):
    description = plots.spec(draw(of_two_methods(), 3))["description"]
    assert "kmeans, k = 5: " in description
    assert "gmm, k = 5: " in description


def test_eight_methods_draw():
    one = samples.decision().candidates[:2]
    many = tuple(replace(candidate, method=f"m{i}") for i in range(8) for candidate in one)
    _, rows = find(plots.silhouette_by_k(many, 0), "point")
    assert len(rows) == 16


def test_one_candidate_draws():
    for draw in (plots.lift_by_k, plots.stability_by_k, plots.silhouette_by_k):
        _, rows = find(draw((samples.candidate(2),), 0), "point")
        assert {row["k"] for row in rows} == {2}
