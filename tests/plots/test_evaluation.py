from __future__ import annotations

from dataclasses import replace

from coterie import plots
from coterie.plots.palette import colour
from coterie.segments.evaluation import CRITERIA, Known, evaluate
from tests.plots.charts import find, layers, mark_of
from tests.report import samples


def evaluations(k=5):
    found = samples.segments(k)
    whole = samples.contents(k) if k == 5 else samples.bare(k)
    distances = tuple(1.0 + 0.2 * place for place in range(k))
    return evaluate(Known(found, whole.profiles, distances, None), dict.fromkeys(CRITERIA, 1.0))


def test_one_bubble_a_segment_in_its_colour():
    segments = samples.segments()
    layer, rows = find(plots.evaluation_bubbles(segments, evaluations()), "circle")
    assert [(row["id"], row["people"]) for row in rows] == [(s.id, s.size) for s in segments]
    assert layer["encoding"]["color"]["scale"]["range"] == [colour(s.id) for s in segments]
    by_id = {one.segment_id: one for one in evaluations()}
    assert [row["attractive"] for row in rows] == [round(by_id[s.id].attractiveness, 2) for s in segments]
    low, high = layer["encoding"]["x"]["scale"]["domain"]
    assert low + high == 100
    assert low <= min(row["distinct"] for row in rows)


def test_names_stand_to_both_sides():
    body = plots.spec(plots.evaluation_bubbles(samples.segments(), evaluations()))
    texts = [layer for layer in layers(body) if mark_of(layer) == "text"]
    assert [layer["mark"]["align"] for layer in texts] == ["right", "left"]


def test_two_segments_that_are_alike_lie_near_the_middle():
    segments = samples.segments(2)
    layer, rows = find(plots.evaluation_bubbles(segments, evaluations(2)), "circle")
    assert layer["encoding"]["x"]["scale"]["domain"] == [25.0, 75.0]
    assert all(45 < row["distinct"] < 55 for row in rows)


def test_who_has_no_place_is_left_out():
    first, *others = evaluations()
    few = (replace(first, attractiveness=float("nan")), *others)
    _, rows = find(plots.evaluation_bubbles(samples.segments(), few), "circle")
    assert [row["id"] for row in rows] == ["s-2", "s-3", "s-4", "s-5"]
    shown = plots.Shown(samples.decision(), samples.segments(), evaluations=())
    assert plots.find_plot("evaluation").draw(shown) is None
    assert plots.find_plot("evaluation").draw(replace(shown, evaluations=few)) is not None
