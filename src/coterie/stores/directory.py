"""Versions as folders: written beside their place under a name that readers skip, renamed when whole."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coterie.errors import CoterieError, StoreError, UnknownNameError

UNFINISHED = ".unfinished-"


class DirectoryStore:
    """A folder of versions.

    A version is a sub-folder whose name does not begin with a dot; it comes into being by one rename, after its files
    have reached the disk. What a killed process leaves behind begins with ``.unfinished-`` and the number of the
    process, is skipped by every reader, and is removed by the next writer once that process is gone.

    Args:
        root: the folder; made on first use.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def begin(self, version: str) -> Iterator[Path]:
        """Open a private folder to write a version into (see ``Store.begin``)."""
        if (self.root / version).exists():
            raise StoreError(f"'{version}' exists in '{self.root}'; a version is written once")
        beside = self.root / f"{UNFINISHED}{os.getpid()}-{version}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            remove_unfinished(self.root)
            beside.mkdir()
            yield beside
            flush(beside)
            beside.rename(self.root / version)
            _sync(self.root)
        except CoterieError:
            raise
        except OSError as error:
            raise StoreError(unwritable(self.root, error)) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def versions(self) -> tuple[str, ...]:
        """List the whole versions by name; names that begin with the time are thereby oldest first."""
        if not self.root.is_dir():
            return ()
        return tuple(sorted(p.name for p in self.root.iterdir() if p.is_dir() and not p.name.startswith(".")))

    def open(self, version: str) -> Path:
        """Give the folder of one version, to read only."""
        if version not in self.versions():
            raise UnknownNameError("run", version, self.versions())
        return self.root / version

    def latest(self) -> str | None:
        """Name the newest version, or None."""
        versions = self.versions()
        return versions[-1] if versions else None

    def remove(self, version: str) -> None:
        """Remove a version: it is renamed out of sight first, so that no reader sees half of it."""
        gone = self.root / f"{UNFINISHED}{os.getpid()}-removed-{version}"
        self.open(version).rename(gone)
        shutil.rmtree(gone)

    def __iter__(self) -> Iterator[str]:
        return iter(self.versions())


def remove_unfinished(root: Path) -> None:
    """Remove what processes that are gone left behind."""
    for path in root.glob(f"{UNFINISHED}*"):
        owner = path.name.removeprefix(UNFINISHED).split("-")[0]
        if not owner.isdigit() or int(owner) == os.getpid() or not _is_running(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def flush(folder: Path) -> None:
    """Make every file of a folder reach the disk, so that a rename never outruns what it names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _sync(path)


def _sync(path: Path) -> None:
    with contextlib.suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def unwritable(place: Path, error: OSError) -> str:
    """Say why a place cannot be written, and what to do."""
    return f"cannot write to '{place}': {error.strerror or error}; free some space or choose another folder"
