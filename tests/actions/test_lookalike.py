"""Look-alike audiences of a run's users and of newcomers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.actions.lookalike import write_audience
from coterie.errors import ConfigError, DataError, StoreError, UnknownNameError
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return coterie.run(quick_sample(tmp_path_factory.mktemp("alike"), n_users=800, with_truth=True), threads=1)


@pytest.fixture(scope="module")
def planted(run):
    """Users of the second smallest group that was planted; nothing in the run has read which these are."""
    truth = pl.read_csv(run.folder.parent.parent / "truth.csv", infer_schema=False)
    ids = truth.filter(pl.col("segment") == "3")["user_id"].to_list()
    known = set(run.assignments()["user_id"].to_list())
    return sorted(one for one in ids if one in known)


def test_on_planted_data_hidden_seeds_are_found_three_times_as_often_as_at_random(run, planted):
    found = coterie.lookalike(run, planted[:60]).audience
    best = found.recall()
    assert best.times_random >= 3
    assert best.recall.low > 0.1
    assert found.is_distinctive
    assert found.hidden.at("activity", 0.1).times_random < best.times_random / 2


def test_the_audience_is_made_of_others_like_the_seeds(run, planted):
    seeds, others = planted[:60], set(planted[60:])
    found = coterie.lookalike(run, seeds, reach=len(others))
    frame = found.frame
    assert frame.columns == ["user_id", "rank", "score", "similarity", "segment_id"]
    assert frame["rank"].to_list() == list(range(1, len(others) + 1))
    assert frame["score"].to_list() == sorted(frame["score"].to_list(), reverse=True)
    assert not set(frame["user_id"].to_list()) & set(seeds)
    assert len(set(frame["user_id"].to_list()) & others) > 0.5 * len(others)
    assert found.scored.height == found.audience.n_ranked == run.assignments().height - 60


def test_the_list_decides_and_not_its_order(run, planted):
    once = coterie.lookalike(run, planted[:60])
    again = coterie.lookalike(run, [*reversed(planted[:60]), planted[0]])
    assert again.scored.equals(once.scored)
    assert [(one.id, one.reason) for one in again.audience.refused] == [(planted[0], "given 2 times; counted once")]


def test_by_centroid_and_with_a_floor(run, planted):
    found = coterie.lookalike(run, planted[:60], ranked_by="centroid", floor=0.5)
    assert found.frame["similarity"].to_list() == sorted(found.frame["similarity"].to_list(), reverse=True)
    assert found.frame["similarity"].min() >= 0.5 > found.scored["similarity"].to_list()[found.frame.height]
    nobody = coterie.lookalike(run, planted[:60], floor=1.0)
    assert nobody.frame.is_empty()
    assert any("nobody reaches the floor of 1" in one for one in nobody.audience.warnings)


def test_descriptors_can_be_taken_in(run, planted):
    (name,) = [name for name, asked in run.config.features.items() if asked.use == "descriptor"]
    found = coterie.lookalike(run, planted[:60], by=["embedding", name])
    assert found.audience.by == ("embedding", name)
    assert any(column.startswith(f"{name}: ") for column in found.model.columns)
    with pytest.raises(UnknownNameError, match="unknown feature 'demo'"):
        coterie.lookalike(run, planted[:60], by=["demo"])


def test_who_is_excluded_is_neither_ranked_nor_taken_for_unlike(run, planted, tmp_path):
    (tmp_path / "out.csv").write_text("user_id\n" + "\n".join(planted[60:80]) + "\nnobody\n")
    found = coterie.lookalike(run, planted[:60], exclude=[tmp_path / "out.csv", planted[80]])
    gone = planted[60:81]
    assert not set(found.scored["user_id"].to_list()) & set(gone)
    assert not np.isin(found.model.bagged, gone).any()
    assert (found.audience.n_excluded, found.audience.unknown_excluded) == (21, 1)


def test_ids_that_are_no_seeds_are_kept_with_their_reason(run, planted, tmp_path):
    path = tmp_path / "seeds.csv"
    known = planted[:30]
    wrong = "9" + known[0][1:] if len(known[0]) > 2 else known[0] + "9x"
    path.write_text("\n".join(["user_id", *known, known[1], "", "no such one", wrong]) + "\n")
    found = coterie.lookalike(run, path)
    reasons = dict(found.rejects.select("seed", "reason").iter_rows())
    assert reasons["no such one"] == "not in the run"
    assert reasons[known[1]] == "given 2 times; counted once"
    files = write_audience(found, tmp_path / "out" / "audience.csv")
    assert [file.name for file in files] == ["audience.csv", "audience.rejects.csv"]
    assert pl.read_csv(files[1])["seed"].to_list() == found.rejects["seed"].to_list()
    assert pl.read_csv(files[0], infer_schema=False).height == found.audience.users


def test_newcomers_are_ranked_by_the_same_model_alone_or_in_a_batch(run, planted, tmp_path):
    ratings = pl.read_csv(run.folder.parent.parent / "ratings.csv", infer_schema=False)
    fresh = ratings.filter(pl.col("user_id").is_in(planted[60:70]), pl.col("rating").is_in(["1", "2", "3", "4", "5"]))
    fresh = fresh.unique(["user_id", "item_id"]).with_columns(pl.format("new-{}", "user_id").alias("user_id"))
    fresh.write_csv(tmp_path / "new.csv")
    batch = coterie.lookalike(run, planted[:60], newcomers=coterie.newcomers(run, tmp_path / "new.csv"), reach=1.0)
    assert batch.audience.from_files
    assert batch.audience.n_ranked == fresh["user_id"].n_unique() == 10
    for user in batch.frame["user_id"].to_list()[:3]:
        fresh.filter(pl.col("user_id") == user).sample(fraction=1, shuffle=True, seed=1).write_csv(tmp_path / "one.csv")
        alone = coterie.lookalike(run, planted[:60], newcomers=coterie.newcomers(run, tmp_path / "one.csv"), reach=1.0)
        columns = ["user_id", "score", "similarity", "segment_id"]
        assert alone.frame.select(columns).equals(batch.frame.filter(pl.col("user_id") == user).select(columns))


def test_few_seeds_are_said_to_be_few(run, planted):
    found = coterie.lookalike(run, planted[:3])
    assert found.audience.hidden is None
    assert found.audience.is_distinctive is None
    assert found.audience.recall() is None
    assert any("3 seeds are too few to hide some" in one for one in found.audience.warnings)


def test_wrong_use(run, planted, tmp_path):
    with pytest.raises(DataError, match=r"none of the 2 seeds is a user of the run .*for example 'x' \(not in the run"):
        coterie.lookalike(run, ["x", "y"])
    with pytest.raises(ConfigError, match="a reach and a floor are given"):
        coterie.lookalike(run, planted[:9], reach=5, floor=0.5)
    with pytest.raises(ConfigError, match="is ranked by 'size'; expected 'classifier' or 'centroid'"):
        coterie.lookalike(run, planted[:9], ranked_by="size")
    (tmp_path / "new.csv").write_text("user_id,item_id,rating,timestamp\nnew-1,3,5,1700000000\n")
    new = coterie.newcomers(run, tmp_path / "new.csv")
    with pytest.raises(DataError, match="nobody is left to rank: all are seeds, excluded, or unknown"):
        coterie.lookalike(run, planted[:9], exclude=["new-1"], newcomers=new)
    found = coterie.lookalike(run, planted[:9])
    with pytest.raises(ConfigError, match=r"ends in '.txt'; expected .parquet or .csv"):
        write_audience(found, tmp_path / "a.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot make the folder .*choose another --out"):
        write_audience(found, tmp_path / "file" / "a.csv")
