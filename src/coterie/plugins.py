"""Names to implementations: built-in parts and third parties' come through the same entry points.

A package adds a clusterer by an entry point in the group ``coterie.clusterers``; ``coterie.toml`` then names it.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Literal

from coterie.errors import ConfigError, MissingExtraError, UnknownNameError

Group = Literal[
    "sources", "features", "embedders", "clusterers", "classifiers", "recommenders", "stores", "writers", "languages"
]  # fmt: skip


@cache
def _entries(group: Group) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=f"coterie.{group}")}


def names(group: Group) -> tuple[str, ...]:
    """List the known names of a group, sorted."""
    return tuple(sorted(_entries(group)))


def find(group: Group, name: str) -> Any:
    """Give the class that a name stands for, importing its module now.

    Raises:
        UnknownNameError: no plug-in has that name; the message offers the nearest.
        MissingExtraError: the plug-in needs an optional package; names the install line.
        ConfigError: the plug-in's package is broken.
    """
    entries = _entries(group)
    if name not in entries:
        raise UnknownNameError(group.removesuffix("s"), name, entries)
    try:
        return entries[name].load()
    except MissingExtraError:
        raise
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the {group.removesuffix('s')} '{name}' cannot be loaded from '{entries[name].value}': {error}; "
            "install its package again"
        ) from error


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional package, or say how to install it.

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"'{module}' is not installed; install it with: pip install 'coterie[{extra}]'"
        ) from error
