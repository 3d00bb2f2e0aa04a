"""Answers of steps, kept by what they were made from.

A step's key is a hash of its inputs, its part of the config, and the code and libraries that made it. Its answer is a
folder that appears by one rename; a killed run leaves no half answer that a later one would take.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import coterie
from coterie import records
from coterie.errors import CoterieError, ModelError, StoreError
from coterie.stores.directory import UNFINISHED, flush, remove_unfinished, unwritable

T = TypeVar("T")
KEPT_PER_STEP = 4  # runs whose answers stay
LIBRARIES = ("narwhals", "numpy", "polars", "scikit-learn", "scipy")
OPTIONAL = ("duckdb", "torch")  # which make numbers where they are installed


@cache
def code_digest() -> str:
    """Give a hash of Coterie's own source and tables, and the versions of the libraries that make its numbers."""
    digest = hashlib.sha256()
    root = Path(coterie.__file__).parent
    for path in sorted(path for path in root.rglob("*") if path.suffix in {".py", ".csv"}):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    for name in (*LIBRARIES, *OPTIONAL):
        digest.update(f"{name}={_version(name)}".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # an extra that is not installed makes no numbers
        return "none"


def key_of(*parts: Any) -> str:
    """Give the key of a step from everything that its answer depends on."""
    return hashlib.sha256(f"{code_digest()}{records.dumps(parts)}".encode()).hexdigest()[:24]


class Cache:
    """A folder of answers, ``<step>/<key>/``.

    Args:
        root: the folder; made on first use. per_run: answers of one step that one run may ask for.
    """

    def __init__(self, root: Path, *, per_run: int = 1) -> None:
        self.root, self.kept = root, KEPT_PER_STEP * per_run

    def folder(self, step: str, key: str, make: Callable[[Path], None]) -> tuple[Path, bool]:
        """Give the folder of an answer, made now if it is not there.

        Args:
            make: writes the answer into an empty folder.

        Returns:
            The folder, and whether it was there already.

        Raises:
            StoreError: the disk is full or not writable.
        """
        place = self.root / step / key
        if place.is_dir():
            os.utime(place)
            return place, True
        beside = self.root / step / f"{UNFINISHED}{os.getpid()}-{key}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            remove_unfinished(place.parent)
            beside.mkdir()
            make(beside)
            flush(beside)
            if not place.exists():
                beside.rename(place)
            self._prune(step)
        except CoterieError:
            raise
        except OSError as error:
            raise StoreError(unwritable(self.root, error)) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return place, False

    def answer(
        self, step: str, key: str, make: Callable[[Path], None], load: Callable[[Path], T]
    ) -> tuple[T, Path, bool]:
        """Give an answer as it is read back from its folder; one that cannot be read any more is made again.

        Args:
            make: writes the answer into an empty folder. load: reads it from there.

        Returns:
            The answer, its folder, and whether it was there already.

        Raises:
            StoreError: the disk is full or not writable.
        """
        place, was_there = self.folder(step, key, make)
        try:
            return load(place), place, was_there
        except ModelError:
            if not was_there:
                raise
        gone = place.with_name(f"{UNFINISHED}{os.getpid()}-damaged-{key}")
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        place, _ = self.folder(step, key, make)
        return load(place), place, False

    def _prune(self, step: str) -> None:
        """Keep the answers used last; older ones are made again when somebody asks."""
        answers = [path for path in (self.root / step).iterdir() if not path.name.startswith(".")]
        for old in sorted(answers, key=lambda path: path.stat().st_mtime, reverse=True)[self.kept :]:
            shutil.rmtree(old, ignore_errors=True)
