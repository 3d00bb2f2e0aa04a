"""Secrets in the text of a config: filled from the environment where a source is opened, hidden where one is shown."""

from __future__ import annotations

import os
import re

from coterie.errors import SecretError, shown

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Greedy up to the last '@': a password may hold one itself, and hiding too much does no harm.
_PASSWORD = re.compile(r"(?<=:)(?!//).+(?=@)")
_NAMED_PASSWORD = re.compile(
    r"((?:^|[?&;\s])[\w-]*(?:password|passwd|pwd|secret|token|signature|(?:account|access|api)[_-]?key)=)([^&;\s]+)",
    re.IGNORECASE,
)


def resolve_secrets(text: str) -> str:
    """Fill ``${NAME}`` from the environment.

    Raises:
        SecretError: a name is not set.
    """

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise SecretError(
                f"the environment variable '{name}' is not set; {shown(masked(text))} needs it: export {name}=..."
            )
        return os.environ[name]

    return _SECRET.sub(fill, text)


def masked(text: str) -> str:
    """Give a source as it may be shown: a password written into a URL is hidden, ``${NAME}`` stays as it is."""
    hidden = _PASSWORD.sub(lambda match: _unless_named(match.group()), text)
    return _NAMED_PASSWORD.sub(lambda match: match.group(1) + _unless_named(match.group(2)), hidden)


def _unless_named(password: str) -> str:
    return password if _SECRET.fullmatch(password) else "***"
