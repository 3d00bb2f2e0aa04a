"""A run keeps the evidence of its decision, shows it, and names it as its segments are named."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from coterie import open_run
from coterie.clustering.dbscan import DBSCAN
from coterie.config import parse_config
from coterie.errors import ModelError
from coterie.runs.evidencing import _neighbour, _told_apart
from coterie.selection.evidence.types import Evidence


def test_a_run_has_its_evidence_under_the_ids_of_its_segments(sample_run):
    evidence = sample_run.evidence
    assert isinstance(evidence, Evidence)
    assert evidence.n_users == len(sample_run.assignments())
    assert {row.cluster for row in evidence.gorge.rows} == {segment.id for segment in sample_run.segments}
    assert len(evidence.silhouettes) == len(sample_run.decision.candidates)
    own = evidence.silhouettes[sample_run.decision.chosen]
    assert own.mean == pytest.approx(sample_run.chosen.silhouette.value, rel=1e-3), "two ways to one mean"
    by_cluster = dict(zip((c.cluster for c in own.clusters), (c.size for c in own.clusters), strict=True))
    assert by_cluster == {segment.id: segment.size for segment in sample_run.segments}


def test_the_report_shows_it_folded(sample_run):
    page = sample_run.report.read_text(encoding="utf-8")
    assert page.count('<details class="evidence">') == 4 + 5  # questions, and parts of what the data is
    assert "fig-evidence-separation" in page


def test_damaged_evidence_is_told(sample_run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(sample_run.folder, copy)
    (copy / "evidence.json").write_text('{"schema": "coterie.evidence", "version": 1, "body": {"solution": 1}}')
    with pytest.raises(ModelError, match=r"evidence.json' is damaged \(2 faults\); run `coterie run` again"):
        _ = open_run(copy).evidence


def test_clusters_of_one_segment_are_told_apart():
    assert _told_apart(["s-3", "s-1", "s-3"]) == ("s-3 a", "s-1", "s-3 b")


@pytest.mark.parametrize(("options", "expected"), [({}, 11), ({"min_samples": 6}, 5), ({"min_samples": 1}, 1)])
def test_the_curve_is_that_of_the_neighbours_by_which_dbscan_measures(options, expected):
    points = np.random.default_rng(0).normal(size=(900, 6)).astype(np.float32)
    clustering = {"methods": ["kmeans", "dbscan"], "options": {"dbscan": options}}
    tried = SimpleNamespace(recipe=SimpleNamespace(config=_config(clustering)), placed=SimpleNamespace(points=points))
    assert _neighbour(tried) == expected == max(DBSCAN(**options).fit(points, np.random.default_rng(0)).curve.k - 1, 1)
    tried.recipe.config = _config({"methods": ["kmeans"]})
    assert _neighbour(tried) is None


def _config(clustering):
    table = {"role": "events", "source": "likes.csv", "user": "u", "item": "i"}
    taste = {"kind": "interactions", "from": "likes"}
    return parse_config({"tables": {"likes": table}, "features": {"taste": taste}, "clustering": clustering})
