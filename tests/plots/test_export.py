from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coterie import plots
from coterie.errors import StoreError
from tests.report import samples


def test_pictures_are_written(tmp_path: Path):
    chart = plots.segment_sizes(samples.segments())
    plots.to_png(chart, tmp_path / "sizes.png", width=300, scale=1)
    plots.to_svg(chart, tmp_path / "sizes.svg")
    assert (tmp_path / "sizes.png").read_bytes().startswith(b"\x89PNG")
    assert "Action &amp; Sci-Fi" in (tmp_path / "sizes.svg").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sizes.png", "sizes.svg"]


def test_a_missing_folder_is_an_error_that_says_so(tmp_path: Path):
    with pytest.raises(StoreError, match=r"cannot write '.*sizes.png': No such file or directory; free"):
        plots.to_png(plots.segment_sizes(samples.segments()), tmp_path / "none" / "sizes.png")


def test_width_follows_the_box_unless_asked():
    chart = plots.segment_sizes(samples.segments())
    assert plots.spec(chart)["width"] == "container"
    assert 'width="400"' in plots.svg(chart, width=400)


def test_what_cannot_stand_in_xml_is_replaced_rather_than_fatal():
    segments = (replace(samples.segments()[0], name="a\x00b\ufffe\ud800c\U0001f600"),)
    assert "a\ufffdb\ufffd\ufffdc\U0001f600" in plots.svg(plots.segment_sizes(segments))


def test_drawing_scripts_set_what_the_page_calls():
    script = plots.drawing_scripts()
    assert "window.vegaEmbed=" in script


@pytest.mark.parametrize("letters", range(3))
def test_emojis_in_a_long_name_are_not_cut_in_half(letters):
    name = "x" * letters + "\U0001f389" * (28 - letters)
    assert name[:20] in plots.svg(plots.segment_sizes((replace(samples.segments()[0], name=name),)))
    assert name[:20] in plots.svg(plots.segment_lift((replace(samples.segments()[0], name=name),)))
