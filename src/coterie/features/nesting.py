"""Several frozen parts in one, and back: a block that holds a feature, an embedder and a clusterer is saved as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from coterie.errors import ModelError
from coterie.frozen import Frozen

_PARTS: Final = "parts"
_BETWEEN: Final = "."


def joined(kind: str, facts: Mapping[str, Any], parts: Mapping[str, Frozen]) -> Frozen:
    """Put named parts into one; their arrays get the part's name in front.

    Args:
        kind: of the whole. facts: JSON-able, of the whole, none called "parts".
        parts: by names without a dot; they may hold parts themselves.
    """
    described = {name: {"kind": part.kind, "meta": dict(part.meta)} for name, part in parts.items()}
    arrays = {f"{name}{_BETWEEN}{key}": array for name, part in parts.items() for key, array in part.arrays.items()}
    return Frozen(kind, {**facts, _PARTS: described}, arrays)


def parted(whole: Frozen) -> tuple[Mapping[str, Any], dict[str, Frozen]]:
    """Give back the facts and the parts.

    Raises:
        ModelError: it was not made of parts.
    """
    if _PARTS not in whole.meta:
        raise ModelError(f"the frozen part '{whole.kind}' is damaged: it holds no parts; run `coterie run` again")
    parts = {}
    for name, described in whole.meta[_PARTS].items():
        before = f"{name}{_BETWEEN}"
        arrays = {key.removeprefix(before): array for key, array in whole.arrays.items() if key.startswith(before)}
        parts[name] = Frozen(described["kind"], described["meta"], arrays)
    return {name: fact for name, fact in whole.meta.items() if name != _PARTS}, parts
