from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from coterie import plugins
from coterie.config import parse_config
from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError, UnknownNameError
from coterie.features.activity import Activity
from coterie.features.assembling import FittedBasis, entity_ids, fit_basis, make_features
from coterie.features.attributes import Attributes
from coterie.features.cluster import Cluster
from coterie.features.contract import Feature
from coterie.features.interactions import Interactions
from coterie.features.sessions import Sessions
from coterie.features.tags import Tags
from coterie.features.traits import Traits
from coterie.tables import CheckedTable, Tables
from tests.features import samples
from tests.features.conftest import MakeTable


@pytest.fixture
def tables(make_table: MakeTable) -> Tables:
    return samples.tables_of(
        make_table("ratings", "events", samples.events()),
        make_table("people", "users", samples.people(14), attributes=samples.ATTRIBUTES),
        make_table("films", "items", {"item_id": ["i0"]}, tags=samples.TAGS),
    )


def three(weights: tuple[float, float, float] = (1.0, 0.5, 2.0)) -> tuple[Feature, ...]:
    taste, doing, people = weights
    return (
        Interactions("taste", "ratings", weight="value", block_weight=taste),
        Activity("doing", "ratings", block_weight=doing),
        Attributes("who", "people", min_count=1, block_weight=people),
    )


def mean_squares(basis: FittedBasis, tables: Tables, ids: np.ndarray) -> dict[str, float]:
    matrix = basis.apply(tables, ids)
    values = (matrix.toarray() if sp.issparse(matrix) else matrix).astype(np.float64)
    blocks = np.array([block for block, _ in basis.columns])
    return {
        block: float((values[:, blocks == block] ** 2).sum() / len(ids)) for block in dict.fromkeys(blocks.tolist())
    }


def test_blocks_have_the_size_of_their_weight(tables: Tables) -> None:
    ids = entity_ids(three(), tables)
    sizes = mean_squares(fit_basis(three(), tables, ids), tables, ids)
    assert sizes == {"taste": pytest.approx(1.0), "doing": pytest.approx(0.25), "who": pytest.approx(4.0)}


def test_one_block_alone_is_left_as_it_is(tables: Tables) -> None:
    feature = Interactions("taste", "ratings", weight="value", block_weight=3.0)
    ids = feature.entities(tables)
    basis = fit_basis([feature], tables, ids)
    assert basis.scales.tolist() == [1.0]
    alone = feature.fit(tables, ids).apply(tables, ids)
    assert basis.apply(tables, ids).toarray().tolist() == alone.values.toarray().tolist()


def test_columns_name_their_block_in_the_order_of_the_matrix(tables: Tables) -> None:
    ids = entity_ids(three(), tables)
    basis = fit_basis(three(), tables, ids)
    assert basis.columns[:2] == (("taste", "i0"), ("taste", "i1"))
    assert basis.columns[9] == ("doing", "recency_days")
    assert ("who", "state=CA") in basis.columns
    assert len(basis.columns) == basis.apply(tables, ids).shape[1]


def test_a_sparse_block_makes_it_sparse_and_dense_blocks_dense(tables: Tables) -> None:
    ids = entity_ids(three(), tables)
    both = fit_basis(three(), tables, ids).apply(tables, ids)
    assert isinstance(both, sp.csr_array)
    assert both.has_sorted_indices
    dense = fit_basis(three()[1:], tables, ids).apply(tables, ids)
    assert isinstance(dense, np.ndarray)
    assert both.dtype == dense.dtype == np.float32


def test_a_row_alone_is_the_row_of_the_batch(tables: Tables) -> None:
    ids = entity_ids(three(), tables)
    basis = fit_basis(three(), tables, ids)
    batch = basis.apply(tables, ids).toarray()
    for at in (0, 5, 11):
        assert basis.apply(tables, ids[at : at + 1]).toarray().tolist() == [batch[at].tolist()]


QUIZ: dict[str, Any] = {"user_id": ["a", "b", "c"], "one": [1.0, 3.0, None], "two": [1.0, 5.0, None]}
ALIKE = {"user_id": ["a", "a", "b", "b"], "item_id": ["x", "y", "x", "y"]}


def quiz_of(make_table: MakeTable) -> CheckedTable:
    return make_table("quiz", "users", QUIZ, attributes={"one": "number", "two": "number"})


def test_somebody_is_known_whom_any_block_knows_though_what_is_missing_is_filled_in(make_table: MakeTable) -> None:
    tables = samples.tables_of(quiz_of(make_table), make_table("reads", "events", ALIKE))
    ids = np.array(["a", "b", "c", "d"])
    quiz, reads = Traits("quiz", "quiz", columns=["one"]), Interactions("reads", "reads")
    for features in ((quiz,), (quiz, reads)):
        matrix, known = fit_basis(features, tables, ids[:3]).apply_known(tables, ids)
        assert matrix.shape[0] == 4
        assert known.tolist() == [True, True, False, False]
    only_c = {"user_id": ["c"], "item_id": ["x"]}
    other = samples.tables_of(quiz_of(make_table), make_table("reads", "events", only_c))
    assert fit_basis((quiz, reads), tables, ids[:3]).apply_known(other, ids)[1].tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    "feature", [Activity("doing", "reads"), Sessions("doing", "reads"), Tags("doing", "reads", form="clr")]
)
def test_somebody_whose_row_is_zeros_since_all_are_alike_is_known(make_table: MakeTable, feature: Feature) -> None:
    tables = samples.tables_of(make_table("reads", "events", ALIKE))
    matrix, known = fit_basis((feature,), tables, np.array(["a", "b"])).apply_known(tables, np.array(["a", "b", "c"]))
    assert not matrix.any()
    assert known.tolist() == [True, True, False]


def test_somebody_whom_a_first_clustering_leaves_out_as_noise_is_known(make_table: MakeTable) -> None:
    crowd = {"user_id": [f"u{n}" for n in range(9)], "one": [0.0, 0, 0, 0, 9, 9, 9, 9, 50.0]}
    tables = samples.tables_of(make_table("quiz", "users", crowd, attributes={"one": "number"}))
    feature = Cluster(
        "crowd",
        "quiz",
        of={"kind": "traits", "form": "raw"},
        embedding={"method": "none"},
        method="dbscan",
        options={"eps": 1.0, "min_samples": 2},
    )
    ids = np.array([*crowd["user_id"], "v"])
    matrix, known = fit_basis((feature,), tables, ids[:9]).apply_known(tables, ids)
    assert matrix.any(axis=1).tolist() == [True] * 8 + [False] * 2
    assert known.tolist() == [True] * 9 + [False]


def test_saved_and_loaded_it_gives_the_same_bits(tables: Tables, tmp_path: Path) -> None:
    ids = entity_ids(three(), tables)
    basis = fit_basis(three(), tables, ids)
    basis.save(tmp_path)
    again = FittedBasis.load(tmp_path)
    assert again.columns == basis.columns
    assert again.scales.tobytes() == basis.scales.tobytes()
    assert [part.kind for part in again.to_parts()] == ["basis", "interactions", "activity", "attributes"]
    one, other = basis.apply(tables, ids), again.apply(tables, ids)
    assert one.data.tobytes() == other.data.tobytes()
    assert one.indices.tolist() == other.indices.tolist()


def test_parts_of_different_models_are_refused(tables: Tables, tmp_path: Path) -> None:
    ids = entity_ids(three(), tables)
    parts = fit_basis(three(), tables, ids).to_parts()
    with pytest.raises(ModelError, match="are not those of one basis; run `coterie run` again"):
        FittedBasis.from_parts((parts[0], *reversed(parts[1:])))
    with pytest.raises(ModelError, match="are not those of one basis"):
        FittedBasis.from_parts(parts[1:])
    with pytest.raises(ModelError, match=r"the frozen part 'basis' in .* cannot be read"):
        FittedBasis.load(tmp_path)


def test_entities_are_those_known_from_events(tables: Tables) -> None:
    taste, _, who = three()
    assert entity_ids((taste, who), tables).tolist() == [f"u{n:02d}" for n in range(12)]
    assert entity_ids((who,), tables).tolist() == [f"u{n:02d}" for n in range(14)]


def test_one_event_table_is_enough_to_be_known(make_table: MakeTable) -> None:
    tables = samples.tables_of(
        make_table("views", "events", {"user_id": ["b", "a"], "item_id": ["x", "y"]}),
        make_table("likes", "events", {"user_id": ["c", "a"], "item_id": ["x", "y"]}),
    )
    features = (Interactions("seen", "views"), Interactions("liked", "likes"))
    assert entity_ids(features, tables).tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(("users", "held"), [(["a", "a"], "one user: 'a'"), ([], "no users")])
def test_fewer_than_two_users_are_refused(make_table: MakeTable, users: list[str], held: str) -> None:
    rows = pl.DataFrame({"user_id": users, "item_id": users}, schema={"user_id": pl.String, "item_id": pl.String})
    tables, features = samples.tables_of(make_table("views", "events", rows)), (Interactions("seen", "views"),)
    expected = f"'views' holds {held}; segments need two users or more"
    with pytest.raises(DataError, match=expected):
        entity_ids(features, tables)
    with pytest.raises(DataError, match=expected):
        fit_basis(features, tables, np.array(sorted(set(users)), dtype=np.str_))


def test_a_block_of_zeros_is_refused(make_table: MakeTable) -> None:
    tables = samples.tables_of(
        make_table("views", "events", {"user_id": ["a", "b"], "item_id": ["x", "y"]}),
        make_table("people", "users", {"user_id": ["a", "b"], "age": [30.0, 30.0]}, attributes={"age": "number"}),
    )
    features = (Interactions("seen", "views"), Attributes("who", "people"))
    with pytest.raises(DataError, match=r"the block 'who' is zero for every user, .*; take features.who out"):
        fit_basis(features, tables, np.array(["a", "b"]))


def config(**features: dict[str, Any]) -> Any:
    table = {"role": "events", "source": "r.csv", "user": "u", "item": "i", "value": "v"}
    people = {"role": "users", "source": "p.csv", "user": "u"}
    return parse_config({"tables": {"ratings": table, "people": people}, "features": features})


def test_features_of_a_config() -> None:
    made = make_features(
        config(
            taste={"kind": "interactions", "from": "ratings", "weight": "bm25", "k1": 2, "block_weight": 0.5},
            doing={"kind": "activity", "from": "ratings"},
            who={"kind": "attributes", "from": "people", "use": "descriptor"},
        )
    )
    assert [(feature.name, feature.table, feature.block_weight) for feature in made] == [
        ("taste", "ratings", 0.5),
        ("doing", "ratings", 1.0),
    ]
    assert isinstance(made[0], Interactions)
    assert (made[0].weight, made[0].k1, made[0].b) == ("bm25", 2.0, 0.75)


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"kind": "interaction"}, UnknownNameError, "unknown feature 'interaction'; did you mean 'interactions'"),
        ({"wieght": "value"}, ConfigError, "unknown key 'wieght' in features.taste; did you mean 'weight'"),
        ({"table": "ratings"}, ConfigError, "unknown key 'table' in features.taste"),
        ({"name": "x"}, ConfigError, "unknown key 'name' in features.taste"),
        ({"self": "x"}, ConfigError, "unknown key 'self' in features.taste"),
    ],
)
def test_features_that_cannot_be_made(options: dict[str, Any], error: type[Exception], expected: str) -> None:
    with pytest.raises(error, match=expected):
        make_features(config(taste={"kind": "interactions", "from": "ratings", **options}))


def test_built_in_kinds_come_through_the_plugin_door() -> None:
    for kind, made_by in (("interactions", Interactions), ("attributes", Attributes), ("activity", Activity)):
        assert plugins.find("features", kind) is made_by


def test_a_real_table(ml_100k: Path) -> None:
    names = ["user_id", "item_id", "value", "time_s"]
    raw = pl.read_csv(ml_100k / "u.data", separator="\t", has_header=False, new_columns=names)
    ids = pl.col("user_id", "item_id").cast(pl.String), pl.col("value", "time_s").cast(pl.Float64)
    tables = samples.tables_of(CheckedTable("ratings", "events", local.lazy(raw.with_columns(*ids))))
    features = (Interactions("taste", "ratings", weight="positive"), Activity("doing", "ratings", block_weight=0.1))
    users = entity_ids(features, tables)
    assert len(users) == 943
    basis = fit_basis(features, tables, users)
    matrix = basis.apply(tables, users)
    assert matrix.shape == (943, 1682 + 6)
    taste = matrix[:, :1682]
    assert taste.nnz == raw.filter(pl.col("value") >= 4).height == 55375
