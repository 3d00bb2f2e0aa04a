"""What a database refuses, in one line: what was wrong, what it said, what to do. Passwords stand in none."""

from __future__ import annotations

import re
from typing import Final

from coterie.errors import SourceError, shown
from coterie.sources.sql.address import Address

WAYS: dict[str, str] = {
    "reach": "is the host right, is the server up, and may this machine reach it?",
    "login": "are user and password right? the password comes from the environment variable that the URL names",
    "database": "is the name of the database right?",
    "table": "is the name of the table right, and may the user read it?",
    "column": "is the name of the column right?",
    "syntax": "try the query in the database's own client",
    "time": "make the query cheaper, or give it longer with ?timeout_s= in the URL",
    "right": "may the user read it? Coterie needs no other right",
    "write": "Coterie only reads; expected a SELECT",
    "": "try the query in the database's own client",
}
Way = str
MOST: Final = 200  # characters of what a database said
# What drivers put around it: their own function, and the query again with a caret below.
_NOISE: Final = re.compile(r"^.*?ERROR: |^[A-Z_]+: (\[libpq\] )?| LINE \d+: .*$| ?\. SQLSTATE: .*$")


class LostConnectionError(SourceError):
    """The connection went away amid reading; nothing of what was read is used."""


def refused(address: Address, error: BaseException, way: Way) -> SourceError:
    """Give the error for what a database refused."""
    return SourceError(f"{address.shown}: {_said(address, error)}; {WAYS[way]}")


def missing(address: Address) -> SourceError:
    """Give the error for a file that is not there."""
    return SourceError(f"there is no file {shown(str(address.path))}, which {address.shown} names; is the path right?")


def lost(address: Address, error: BaseException) -> LostConnectionError:
    """Give the error for a connection that went away."""
    return LostConnectionError(
        f"{address.shown}: the connection was lost amid reading ({_said(address, error)}); nothing of it is used. Run "
        "again, or ask for less with a query"
    )


def _said(address: Address, error: BaseException) -> str:
    arguments = [part for part in error.args if isinstance(part, str)]
    text = " ".join((arguments[-1] if arguments else str(error)).split())
    if address.password:
        text = text.replace(address.password, "***")
    text = _NOISE.sub("", text)
    return f"'{text[:MOST]}...'" if len(text) > MOST else f"'{text}'"
