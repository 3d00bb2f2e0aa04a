"""The scripts that draw charts in a page, from the package that brings them; no network is needed.

Putting them together takes seconds, so they are kept in the user's cache folder, one file a version, with a digest that
tells a damaged file. Where there is no such folder, or it cannot be written, they are made anew each time.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import vl_convert

from coterie import records
from coterie.errors import StoreError

_GLOBALS = "window.vegaEmbed = vegaEmbed;"  # of the other two the package gives nothing but null


@cache
def drawing_scripts() -> str:
    """Give Vega, Vega-Lite and vega-embed as one script, which sets ``vegaEmbed``."""
    path = _place()
    kept = _read(path) if path is not None else None
    if kept is not None:
        return kept
    made = str(vl_convert.javascript_bundle(_GLOBALS))
    if path is not None:
        with suppress(OSError, StoreError):
            path.parent.mkdir(parents=True, exist_ok=True)
            records.write_whole(path, f"{_digest(made)}\n{made}".encode())
    return made


def _place() -> Path | None:
    """Give the file of this version in the user's cache folder; None where the user has no home."""
    name = f"scripts-{metadata.version('vl-convert-python')}-{_digest(_GLOBALS)[:8]}.js"
    set_by_user = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if Path(set_by_user).is_absolute():
        return Path(set_by_user) / "coterie" / name
    try:
        return Path.home() / ".cache" / "coterie" / name
    except RuntimeError:
        return None


def _read(path: Path) -> str | None:
    """Give what was kept, or None where that is nothing, or damaged."""
    try:
        digest, _, script = path.read_bytes().decode().partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return script if digest == _digest(script) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
