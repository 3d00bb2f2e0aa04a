"""One folder in the place of another, so that a reader finds the old one whole or the new one whole.

Where the system can exchange two names at once (Linux, macOS) there is no moment without either. Elsewhere the old one
steps aside under a name that ``restored`` knows, and a process killed between the two steps is made up for by it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from coterie.stores.directory import UNFINISHED, flush

ASIDE: Final = ".aside-"
_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_CANNOT: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})


def put_in_place(beside: Path, place: Path) -> None:
    """Let a folder take the place of another, which is removed.

    Args:
        beside: the new one, in the same folder, under a name that begins with ``UNFINISHED``. place: the old one.

    Raises:
        OSError: the disk is not writable.
    """
    flush(beside)
    if _exchanged(beside, place):
        shutil.rmtree(beside)
        return
    aside = place.with_name(f"{ASIDE}{place.name}")
    place.rename(aside)
    beside.rename(place)
    aside.rename(place.with_name(f"{UNFINISHED}{os.getpid()}-removed-{place.name}"))
    shutil.rmtree(place.with_name(f"{UNFINISHED}{os.getpid()}-removed-{place.name}"))


def restored(root: Path) -> None:
    """Put back what a killed process left aside: the old folder where the new one is not there, else nothing of it."""
    for aside in sorted(root.glob(f"{ASIDE}*")):
        place = root / aside.name.removeprefix(ASIDE)
        if place.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(place)


def _exchanged(one: Path, other: Path) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        answer = library.renamex_np(first, second, _EXCHANGE)
    elif hasattr(library, "renameat2"):
        answer = library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _EXCHANGE)
    else:
        return False
    if answer == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))
