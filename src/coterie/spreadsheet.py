"""CSV that people open in a spreadsheet: no cell of it can run.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or the end of a line for a formula, and a
formula may send what stands beside it to a stranger. Such text gets an apostrophe in front, which spreadsheets take for
"this is text". So does what follows a semicolon within a cell, since a spreadsheet that expects semicolons between
cells cuts it there. Numbers stay numbers, negative ones too. ``as_meant`` reads what was written so as it was.

Source:
    OWASP, "CSV Injection", which names these characters, and the wide forms that some input methods make of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl

_OPENERS: Final = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
# Text with apostrophes before such a character gets one more, so that every text can be told from what it was before.
_RISKY: Final = f"^'*[{_OPENERS}]"
_NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
# What a spreadsheet that cuts at semicolons would take for the beginning of a formula.
_CUT: Final = ";([\"\\s\u00a0]*'*)([=+\\-@\uff1d\uff0b\uff0d\uff20])"
_MARKED_CUT: Final = re.compile(_CUT.replace("'*)", "'*)'"))
_IS_CUT = re.compile(_CUT)
_IS_RISKY, _IS_NUMBER = re.compile(_RISKY), re.compile(_NUMBER.replace("$", r"\Z"), re.ASCII)
_IS_QUOTED: Final = re.compile('[",\r\n]')
_IS_MARKED: Final = re.compile(f"^'+[{_OPENERS}]")


def harmless(text: str) -> str:
    """Give the text of a cell with an apostrophe in front where a spreadsheet would run it.

    Example:
        >>> harmless("=1+1"), harmless("-0.42"), harmless("Amélie")
        ("'=1+1", '-0.42', 'Amélie')
        >>> harmless("ab;=1+1")
        "ab;'=1+1"
    """
    told = _IS_CUT.sub(r";\1'\2", text)
    return f"'{told}" if _IS_RISKY.match(told) and not _IS_NUMBER.match(told) else told


def as_meant(cell: str) -> str:
    """Give back the text that ``harmless`` made a cell of."""
    return _MARKED_CUT.sub(r";\1\2", cell[1:] if _IS_MARKED.match(cell) else cell)


def csv_of_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write rows as CSV with a header; None is an empty cell."""
    return "".join(",".join(map(_written, row)) + "\n" for row in (header, *rows))


def csv_of_frame(frame: pl.DataFrame) -> str:
    """Write a frame as CSV with a header."""
    texts = [name for name, kind in frame.schema.items() if kind in (pl.String, pl.Categorical, pl.Enum)]
    safe = frame.with_columns(_harmless_column(name) for name in texts)
    return safe.rename({name: harmless(name) for name in safe.columns}).write_csv()


def _written(cell: Any) -> str:
    # The csv module leaves a carriage return unquoted where lines end in a line feed alone.
    text = "" if cell is None else harmless(cell) if isinstance(cell, str) else str(cell)
    return '"' + text.replace('"', '""') + '"' if _IS_QUOTED.search(text) else text


def _harmless_column(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.replace_all(_CUT, ";${1}'${2}")
    runs = text.str.contains(_RISKY) & ~text.str.contains(_NUMBER.replace(r"\d", "[0-9]"))
    return pl.when(runs).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)
