from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError, UnknownNameError
from coterie.features.cluster import Cluster, FittedCluster
from coterie.features.contract import Feature
from coterie.features.nesting import joined, parted
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

NO_EMBEDDING = {"method": "none"}
# Four readers of x and y, three of z; e reads neither.
READS: dict[str, Any] = {
    "user_id": ["a", "a", "b", "b", "c", "c", "d", "d", "p", "q", "r"],
    "item_id": ["x", "y", "x", "y", "x", "y", "x", "y", "z", "z", "z"],
}
IDS = np.array(["a", "b", "c", "d", "p", "q", "r"])


@pytest.mark.parametrize(
    "options",
    [
        {"k": 3, "embedding": {"method": "svd", "dims": 3}},
        {"k": 2, "form": "strength", "embedding": {"method": "nmf", "dims": 2}},
        {"k": 3, "of": {"kind": "activity"}, "embedding": {"method": "pca", "dims": 2}, "method": "gmm"},
        {
            "k": 2,
            "of": {"kind": "cluster", "k": 3, "embedding": {"method": "svd", "dims": 3}},
            "embedding": NO_EMBEDDING,
        },
    ],
)
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, options: dict[str, Any]) -> Feature:
        return Cluster("crowd", "ratings", **options)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("ratings", "events", samples.events()))


@pytest.fixture
def tables(make_table: MakeTable) -> Tables:
    return samples.tables_of(make_table("reads", "events", READS))


def test_labels_by_hand(tables: Tables) -> None:
    block = Cluster("crowd", "reads", k=2).fit(tables, IDS).apply(tables, np.append(IDS, STRANGER))
    assert block.columns.tolist() == ["cluster=0", "cluster=1"]  # the largest first
    assert dense(block).tolist() == [[1, 0]] * 4 + [[0, 1]] * 3 + [[0, 0]]


def test_strength_by_hand(make_table: MakeTable) -> None:
    people = {"user_id": ["a", "b", "c", "d"], "age": [0.0, 2.0, 10.0, 12.0]}
    tables = samples.tables_of(make_table("people", "users", people, attributes={"age": "number"}))
    of = {"kind": "attributes", "scale": "none"}
    feature = Cluster("ages", "people", of=of, embedding=NO_EMBEDDING, k=2, form="strength")
    fitted = feature.fit(tables, np.array(list("abcd")))
    later = {"user_id": ["m", "n", "o"], "age": [1.0, 3.5, 6.0]}
    new = samples.tables_of(make_table("people", "users", later, attributes={"age": "number"}))
    rows = dense(fitted.apply(new, np.array(["m", "n", "o"])))
    # centres 1 and 11: at the centre; 2.5 from the near and 7.5 from the far one; halfway
    np.testing.assert_allclose(rows.max(axis=1), [1, 1 - 2.5 / 7.5, 0], atol=1e-6)
    assert (rows > 0).sum() == 2


QUIZ: dict[str, Any] = {
    "user_id": ["a", "b", "c", "d", "e", "f"],
    "one": [1.0, 1.0, 5.0, 5.0, 3.0, None],
    "two": [1.0, 2.0, 5.0, 4.0, 3.0, None],
}


@pytest.mark.parametrize("form", ["zscore", "percentile", "poles", "raw"])
def test_an_answer_that_is_filled_in_puts_nobody_into_a_cluster(make_table: MakeTable, form: str) -> None:
    kinds = {"one": "number", "two": "number"}
    tables = samples.tables_of(make_table("quiz", "users", QUIZ, attributes=kinds))
    feature = Cluster("moods", "quiz", of={"kind": "traits", "form": form}, embedding=NO_EMBEDDING, k=2)
    ids = np.append(QUIZ["user_id"], STRANGER)
    rows = dense(feature.fit(tables, ids).apply(tables, ids))
    assert rows.sum(axis=1).tolist() == [1, 1, 1, 1, 1, 0, 0]  # e is at neither pole, f answered nothing


def test_someone_whom_the_table_of_people_does_not_hold_is_in_no_cluster(make_table: MakeTable) -> None:
    kinds = {"one": "number", "two": "number"}
    tables = samples.tables_of(make_table("quiz", "users", QUIZ, attributes=kinds))
    of = {"kind": "attributes", "scale": "minmax"}
    feature = Cluster("moods", "quiz", of=of, embedding=NO_EMBEDDING, k=2)
    ids = np.append(QUIZ["user_id"], STRANGER)
    assert dense(feature.fit(tables, ids).apply(tables, ids)).sum(axis=1).tolist() == [1, 1, 1, 1, 1, 1, 0]


def test_too_many_clusters_are_refused_by_the_name_of_the_blocks_own_option(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("quiz", "users", QUIZ, attributes={"one": "number", "two": "number"}))
    feature = Cluster("moods", "quiz", of={"kind": "traits", "form": "raw"}, embedding=NO_EMBEDDING, k=6)
    expected = "in 'features.moods': 6 clusters were asked of 5 distinct points; lower 'features.moods.k' or bring more"
    with pytest.raises(DataError, match=re.escape(expected)):
        feature.fit(tables, np.array(QUIZ["user_id"]))


def test_someone_of_whom_nothing_is_known_is_not_clustered(tables: Tables, make_table: MakeTable) -> None:
    fitted = Cluster("crowd", "reads", k=2).fit(tables, np.append(IDS, STRANGER))
    again = Cluster("crowd", "reads", k=2).fit(tables, IDS)
    for name, array in fitted.to_arrays().arrays.items():
        np.testing.assert_array_equal(array, again.to_arrays().arrays[name])
    other = samples.tables_of(make_table("reads", "events", {"user_id": ["e"], "item_id": ["w"]}))
    assert dense(fitted.apply(other, np.array(["e"]))).tolist() == [[0, 0]]


class Undecided:
    """A clusterer that calls everybody noise."""

    n_clusters = 1

    def assign(self, points: np.ndarray) -> Any:
        n = len(points)
        return type("Found", (), {"labels": np.full(n, -1), "strength": np.zeros(n), "distance": np.full(n, np.nan)})


@pytest.mark.parametrize("form", ["label", "strength"])
def test_noise_is_a_row_of_zeros(tables: Tables, form: Any) -> None:
    fitted = Cluster("crowd", "reads", k=2).fit(tables, IDS)
    noisy = FittedCluster("crowd", form, fitted.feature, fitted.embedder, Undecided())  # type: ignore[arg-type]
    assert dense(noisy.apply(tables, IDS)).tolist() == [[0]] * 7


def test_the_random_stream_is_fixed_and_named(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("ratings", "events", samples.events(n_users=40, n_items=30)))
    options: dict[str, Any] = {"k": 6, "starts": 1, "embedding": NO_EMBEDDING}

    def centres(name: str, **more: Any) -> np.ndarray:
        feature = Cluster(name, "ratings", **options, **more)
        return feature.fit(tables, feature.entities(tables)).to_arrays().arrays["clusterer.centres"]

    np.testing.assert_array_equal(centres("crowd"), centres("crowd"))
    assert not np.array_equal(centres("crowd"), centres("crowd", seed=1))
    assert not np.array_equal(centres("crowd"), centres("other"))


def test_too_few_users_for_k_are_refused(tables: Tables) -> None:
    with pytest.raises(DataError, match="8 clusters were asked of 2 distinct points"):
        Cluster("crowd", "reads", embedding=NO_EMBEDDING).fit(tables, IDS)


def test_a_method_that_finds_nothing_is_refused(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    feature = Cluster("crowd", "reads", k=2)
    nothing = Undecided()
    nothing.n_clusters = 0
    monkeypatch.setattr(feature, "_clusterer", type("Blind", (), {"fit": lambda self, points, rng: nothing})())
    with pytest.raises(DataError, match=r"'kmeans' finds no cluster for 'features\.crowd', only noise; change its"):
        feature.fit(tables, IDS)


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"of": {"weight": "binary"}}, ConfigError, r"'features\.crowd\.of' has no 'kind'; expected the kind"),
        ({"of": "interactions"}, ConfigError, r"'features\.crowd\.of' is 'interactions'; expected a table of settings"),
        ({"of": {"kind": "interaction"}}, UnknownNameError, r"unknown feature 'interaction'; did you mean"),
        ({"of": {"kind": "activity", "from": "x"}}, ConfigError, r"'features\.crowd\.of' has 'from', which belongs to"),
        ({"of": {"kind": "activity", "block_weight": 2}}, ConfigError, r"'features\.crowd\.of' has 'block_weight'"),
        (
            {"of": {"kind": "interactions", "wieght": "x"}},
            ConfigError,
            r"unknown key 'wieght' in features\.crowd\.of; did you mean 'weight'",
        ),
        ({"embedding": {"dims": 3}}, ConfigError, r"'features\.crowd\.embedding' has no 'method'; expected the name"),
        (
            {"embedding": {"method": "svd", "dims": 0}},
            ConfigError,
            r"in 'features\.crowd\.embedding': 'embedding\.dims' is a whole number >= 1, got '0'",
        ),
        ({"embedding": {"method": "sdv"}}, UnknownNameError, r"unknown embedder 'sdv'; did you mean 'svd'"),
        ({"method": "kmean"}, UnknownNameError, r"unknown clusterer 'kmean'; did you mean 'kmeans'"),
        (
            {"method": "gmm", "options": {"covarance": "full"}},
            ConfigError,
            r"in 'features\.crowd\.options': unknown key",
        ),
        ({"options": {"k": 3}}, ConfigError, r"'features\.crowd\.options' has 'k', which all methods share"),
        ({"method": 3}, ConfigError, r"'features\.crowd\.method' is '3'; expected a name"),
        ({"k": 1}, ConfigError, r"'features\.crowd\.k' is '1'; expected a whole number >= 2"),
        ({"starts": 0}, ConfigError, r"'features\.crowd\.starts' is '0'; expected a whole number >= 1"),
        ({"seed": -1}, ConfigError, r"'features\.crowd\.seed' is '-1'; expected a whole number >= 0"),
        ({"form": "labels"}, ConfigError, r"'features\.crowd\.form' is 'labels'; did you mean 'label'"),
        ({"forn": "x"}, ConfigError, r"unknown key 'forn' in features\.crowd; did you mean 'form'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], error: type[Exception], expected: str) -> None:
    with pytest.raises(error, match=expected):
        Cluster("crowd", "reads", **options)


def test_k_for_a_method_that_counts_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from coterie.clustering.centroid import KMeans

    monkeypatch.setattr(KMeans, "counts_clusters", False, raising=False)
    with pytest.raises(ConfigError, match=r"'features\.crowd\.k' has no effect on 'kmeans', which finds the number"):
        Cluster("crowd", "reads", k=3)
    Cluster("crowd", "reads")


def test_parts_in_parts_come_back() -> None:
    inner = joined("b", {"deep": 1}, {"leaf": Frozen("c", {"x": [1]}, {"n": np.arange(3)})})
    whole = joined("a", {"name": "w"}, {"one": inner, "two": Frozen("d")})
    assert list(whole.arrays) == ["one.leaf.n"]
    facts, parts = parted(whole)
    assert facts == {"name": "w"}
    assert parts["two"] == Frozen("d")
    assert parted(parts["one"])[1]["leaf"].arrays["n"].tolist() == [0, 1, 2]
    with pytest.raises(ModelError, match="the frozen part 'd' is damaged: it holds no parts; run `coterie run` again"):
        parted(Frozen("d"))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), min_size=12, max_size=40))
def test_each_known_user_is_in_one_cluster(rows: list[tuple[str, str]]) -> None:
    rows = [*rows, ("a", "u"), ("b", "v"), ("c", "w")]
    frame = local.lazy(pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row"))
    tables = samples.tables_of(CheckedTable("reads", "events", frame))
    feature = Cluster("crowd", "reads", k=2, starts=1, embedding=NO_EMBEDDING)
    ids = feature.entities(tables)
    if len({frozenset(item for user, item in rows if user == one) for one in ids}) < 2:
        return
    values = dense(feature.fit(tables, ids).apply(tables, np.append(ids, STRANGER)))
    assert values.sum(axis=1).tolist() == [1] * len(ids) + [0]
    assert values[:, 0].sum() >= values[:, 1].sum() > 0
