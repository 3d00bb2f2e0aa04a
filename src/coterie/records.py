"""Records on disk: JSON that names its schema and version, written whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from coterie.errors import ModelError, StoreError


def plain(value: Any) -> Any:
    """Turn dataclasses, pydantic models, arrays, tuples and paths into what JSON knows; a number that is not finite
    becomes null.
    """
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return [plain(item) for item in sorted(value)]
        case np.ndarray() | np.generic():
            return plain(value.tolist())
        case Path():
            return str(value)
        case BaseModel():
            return plain(value.model_dump(by_alias=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def dumps(value: Any) -> str:
    """Give canonical JSON: equal records give equal bytes."""
    return json.dumps(plain(value), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def write(path: Path, schema: str, version: int, body: Any) -> None:
    """Write a record; its file appears whole or not at all.

    Raises:
        StoreError: the disk is full or not writable.
    """
    # The name of a file need not be text: what UTF-8 cannot hold is written as the escape that JSON has for it.
    text = dumps({"schema": schema, "version": version, "body": body}).encode("utf-8", "backslashreplace")
    write_whole(path, text)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it there, so that no reader sees half of it.

    Raises:
        StoreError: the disk is full or not writable.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write '{path}': {error.strerror or error}; free some space or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def read(path: Path, schema: str, version: int, *, former: Collection[int] = ()) -> Any:
    """Read the body of a record.

    Args:
        former: versions that are read as well, since what they lack has a default.

    Raises:
        ModelError: the file is missing, damaged, of another schema or of a version that this Coterie does not read.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"the record '{path}' cannot be read: {error}; run `coterie run` again") from error
    if not isinstance(record, dict) or record.get("schema") != schema:
        raise ModelError(f"'{path}' is not a '{schema}' record")
    if record.get("version") not in {version, *former}:
        raise ModelError(
            f"'{path}' has version {record.get('version')}, this Coterie reads version {version}; run again"
        )
    if "body" not in record:
        raise ModelError(f"the record '{path}' is damaged: it has no body; run `coterie run` again")
    return record["body"]
