"""Moments as people write them: a date, a date and time, or how long ago."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_AGO: Final = re.compile(r"([1-9]\d{0,5})([hdw])")
_SECONDS: Final = {"h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
EXPECTED: Final = (
    "a date such as 2024-01-31, a date and time such as 2024-01-31T18:00, or an age such as 90d, 12w or 36h"
)


@dataclass(frozen=True, slots=True)
class Ago:
    """So many seconds before something."""

    seconds: float


def moment(text: str) -> float | Ago:
    """Read a moment: seconds since 1970 (UTC where no offset is written), or an age.

    Raises:
        ValueError: it is neither; says what was expected.

    Example:
        >>> moment("1970-01-02"), moment("2d")
        (86400.0, Ago(seconds=172800.0))
    """
    written = text.strip()
    ago = _AGO.fullmatch(written)
    if ago is not None:
        return Ago(int(ago.group(1)) * _SECONDS[ago.group(2)])
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"expected {EXPECTED}") from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def written(seconds: float) -> str:
    """Write a moment as a date, with the time of day where it is not midnight.

    Example:
        >>> written(86_400.0), written(86_460.0)
        ('1970-01-02', '1970-01-02T00:01:00Z')
    """
    found = datetime.fromtimestamp(seconds, UTC)
    return f"{found:%Y-%m-%d}" if seconds % 86_400 == 0 else f"{found:%Y-%m-%dT%H:%M:%SZ}"
