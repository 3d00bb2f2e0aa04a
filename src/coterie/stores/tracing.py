"""Which files still hold an id: every byte of a folder is looked at, what is packed in its own form.

An id that could be any number or word ("12") cannot be told from others in a text: it is looked for where a cell or a
string is nothing else. A longer one is looked for everywhere, as a word of its own.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

TELLING: Final = 6  # characters from which a number is no number by chance; a word, from four


@dataclass(frozen=True, slots=True)
class Trace:
    """A file that holds an id; ``users`` of those that were looked for."""

    file: Path
    users: int


def is_telling(name: str) -> bool:
    """Say whether an id can be told from other numbers and words in a text."""
    return len(name) >= TELLING or (len(name) >= 4 and not name.isdigit() and not name.isalpha())


def traces(root: Path, users: Collection[str], skipped: Collection[Path] = ()) -> tuple[Trace, ...]:
    """Give the files below a folder that hold any of some ids that are telling.

    Args:
        users: ids. skipped: files that are not looked at.
    """
    looked_for = {name for name in users if is_telling(name)}
    if not looked_for:
        return ()
    passed = {path.resolve() for path in skipped}
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.resolve() not in passed:
            held = held_in(path.read_bytes(), path.name, looked_for)
            if held:
                found.append(Trace(path, len(held)))
    return tuple(found)


def held_in(content: bytes, name: str, users: Collection[str]) -> set[str]:
    """Give those of some ids that the content of a file holds.

    Args:
        name: of the file, whose ending says how it is packed.
    """
    held = _in_bytes(content, users)
    for strings in _unpacked(content, name, users, held):
        held |= strings
    return held


def _unpacked(content: bytes, name: str, users: Collection[str], held: set[str]) -> Iterator[set[str]]:
    try:
        if name.endswith(".gz"):
            yield held_in(gzip.decompress(content), name.removesuffix(".gz"), users)
        elif name.endswith((".npz", ".zip")):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                for inner in packed.namelist():
                    yield held_in(packed.read(inner), inner, users)
        elif name.endswith(".npy"):
            yield _in_strings(np.load(io.BytesIO(content), allow_pickle=False).ravel().tolist(), users)
        elif name.endswith(".parquet"):
            for column in pl.read_parquet(io.BytesIO(content)):
                if column.dtype in (pl.String, pl.Categorical, pl.Enum) or column.dtype.is_integer():
                    yield _in_strings(column.cast(pl.String).unique().to_list(), users)
        elif name.endswith(".json"):
            yield _in_strings(list(_strings(json.loads(content))), users)
    except (OSError, ValueError, EOFError, RecursionError, zlib.error, zipfile.BadZipFile, pl.exceptions.PolarsError):
        yield held  # damaged: what its bytes say is all that is known


def _in_strings(values: list[Any], users: Collection[str]) -> set[str]:
    return set(users) & {value for value in values if isinstance(value, str)}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)


def _in_bytes(content: bytes, users: Collection[str]) -> set[str]:
    """Look for ids as words in text of any of the usual encodings, plain or as pages and JSON write them."""
    held, text = set(), ""
    for user in users:
        wide = (("utf-32-le", 4), ("utf-16-le", 2))
        if any(_stands_alone(content, user.encode(name, "surrogatepass"), width) for name, width in wide):
            held.add(user)
            continue
        forms = {user, html.escape(user), json.dumps(user)[1:-1]}
        if any(form.encode("utf-8", "surrogatepass") in content for form in forms):
            text = text or content.decode("utf-8", "replace")
            held |= {user} if any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in forms) else set()
    return held


def _stands_alone(content: bytes, word: bytes, width: int) -> bool:
    """Say whether a word of letters that are ``width`` bytes wide is there with no letter before or after it."""
    at = content.find(word)
    while at >= 0:
        before, after = content[max(at - width, 0) : at], content[at + len(word) : at + len(word) + width]
        if not _is_letter(before, width) and not _is_letter(after, width):
            return True
        at = content.find(word, at + 1)
    return False


def _is_letter(cell: bytes, width: int) -> bool:
    code = int.from_bytes(cell, "little") if len(cell) == width else 0
    return 0 < code < 0x110000 and chr(code).isalnum()
