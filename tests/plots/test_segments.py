from __future__ import annotations

from dataclasses import replace

import pytest

from coterie import plots
from coterie.plots.palette import colour
from tests.plots.charts import find, layers, mark_of
from tests.report import samples


def test_sizes_have_one_bar_a_segment_with_its_share():
    segments = samples.segments()
    layer, rows = find(plots.segment_sizes(segments), "bar")
    assert [(row["segment"], row["people"]) for row in rows] == [
        (f"{s.id} {s.name}"[:32].strip(), s.size) if len(s.name) <= 28 else (f"{s.id} {s.name[:27].rstrip()}…", s.size)
        for s in segments
    ]
    assert layer["encoding"]["x"]["field"] == "share"
    assert layer["encoding"]["color"]["scale"]["range"] == [colour(s.id) for s in segments]


def test_stability_names_the_bands_and_the_values():
    _, rows = find(plots.segment_stability(samples.segments()), "point")
    assert [row["stability"] for row in rows] == list(samples.STABILITY)
    assert rows[0]["text"] == "s-1 Action & Sci-Fi blockbusters: 0.91"
    areas, bands = find(plots.segment_stability(samples.segments()), "rect")
    assert [(row["low"], row["high"], row["band"]) for row in bands] == [
        (0.4, 0.6, "unstable"), (0.6, 0.75, "doubtful"), (0.75, 0.85, "stable"), (0.85, 1.0, "highly stable")
    ]  # fmt: skip
    assert "datum.value < 0.75 ? 'doubtful'" in areas["encoding"]["x"]["axis"]["labelExpr"]


def test_a_very_unstable_segment_widens_the_scale():
    segments = (replace(samples.segments()[0], stability=0.12, band="unstable"),)
    areas, bands = find(plots.segment_stability(segments), "rect")
    assert areas["encoding"]["x"]["scale"]["domain"] == [0.12, 1.0]
    assert bands[0]["low"] == 0.12


def test_lift_leaves_out_what_is_not_known():
    first, second, third, *_ = samples.segments()
    segments = (first, replace(second, lift=None), replace(third, lift=samples.interval(float("nan"))))
    layer, rows = find(plots.segment_lift(segments), "point")
    assert [(row["lift"], row["low"], row["high"]) for row in rows] == [
        (first.lift.value, first.lift.low, first.lift.high)  # type: ignore[union-attr]
    ]
    assert len(layer["encoding"]["y"]["scale"]["domain"]) == 3


def test_the_heat_map_is_a_staircase():
    contents = samples.contents()
    layer, rows = find(plots.index_heatmap(contents.segments, contents.profiles), "rect")
    order = layer["encoding"]["y"]["sort"]
    assert order[:3] == ["Action", "Sci-Fi", "Adventure"]
    assert {row["segment"] for row in rows} == {s.id for s in contents.segments}
    action = next(row for row in rows if (row["feature"], row["segment"]) == ("Action", "s-1"))
    assert action["index"] == 215
    assert action["log"] == pytest.approx(1.104, abs=0.001)


def test_many_segments_have_no_text_in_the_cells():
    few, many = samples.contents(5), samples.contents(15)
    for contents, has_text in ((few, True), (many, False)):
        body = plots.spec(plots.index_heatmap(contents.segments, contents.profiles))
        assert any(mark_of(layer) == "text" for layer in layers(body)) == has_text


def test_the_heat_map_shows_at_most_the_limit():
    contents = samples.contents()
    _, rows = find(plots.index_heatmap(contents.segments, contents.profiles, limit=4), "rect")
    assert len({row["feature"] for row in rows}) == 4


def test_one_segment_draws_everywhere():
    segments = (replace(samples.segments()[0], share=1.0),)
    for chart in (plots.segment_sizes(segments), plots.segment_stability(segments), plots.segment_lift(segments)):
        assert "1 segment" in plots.spec(chart)["description"] or "s-1" in plots.spec(chart)["description"]
        assert plots.svg(chart).startswith("<svg")
