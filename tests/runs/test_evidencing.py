"""A run keeps the evidence of its decision, shows it, and names it as its segments are named."""

from __future__ import annotations

import shutil

import pytest

from coterie import open_run
from coterie.errors import ModelError
from coterie.runs.evidencing import _told_apart
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
    assert page.count('<details class="evidence">') == 4
    assert "fig-evidence-separation" in page


def test_damaged_evidence_is_told(sample_run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(sample_run.folder, copy)
    (copy / "evidence.json").write_text('{"schema": "coterie.evidence", "version": 1, "body": {"solution": 1}}')
    with pytest.raises(ModelError, match=r"evidence.json' is damaged \(2 faults\); run `coterie run` again"):
        _ = open_run(copy).evidence


def test_clusters_of_one_segment_are_told_apart():
    assert _told_apart(["s-3", "s-1", "s-3"]) == ("s-3 a", "s-1", "s-3 b")
