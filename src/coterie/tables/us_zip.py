"""US zip codes to states, by three-digit prefix.

The list stands in ``us_zip_prefixes.csv`` with its source. Five digits and ZIP+4 are read; anything else (a Canadian
postal code, a blank, a prefix that is not in use) has no state. Military post and territories have codes of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import narwhals.stable.v2 as nw

_ZIP = r"^[0-9]{5}(-?[0-9]{4})?$"


@cache
def prefixes() -> Mapping[str, str]:
    """Give the state of each three-digit prefix, and of each five-digit code that lies outside its prefix's state."""
    lines = files("coterie.tables").joinpath("us_zip_prefixes.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["zip"]: row["state"] for row in rows}


def state(zip_code: nw.Expr) -> nw.Expr:
    """Give the two-letter state of a zip code as text, null where it is not a US one.

    Args:
        zip_code: text without blanks around it.
    """
    good = nw.when(zip_code.str.contains(_ZIP)).then(zip_code)
    whole = {code: name for code, name in prefixes().items() if len(code) == 5}
    first = {code: name for code, name in prefixes().items() if len(code) == 3}
    return nw.coalesce(_looked_up(good.str.slice(0, 5), whole), _looked_up(good.str.slice(0, 3), first))


def _looked_up(cell: nw.Expr, known: Mapping[str, str]) -> nw.Expr:
    return cell.replace_strict(list(known), list(known.values()), default=None, return_dtype=nw.String)
