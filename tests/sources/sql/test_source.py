"""Databases are read whole, with their types, without writing, and refused in one line."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import socket
import tempfile
import threading
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest

from coterie.config import Table
from coterie.engines import local
from coterie.errors import ConfigError, MissingExtraError, SecretError, SourceError, UnknownNameError
from coterie.sources.opening import open_source
from coterie.sources.sql import spool
from coterie.sources.sql.refusals import LostConnectionError
from coterie.sources.sql.source import _kept
from tests.contracts.source_contract import SourceContract
from tests.sources.sql.databases import KINDS, connect_mysql, fill, inserts

EVENTS = "CREATE TABLE {} (user_id INT, item_id VARCHAR(40), rating DECIMAL(3,1))"
ROWS = [(1, "a", 4.5), (2, "b", 1.0), (3, "né 😀", None)]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    if request.param in {"mysql", "postgresql"}:
        return request.getfixturevalue(f"{request.param}_url")
    return f"{request.param}:///a.db"


def source(url: str, folder: Path, **asked: str):
    return open_source(Table(role="events", source=url, user="user_id", item="item_id", **asked), folder)


def rows(url: str, folder: Path, **asked: str) -> pl.DataFrame:
    return local.collect(source(url, folder, **asked).scan().frame)


def filled(url: str, folder: Path, name: str) -> None:
    fill(url, folder, [f"DROP TABLE IF EXISTS {name}", EVENTS.format(name), *inserts(name, ROWS)])


class TestEveryKind(SourceContract):
    @pytest.fixture
    def source(self, url, tmp_path):
        filled(url, tmp_path, "events")
        return source(url, tmp_path, table="events")

    @pytest.fixture
    def changed(self, source, url, tmp_path):
        fill(url, tmp_path, inserts("events", [(4, "d", 2.0)]))
        return source


def test_a_table_and_a_query_give_the_same(url, tmp_path):
    filled(url, tmp_path, "twice")
    whole = rows(url, tmp_path, table="twice").sort("user_id")
    assert whole["user_id"].to_list() == [1, 2, 3]
    assert whole["item_id"].to_list() == ["a", "b", "né 😀"]
    assert [None if n is None else float(n) for n in whole["rating"]] == [4.5, 1.0, None]
    asked = rows(url, tmp_path, query="SELECT item_id, user_id FROM twice WHERE user_id < 3")
    assert asked.columns == ["item_id", "user_id"]
    assert sorted(asked["user_id"].to_list()) == [1, 2]


def test_the_order_of_rows_changes_no_fingerprint(url, tmp_path):
    prints = set()
    for turned in (ROWS, ROWS[::-1]):
        fill(url, tmp_path, ["DROP TABLE IF EXISTS turned", EVENTS.format("turned"), *inserts("turned", turned)])
        prints.add(source(url, tmp_path, table="turned").scan().fingerprint)
    assert len(prints) == 1


def test_an_empty_table_has_its_columns(url, tmp_path):
    fill(url, tmp_path, ["DROP TABLE IF EXISTS nobody", EVENTS.format("nobody")])
    found = rows(url, tmp_path, table="nobody")
    assert (found.height, found.columns) == (0, ["user_id", "item_id", "rating"])


def test_many_batches_are_one_table(url, tmp_path, monkeypatch):
    for module in ("mysql", "sqlite", "duckdb"):
        monkeypatch.setattr(f"coterie.sources.sql.{module}.BATCH", 100)
    many = [(n, f"i{n % 7}", n % 5) for n in range(1_000)]
    fill(url, tmp_path, ["DROP TABLE IF EXISTS many", EVENTS.format("many"), *inserts("many", many)])
    frame = source(url, tmp_path, table="many").scan().frame
    assert sorted(local.collect(frame)["user_id"].to_list()) == list(range(1_000))
    assert local.collect(frame.head(150)).height == 150
    some = frame.to_native().filter(pl.col("user_id") >= 990).select("user_id").collect()
    assert sorted(some["user_id"].to_list()) == list(range(990, 1_000))


@pytest.mark.parametrize("name", ['odd "name"; DROP TABLE x', "sel`ect", "semi;colon", "drop"])
def test_names_are_quoted(url, tmp_path, name):
    mark = "`" if "mysql" in url else '"'
    quoted = mark + name.replace(mark, mark * 2) + mark
    filled(url, tmp_path, quoted)
    assert rows(url, tmp_path, table=name).height == 3


def test_nothing_can_be_written(url, tmp_path):
    filled(url, tmp_path, "kept")
    for written in ("DELETE FROM kept", "DROP TABLE kept", "UPDATE kept SET user_id = 9", "SELECT 1; DELETE FROM kept"):
        with pytest.raises(SourceError):
            source(url, tmp_path, query=written).scan()
    assert sorted(rows(url, tmp_path, table="kept")["user_id"].to_list()) == [1, 2, 3]


def test_what_is_not_there_is_said(url, tmp_path):
    filled(url, tmp_path, "there")
    with pytest.raises(SourceError, match="is the name of the table right"):
        source(url, tmp_path, table="their").scan()
    with pytest.raises(SourceError, match="is the name of the column right"):
        source(url, tmp_path, query="SELECT nobody FROM there").scan()
    with pytest.raises(SourceError, match=r"syntax|near|SELEC"):
        source(url, tmp_path, query="SELEC 1").scan()


def test_types_of_mysql_are_kept(mysql_url, tmp_path):
    fill(mysql_url, tmp_path, [
        "DROP TABLE IF EXISTS types",
        """CREATE TABLE types (user_id BIGINT UNSIGNED, item_id VARCHAR(9) CHARACTER SET latin1, price DECIMAL(10,2),
        wide DECIMAL(60,2), at DATETIME(6), seen TIMESTAMP NULL, day DATE, kind ENUM('x','y'), doc JSON, n TINYINT,
        bits BIT(9), raw BLOB, far DOUBLE, text TEXT, year YEAR) CHARACTER SET utf8mb4""",
        """INSERT INTO types VALUES (18446744073709551615, 'né', 12.50, 1.25, '2020-01-01 10:00:00.123456',
        '2020-01-01 10:00:00', '2020-01-02', 'x', '{"a": 1}', -7, b'100000001', x'00ff', 1.5, 'é😀', 2020)""",
        "SET sql_mode = ''",
        "INSERT INTO types (user_id, day) VALUES (1, '0000-00-00')",
    ])  # fmt: skip
    found = rows(mysql_url, tmp_path, table="types").sort("user_id", descending=True)
    with connect_mysql(mysql_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@session.time_zone, @@system_time_zone")
    assert found.row(0) == (
        18446744073709551615, "né", Decimal("12.50"), "1.25", dt.datetime(2020, 1, 1, 10, 0, 0, 123456),
        found["seen"][0], dt.date(2020, 1, 2), "x", '{"a": 1}', -7, 257, b"\x00\xff", 1.5, "é😀", 2020,
    )  # fmt: skip
    assert found.schema["seen"] == pl.Datetime("us", "UTC")
    assert found["day"].to_list() == [dt.date(2020, 1, 2), None]


def test_types_of_postgresql_are_kept(postgresql_url, tmp_path):
    fill(postgresql_url, tmp_path, [
        "DROP TABLE IF EXISTS types",
        "DROP TYPE IF EXISTS mood",
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        """CREATE TABLE types (user_id BIGINT, item_id TEXT, price NUMERIC(10,2), any_n NUMERIC, at TIMESTAMP,
        seen TIMESTAMPTZ, day DATE, kind mood, doc JSONB, ok BOOLEAN, id UUID, took INTERVAL, raw BYTEA)""",
        """INSERT INTO types VALUES (1, 'né 😀', 12.50, 1.2500, '2020-01-01 10:00:00', '2020-01-01 10:00:00+02',
        '2020-01-02', 'glad', '{"a": 1}', true, '8d9e6f2a-0000-4000-8000-000000000000', '1 day', '\\x00ff'),
        (2, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    ])  # fmt: skip
    found = rows(postgresql_url, tmp_path, table="types").sort("user_id")
    assert found.select("user_id", "item_id", "price", "any_n", "day", "kind", "doc", "ok", "raw").row(0) == (
        1, "né 😀", Decimal("12.50"), "1.2500", dt.date(2020, 1, 2), "glad", '{"a": 1}', True, b"\x00\xff",
    )  # fmt: skip
    assert found["seen"].dt.convert_time_zone("UTC")[0] == dt.datetime(2020, 1, 1, 8, tzinfo=dt.UTC)
    assert found["price"][1] is None


def test_a_column_of_sqlite_is_what_all_its_cells_are(tmp_path):
    fill("sqlite:///a.db", tmp_path, [
        "CREATE TABLE t (user_id, item_id, n, mixed)",
        "INSERT INTO t VALUES (1, 'a', 1, 1), (2, 'b', 2.5, 'two'), (3, 'c', NULL, x'41')",
    ])  # fmt: skip
    found = rows("sqlite:///a.db", tmp_path, table="t")
    assert found.dtypes == [pl.Int64, pl.String, pl.Float64, pl.String]
    assert found["mixed"].to_list() == ["1", "two", "A"]


@pytest.mark.parametrize("kind", ["mysql", "postgresql"])
def test_servers_that_cannot_be_reached(kind, request, tmp_path):
    url = request.getfixturevalue(f"{kind}_url")
    parts = urlsplit(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    with pytest.raises(SourceError, match="is the host right"):
        source(f"{kind}://{parts.username}@127.0.0.1:{nobody}/x", tmp_path, table="t").scan()
    with pytest.raises(SourceError, match="is the name of the database right"):
        source(f"{kind}://{parts.username}@127.0.0.1:{parts.port}/no_such", tmp_path, table="t").scan()


def test_a_wrong_password_is_said_and_not_shown(mysql_url, tmp_path, monkeypatch):
    monkeypatch.setenv("WRONG", "s3cret-word")
    parts = urlsplit(mysql_url)
    wrong = f"mysql://root:${{WRONG}}@127.0.0.1:{parts.port}{parts.path}"
    with pytest.raises(SourceError, match="are user and password right") as caught:
        source(wrong, tmp_path, table="t").scan()
    assert "s3cret" not in str(caught.value)
    monkeypatch.delenv("WRONG")
    with pytest.raises(SecretError, match="'WRONG' is not set"):
        source(wrong, tmp_path, table="t").scan()


@pytest.mark.parametrize(
    ("kind", "query"),
    [("mysql", "SELECT SLEEP(20) AS user_id"), ("postgresql", "SELECT 1 AS user_id, pg_sleep(20)::text AS item_id")],
)
def test_a_statement_has_a_time_limit(kind, query, request, tmp_path):
    url = request.getfixturevalue(f"{kind}_url")
    with pytest.raises(SourceError, match="timeout_s"):
        source(f"{url}?timeout_s=1", tmp_path, query=query).scan()


def test_a_connection_that_is_cut_is_tried_once_more(mysql_url, tmp_path):
    many = [(n, f"item {n}", n % 5) for n in range(3_000)]
    fill(mysql_url, tmp_path, ["DROP TABLE IF EXISTS cut", EVENTS.format("cut"), *inserts("cut", many)])
    parts = urlsplit(mysql_url)
    with _cutting(parts.port, (20_000,)) as port:
        found = rows(f"mysql://root@127.0.0.1:{port}{parts.path}", tmp_path, table="cut")
    assert sorted(found["user_id"].to_list()) == list(range(3_000))
    said = "nothing of it is used"
    with _cutting(parts.port, (20_000, 30_000)) as port, pytest.raises(LostConnectionError, match=said):
        source(f"mysql://root@127.0.0.1:{port}{parts.path}", tmp_path, table="cut").scan()


class _cutting:
    """A way to a server that cuts its first connections after so many bytes to the client."""

    def __init__(self, port: int, cuts: tuple[int, ...]) -> None:
        self._to, self._cuts = port, list(cuts)
        self._door = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._door.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            most = self._cuts.pop(0) if self._cuts else 1 << 60
            threading.Thread(target=_pump, args=(client, server, 1 << 60), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client, most), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket, most: int) -> None:
    sent = 0
    with contextlib.suppress(OSError):
        while sent < most and (held := one.recv(4096)):
            other.sendall(held[: most - sent])
            sent += len(held)
    for end in (one, other):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def test_a_second_loss_is_an_error_and_a_refusal_is_not_tried_again():
    asked = []

    def failing(error: Exception):
        def client(address, statement):
            asked.append(statement)
            yield pl.DataFrame({"a": [1]})
            raise error

        return client

    before = set(Path(tempfile.gettempdir()).glob("coterie-sql-*"))
    with pytest.raises(LostConnectionError):
        _kept(None, "s", failing(LostConnectionError("gone")))
    assert len(asked) == 2
    with pytest.raises(SourceError):
        _kept(None, "s", failing(SourceError("no")))
    assert len(asked) == 3
    assert set(Path(tempfile.gettempdir()).glob("coterie-sql-*")) <= before


def test_files_go_with_the_frame(tmp_path):
    filled("sqlite:///a.db", tmp_path, "t")
    raw = source("sqlite:///a.db", tmp_path, table="t").scan()
    assert local.collect(raw.frame).height == 3
    kept = spool.Spool(iter([pl.DataFrame({"a": [1]})]))
    folder = kept._folder
    frame = kept.frame()
    del kept
    gc.collect()
    assert frame.collect().height == 1
    del frame
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"source": "sqlite:///a.db"}, "give either 'table' or 'query'; neither is given"),
        ({"source": "sqlite:///a.db", "table": "t", "query": "SELECT 1"}, "both are given"),
        ({"source": "sqlite:///a.db", "table": "a.b.c"}, "expected the name of a table, or schema.table"),
        ({"source": "sqlite:///a.db", "table": "t", "format": {"kind": "csv"}}, "'format' is for files"),
        ({"source": "sqlite://host/a.db", "table": "t"}, "names no file; expected sqlite:///file"),
        ({"source": "mysql://root@/x", "table": "t"}, "names no host"),
        ({"source": "mysql://root@h", "table": "t"}, "names no database"),
        ({"source": "postgresql://u@h:port/x", "table": "t"}, "cannot be read"),
        ({"source": "mysql://u@h/x?timeout_s=0", "table": "t"}, "expected whole seconds, at least 1"),
        ({"source": "a.csv", "table": "t"}, "'table' belongs to a database"),
        ({"source": "synthetic://ratings", "table": "t"}, "'table' does not belong to a synthetic source"),
    ],
)
def test_what_is_no_database_is_refused(asked, said, tmp_path):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        open_source(Table(role="events", user="u", item="i", **asked), tmp_path).scan()


def test_unknown_keys_and_missing_files(tmp_path):
    with pytest.raises(UnknownNameError, match="timeout_s"):
        source("mysql://u@h/x?timeout=5", tmp_path, table="t").scan()
    with pytest.raises(SourceError, match="there is no file"):
        source("sqlite:///nowhere.db", tmp_path, table="t").scan()
    (tmp_path / "text.db").write_text("not a database, but text that is long enough to be looked at" * 20)
    for kind in ("sqlite", "duckdb"):
        with pytest.raises(SourceError):
            source(f"{kind}:///text.db", tmp_path, table="t").scan()


def test_a_missing_client_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    with pytest.raises(MissingExtraError, match=r"coterie\[sql\]"):
        source("mysql://u@h/x", tmp_path, query="SELECT 1").scan()
