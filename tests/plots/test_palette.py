from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.plots.palette import HUES, NOISE_COLOUR, SHAPES, colour, segment_number, shape


def test_the_first_eight_are_the_hues_themselves():
    assert [colour(f"s-{n}") for n in range(1, 9)] == list(HUES)


def test_the_ninth_is_the_first_hue_darkened():
    # 0x72 = 114 times 0.58 is 66.1, 0xB2 = 178 times 0.58 is 103.2
    assert colour("s-9") == "#004267"


def test_noise_is_grey_and_has_its_own_shape():
    assert (colour("noise"), shape("noise")) == (NOISE_COLOUR, "stroke")


def test_24_segments_have_24_colours():
    assert len({colour(f"s-{n}") for n in range(1, 25)}) == 24


@given(st.integers(1, 10_000))
def test_any_segment_has_a_colour_and_a_shape(n: int):
    assert len(colour(f"s-{n}")) == 7
    assert int(colour(f"s-{n}")[1:], 16) >= 0
    assert shape(f"s-{n}") in SHAPES


@pytest.mark.parametrize("bad", ["", "segment", "s-0", "s-1a"])
def test_an_id_without_a_number_is_refused(bad: str):
    with pytest.raises(DataError, match=f"a segment has the id '{bad}'; expected a name and a number from 1 on"):
        segment_number(bad)


def test_a_colour_that_a_person_chose_goes_before_that_of_the_number():
    assert colour("s-1", "#123456") == "#123456"
    assert colour("s-1", None) == HUES[0]
