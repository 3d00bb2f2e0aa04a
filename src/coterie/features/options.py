"""Checks of a block's options: what coterie.toml says in, the same value or a message that names its key out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from coterie.errors import ConfigError, nearest, shown


def one_of(value: object, allowed: Collection[str], where: str) -> str:
    """Give a choice back.

    Raises:
        ConfigError: it is not among the allowed ones; offers the nearest.
    """
    if not isinstance(value, str) or value not in allowed:
        raise ConfigError(f"'{where}' is {shown(value)}{nearest(str(value), allowed)}")
    return value


def text(value: object, where: str) -> str:
    """Give a name back.

    Raises:
        ConfigError: it is no text, or empty.
    """
    if not isinstance(value, str) or not value:
        raise ConfigError(f"'{where}' is {shown(value)}; expected a name")
    return value


def names(value: object, where: str) -> tuple[str, ...]:
    """Give names of attributes back.

    Raises:
        ConfigError: they are no list of text, or none.
    """
    if not isinstance(value, list | tuple) or not value or not all(isinstance(name, str) for name in value):
        raise ConfigError(f"'{where}' is {shown(value)}; expected a list of attributes' names")
    return tuple(value)


def number(value: object, where: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """Give a finite number in [low, high] back.

    Raises:
        ConfigError: it is not one.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high:
        return float(value)
    raise ConfigError(f"'{where}' is {shown(value)}; expected a number{_bounds(low, high)}")


def above_zero(value: object, where: str) -> float:
    """Give a finite number > 0 back.

    Raises:
        ConfigError: it is not one.
    """
    checked = number(value, where)
    if checked <= 0:
        raise ConfigError(f"'{where}' is {shown(value)}; expected a number > 0")
    return checked


def whole(value: object, where: str, *, low: int) -> int:
    """Give a whole number >= low back.

    Raises:
        ConfigError: it is not one.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ConfigError(f"'{where}' is {shown(value)}; expected a whole number >= {low}")
    return value


def flag(value: object, where: str) -> bool:
    """Give true or false back.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"'{where}' is {shown(value)}; expected true or false")
    return value


def mapping(value: object, where: str) -> Mapping[str, Any]:
    """Give a table of settings back.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"'{where}' is {shown(value)}; expected a table of settings, such as {{ kind = \"...\" }}")
    return dict(value)


def _bounds(low: float, high: float) -> str:
    if math.isinf(high):
        return "" if math.isinf(low) else f" >= {low:g}"
    return f" in [{low:g}, {high:g}]"
