"""All evidence together: what is there, what it weighs, and that it comes back from JSON as it was."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from coterie import records
from coterie.errors import DataError
from coterie.selection.evidence import SCHEMA, VERSION, Evidence, Given, gather
from coterie.selection.evidence.som import SomUnits
from coterie.selection.types import GapCurve, GapPoint, NullTest
from tests.selection.evidence.cases import blobs, candidate, sheet

MEGABYTE = 1_000_000
GAP = GapCurve((GapPoint(1, 0.1, 0.01), GapPoint(2, 0.3, 0.01), GapPoint(3, 0.2, 0.01)), 2)
NULL = NullTest("gaussian", 20, 0.4, 0.1, 0.2, 0.05, 0.15, True)


def whole(*, threads=1):
    points, labels = blobs()
    rows, labelings, chosen = sheet(labels)
    som = SomUnits(2, 2, True, np.eye(4), np.arange(4), np.array([0, 1, 2, -1], np.int32))
    given = Given(segment_ids=("s-4", "s-1", "s-2"), gap=GAP, null=NULL, som=som, slsw=[[0.8, 0.9]] * 3)
    return gather(points, labelings, rows, chosen, rng=np.random.default_rng(0), threads=threads, given=given)


def test_everything_is_there_and_comes_back_from_json(tmp_path):
    evidence = whole()
    assert all(getattr(evidence, field.name) for field in fields(evidence))
    path = tmp_path / "evidence.json"
    records.write(path, SCHEMA, VERSION, evidence)
    back = TypeAdapter(Evidence).validate_python(records.read(path, SCHEMA, VERSION))
    assert records.dumps(back) == records.dumps(evidence)
    assert (back.gorge, back.dendrogram, back.parallel) == (evidence.gorge, evidence.dendrogram, evidence.parallel)


def test_segments_have_their_ids_and_other_clusters_numbers():
    evidence = whole()
    ids = ["s-4", "s-1", "s-2"]
    assert evidence.solution == "kmeans, k = 3"
    assert [bar.cluster for bar in evidence.stability.bars] == ids
    assert [row.cluster for row in evidence.gorge.rows] == ids
    assert {c.cluster for c in evidence.silhouettes[1].clusters} == set(ids)
    assert {c.cluster for c in evidence.silhouettes[0].clusters} == {"1", "2"}
    assert evidence.within.values[0] == (0.8, 0.9)


def test_threads_change_nothing():
    assert records.dumps(whole(threads=1)) == records.dumps(whole(threads=2))


def test_little_is_given_and_little_found():
    """One solution of one method, users of two distinct places, one of them left out as noise."""
    points = np.repeat([[0.0], [4.0], [9.0]], [6, 5, 1], axis=0).astype(np.float32)
    labels = np.repeat([0, 1, -1], [6, 5, 1]).astype(np.int32)
    evidence = gather(points, [labels], [candidate(labels)], 0, rng=np.random.default_rng(0))
    assert (evidence.flow, evidence.agreement, evidence.elbow, evidence.som) == (None, None, None, None)
    assert (evidence.gap, evidence.null, evidence.within) == (None, None, None)
    assert evidence.gorge is None, "all users lie on their centroids, so there is no unit"
    assert sum(c.size for c in evidence.silhouettes[0].clusters) == 11
    assert [o.cluster for o in evidence.separation.outlines] == ["s-1", "s-2"]


def test_one_cluster_is_no_silhouette_and_no_gorge():
    points, _ = blobs((30,))
    labels = np.zeros(30, np.int32)
    evidence = gather(points, [labels], [candidate(labels)], 0, rng=np.random.default_rng(0))
    assert (evidence.silhouettes, evidence.gorge) == ((), None)
    assert evidence.dendrogram.k == 1
    assert evidence.dendrogram.cut > evidence.dendrogram.nodes[-1].height


def test_candidates_of_other_users_are_left_out():
    points, labels = blobs()
    rows, _, chosen = sheet(labels)
    evidence = gather(points, [None, labels, labels[:50]], rows, chosen, rng=np.random.default_rng(0))
    assert [profile.candidate for profile in evidence.silhouettes] == [1]
    assert evidence.agreement is None
    assert len(evidence.elbow.lines[0].k) == 3


def test_candidates_of_other_recipes_have_no_silhouette_on_these_points():
    points, labels = blobs()
    rows, labelings, chosen = sheet(labels)
    rows[0] = replace(rows[0], recipe="other")
    evidence = gather(points, labelings, rows, chosen, rng=np.random.default_rng(0))
    assert [profile.candidate for profile in evidence.silhouettes] == [1, 2]
    assert len(evidence.agreement.solutions) == 3


def test_neighbours_and_radii_are_those_that_were_asked_for():
    points, labels = blobs()
    row = candidate(labels, method="dbscan", settings={"eps": 1.5})
    evidence = gather(points, [labels], [row], 0, rng=np.random.default_rng(0), given=Given(neighbour=5))
    assert (evidence.k_distance.neighbour, evidence.k_distance.tried) == (5, (1.5,))


def test_it_stays_small_where_there_is_much():
    points, labels = blobs((6_000, 3_000, 1_500), dims=16)
    rows = [candidate(np.arange(len(labels)) % k) for k in range(2, 16)]
    labelings = [(np.arange(len(labels)) % k).astype(np.int32) for k in range(2, 16)]
    evidence = gather(points, labelings, rows, 1, rng=np.random.default_rng(0))
    assert len(records.dumps(evidence)) < MEGABYTE / 2
    assert evidence.silhouettes[0].n_sampled == 5_000
    assert evidence.dendrogram.n_representatives <= 500


@pytest.mark.parametrize(("labelings", "chosen", "said"), [
    (1, 0, "got 1 labellings of 3 candidates, of which number 0 is chosen; expected one a candidate"),
    (3, 3, "number 3 is chosen; expected one a candidate, and a place among them"),
])  # fmt: skip
def test_a_sheet_that_does_not_fit_is_refused(labelings, chosen, said):
    points, labels = blobs()
    rows, given, _ = sheet(labels)
    with pytest.raises(DataError, match=said):
        gather(points, given[:labelings], rows, chosen, rng=np.random.default_rng(0))


@pytest.mark.parametrize(("own", "said"), [(None, "none labels"), (np.zeros(5, np.int32), "5 labels")])
def test_the_chosen_labels_are_those_of_the_points(own, said):
    points, labels = blobs()
    with pytest.raises(DataError, match=f"evidence got {said} of the chosen candidate for 90 points"):
        gather(points, [own], [candidate(labels)], 0, rng=np.random.default_rng(0))
