"""Where each US state stands on a grid of tiles of equal size, drawn up so that neighbours stay near each other.

A tile map needs no outlines, hence no download, and gives small states the same weight as large ones.
"""

from __future__ import annotations

from typing import Final

_GRID: Final = """
AK . . . . . . . . . ME
. . . . . . . . . VT NH
WA ID MT ND MN IL WI MI NY RI MA
OR NV WY SD IA IN OH PA NJ CT .
CA UT CO NE MO KY WV VA MD DE .
. AZ NM KS AR TN NC SC DC . .
. . . OK LA MS AL GA . . .
HI . . TX . . . . FL . .
"""

TILES: Final[dict[str, tuple[int, int]]] = {
    code: (row, column)
    for row, line in enumerate(_GRID.strip().splitlines())
    for column, code in enumerate(line.split())
    if code != "."
}
"""(row, column) of each of the 50 states and DC, by two-letter code, counted from the north-west."""
