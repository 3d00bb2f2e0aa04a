"""One writer at a time: a lock that a folder's writers hold, and that the system lets go of when a process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coterie.errors import StoreError

_BETWEEN_TRIES_S = 0.05


@contextmanager
def locked(path: Path, *, wait_s: float | None = None) -> Iterator[None]:
    """Hold the lock of a file while the block runs; the file stays where it is, empty.

    Args:
        path: the file; made with its folder where it is missing.
        wait_s: how long to wait for another holder, in seconds; None: until it is done.

    Raises:
        StoreError: another holds it for longer, or the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"cannot lock '{path}': {error.strerror or error}; choose another folder") from error
    try:
        _take(handle, path, wait_s)
        yield
    finally:
        os.close(handle)  # lets go of the lock, too


def _take(handle: int, path: Path, wait_s: float | None) -> None:
    if wait_s is None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise StoreError(
                    f"'{path}' is held by a run that is being finished; try again when it is done"
                ) from error
            time.sleep(_BETWEEN_TRIES_S)
        else:
            return
