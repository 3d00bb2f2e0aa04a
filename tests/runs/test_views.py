"""What a run shows of itself in a notebook, and as frames."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from coterie.errors import DataError, UnknownNameError
from coterie.plots import colour
from coterie.runs.views import Segments
from coterie.segments.display import marks_frame
from tests.report import samples
from tests.report.html import Page

BAD = samples.HOSTILE


def test_segments_are_still_a_tuple():
    own = samples.segments()
    segments = Segments(own)
    assert (segments, len(segments), segments[0], segments[-1]) == (own, 5, own[0], own[-1])
    assert isinstance(segments, tuple)


def test_segments_become_a_frame_and_a_table_in_their_colours():
    segments = Segments(samples.segments())
    frame = segments.to_polars()
    assert frame["segment_id"].to_list() == ["s-1", "s-2", "s-3", "s-4", "s-5"]
    assert frame["size"].sum() == samples.N_USERS
    assert frame["lift"][0] == segments[0].lift.value
    shown = Page(segments._repr_html_())
    assert shown.faults == []
    assert len(shown.all("tr")) == 6
    assert all(colour(segment.id) in segments._repr_html_() for segment in segments)


def test_none_and_segments_without_lift_have_frames_too():
    assert Segments().to_polars().height == 0
    assert Segments(samples.bare().segments).to_polars()["lift"].null_count() == 2
    assert Page(Segments()._repr_html_()).faults == []


def test_what_comes_from_data_is_escaped():
    hostile = samples.hostile()
    for text in (Segments(hostile.segments)._repr_html_(), hostile.profiles[0]._repr_html_()):
        page = Page(text)
        assert page.faults == []
        assert page.all("script", "img") == []
        assert "alert('x')" in page.text_of("td")
    forged = Segments([replace(samples.segments()[0], colour='"><script>')])
    assert Page(forged._repr_html_()).all("script") == []


def test_a_profile_has_one_row_a_mark():
    profile = samples.contents().profiles[0]
    frame = profile.to_polars()
    assert frame.equals(marks_frame([profile]))
    assert frame.height == len(profile.marks)
    mark, row = profile.marks[0], frame.row(0, named=True)
    assert (row["label"], row["inside"], row["p_adjusted"]) == (mark.label, mark.inside, mark.p_adjusted)
    assert (row["index"], row["low"], row["high"]) == (mark.index.value, mark.index.low, mark.index.high)
    number = frame.filter(pl.col("kind") == "number").row(0, named=True)
    assert (number["label"], number["index"]) == ("age", None)


def test_a_profile_without_marks_is_a_frame_without_rows():
    assert samples.bare().profiles[0].to_polars().columns == samples.contents().profiles[0].to_polars().columns


def test_a_run_shows_its_verdict_and_gives_charts(sample_run):
    shown = Page(sample_run._repr_html_())
    assert shown.faults == []
    assert sample_run.decision.grade in shown.text_of("strong")
    assert len(shown.all("tr")) == len(sample_run.segments) + 1
    assert sample_run.profile("s-1") is sample_run.profiles[[s.id for s in sample_run.segments].index("s-1")]
    chart = sample_run.plot("stability-by-k", width=500).to_dict()
    assert chart["width"] == 500
    assert chart["title"]["text"] == ["Stability by number of groups"]
    assert {"map", "stability-by-k", "segment/s-1/tag"} <= set(sample_run.plots)


def test_a_chart_that_is_not_there_is_told(sample_run):
    with pytest.raises(UnknownNameError, match="unknown plot 'stabilit'; did you mean 'stability'"):
        sample_run.plot("stabilit")
    with pytest.raises(DataError, match="this run has nothing to draw for the plot 'som'"):
        sample_run.plot("som")
    with pytest.raises(UnknownNameError, match="unknown segment 's-99'"):
        sample_run.profile("s-99")
