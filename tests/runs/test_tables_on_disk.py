"""Tables of events on disk: what is damaged is made again, what an earlier version wrote is read."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from coterie import project
from coterie.engines import local
from coterie.errors import ModelError
from coterie.runs import tables_on_disk
from coterie.terms import OF_USERS
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = quick_sample(tmp_path_factory.mktemp("stored"))
    project.run(path)
    return path


def cached(config):
    (folder,) = (config.parent / ".coterie" / "cache" / "tables").iterdir()
    return folder


@pytest.mark.parametrize("damage", ["cut", "not an array", "gone", "shorter", "objects"])
def test_damaged_arrays_are_told_and_made_again(config, damage):
    folder = cached(config)
    whole = tables_on_disk.load(folder, OF_USERS).tables["ratings"]
    before = local.collect(whole.frame)
    path = folder / "tables" / "ratings.item.npy"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    elif damage == "not an array":
        path.write_text("item")
    elif damage == "gone":
        path.unlink()
    elif damage == "shorter":
        np.save(path, np.load(path)[:-1])
    else:
        np.save(path, np.array([{}], dtype=object))
    with pytest.raises(ModelError, match="run again"):
        tables_on_disk.load(folder, OF_USERS)
    project.run(config)
    assert local.collect(tables_on_disk.load(cached(config), OF_USERS).tables["ratings"].frame).equals(before)


def test_events_that_an_earlier_version_kept_as_parquet_are_read(config, tmp_path):
    folder = cached(config)
    events = local.collect(tables_on_disk.load(folder, OF_USERS).tables["ratings"].frame)
    for path in (folder / "tables").iterdir():
        if not path.name.startswith("ratings."):
            (tmp_path / "tables").mkdir(exist_ok=True)
            (tmp_path / "tables" / path.name).write_bytes(path.read_bytes())
    events.write_parquet(tmp_path / "tables" / "ratings.parquet")
    again = tables_on_disk.load(tmp_path, OF_USERS).tables["ratings"]
    assert local.collect(again.frame).sort(pl.all()).equals(events.sort(pl.all()))
