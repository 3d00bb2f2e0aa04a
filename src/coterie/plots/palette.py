"""Colours and shapes of segments: the same segment has the same colour in every figure and in every run, and the one
that a person chose for it goes before all of this.

The colour comes from the number in the segment's id, not from its rank, so that it stays when sizes change. The eight
hues are those of Okabe and Ito, safe for the common kinds of colour blindness, with two changes for white paper: yellow
becomes brown (any yellow dark enough for paper is taken for the vermilion by people who see no green), and black, which
would vanish on a dark page, becomes slate. Segments 9 to 16 take the same hues
mixed with black, 17 to 24 mixed with white; after that colours repeat. Shapes run in a cycle of six, so that two
segments of alike colour differ in shape, and colour never stands alone.

Source: Okabe and Ito (2008), "Color Universal Design: how to make figures and presentations that are friendly to
colorblind people".
"""

from __future__ import annotations

import re
from typing import Final

from coterie.errors import DataError, shown
from coterie.terms import NOISE_ID

HUES: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#806133", "#5E6470")
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
NOISE_COLOUR: Final = "#B8B8B8"
EVERYONE: Final = "#6B7280"  # all users together, wherever a segment is set against them

WITHHELD: Final = "#CFCFC9"  # what too few users are behind; darker than the average of an index

# Index below average, average, above average: blue and orange differ to every kind of colour blindness, and all three
# are light enough for dark figures on top.
LOW: Final = "#7FB2DD"
AVERAGE: Final = "#ECECE8"
HIGH: Final = "#F0A45D"

_ROUNDS: Final = ((0.0, 0), (0.42, 0), (0.5, 255))  # share of the mixed-in grey level, per round of eight
_LIGHTEST: Final = 0.72  # share of white on a dark page in what is the second round on a light one
_NUMBER = re.compile(r"(\d+)$")


def segment_number(segment_id: str) -> int:
    """Give the number in a segment's id: 3 for "s-3".

    Raises:
        DataError: the id does not end in a number of 1 or more.
    """
    found = _NUMBER.search(segment_id)
    if found is None or int(found.group(1)) < 1:
        raise DataError(
            f"a segment has the id {shown(segment_id)}; expected a name and a number from 1 on, as in 's-1'"
        )
    return int(found.group(1))


def colour(segment_id: str, own: str | None = None) -> str:
    """Give a segment's colour as "#RRGGBB"; users left out as noise are light grey.

    Args:
        own: the colour that a person chose for it, or None.
    """
    if own is not None:
        return own
    if segment_id == NOISE_ID:
        return NOISE_COLOUR
    place = segment_number(segment_id) - 1
    share, grey = _ROUNDS[place // len(HUES) % len(_ROUNDS)]
    return _mixed(HUES[place % len(HUES)], share, grey)


def shape(segment_id: str) -> str:
    """Give the shape of a segment's points; users left out as noise are strokes."""
    if segment_id == NOISE_ID:
        return "stroke"
    return SHAPES[(segment_number(segment_id) - 1) % len(SHAPES)]


def dark_forms() -> dict[str, str]:
    """Give what segments' colours of the second round, too dark for a dark page, become on one.

    They are mixed with more white than those of the third round.
    """
    share, grey = _ROUNDS[1]
    return {_mixed(hue, share, grey): _mixed(hue, _LIGHTEST, 255) for hue in HUES}


def _mixed(hue: str, share: float, grey: int) -> str:
    channels = (int(hue[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round((1 - share) * channel + share * grey):02X}" for channel in channels)
