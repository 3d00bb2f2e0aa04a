"""What a fitted part leaves behind: arrays and JSON, never code.

A fitted feature, embedder or clusterer turns itself into a ``Frozen`` record; ``save`` writes it as one ``.npz`` and
one ``.json`` file; ``load`` reads them back without unpickling anything.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from coterie.errors import ModelError, StoreError

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
        StoreError: the disk is full or not writable.
    """
    for key, array in part.arrays.items():
        if array.dtype.hasobject:
            raise ModelError(f"array '{key}' of '{part.kind}' holds objects; frozen arrays are numbers or text")
    header = {"schema": SCHEMA, "version": VERSION, "kind": part.kind, "meta": dict(part.meta)}
    text = json.dumps(header, indent=1, sort_keys=True) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        np.savez(folder / f"{name}.npz", allow_pickle=False, **dict(part.arrays))
    except OSError as error:
        raise StoreError(
            f"cannot write the frozen part '{name}' to '{folder}': {error.strerror or error}; free some space or "
            "choose another folder"
        ) from error


def load(folder: Path, name: str) -> Frozen:
    """Read what ``save`` wrote.

    Raises:
        ModelError: a file is missing, damaged, or of a version that this Coterie does not read.
    """
    try:
        header = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        # Opened here, since NumPy leaves a damaged file open.
        with (folder / f"{name}.npz").open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, RecursionError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(
            f"the frozen part '{name}' in '{folder}' cannot be read: {error}; run `coterie run` again"
        ) from error
    if not isinstance(header, dict) or not isinstance(header.get("meta"), dict):
        raise ModelError(f"the frozen part '{name}' in '{folder}' is damaged: it has no head; run `coterie run` again")
    if header.get("schema") != SCHEMA or header.get("version") != VERSION:
        got = f"{header.get('schema')} {header.get('version')}"
        raise ModelError(f"the frozen part '{name}' is '{got}', this Coterie reads '{SCHEMA} {VERSION}'; run again")
    return Frozen(str(header.get("kind")), header["meta"], arrays)
