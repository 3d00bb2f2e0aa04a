"""What a fitted part leaves behind: arrays and JSON, never code.

A fitted feature, embedder or clusterer turns itself into a ``Frozen`` record; ``save`` writes it as one ``.npz`` and
one ``.json`` file; ``load`` reads them back without unpickling anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.errors import ModelError

SCHEMA = "coterie.frozen"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Frozen:
    """A fitted part as data.

    Args:
        kind: the plug-in's name, by which its class is found again.
        meta: JSON-able settings and facts.
        arrays: plain arrays (numbers or fixed-width text, never objects).
    """

    kind: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def save(part: Frozen, folder: Path, name: str) -> None:
    """Write ``folder/name.json`` and ``folder/name.npz``.

    Raises:
        ModelError: an array holds objects, which could only be written by pickling.
    """
    for key, array in part.arrays.items():
        if array.dtype == object:
            raise ModelError(f"array '{key}' of '{part.kind}' holds objects; frozen arrays are numbers or text")
    folder.mkdir(parents=True, exist_ok=True)
    header = {"schema": SCHEMA, "version": VERSION, "kind": part.kind, "meta": dict(part.meta)}
    (folder / f"{name}.json").write_text(json.dumps(header, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    np.savez(folder / f"{name}.npz", allow_pickle=False, **dict(part.arrays))


def load(folder: Path, name: str) -> Frozen:
    """Read what ``save`` wrote.

    Raises:
        ModelError: a file is missing, damaged, or of a version that this Coterie does not read.
    """
    try:
        header = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the frozen part '{name}' in '{folder}' cannot be read: {error}; run `coterie run` again"
        ) from error
    if header.get("schema") != SCHEMA or header.get("version") != VERSION:
        got = f"{header.get('schema')} {header.get('version')}"
        raise ModelError(f"the frozen part '{name}' is '{got}', this Coterie reads '{SCHEMA} {VERSION}'; run again")
    return Frozen(header["kind"], header["meta"], arrays)
