from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie import records
from coterie.errors import ConfigError, DataError
from coterie.selection.search import measure
from coterie.selection.trials import (
    MOST_FOUND,
    Asked,
    counts_clusters,
    fit_all,
    make_clusterer,
    plan,
    reads_categories,
    settings_told,
)
from coterie.terms import NOISE
from tests.selection.grounds import clouds, of_points, of_tables, people

THREE = (30, 20, 10)


def test_k_ends_where_segments_would_have_fewer_than_five_users():
    asked, left_out = plan(of_points(clouds((10, 7)), k=[2, 9]))
    assert [one.k for one in asked] == [2, 3]  # 17 users in four parts are four each
    assert left_out == ()
    assert [one.k for one in plan(of_points(clouds((6, 6)), k=[4, 6]))[0]] == [4]


def test_k_ends_at_the_number_of_different_users():
    points = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    assert [one.k for one in plan(of_points(points, k=[2, 9]))[0]] == [2, 3]


def test_a_coarse_round_looks_at_its_own_k_and_at_the_highest_possible():
    search = replace(of_points(clouds(THREE), k=[2, 15]), only_ks=frozenset({2, 4, 15}))
    assert [one.k for one in plan(search)[0]] == [2, 4, 12]


def test_a_method_that_counts_itself_says_what_to_try():
    asked, _ = plan(of_points(clouds(THREE), methods=["kmeans", "dbscan"], k=2))
    assert [(one.method, one.k) for one in asked[:1]] == [("kmeans", 2)]
    assert all(one.method == "dbscan" and one.k is None and one.settings["eps"] > 0 for one in asked[1:])
    assert not counts_clusters("dbscan")
    assert counts_clusters("kmeans")


def test_streams_of_chance_are_named_by_everything_that_is_asked_but_k():
    streams = {
        Asked("a", 2).stream, Asked("b", 2).stream, Asked("a", None, {"eps": 0.1}).stream,
        Asked("a", None, {"eps": 0.2}).stream,
    }  # fmt: skip
    assert len(streams) == 4
    assert Asked("a", 2).stream == Asked("a", 3).stream
    assert Asked("a", None, {"x": 1, "y": 2}).stream == Asked("a", None, {"y": 2, "x": 1}).stream


def test_what_found_nothing_is_left_out_with_its_reason_and_the_others_go_on():
    search = of_points(clouds(THREE), methods=["kmeans", "dbscan"], k=3, options={"dbscan": {"eps": 1e-6}})
    trials, left_out = fit_all(search)
    assert [trial.asked.method for trial in trials] == ["kmeans"]
    assert [(one.method, one.reason) for one in left_out] == [("dbscan", "found no cluster; 100% of users are noise")]
    one = of_points(clouds(THREE), methods=["kmeans", "dbscan"], k=3, options={"dbscan": {"eps": 99.0}})
    assert [out.reason for out in fit_all(one)[1]] == ["found one cluster; 0% of users are noise"]


def test_a_method_that_these_users_do_not_allow_is_left_out_with_its_reason():
    points = clouds((3000, 2500))
    search = of_points(points, methods=["kmeans", "agglomerative"], k=2, options={"agglomerative": {"condense": 0}})
    trials, left_out = fit_all(search)
    assert [trial.asked.method for trial in trials] == ["kmeans"]
    (one,) = left_out
    assert (one.method, one.settings) == ("agglomerative", {"k": 2})
    assert "5,500" in one.reason


def test_crumbs_are_nothing_to_choose_from():
    alone = {"dbscan": {"eps": 1e-6, "min_samples": 1}}
    _, left_out = fit_all(of_points(clouds(THREE), methods=["kmeans", "dbscan"], k=3, options=alone))
    assert [one.reason for one in left_out] == ["found 60 clusters of 1.0 users on average: crumbs"]
    pairs = np.repeat(clouds((MOST_FOUND + 1,)), 3, axis=0)
    found = fit_all(of_points(pairs, methods=["kmeans", "dbscan"], k=3, options=alone))[1]
    assert [one.reason for one in found] == ["found 201 clusters of 3.0 users on average: crumbs"]


def test_where_nothing_is_found_each_reason_is_said_once():
    options = {"dbscan": {"eps": 1e-6}, "agglomerative": {"condense": 0}}
    search = of_points(clouds((3000, 2500)), methods=["agglomerative", "dbscan"], k=[2, 4], options=options)
    with pytest.raises(DataError, match=r"no algorithm found two clusters or more to choose from") as caught:
        fit_all(search)
    told = str(caught.value)
    assert told.count("5,500") == 1
    assert "dbscan (eps 1e-06): found no cluster; 100% of users are noise" in told
    assert told.endswith("add 'kmeans' to clustering.methods")


def test_where_all_users_are_alike_no_other_method_is_offered():
    alike = np.ones((30, 2), np.float32)
    with pytest.raises(DataError, match=r"1 distinct points.*bring more users, or features in which they differ$"):
        fit_all(of_points(alike, methods=["kmeans"], k=[2, 3]))


def test_the_same_clusters_of_one_method_are_tried_once():
    search = of_points(np.repeat(clouds((4, 3, 3)), 6, axis=0), methods=["dbscan", "hdbscan"])
    trials, left_out = fit_all(search)
    found = [(trial.asked.method, trial.labels.tobytes()) for trial in trials]
    assert len(found) == len(set(found)) < len(plan(search)[0]) - len(left_out)


def test_methods_that_read_categories_get_the_names_of_columns_and_no_embedding():
    assert reads_categories("latentclass")
    assert not reads_categories("kmeans")
    clustering = of_points(clouds(THREE), methods=["kprototypes"]).config.clustering
    assert make_clusterer(clustering, "kprototypes", 3, columns=("who:town=a", "who:age"))
    with pytest.raises(
        ConfigError, match=r"'kprototypes' reads columns, but the embedding makes dimensions of its own"
    ):
        make_clusterer(clustering, "kprototypes", 3, columns=(None, "who:age"))


def test_settings_are_written_for_people():
    assert settings_told({"eps": 0.123456, "min_samples": 7}) == "eps 0.1235, min_samples 7"
    assert settings_told({}) == ""


def test_noise_alone_beside_noise_is_measured_without_it():
    points = np.concatenate([clouds((40, 30), spread=0.1), [[200, 200], [300, -300], [-400, 90]]]).astype(np.float32)
    found = measure(of_points(points, methods=["dbscan"], options={"dbscan": {"eps": 1.0}}))
    (one,) = found.candidates
    assert (one.k, one.sizes) == (2, (40, 30))
    assert one.noise_share == pytest.approx(3 / 73)
    assert one.silhouette.value > 0.9
    assert one.assign_agreement == 1.0
    assert (found.trials[0].labels == NOISE).sum() == 3


def test_candidates_do_not_depend_on_threads():
    search = of_points(clouds(THREE, spread=3.0), methods=["kmeans", "gmm", "hdbscan"], k=[2, 4])
    one, two = measure(search), measure(replace(search, threads=3))
    assert records.dumps(one.candidates) == records.dumps(two.candidates)
    assert one.left_out == two.left_out


def test_what_separates_segments_is_known_where_columns_are():
    raw = {
        "tables": {"people": people(2)},
        "features": {"who": {"kind": "attributes", "from": "people"}},
        "embedding": {"method": "none"},
        "clustering": {"methods": ["kmeans"], "k": 2},
    }
    frame = pl.DataFrame({"user_id": [f"u{i:02}" for i in range(40)], "x0": [float(i % 2 * 9) for i in range(40)]})
    frame = frame.with_columns(x1=pl.Series([float(i % 5) for i in range(40)]))
    search = of_tables(raw, {"people": frame}, recipe="columns")
    assert search.columns == ("who:x0", "who:x1")
    (one,) = measure(search).candidates
    assert one.recipe == "columns"
    assert one.separated_by[0][0] == "who:x0"
    assert one.separated_by[0][1] > 0.99


@given(st.integers(2, 6), st.integers(0, 6), st.integers(10, 60))
def test_every_k_that_is_tried_was_asked_for_and_one_always_is(lowest, more, n_users):
    points = np.random.default_rng(n_users).normal(size=(n_users, 2)).astype(np.float32)
    ks = [one.k for one in plan(of_points(points, k=[lowest, lowest + more]))[0]]
    assert ks == list(range(lowest, lowest + len(ks)))
    assert ks[-1] <= max(lowest, n_users // 5)
