"""One config on files and on every kind of database gives the same segments."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

import coterie
from tests.projects import quick_sample
from tests.sources.sql.databases import KINDS, fill, inserts

TABLES = ("ratings", "people", "titles")
TYPES = {"timestamp": "BIGINT", "year": "INT"}  # the others hold cells that are none, as text


def rows_of(path: Path) -> tuple[list[str], list[list[str | None]]]:
    with path.open(encoding="utf-8", newline="") as opened:
        header, *rows = csv.reader(opened)
    return header, [[cell if cell != "" else None for cell in row] for row in rows]


def moved(folder: Path, kind: str, url: str) -> Path:
    """Put the sample's tables into a database, or into Parquet, and let the config read them there."""
    config = quick_sample(folder, n_users=200)
    text = config.read_text()
    for name in TABLES:
        header, rows = rows_of(folder / f"{name}.csv")
        source = f'source = "{name}.csv"'
        assert source in text
        if kind == "parquet":
            table = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
            table.write_parquet(folder / f"{name}.parquet")
            text = text.replace(source, f'source = "{name}.parquet"')
            continue
        columns = ", ".join(f"{column} {TYPES.get(column, 'VARCHAR(90)')}" for column in header)
        fill(url, folder, [f"DROP TABLE IF EXISTS {name}", f"CREATE TABLE {name} ({columns})", *inserts(name, rows)])
        text = text.replace(source, f'source = "{url}"\ntable = "{name}"')
    config.write_text(text)
    return config


@pytest.fixture(scope="module")
def from_files(tmp_path_factory: pytest.TempPathFactory) -> coterie.Run:
    return coterie.run(quick_sample(tmp_path_factory.mktemp("files"), n_users=200))


@pytest.mark.parametrize("kind", [*KINDS, "parquet"])
def test_the_same_segments(kind, from_files, tmp_path, request):
    url = request.getfixturevalue(f"{kind}_url") if kind in {"mysql", "postgresql"} else f"{kind}:///shop.db"
    run = coterie.run(moved(tmp_path, kind, url))
    assert run.assignments().sort("user_id").equals(from_files.assignments().sort("user_id"))
    for name in ("segments.json", "profiles.json"):
        assert (run.folder / name).read_bytes() == (from_files.folder / name).read_bytes()
