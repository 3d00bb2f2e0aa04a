"""Users of a run matched to items, by traits and by the embedding."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.actions.match import write_matches
from coterie.errors import ConfigError, StoreError, UnknownNameError
from tests.actions.fans import TRAITS, write_fans
from tests.cli.test_watch import said


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return coterie.run(write_fans(tmp_path_factory.mktemp("fans")), threads=1)


def test_traits_find_characters_whom_fans_like_for_what_they_are(run):
    found = coterie.match(run, ns=[5, 10])
    assert found.columns == TRAITS
    assert found.evaluation.gain("random", 10).is_better
    assert found.evaluation.gain("popularity", 10).is_better
    assert found.evaluation.percentile("match").mean.low > 60
    assert (found.unmatched_users, found.unmatched_items) == (0, 0)


def test_where_likes_do_not_follow_traits_the_match_is_no_better_than_random(tmp_path):
    found = coterie.match(coterie.run(write_fans(tmp_path, pull=0.0), threads=1)).evaluation
    assert not found.gain("random", 10).is_better
    assert found.percentile("match").mean.low < 50 < found.percentile("match").mean.high


def test_the_embedding_is_fitted_again_without_what_is_held_out(sample_run, monkeypatch):
    from coterie.actions import match as module

    seen = []

    def spied(config, tables, ids, *purpose):
        from coterie.tables.types import events_of

        seen.append(events_of(tables["ratings"]).n_events)
        return fit(config, tables, ids, *purpose)

    fit = module.fit_space
    monkeypatch.setattr(module, "fit_space", spied)
    found = coterie.match(sample_run, by="embedding", held_out=0.25)
    from coterie.tables.types import events_of

    assert seen[0] / events_of(sample_run.tables()["ratings"]).n_events == pytest.approx(0.75, abs=0.01)
    assert found.evaluation.gain("random", None).is_better
    assert found.positive_from == 4


def test_best_matches_are_those_of_the_cosine_and_none_is_known(run, tmp_path):
    frame = coterie.matches(run, n=3)
    assert frame.columns == ["user_id", "rank", "item_id", "similarity"]
    assert frame.height == 3 * 150
    likes = pl.read_csv(run.folder.parent.parent / "likes.csv")
    taken = set(zip(likes["user_id"].to_list(), likes["character_id"].to_list(), strict=True))
    assert not taken & set(frame.select("user_id", "item_id").iter_rows())
    fans, characters = (
        pl.read_csv(run.folder.parent.parent / f"{name}.csv").select(TRAITS).to_numpy()
        for name in ("fans", "characters")
    )
    rows = [(one - one.mean(axis=0)) / one.std(axis=0) for one in (fans, characters)]
    rows = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in rows]
    expected = rows[0] @ rows[1].T
    for user, _, item, similarity in frame.head(30).iter_rows():
        assert similarity == pytest.approx(expected[int(user[1:]), int(item[1:])], abs=1e-5)
    for ending in ("csv", "parquet"):
        write_matches(frame, tmp_path / f"m.{ending}")
    assert pl.read_csv(tmp_path / "m.csv").height == pl.read_parquet(tmp_path / "m.parquet").height == 450


def test_from_the_command_line(run, capsys, tmp_path):
    project = run.folder.parent.parent
    code, out, _ = said(capsys, "match", "--n", "5", "--out", tmp_path / "m.csv", "--project", project)
    assert code == 0
    assert "150 users matched to 60 items by traits over 8 columns of both" in out
    assert "F1 at 5: better than popularity" in out
    code, out, _ = said(capsys, "match", "--json", "--project", project)
    assert {one["by"] for one in json.loads(out)["evaluation"]["percentiles"]} == {"match", "popularity", "random"}


def test_wrong_use(run, sample_run, capsys, tmp_path):
    with pytest.raises(ConfigError, match=r"users have the numbers 'age'.* and items .*expected two at least"):
        coterie.match(sample_run)
    with pytest.raises(ConfigError, match="users are matched by 'size'; expected 'traits' or 'embedding'"):
        coterie.match(run, by="size")
    with pytest.raises(ConfigError, match="'held_out' is 1; expected a share"):
        coterie.match(run, held_out=1)
    with pytest.raises(UnknownNameError, match="unknown table of events 'like'; did you mean 'likes'"):
        coterie.match(run, likes="like")
    with pytest.raises(ConfigError, match=r"end in '.txt'; expected .parquet or .csv"):
        write_matches(coterie.matches(run, n=1), tmp_path / "m.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write .*choose another --out"):
        write_matches(coterie.matches(run, n=1), tmp_path / "file" / "m.csv")
    code, _, err = said(capsys, "match", "--by", "size", "--project", run.folder)
    assert (code, "'--by' is 'size'" in err) == (2, True)
