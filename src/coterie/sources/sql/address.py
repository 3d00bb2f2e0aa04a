"""Where a database is: a URL from the config to what a client needs, with its secrets filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from coterie.errors import ConfigError, UnknownNameError, shown
from coterie.secrets import masked, resolve_secrets

Kind = Literal["mysql", "postgresql", "sqlite", "duckdb"]
KINDS: Final[Mapping[str, Kind]] = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
}
PORTS: Final[Mapping[Kind, int]] = {"mysql": 3306, "postgresql": 5432}
TIMEOUT_S: Final = 3600
_KEYS: Final = ("timeout_s",)


@dataclass(frozen=True, slots=True)
class Address:
    """A database.

    Args:
        kind: what speaks to it. shown: the location as it may be shown. host, port, user, password, name: of a server;
            name is the database. path: of a file. timeout_s: seconds that a statement may take.
    """

    kind: Kind
    shown: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    name: str = ""
    path: Path | None = None
    timeout_s: int = TIMEOUT_S


def scheme_of(location: str) -> str:
    """Give the scheme of a URL in small letters, without the driver that some write behind a plus; "" without one."""
    head, found, _ = location.partition("://")
    return head.lower().partition("+")[0] if found else ""


def address_of(location: str, folder: Path) -> Address:
    """Read a database's URL.

    Args:
        location: such as ``mysql://reader:${PASSWORD}@db.example:3306/shop``, ``postgresql://...``,
            ``sqlite:///shop.db`` (relative to ``folder``; four slashes for an absolute path) or ``duckdb:///shop.duckdb``;
            ``?timeout_s=600`` limits a statement.
        folder: what a relative path stands relative to.

    Raises:
        ConfigError: a part is missing or is none. SecretError: a variable is not set.
    """
    kind = KINDS[scheme_of(location)]
    seen = masked(location)
    filled = resolve_secrets(location)
    try:
        url = urlsplit(filled)
        port = url.port
    except ValueError as error:
        raise ConfigError(
            f"the location {shown(seen)} cannot be read: {shown(masked(str(error)))}; expected {_form(kind)}"
        ) from error
    timeout_s = _timeout(url.query, seen)
    if kind in PORTS:
        name = unquote(url.path.strip("/"))
        if not url.hostname or not name or "/" in name:
            lacking = "host" if not url.hostname else "database"
            raise ConfigError(f"the location {shown(seen)} names no {lacking}; expected {_form(kind)}")
        user, password = (unquote(part or "") for part in (url.username, url.password))
        return Address(kind, seen, url.hostname, port or PORTS[kind], user, password, name, None, timeout_s)
    path = unquote(url.path[1:])
    if url.netloc or not path:
        raise ConfigError(f"the location {shown(seen)} names no file; expected {_form(kind)}")
    return Address(kind, seen, path=folder / path, timeout_s=timeout_s)


def _form(kind: Kind) -> str:
    if kind in PORTS:
        return f"{kind}://user:${{PASSWORD}}@host:{PORTS[kind]}/database"
    return f"{kind}:///file (four slashes for an absolute path)"


def _timeout(query: str, seen: str) -> int:
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for key in asked:
        if key not in _KEYS:
            raise UnknownNameError(f"key of {shown(seen)}", key, _KEYS)
    text = asked.get("timeout_s", str(TIMEOUT_S))
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ConfigError(f"'timeout_s' of {shown(seen)} is {shown(text)}; expected whole seconds, at least 1")
    return int(text)
