"""Fans of a whole run."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import coterie
from coterie.actions.fans import _halved, _liked, _users_of
from coterie.cli import main
from coterie.errors import ConfigError, UnknownNameError
from coterie.selection.heldout import event_table, positive_floor
from coterie.tables.types import events_of


@pytest.fixture(scope="module")
def found(sample_run):
    return coterie.fans(sample_run, min_index=110)


def test_the_earlier_half_of_the_likes_comes_before_the_later(sample_run):
    config, tables, ids = sample_run.config, sample_run.tables(), _users_of(sample_run)
    liked = _liked(config, tables, ids, ("Drama",))
    assert liked.cut == "time"
    table = event_table(config, tables)
    events, floor = events_of(table), positive_floor(config, table)
    times = {
        (events.users[u], events.items[i]): t for u, i, t in zip(events.user, events.item, events.time, strict=True)
    }
    assert floor == 4
    lives = _halved(liked, np.bincount(liked.user, minlength=len(ids)), np.empty((len(ids), 0)))
    items = np.unique(events.items)
    for row in range(0, len(ids), 29):
        before, after = (
            [times[ids[row], items[i]] for i in half.matrix[[row]].indices] for half in (lives.before, lives.after)
        )
        assert len(after) - len(before) in {0, 1}
        assert max(before, default=0) <= min(after, default=np.inf)


def test_predictions_are_of_every_tag_and_the_same_for_one_alone(found):
    rows = found.predict()
    users = rows["user_id"].unique().sort().to_list()
    assert rows.height == len(users) * len(found.fitted.tags)
    assert rows["probability"].is_between(0, 1).all()
    assert found.predict([users[3]]).equals(rows.filter(pl.col("user_id") == users[3]))


def test_it_is_kept(sample_run, found):
    again = coterie.fans(sample_run, min_index=110)
    assert again.report == found.report
    assert again.predict(["1"]).equals(found.predict(["1"]))


def test_what_cannot_be_asked_is_refused(sample_run, found):
    with pytest.raises(UnknownNameError, match="did you mean '1"):
        found.predict(["1x"])
    with pytest.raises(ConfigError, match="at least 1 like"):
        coterie.fans(sample_run, min_likes=0)


def test_on_the_command_line(sample_run, found, capsys, tmp_path):
    project = sample_run.folder.parents[1]

    def said(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["fans", "--project", str(project), "--min-index", "110", *map(str, arguments)])
        return int(left.value.code or 0), capsys.readouterr().out

    code, out = said("--out", tmp_path / "fans.csv")
    assert code == 0
    for word in ("chains", "one-vs-rest", "cosine", "popularity", "Hamming"):
        assert word in out
    assert pl.read_csv(tmp_path / "fans.csv", infer_schema=False).columns == found.predict(["1"]).columns
    assert said("1")[1].startswith("user_id,tag,probability")
    answer = json.loads(said("1", "--json")[1])
    assert answer["report"]["chosen"] == found.report.chosen
    assert {row["user_id"] for row in answer["users"]} == {"1"}
    assert said("nobody")[0] == 2
