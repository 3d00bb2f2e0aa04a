"""Recommenders of a finished run on held-out events."""

from __future__ import annotations

import numpy as np
import pytest

import coterie
from coterie.actions import evaluate
from coterie.errors import ConfigError, UnknownNameError
from coterie.runs.recommending import ground_of
from tests.projects import quick_sample

BY = ("segment", "itemitem", "ratings")
OPTIONS = {"itemitem": {"neighbours": 50, "shrinkage": 5.0}, "ratings": {"dims": 8, "regularisation": 0.1}}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return coterie.run(quick_sample(tmp_path_factory.mktemp("evaluated")), threads=1)


@pytest.fixture(scope="module", params=["random", "temporal"])
def found(request, run):
    return coterie.evaluate_recommenders(run, split=request.param, by=BY, options=OPTIONS)


def test_an_evaluation_is_whole(run, found):
    assert [one.name for one in found.judged] == ["random", "popularity", *BY]
    assert found.trained + found.held == ground_of(run).tastes.cells.nnz
    assert 0.15 < found.held / (found.trained + found.held) < 0.25
    assert len(found.paying) == 1 + len(run.segments)
    assert {one.name for one in found.rated} == {"mean of all", "means", "ratings"}
    assert found.notes[0] == evaluate.KEPT_CHOICE
    assert ((evaluate.LOOKS_AHEAD in found.notes), found.left_out) == (found.split == "temporal", ())
    ndcg = {one.name: one.ndcg.value for one in found.judged}
    assert ndcg["segment"] > ndcg["random"]


def test_a_temporal_split_holds_the_latest_out_and_leaves_one(run):
    ground = ground_of(run)
    held = evaluate._held_out(ground, "temporal", 0.2, 7)
    times, users = evaluate._first_times(ground), ground.tastes.users
    for user in range(0, ground.tastes.n_users, 17):
        own = users == user
        if held[own].any():
            assert times[own & ~held].max() <= times[own & held].min()
        assert (~held[own]).any()


def test_held_out_events_are_in_no_table_that_segments_are_fitted_on(run, monkeypatch):
    seen = {}

    def caught(run, tables, users):
        seen["tables"] = tables
        return np.full(len(users), -1, np.int32)

    monkeypatch.setattr(evaluate, "_segments_without", caught)
    found = evaluate.evaluate_recommenders(run, by=("segment",))
    from coterie.tables.types import events_of

    ground = ground_of(run)
    held = evaluate._held_out(ground, "random", run.config.evaluation.holdout, run.config.project.seed)
    events = events_of(seen["tables"][ground.table.name])
    pairs = set(zip(events.users[events.user].tolist(), events.items[events.item].tolist(), strict=True))
    users, items = ground.catalogue.users, ground.catalogue.items
    gone = zip(
        users[ground.tastes.users[held]].tolist(), items[ground.tastes.cells.indices[held]].tolist(), strict=True
    )
    assert not pairs & set(gone)
    assert len(pairs) == found.trained


def test_mistakes_are_named(run, tmp_path):
    with pytest.raises(ConfigError, match="'split' is 'tmporal'; did you mean 'temporal'"):
        coterie.evaluate_recommenders(run, split="tmporal")
    with pytest.raises(UnknownNameError, match="unknown recommender 'eaze'"):
        coterie.evaluate_recommenders(run, by=("eaze",))
    with pytest.raises(ConfigError, match="unknown key 'x' in recommender"):
        coterie.evaluate_recommenders(run, by=("ease",), options={"ease": {"x": 1}})
