"""The most similar of a run's users, of its items, and of everybody."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.errors import ConfigError, DataError, StoreError, UnknownNameError
from tests.projects import quick_sample


@pytest.fixture
def run(sample_run):
    return sample_run


def brute(run, k):
    """The k nearest of everybody by all products of the run's own points."""
    ids = np.array(sorted(run.assignments()["user_id"].to_list()))
    points, known = run.model().space.embed(run.tables(), ids)
    rows = points.astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    order = np.lexsort((np.broadcast_to(np.arange(len(ids)), cosines.shape), -cosines.round(6)), axis=1)[:, :k]
    assert known.all()
    return ids, order, cosines


def test_one_is_answered_as_by_all_products_and_as_in_the_table(run, tmp_path):
    ids, order, cosines = brute(run, 4)
    written = coterie.similar_all(run, tmp_path / "all.parquet", k=4)
    table = pl.read_parquet(tmp_path / "all.parquet")
    assert table.columns == ["user_id", "rank", "similar_id", "similarity"]
    assert (written.rows, written.n, written.unknown, written.method) == (table.height, len(ids), 0, "exact")
    assert table["similar_id"].to_list() == ids[order].ravel().tolist()
    np.testing.assert_allclose(table["similarity"], np.take_along_axis(cosines, order, 1).ravel(), atol=1e-6)
    for user in ids[[0, 7, -1]].tolist():
        found = coterie.similar(run, user, k=4)
        rows = table.filter(pl.col("user_id") == user)
        assert [one.id for one in found.alike] == rows["similar_id"].to_list()
        assert [one.similarity for one in found.alike] == rows["similarity"].to_list()


def test_it_is_said_why(run):
    found = coterie.similar(run, "7", k=3)
    segments = dict(run.assignments().select("user_id", "segment_id").iter_rows())
    assert found.among == run.assignments().height - 1
    assert found.segment == segments["7"]
    for one in found.alike:
        assert one.segment == segments[one.id]
        assert one.why.n_shared <= min(one.why.n_own, one.why.n_other)
        weights = [item.weight for item in one.why.items]
        assert weights == sorted(weights, reverse=True)
        assert all(tag.own > tag.overall < tag.other for tag in one.why.tags)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_blocks_of_features_can_be_chosen(run, tmp_path, ending):
    features = list(run.config.features)
    path = tmp_path / f"all.{ending}"
    written = coterie.similar_all(run, path, k=2, by=features)
    assert written.by == tuple(features)
    table = pl.read_csv(path) if ending == "csv" else pl.read_parquet(path)
    assert table.height == written.rows
    first = coterie.similar(run, str(table["user_id"][0]), k=2, by=features)
    assert [one.id for one in first.alike] == table["similar_id"].cast(pl.String).to_list()[:2]


def test_of_whom_nothing_is_known_says_so(tmp_path):
    config = quick_sample(tmp_path, n_users=150)
    people = pl.read_csv(tmp_path / "people.csv", infer_schema=False)
    people.filter(pl.col("user_id") != "5").write_csv(tmp_path / "people.csv")
    config.write_text(config.read_text().replace('item = "item_id"', 'item = "item_id"\nunknown = "keep"', 1))
    run = coterie.run(config, threads=1)
    (name,) = [name for name, asked in run.config.features.items() if asked.kind == "attributes"]
    found = coterie.similar(run, "5", by=[name])
    assert found.alike == ()
    assert found.unknown == f"the user '5' is in the run, but nothing of it is known to '{name}'"
    written = coterie.similar_all(run, tmp_path / "all.csv", by=[name])
    assert written.unknown == 1


def test_items_by_who_takes_them_up(run):
    found = coterie.similar_items(run, "3", k=5)
    values = [one.similarity for one in found.alike]
    assert values == sorted(values, reverse=True)
    assert all(one.both >= 5 and one.both <= min(one.users, found.users) for one in found.alike)
    assert "3" not in [one.item for one in found.alike]
    assert found.title != "3"


def test_other_things_than_users_are_compared_as_well(tmp_path):
    config = quick_sample(tmp_path, n_users=150)
    config.write_text(config.read_text().replace("[project]\n", '[project]\nentity = "items"\n', 1))
    run = coterie.run(config, threads=1)
    (first, *_) = run.assignments()["user_id"].to_list()
    found = coterie.similar(run, first, k=2)
    assert len(found.alike) == 2
    assert found.alike[0].why.n_shared > 0
    with pytest.raises(UnknownNameError, match="unknown item 'nope'"):
        coterie.similar(run, "nope")


def test_somebody_never_seen_is_like_whom_they_copy_alone_or_in_a_batch(run, tmp_path):
    ratings = pl.read_csv(run.folder.parent.parent / "ratings.csv", infer_schema=False)
    fresh = ratings.filter(pl.col("user_id").is_in(["7", "8", "9"]), pl.col("rating").is_in(["1", "2", "3", "4", "5"]))
    fresh = fresh.unique(["user_id", "item_id"]).with_columns(pl.format("new-{}", "user_id").alias("user_id"))
    fresh.write_csv(tmp_path / "new.csv")
    fresh.filter(pl.col("user_id") == "new-8").sample(fraction=1, shuffle=True, seed=1).write_csv(tmp_path / "one.csv")
    batch = coterie.newcomers(run, tmp_path / "new.csv")
    found = coterie.similar(run, "new-8", k=4, newcomers=batch)
    alone = coterie.similar(run, "new-8", k=4, newcomers=coterie.newcomers(run, tmp_path / "one.csv"))
    assert alone == found
    own = coterie.similar(run, "8", k=4)
    assert found.alike[0].id == "8"
    assert found.alike[0].similarity > 0.95
    assert found.alike[0].why.n_shared >= 0.9 * found.alike[0].why.n_own > 0
    assert found.segment == own.segment
    assert found.among == own.among + 1
    with pytest.raises(UnknownNameError, match="unknown user 'new-1'; did you mean 'new-"):
        coterie.similar(run, "new-1", newcomers=batch)


def test_an_index_is_refused_for_few_users(run, tmp_path):
    written = coterie.similar_all(run, tmp_path / "all.parquet", approximately=True)
    assert written.method == "exact"
    assert written.note.startswith("exact: below 400,000")


def test_wrong_use(run, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown user '70000'"):
        coterie.similar(run, "70000")
    with pytest.raises(UnknownNameError, match="unknown feature 'tast'; did you mean 'taste'"):
        coterie.similar(run, "7", by=["tast"])
    with pytest.raises(ConfigError, match=r"positions are by \['taste', 'taste'\]; expected one or several of"):
        coterie.similar(run, "7", by=["taste", "taste"])
    with pytest.raises(ConfigError, match="'k' is 0; expected a whole number >= 1"):
        coterie.similar(run, "7", k=0)
    with pytest.raises(UnknownNameError, match="unknown item 'none'"):
        coterie.similar_items(run, "none")
    with pytest.raises(ConfigError, match="'shrinkage' is -1"):
        coterie.similar_items(run, "3", shrinkage=-1)
    with pytest.raises(ConfigError, match=r"ends in '.xlsx'; expected .parquet or .csv"):
        coterie.similar_all(run, tmp_path / "all.xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write .*choose another --out"):
        coterie.similar_all(run, tmp_path / "file" / "all.csv")


def test_a_run_without_events_has_no_items(run, tmp_path):
    folder = Path(shutil.copytree(run.folder, tmp_path / "run"))
    assert folder.is_dir()
    empty = dataclasses.replace(run, folder=folder)
    from coterie.actions.similar import _events

    with pytest.raises(DataError, match="has no table of events, so no item is taken up"):
        _events(empty, ())
