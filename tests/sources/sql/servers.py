"""Servers for tests: those that answer on this machine, else ones of our own from the installed binaries.

Each gives a database of its own, which is dropped in the end. Where there is neither, a test skips and says why; with
``CI=true`` it fails.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest
from adbc_driver_postgresql import dbapi

PATIENCE_S = 60


@contextmanager
def mysql() -> Iterator[str]:
    """Give the URL of an empty database of MySQL or MariaDB."""
    with _server("mysql", 3306) as port:
        name = f"coterie_{secrets.token_hex(6)}"
        with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            try:
                yield f"mysql://root@127.0.0.1:{port}/{name}"
            finally:
                cursor.execute(f"DROP DATABASE {name}")


@contextmanager
def postgresql() -> Iterator[str]:
    """Give the URL of an empty database of PostgreSQL."""
    with _server("postgresql", 5432) as port:
        name, root = f"coterie_{secrets.token_hex(6)}", f"postgresql://postgres@127.0.0.1:{port}"
        execute(f"{root}/postgres", f"CREATE DATABASE {name}", autocommit=True)
        try:
            yield f"{root}/{name}"
        finally:
            execute(f"{root}/postgres", f"DROP DATABASE {name} WITH (FORCE)", autocommit=True)


def execute(url: str, *statements: str, autocommit: bool = False) -> None:
    """Run statements on PostgreSQL."""
    with dbapi.connect(url, autocommit=autocommit) as connection:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        if not autocommit:
            connection.commit()


@contextmanager
def _server(kind: str, port: int) -> Iterator[int]:
    if _answers(kind, port):
        yield port
        return
    binaries = {"mysql": _maria(), "postgresql": _postgres()}[kind]
    if binaries is None:
        reason = f"no {kind} server answers on port {port} and none is installed, so nothing is read from one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="coterie-server-"))
    own = _free_port()
    process = {"mysql": _start_maria, "postgresql": _start_postgres}[kind](binaries, folder, own)
    try:
        until = time.monotonic() + PATIENCE_S
        while not _answers(kind, own):
            if time.monotonic() > until or process.poll() not in {None, 0}:
                pytest.fail(f"the {kind} server of the tests did not start")
            time.sleep(0.2)
        yield own
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(kind: str, port: int) -> bool:
    try:
        if kind == "mysql":
            pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=2).close()
        else:
            dbapi.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres?connect_timeout=2").close()
    except (pymysql.MySQLError, dbapi.Error, OSError):
        return False
    return True


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _maria() -> tuple[str, str] | None:
    found = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin"), shutil.which("mariadb-install-db")
    return (str(found[0]), str(found[1])) if all(found) else None


def _postgres() -> tuple[str, str] | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((place for place in places if (place / "initdb").is_file()), None)
    return None if found is None else (str(found / "postgres"), str(found / "initdb"))


def _start_maria(binaries: tuple[str, str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    server, install = binaries
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    made = [install, "--no-defaults", *as_root, f"--datadir={folder}/data", "--auth-root-authentication-method=normal"]
    subprocess.run([*made, "--skip-test-db"], check=True, capture_output=True)
    return subprocess.Popen(
        [server, "--no-defaults", *as_root, f"--datadir={folder}/data", "--bind-address=127.0.0.1", f"--port={port}",
         f"--socket={folder}/sock", f"--pid-file={folder}/pid"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _start_postgres(binaries: tuple[str, str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    server, install = binaries
    other = {"user": "postgres"} if os.geteuid() == 0 else {}  # it refuses root
    folder.chmod(0o755)
    if other:
        shutil.chown(folder, "postgres")
    made = [install, "-D", f"{folder}/data", "-A", "trust", "-U", "postgres"]
    subprocess.run(made, check=True, capture_output=True, **other)  # type: ignore[call-overload]
    return subprocess.Popen(
        [server, "-D", f"{folder}/data", "-c", "listen_addresses=127.0.0.1", "-p", str(port), "-k", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **other,
    )  # type: ignore[call-overload] # fmt: skip
