"""The curves of a look-alike audience."""

from __future__ import annotations

import dataclasses

import pytest

import coterie
from coterie import plots
from tests.plots.charts import find


@pytest.fixture(scope="module")
def audience(sample_run):
    ids = sample_run.assignments().filter(sample_run.assignments()["segment_id"] == "s-1")["user_id"].to_list()
    return coterie.lookalike(sample_run, ids[:20]).audience


def test_recall_by_reach_beside_random(audience):
    _, rows = find(plots.reach_curve(audience), "line")
    assert {row["by"] for row in rows} == {"classifier", "centroid", "segment", "activity", "random"}
    assert all(row["recall"] == row["reach"] for row in rows if row["by"] == "random")
    _, (rule,) = find(plots.reach_curve(audience), "rule")
    assert rule["at"] == pytest.approx(0.1, abs=0.01)


def test_without_hidden_seeds_there_is_similarity_alone(audience):
    few = dataclasses.replace(audience, hidden=None)
    assert plots.reach_curve(few) is None
    _, rows = find(plots.similarity_curve(few), "line")
    assert len(rows) == len(audience.curve)
