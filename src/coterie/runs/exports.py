"""What commands write where they are told to, and the users in it: tables by their header, graphs by their record.

A table is Coterie's where its header is one of ``TABLES``, and users are looked for in whole cells of the columns that
hold users, never in text: a user "1" is not the item "1", nor the rank 1.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from coterie import records
from coterie.activation.graphs.types import SCHEMA as GRAPH_SCHEMA
from coterie.errors import DataError, StoreError, shown
from coterie.features.contract import Ids
from coterie.runs.identity import RUNS, STATE_FOLDER
from coterie.spreadsheet import as_meant
from coterie.terms import BY, CONFIDENCE, DISTANCE, ITEM, SEGMENT, STRENGTH, TAG, TITLE, USER

GRAPH: Final = "graph.json"
# What ``coterie graph --out`` writes; the record comes last, so that a folder half removed is still known for one.
GRAPH_FILES: Final = (
    *("graph.graphml", "graph.gexf", "nodes.csv", "edges.csv", "graph.html", "graph.svg", "graph.png"),
    GRAPH,
)
_PACKED: Final = b"PAR1"  # what a Parquet file begins with
_LONGEST: Final = 200  # bytes of a header


@dataclass(frozen=True, slots=True)
class Held:
    """Which columns of a table hold users.

    Args:
        columns: their names. if_segmented: whether they hold what the run segments, which need not be users.
    """

    columns: tuple[str, ...]
    if_segmented: bool


TABLES: Final[Mapping[tuple[str, ...], Held]] = MappingProxyType(
    {
        (USER, SEGMENT, STRENGTH, DISTANCE): Held((USER,), True),  # scores of earlier versions
        (USER, SEGMENT, STRENGTH, DISTANCE, BY, CONFIDENCE): Held((USER,), True),  # score
        (USER, "rank", "similar_id", "similarity"): Held((USER, "similar_id"), True),  # similar --all
        (USER, "rank", "score", "similarity", SEGMENT): Held((USER,), True),  # lookalike
        ("seed", "reason", "nearest"): Held(("seed", "nearest"), True),  # its rejected seeds
        (USER, "rank", ITEM, TITLE, "score", BY): Held((USER,), False),  # recommend --all
        (USER, "rank", ITEM, "similarity"): Held((USER,), False),  # match
        (USER, TAG, "probability", "becomes", "is_fan"): Held((USER,), False),  # fans
    }
)


def below(folder: Path, skipped: Collection[Path]) -> Iterator[Path]:
    """Give the files below a project, sorted, but those of its runs, of its state, and those skipped (resolved)."""
    for path in sorted(folder.rglob("*")):
        is_kept_elsewhere = path.relative_to(folder).parts[0] in {RUNS, STATE_FOLDER}
        if not is_kept_elsewhere and path.is_file() and path.resolve() not in skipped:
            yield path


def users_in_table(path: Path, users: Ids, *, users_are_segmented: bool) -> Ids:
    """Give those of some users that a table holds; nobody where the file is no table of Coterie's.

    Args:
        users: (n,) sorted. users_are_segmented: whether what the project's runs segment are users.

    Raises:
        DataError: the table is damaged. StoreError: the file cannot be read.
    """
    header, is_packed = _header(path)
    held = TABLES.get(header)
    if held is None or (held.if_segmented and not users_are_segmented):
        return np.zeros(0, np.str_)
    rows = _read(path, header, is_packed=is_packed)  # all of it: what is damaged is said before anything is changed
    meant = {_meant(cell, is_packed=is_packed) for name in held.columns for cell in _cells(rows, name)}
    found: Ids = np.array([user for user in users.tolist() if user in meant], np.str_)
    return found


def table_without(path: Path, users: Ids) -> bytes:
    """Give a table of Coterie's without the rows that hold any of some users in any of its columns of users.

    Raises:
        DataError: the table is damaged. StoreError: the file cannot be read.
    """
    header, is_packed = _header(path)
    gone = set(users.tolist())
    rows = _read(path, header, is_packed=is_packed)
    for name in TABLES[header].columns:
        cells = [cell for cell in _cells(rows, name) if _meant(cell, is_packed=is_packed) in gone]
        rows = rows.filter(~pl.col(name).cast(pl.String).fill_null("").is_in(cells))
    written = io.BytesIO()
    if is_packed:
        rows.write_parquet(written, compression="zstd")
    else:
        rows.write_csv(written)
    return written.getvalue()


def users_in_graph(path: Path, users: Ids) -> Ids:
    """Give those of some users that are nodes of a graph of users, by its record; nobody where the file is none."""
    nobody: Ids = np.zeros(0, np.str_)
    if path.name != GRAPH:
        return nobody
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != GRAPH_SCHEMA or record["body"]["kind"] != "users":
            return nobody
        nodes = {str(one) for one in record["body"]["ids"]}
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return nobody
    found: Ids = np.array([user for user in users.tolist() if user in nodes], np.str_)
    return found


def files_of_graph(path: Path, skipped: Collection[Path]) -> tuple[Path, ...]:
    """Give the files that were written with a graph's record, itself last, but those skipped (resolved)."""
    beside = (path.with_name(name) for name in GRAPH_FILES)
    return tuple(file for file in beside if file.is_file() and file.resolve() not in skipped)


def remove(path: Path) -> None:
    """Remove a file.

    Raises:
        StoreError: its folder is not writable.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot remove '{path}': {error.strerror or error}; look at its permissions") from error


def write(path: Path, users: Ids) -> None:
    """Write a table anew without some users; it appears whole or not at all."""
    records.write_whole(path, table_without(path, users))


def _header(path: Path) -> tuple[tuple[str, ...], bool]:
    """Give the names of a table's columns, and whether it is Parquet; some text where it is no table."""
    try:
        with path.open("rb") as opened:
            line = opened.readline(_LONGEST)
    except OSError as error:
        raise StoreError(f"cannot read '{path}': {error.strerror or error}; look at its permissions") from error
    if not line.startswith(_PACKED):
        names = line.decode("utf-8-sig", "replace").strip().split(",")
        return tuple(name.strip('"') for name in names), False
    try:
        return tuple(pl.read_parquet_schema(path)), True
    except (OSError, pl.exceptions.PolarsError):
        return (), True


def _read(path: Path, columns: tuple[str, ...], *, is_packed: bool) -> pl.DataFrame:
    try:
        if is_packed:
            return pl.read_parquet(path, columns=list(columns))
        return pl.read_csv(path, columns=list(columns), infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        why = str(error).split("\n", 1)[0]
        raise DataError(
            f"the table {shown(path)} is damaged, so nobody can say whom it holds: {why}; nothing was changed in it. "
            "Write it again or remove it"
        ) from error


def _cells(rows: pl.DataFrame, name: str) -> list[str]:
    cells: list[str] = rows[name].cast(pl.String).fill_null("").unique().to_list()
    return cells


def _meant(cell: str, *, is_packed: bool) -> str:
    """Give an id as it was before it was made harmless for spreadsheets, which CSV alone is."""
    return cell if is_packed else as_meant(cell)
