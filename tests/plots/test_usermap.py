from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coterie import plots
from coterie.plots.palette import colour, shape
from coterie.plots.records import UserMap
from coterie.plots.usermap import _APART, _apart
from tests.plots.charts import find
from tests.report import samples


def record(x: list[float], y: list[float], ids: list[str], n_total: int | None = None) -> UserMap:
    return UserMap(np.array(x), np.array(y), tuple(ids), n_total or len(ids), (0.41, 0.2))


def test_points_are_told_apart_by_colour_and_shape():
    segments = samples.segments()
    layer, rows = find(plots.user_map(samples.user_map(), segments), "point")
    assert len(rows) == samples.N_USERS
    assert layer["encoding"]["color"]["scale"]["range"] == [colour(s.id) for s in segments]
    assert layer["encoding"]["shape"]["scale"]["range"] == [shape(s.id) for s in segments]
    assert layer["encoding"]["color"]["scale"]["domain"] == layer["encoding"]["shape"]["scale"]["domain"]


def test_the_legend_names_each_segment_on_a_line_of_its_own():
    layer, _ = find(plots.user_map(samples.user_map(15), samples.segments(15)), "point")
    assert layer["encoding"]["color"]["legend"]["columns"] == 1


def test_labels_stand_at_the_median():
    chart = plots.user_map(record([0, 2, 10], [0, 4, 10], ["s-1", "s-1", "s-2"]), samples.segments(2))
    _, rows = find(chart, "text")
    assert rows == [{"x": 1, "y": 2, "id": "s-1"}, {"x": 10, "y": 10, "id": "s-2"}]


def test_noise_has_a_place_but_no_label():
    chart = plots.user_map(record([0, 1], [0, 1], ["s-1", "noise"]), samples.segments(2))
    layer, rows = find(chart, "point")
    assert rows[1]["segment"] == "left out as noise"
    assert "left out as noise" in layer["encoding"]["color"]["scale"]["domain"]
    assert [row["id"] for row in find(chart, "text")[1]] == ["s-1"]


def test_a_sample_says_so():
    body = plots.spec(plots.user_map(record([0], [0], ["s-1"], 90_000), samples.segments(2)))
    assert "A sample of 1 of 90,000" in body["description"]


def test_axes_say_what_they_explain():
    layer, _ = find(plots.user_map(record([0], [0], ["s-1"]), samples.segments(2)), "point")
    assert layer["encoding"]["x"]["title"] == "first axis (41% of the variation)"


def test_an_empty_map_draws():
    assert find(plots.user_map(record([], [], []), samples.segments(2)), "point")[1] == []


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=4))
def test_labels_part(places: list[tuple[float, float]]):
    moved = _apart(np.array(places))
    gaps = np.linalg.norm(moved[:, None] - moved[None], axis=2)[np.triu_indices(len(places), 1)]
    assert (gaps > 0.9 * _APART).all()
