"""Evidence under other names of its segments, as when a segment keeps the id that it had in an earlier run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from coterie.selection.evidence.types import Evidence

_NAMES = frozenset({"cluster", "clusters", "one", "other"})


def renamed(evidence: Evidence, ids: Mapping[str, str]) -> Evidence:
    """Give the same evidence with segments called by other ids; clusters of other solutions keep their numbers.

    Args:
        ids: from the ids that the evidence was gathered with to the new ones.
    """
    changed: Evidence = _renamed(evidence, ids, named=False)
    return changed


def _renamed(value: Any, ids: Mapping[str, str], *, named: bool) -> Any:
    if isinstance(value, str):
        return ids.get(value, value) if named else value
    if isinstance(value, tuple):
        return tuple(_renamed(item, ids, named=named) for item in value) if _may_hold_names(value) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(
            value, **{name: _renamed(item, ids, named=name in _NAMES) for name, item in fields.items()}
        )
    return value


def _may_hold_names(values: tuple[Any, ...]) -> bool:
    return bool(values) and not isinstance(values[0], int | float)
