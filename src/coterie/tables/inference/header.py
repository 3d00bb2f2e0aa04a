"""Whether the first line of a text file names its columns."""

from __future__ import annotations

import re
from typing import Final

from coterie.tables.inference import names

_VALUE: Final = re.compile(r"^[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?$|^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|^https?://")
_ROWS: Final = 500


def look_for(records: list[list[str]]) -> tuple[bool, bool]:
    """Say whether the first record is a header, and whether that is sure.

    A header has a text in each column (the first may lack one, as where an index was written) and no number or date. It
    is sure if numbers or dates stand below a text, or if no text stands twice or again below and a word is one that
    columns have.
    """
    first = [cell.strip() for cell in records[0]]
    rest = [record for record in records[1 : _ROWS + 1] if len(record) == len(first)]
    if any(_VALUE.match(cell) for cell in first) or not all(first[1:]):
        return False, True
    if any(_is_of_values([record[place] for record in rest]) for place in range(len(first))):
        return True, True
    is_new = len(set(first)) == len(first) and all(
        cell not in {record[place].strip() for record in rest} for place, cell in enumerate(first)
    )
    return is_new, is_new and any(names.is_known(cell) for cell in first)


def _is_of_values(cells: list[str]) -> bool:
    known = [cell.strip() for cell in cells if cell.strip()]
    return bool(known) and sum(bool(_VALUE.match(cell)) for cell in known) >= 0.9 * len(known)
