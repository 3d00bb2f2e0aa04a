"""Records on disk: JSON that names its schema and version, written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from coterie.errors import ModelError, StoreError


def plain(value: Any) -> Any:
    """Turn dataclasses, arrays, tuples and paths into what JSON knows; a number that is not finite becomes null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def dumps(value: Any) -> str:
    """Give canonical JSON: equal records give equal bytes."""
    return json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def write(path: Path, schema: str, version: int, body: Any) -> None:
    """Write a record beside its place and rename it there, so that no reader sees half of it.

    Raises:
        StoreError: the disk is full or not writable.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(dumps({"schema": schema, "version": version, "body": body}), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write '{path}': {error.strerror or error}; free some space or choose another folder"
        ) from error


def read(path: Path, schema: str, version: int) -> Any:
    """Read the body of a record.

    Raises:
        ModelError: the file is missing, damaged, of another schema or of a version that this Coterie does not read.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"the record '{path}' cannot be read: {error}; run `coterie run` again") from error
    if not isinstance(record, dict) or record.get("schema") != schema:
        raise ModelError(f"'{path}' is not a '{schema}' record")
    if record.get("version") != version:
        raise ModelError(
            f"'{path}' has version {record.get('version')}, this Coterie reads version {version}; run again"
        )
    return record["body"]
