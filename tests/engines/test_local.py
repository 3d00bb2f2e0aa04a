from __future__ import annotations

from pathlib import Path

import duckdb
import narwhals.stable.v2 as nw
import polars as pl
import pytest

from coterie.engines import local
from coterie.errors import StoreError

ROWS = pl.DataFrame({"user_id": ["a", "b", "a"], "value": [1.5, None, 2.0]})


@pytest.fixture
def relation(tmp_path: Path) -> nw.LazyFrame[duckdb.DuckDBPyRelation]:
    ROWS.write_parquet(tmp_path / "rows.parquet")
    return nw.from_native(duckdb.connect().read_parquet(str(tmp_path / "rows.parquet")))


def test_both_backends_are_collected_alike(relation: nw.LazyFrame[duckdb.DuckDBPyRelation]) -> None:
    assert local.collect(relation).equals(ROWS)
    assert local.collect(local.lazy(ROWS)).equals(ROWS)
    assert [frame.height for frame in local.collect_all([relation, local.lazy(ROWS)])] == [3, 3]


def test_no_rows_keep_their_types(relation: nw.LazyFrame[duckdb.DuckDBPyRelation]) -> None:
    assert local.collect(relation.filter(nw.col("user_id") == "z")).schema == ROWS.schema


def test_a_foreign_plan_is_brought_here_to_join(relation: nw.LazyFrame[duckdb.DuckDBPyRelation]) -> None:
    names = local.lazy(pl.DataFrame({"user_id": ["a"], "name": ["Ada"]}))
    joined = local.collect(local.here(relation).join(names, on="user_id", how="inner"))
    assert sorted(joined["value"].to_list()) == [1.5, 2.0]


def test_a_plan_that_is_here_stays_lazy() -> None:
    frame = local.lazy(ROWS)
    assert local.here(frame) is frame


def test_a_full_disk_is_said_as_such() -> None:
    """Polars calls it "file out of specification" when the file's end does not fit."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(StoreError, match=r"cannot write '/dev/full': .*No space left on device.*; free some space"):
        local.write_parquet(ROWS, Path("/dev/full"))
