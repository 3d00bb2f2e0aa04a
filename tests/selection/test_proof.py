from __future__ import annotations

import numpy as np
import pytest

from coterie.selection import proof
from coterie.selection.proof import asked_of, prove
from coterie.selection.trials import Asked, fit_all, quiet
from coterie.terms import NOISE
from tests.selection.candidates import candidate
from tests.selection.grounds import clouds, of_points

CLOUD = np.random.default_rng(2).normal(size=(150, 2)).astype(np.float32)


def proved(points, **clustering):
    search = of_points(points, **clustering)
    trial = min(fit_all(search)[0], key=lambda trial: (trial.labels == NOISE).sum())
    return prove(search.config, points, trial.labels, trial.asked, threads=1, progress=quiet)


def test_islands_are_natural_and_their_number_closes_the_gap():
    found = proved(clouds((60, 50, 40), spread=0.5), k=3, starts=2)
    assert found.null.is_natural
    assert found.null.replicates == 19
    assert found.gap.k == 3 or max(point.k for point in found.gap.points) == 3


def test_a_cloud_is_not_and_has_one_cluster():
    found = proved(CLOUD, k=[3, 3], starts=2)
    assert not found.null.is_natural
    assert found.gap.k == 1


def test_the_gap_curve_goes_up_to_what_was_asked_for_and_the_users_allow():
    assert [point.k for point in proved(CLOUD, k=[2, 4], starts=1).gap.points] == [1, 2, 3, 4]
    assert [point.k for point in proved(clouds((7, 6)), k=[2, 9], starts=1).gap.points] == [1, 2]
    assert [point.k for point in proved(CLOUD, k=[3, 40], starts=1).gap.points][-1] == proof.MOST_K


@pytest.mark.parametrize("method", ["dbscan", "hdbscan"])
def test_density_methods_are_replicated_with_all_users(monkeypatch, method):
    points = clouds((80, 70), spread=0.5)
    seen = []
    original = proof.null_test

    def spy(points, labels, clusterer, seed, **options):
        seen.append(options)
        return original(points, labels, clusterer, seed, **options)

    monkeypatch.setattr(proof, "null_test", spy)
    assert proved(points, methods=[method]).null.is_natural
    assert seen[0]["most_rows"] >= len(points)


def test_many_users_are_replicated_less_often_by_density_methods_and_very_many_not_at_all(monkeypatch):
    points = clouds((80, 70), spread=0.5)
    monkeypatch.setattr(proof, "MOST_ROWS", 100)
    assert proved(points, methods=["dbscan"]).null.replicates == 19
    monkeypatch.setattr(proof, "DENSITY_ROWS", 149)
    assert proved(points, methods=["dbscan"]).null is None
    assert proved(points, methods=["kmeans"], k=2).null is not None


def test_what_reads_categories_is_not_tested_against_what_has_none():
    yes_no = (np.random.default_rng(0).random((80, 4)) < 0.5).astype(np.float32)
    found = proved(yes_no, methods=["latentclass"], k=2, starts=1)
    assert found.null is None
    assert found.gap.points


def test_how_a_candidate_was_made_is_told_from_its_row():
    assert asked_of(candidate(3)) == Asked("kmeans", 3)
    dense = candidate(3, method="dbscan", settings={"eps": 0.5})
    assert asked_of(dense) == Asked("dbscan", None, {"eps": 0.5})


def test_the_gap_curve_ends_where_users_are_all_alike():
    twins = np.repeat(np.eye(2, dtype=np.float32), 40, axis=0)
    assert [point.k for point in proved(twins, k=[2, 9], starts=1).gap.points] == [1, 2]
