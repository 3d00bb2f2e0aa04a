"""Reading a table of events from MariaDB and PostgreSQL: rows a second and peak memory, beside other clients.

    python bench/sql.py [--rows 10000000]

Servers on 127.0.0.1, root without a password and trust. The table (user, item, rating, time) is made on the server, in
a database of its own, and dropped. Each reading is a process of its own. Keeps its section of bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
from sections import keep, measured

MYSQL, POSTGRESQL = "mysql://root@127.0.0.1:3306/coterie_bench", "postgresql://postgres@127.0.0.1:5432/coterie_bench"
TABLE, BATCH = "events", 100_000
STATEMENT = f"SELECT * FROM {TABLE}"


def coterie_source(url: str) -> int:
    from coterie.config import Table
    from coterie.sources.opening import open_source

    raw = open_source(Table(role="events", source=url, table=TABLE, user="user_id", item="item_id"), Path()).scan()
    return raw.frame.to_native().select(pl.len()).collect().item()


def psycopg_cursor(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor(name="bench") as cursor:
        cursor.execute(STATEMENT)
        return spooled(_batches(cursor))


def connectorx_stream(url: str) -> int:
    import connectorx

    reader = connectorx.read_sql(url, STATEMENT, return_type="arrow_stream", batch_size=BATCH)
    return spooled(pl.from_arrow(batch) for batch in reader)


def _batches(cursor: object) -> Iterator[pl.DataFrame]:
    while rows := cursor.fetchmany(BATCH):  # type: ignore[attr-defined]
        yield pl.DataFrame(rows, orient="row")


def spooled(batches: Iterator[pl.DataFrame]) -> int:
    """Write batches into Parquet, as Coterie does."""
    n = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, batch in enumerate(batches):
            batch.write_parquet(Path(folder) / f"{number}.parquet", compression="lz4")
            n += batch.height
    return n


WAYS: dict[str, tuple[str, str, Callable[[str], int]]] = {
    "mariadb-coterie": ("MariaDB", "Coterie (PyMySQL)", coterie_source),
    "mariadb-connectorx": ("MariaDB", "ConnectorX", connectorx_stream),
    "postgresql-coterie": ("PostgreSQL", "Coterie (ADBC)", coterie_source),
    "postgresql-psycopg": ("PostgreSQL", "psycopg, server-side cursor", psycopg_cursor),
    "postgresql-connectorx": ("PostgreSQL", "ConnectorX", connectorx_stream),
}


def make(rows: int) -> None:
    import pymysql
    from adbc_driver_postgresql import dbapi

    with pymysql.connect(host="127.0.0.1", user="root") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE coterie_bench")
        cursor.execute(
            f"CREATE TABLE coterie_bench.{TABLE} AS SELECT FLOOR(RAND(1) * 162541) user_id, "
            "FLOOR(RAND(2) * 59047) item_id, CAST(1 + FLOOR(RAND(3) * 9) / 2 AS DECIMAL(3, 1)) rating, "
            "FROM_UNIXTIME(1577836800 + FLOOR(RAND(4) * 1e7)) time "
            f"FROM coterie_bench.seq_1_to_{rows}"
        )
        connection.commit()
    root = POSTGRESQL.rpartition("/")[0]
    with dbapi.connect(f"{root}/postgres", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE coterie_bench")
    with dbapi.connect(POSTGRESQL, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {TABLE} AS SELECT (random() * 162540)::bigint user_id, (random() * 59046)::bigint item_id, "
            "(1 + floor(random() * 9) / 2)::numeric(3, 1) rating, "
            f"timestamptz '2020-01-01' + floor(random() * 1e7) * interval '1 s' AS time FROM generate_series(1, {rows})"
        )


def drop() -> None:
    import pymysql
    from adbc_driver_postgresql import dbapi

    with pymysql.connect(host="127.0.0.1", user="root") as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS coterie_bench")
    root = POSTGRESQL.rpartition("/")[0]
    with dbapi.connect(f"{root}/postgres", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS coterie_bench WITH (FORCE)")


def one(way: str) -> None:
    database, _, read = WAYS[way]
    begun = time.perf_counter()
    n = read(MYSQL if database == "MariaDB" else POSTGRESQL)
    seconds = time.perf_counter() - begun
    print(n, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--one", choices=WAYS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.one)
        return
    drop()
    make(asked.rows)
    lines = []
    try:
        for way, (database, client, _) in WAYS.items():
            done = subprocess.run([sys.executable, __file__, "--one", way], capture_output=True, text=True, check=False)
            if done.returncode:
                lines.append(f"| {database} | {client} | {done.stderr.strip().splitlines()[-1][:90]} | | |")
                continue
            n, seconds, peak = map(float, done.stdout.split())
            if int(n) != asked.rows:
                raise AssertionError((way, n))
            lines.append(f"| {database} | {client} | {seconds:.1f} | {n / seconds:,.0f} | {peak:,.0f} |")
            print(lines[-1], flush=True)
    finally:
        drop()
    libraries = ("coterie", "adbc-driver-postgresql", "pymysql", "connectorx", "psycopg", "polars")
    command = f"Command: `python bench/sql.py --rows {asked.rows}`"
    head = f"{measured(libraries)} {command}, on {asked.rows:,} events of four columns."
    table = "| database | client | s | rows a second | peak MB |\n|---|---|---|---|---|\n" + "\n".join(lines)
    keep("sql", f"## Reading from databases\n\n{head} Each writes what it reads into Parquet.\n\n{table}\n")


if __name__ == "__main__":
    main()
