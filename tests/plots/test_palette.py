from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.errors import DataError
from coterie.plots import theme
from coterie.plots.palette import AVERAGE, HIGH, HUES, LOW, NOISE_COLOUR, SHAPES, colour, segment_number, shape


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


# Source: Machado, Oliveira & Fernandes (2009), "A physiologically-based model for simulation of color vision
# deficiency", table of matrices at severity 1.0; they apply to linear RGB.
DEFICIENCIES = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(hue: str, deficiency: str) -> np.ndarray:
    """Give a colour in CIELAB as people of a deficiency see it."""
    channels = np.array([int(hue[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    changed = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.array(to_xyz) @ changed / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_hues_stay_apart_for_every_kind_of_colour_blindness(deficiency: str):
    apart = {
        (one, other): float(np.linalg.norm(seen(one, deficiency) - seen(other, deficiency)))
        for one, other in combinations(HUES, 2)
    }
    assert min(apart.values()) > 15, min(apart, key=apart.get)
    for ends in combinations((LOW, AVERAGE, HIGH), 2):
        assert np.linalg.norm(seen(ends[0], deficiency) - seen(ends[1], deficiency)) > 15


def contrast(one: str, other: str) -> float:
    def light(hue: str) -> float:
        channels = np.array([int(hue[at : at + 2], 16) for at in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light_one, light_other = sorted((light(one), light(other)))
    return (light_other + 0.05) / (light_one + 0.05)


def test_colours_of_a_dark_page_stand_out_on_it():
    paper = theme.ON_DARK[theme.PAPER]
    for name in (theme.INK, theme.MUTED, theme.STRONG):
        assert contrast(theme.ON_DARK[name], paper) > 4.5
    for number in range(1, 25):
        own = colour(f"s-{number}")
        assert contrast(theme.ON_DARK.get(own, own), paper) > 2.9, own
    assert len(set(theme.ON_DARK.values())) == len(theme.ON_DARK), "a page goes back to light colours for printing"
    assert len({theme.ON_DARK.get(colour(f"s-{n}"), colour(f"s-{n}")) for n in range(1, 25)}) == 24
