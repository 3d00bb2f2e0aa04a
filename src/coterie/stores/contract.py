"""The contract of a store: versions of a finished run that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """A place that keeps versions. A reader sees a version whole, or does not see it."""

    def begin(self, version: str) -> AbstractContextManager[Path]:
        """Open a private folder to write a version into; leaving the block cleanly makes the version appear at once,
        leaving it by an error removes what was written.

        Raises:
            StoreError: the version exists, or the place is full or not writable.
        """

    def versions(self) -> tuple[str, ...]:
        """List the whole versions, oldest first."""

    def open(self, version: str) -> Path:
        """Give the folder of one version, to read only.

        Raises:
            UnknownNameError: there is no such version.
        """

    def latest(self) -> str | None:
        """Name the newest version, or None."""

    def remove(self, version: str) -> None:
        """Remove a version at once."""

    def __iter__(self) -> Iterator[str]: ...
