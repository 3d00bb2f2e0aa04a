"""Every error that Coterie raises on purpose.

    CoterieError                    what a user can act on; the command line prints it in one line
    ├── ConfigError (ValueError)    coterie.toml or an option is wrong: exit 2
    │   └── SecretError             an environment variable that the config names is not set
    ├── UnknownNameError (LookupError)  no such table, method, segment, run ...: offers the nearest
    ├── SourceError (OSError)       a file or server cannot be read
    │   └── FormatError             it can be read, but not as what the config says it is
    ├── DataError (ValueError)      the rows do not allow what was asked
    │   └── RejectedError           more rows were rejected than max_reject_share allows
    ├── ModelError (ValueError)     a frozen model or record does not fit this version or these rows
    ├── StoreError (OSError)        a run cannot be written or read back
    ├── MissingExtraError (ImportError)  an optional package is needed; names the install line
    └── MissingProgramError (OSError)    a program that is not Coterie's is needed; says what to install

A message says what was wrong, what was got, what was expected and what to do, in that order, in lower case,
with names quoted, and without secrets.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import PurePath

MISUSE = 2
FAILURE = 1
SHOWN_CHARACTERS = 80


class CoterieError(Exception):
    """Base of every error that Coterie raises on purpose."""

    exit_code = FAILURE


class ConfigError(CoterieError, ValueError):
    """The configuration or an option is wrong."""

    exit_code = MISUSE


class SecretError(ConfigError):
    """An environment variable that the configuration names is not set."""


class UnknownNameError(CoterieError, LookupError):
    """A name is not among the known ones."""

    exit_code = MISUSE

    def __init__(self, kind: str, got: str, known: Iterable[str]) -> None:
        self.kind, self.got, self.known = kind, got, tuple(known)
        super().__init__(f"unknown {kind} {shown(got)}{nearest(got, self.known)}")


class SourceError(CoterieError, OSError):
    """A file or server cannot be read."""


class FormatError(SourceError):
    """A source can be read, but not as what the configuration says it is."""


class DataError(CoterieError, ValueError):
    """The rows do not allow what was asked of them."""


class RejectedError(DataError):
    """More rows were rejected than the configuration allows."""


class ModelError(CoterieError, ValueError):
    """A frozen model or a record does not fit this version, or not these rows."""


class StoreError(CoterieError, OSError):
    """A run cannot be written, or not be read back."""


class MissingExtraError(CoterieError, ImportError):
    """An optional package is needed; the message names the install line."""


class MissingProgramError(CoterieError, OSError):
    """A program that Coterie does not bring is needed; the message says what to install."""


def nearest(got: str, known: Iterable[str]) -> str:
    """Give the tail of a message that offers the nearest known name, or lists a few known ones."""
    names = sorted(known)
    by_lower = {name.lower(): name for name in reversed(names)}
    # Cut, since the time it takes grows with the square of the length, and no name is as long.
    typed = got[:SHOWN_CHARACTERS].lower()
    close = difflib.get_close_matches(typed, by_lower, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {shown(by_lower[close[0]])}?"
    if not names:
        return "; none is known here"
    listed = ", ".join(shown(name) for name in names[:8])
    return f"; expected one of {listed}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def shown(value: object) -> str:
    """Quote a value for a message, on one line and never longer than a person would read; a path is whole."""
    text = " ".join(str(value).split())
    most = len(text) if isinstance(value, PurePath) else SHOWN_CHARACTERS
    cut = text[:most]
    # What does not print could move the cursor or colour the screen of whoever reads the message.
    cut = "".join(letter if letter.isprintable() else "\ufffd" for letter in cut)
    return f"'{cut}'" if len(text) <= most else f"'{cut}... ({len(str(value)):,} characters)'"
