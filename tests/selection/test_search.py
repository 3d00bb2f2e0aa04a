from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest

from coterie.config import parse_config
from coterie.errors import ConfigError
from coterie.selection.search import measure
from coterie.selection.trials import Search, fit_all, make_clusterer
from coterie.tables import CheckedTable, Tables
from coterie.terms import USER, USERS


def search(**clustering) -> Search:
    """Two clouds of 40 and 20 users who have done nothing, to be clustered."""
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (40, 2)), rng.normal(9, 1, (20, 2))]).astype(np.float32)
    ids = np.array([f"u{i:02}" for i in range(60)])
    config = parse_config(
        {
            "tables": {"people": {"role": "users", "source": "x.csv", "user": "u", "attributes": {"age": "number"}}},
            "features": {"who": {"kind": "attributes", "from": "people"}},
            "clustering": clustering,
            "evaluation": {"bootstraps": 2, "seeds": 2},
        }
    )
    people = CheckedTable("people", USERS, nw.from_native(pl.LazyFrame({USER: ids, "age": [30.0] * 60})))
    return Search(config, Tables({"people": people}), ids, points, threads=1)


def test_every_method_is_tried_at_every_k_in_order_of_k():
    trials, _ = fit_all(search(methods=["kmeans", "agglomerative", "bisecting"], k=[2, 3], starts=1))
    assert [(trial.asked.k, trial.asked.method) for trial in trials] == [
        (k, method) for k in (2, 3) for method in ("kmeans", "agglomerative", "bisecting")
    ]


def test_a_method_gets_its_own_options_and_no_other_does():
    clustering = search(methods=["kmeans", "gmm"], starts=7, options={"gmm": {"covariance": "tied"}}).config.clustering
    mixture = make_clusterer(clustering, "gmm", 4)
    assert (mixture.covariance, mixture.k, mixture.starts) == ("tied", 4, 7)
    assert make_clusterer(clustering, "gmm", 4, most_starts=3).starts == 3
    assert make_clusterer(clustering, "kmeans", 4, most_starts=9).starts == 7


def test_an_option_that_a_method_does_not_have_is_refused_with_the_method():
    clustering = search(methods=["gmm"], options={"gmm": {"covarianc": "tied"}}).config.clustering
    with pytest.raises(ConfigError, match=r"unknown key 'covarianc' in clustering \(gmm\); did you mean 'covariance'"):
        make_clusterer(clustering, "gmm", 3)


def test_a_mixture_that_finds_fewer_clusters_than_asked_is_counted_as_what_it_found():
    smooth = {"gmm": {"regularisation": 0.5}}
    found = measure(search(methods=["gmm", "kmeans"], k=3, starts=1, options=smooth))
    trials, candidates = found.trials, found.candidates
    assert [(c.method, c.k) for c in candidates] == [("gmm", 2), ("kmeans", 3)]
    assert [trial.asked.k for trial in trials] == [3, 3]
    assert candidates[0].sizes == (40, 20)
    assert len(candidates[0].jaccard) == 2
    assert candidates[0].smallest_share == pytest.approx(1 / 3)
