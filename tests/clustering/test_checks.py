from __future__ import annotations

import numpy as np
import pytest

from coterie.clustering.checks import check_points
from coterie.errors import ConfigError, DataError
from coterie.plugins import find, names
from tests.contracts.clusterer_contract import three_clouds

CASES = [
    ("minibatch", "batch", 0, "a whole number >= 1"),
    ("minibatch", "batch", 2.5, "a whole number >= 1"),
    ("bisecting", "bisecting_strategy", "largest_clusters", "did you mean 'largest_cluster'"),
    ("gmm", "covariance", "tide", "did you mean 'tied'"),
    ("gmm", "covariance", 3, "expected one of 'diag', 'full', 'spherical', 'tied'"),
    ("gmm", "regularisation", -0.1, "expected a number >= 0"),
    ("gmm", "regularisation", True, "expected a number >= 0"),
    ("agglomerative", "linkage", "wards", "did you mean 'ward'"),
    ("agglomerative", "linkage", ["ward"], "did you mean 'ward'"),
    ("agglomerative", "condense", -1, "a whole number >= 0"),
    ("agglomerative", "condense", 7, "expected 0 (never) or a number from k = 8 to 2,500"),
    ("agglomerative", "condense", 2_501, "expected 0 (never) or a number from k = 8 to 2,500"),
    ("dbscan", "eps", 0, "expected a number > 0"),
    ("dbscan", "eps", True, "expected a number"),
    ("dbscan", "eps", "knee", "expected a number > 0 or 'auto'"),
    ("dbscan", "min_samples", 0, "expected a whole number >= 1"),
    ("dbscan", "min_samples", "all", "expected a whole number >= 1 or 'auto'"),
    ("dbscan", "noise", "assigned", "did you mean 'assign'"),
    ("hdbscan", "min_cluster_size", 1, "expected a whole number >= 2, or a share of users in (0, 1)"),
    ("hdbscan", "min_cluster_size", 1.0, "expected a whole number >= 2, or a share of users in (0, 1)"),
    ("hdbscan", "min_cluster_size", True, "expected a whole number >= 2, or a share of users in (0, 1)"),
    ("hdbscan", "min_samples", 2.5, "expected a whole number >= 1"),
    ("hdbscan", "selection", "mass", "expected one of 'eom', 'leaf'"),
    ("hdbscan", "noise", "drop", "expected one of 'assign', 'keep'"),
]
OTHERS = sorted({*names("clusterers")} - {"kmeans"})
TOLD = [name for name in names("clusterers") if getattr(find("clusterers", name), "counts_clusters", True)]
METRIC = [name for name in TOLD if name != "latentclass"]  # which reads answers, of which a number has but two
FINDING = sorted({*names("clusterers")} - {*TOLD})


@pytest.mark.parametrize(("method", "option", "value", "expected"), CASES)
def test_an_own_option_out_of_range_is_refused_by_its_place_in_the_config(method, option, value, expected):
    with pytest.raises(ConfigError) as refused:
        find("clusterers", method)(**{option: value})
    assert f"'clustering.options.{method}.{option}' is " in str(refused.value)
    assert expected in str(refused.value)


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize(("option", "value"), [("k", 1), ("k", True), ("k", 2.5), ("starts", 0), ("starts", "3")])
def test_a_common_option_out_of_range_is_refused(method, option, value):
    with pytest.raises(ConfigError, match=f"'clustering.{option}' is '{value}'; expected a whole number >= "):
        find("clusterers", method)(**{option: value})


@pytest.mark.parametrize("method", TOLD)
def test_more_clusters_than_distinct_points_are_refused_in_the_same_words(method):
    few = np.array([[0.0], [1.0], [1.0], [0.0], [1.0]], np.float32)
    with pytest.raises(DataError, match=r"4 clusters were asked of 2 distinct points; lower 'clustering\.k'"):
        find("clusterers", method)(k=4).fit(few, np.random.default_rng(0))


@pytest.mark.parametrize("method", METRIC)
def test_as_many_clusters_as_distinct_points_are_found(method):
    points = np.repeat(np.array([[0.0, 0], [1, 5], [7, 1]], np.float32), [3, 2, 1], axis=0)
    fitted = find("clusterers", method)(k=3, starts=2).fit(points, np.random.default_rng(0))
    assert fitted.fit_labels.tolist() == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("method", METRIC)
def test_three_clouds_are_found_in_order_of_size(method):
    points, truth = three_clouds()
    fitted = find("clusterers", method)(k=3, starts=3).fit(points, np.random.default_rng(0))
    assert (fitted.fit_labels == truth).all()


@pytest.mark.parametrize("method", FINDING)
def test_those_who_find_the_number_themselves_find_three_clouds(method):
    points, truth = three_clouds()
    fitted = find("clusterers", method)(noise="assign").fit(points, np.random.default_rng(0))
    assert (fitted.fit_labels == truth).all()
    assert find("clusterers", method).grid(points, {}, np.random.default_rng(0))


@pytest.mark.parametrize("method", names("clusterers"))
def test_no_points_are_refused(method):
    with pytest.raises(DataError, match="there are no points to cluster"):
        find("clusterers", method)().fit(np.empty((0, 3), np.float32), np.random.default_rng(0))


def test_enough_distinct_points_pass():
    check_points(np.array([[0.0], [1.0]], np.float32), 2)
