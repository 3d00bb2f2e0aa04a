from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError, UnknownNameError
from coterie.features.contract import Feature
from coterie.features.interactions import Interactions
from coterie.tables import CheckedTable, Tables
from tests.contracts.feature_contract import FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

WEIGHTS = ["binary", "positive", "value", "centred", "log1p", "tfidf", "bm25"]

# a: x twice (4, 2), y once (3); b: x once (5); c: y once (1), z once (5)
RATINGS: dict[str, Any] = {
    "user_id": ["a", "a", "a", "b", "c", "c"],
    "item_id": ["x", "x", "y", "x", "y", "z"],
    "value": [4.0, 2.0, 3.0, 5.0, 1.0, 5.0],
}
IDS = np.array(["a", "b", "c"])
VIEWS = {name: RATINGS[name] for name in ("user_id", "item_id")}


@pytest.mark.parametrize("weight", WEIGHTS)
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, weight: str) -> Feature:
        return Interactions(
            "taste", "ratings", weight=weight, normalise="l2" if weight in {"value", "bm25"} else "none"
        )

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("ratings", "events", samples.events()))


def matrix(table: CheckedTable, **options: Any) -> np.ndarray:
    tables = samples.tables_of(table)
    block = Interactions("taste", table.name, **options).fit(tables, IDS).apply(tables, IDS)
    assert isinstance(block.values, sp.csr_array)
    assert block.columns.tolist() == ["x", "y", "z"]
    return dense(block)


def assert_rows(got: np.ndarray, expected: list[list[float]]) -> None:
    np.testing.assert_allclose(got, np.array(expected, dtype=np.float32), rtol=2e-7)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 1, 0], [1, 0, 0], [0, 1, 1]]),
        ({"weight": "binary"}, [[1, 1, 0], [1, 0, 0], [0, 1, 1]]),
        ({"weight": "value"}, [[6, 3, 0], [5, 0, 0], [0, 1, 5]]),
        # the greatest value is 5, so 4 counts; a's x has the mean 3
        ({"weight": "positive"}, [[0, 0, 0], [1, 0, 0], [0, 0, 1]]),
        ({"weight": "positive", "positive_from": 3}, [[1, 1, 0], [1, 0, 0], [0, 0, 1]]),
        # means 3, 5, 3: a's x is 4 + 2 - 2 * 3 = 0 and stays out, so do a's y and b's x
        ({"weight": "centred"}, [[0, 0, 0], [0, 0, 0], [0, -2, 2]]),
        ({"weight": "log1p"}, [[math.log(7), math.log(4), 0], [math.log(6), 0, 0], [0, math.log(2), math.log(6)]]),
        ({"weight": "value", "normalise": "l1"}, [[6 / 9, 3 / 9, 0], [1, 0, 0], [0, 1 / 6, 5 / 6]]),
        (
            {"weight": "value", "normalise": "l2"},
            [[6 / 45**0.5, 3 / 45**0.5, 0], [1, 0, 0], [0, 1 / 26**0.5, 5 / 26**0.5]],
        ),
    ],
)
def test_weights_by_hand(make_table: MakeTable, options: dict[str, Any], expected: list[list[float]]) -> None:
    assert_rows(matrix(make_table("ratings", "events", RATINGS), **options), expected)


def test_tfidf_by_hand(make_table: MakeTable) -> None:
    # three users; x and y are taken up by two of them, z by one
    common, rare = math.log(4 / 3) + 1, math.log(4 / 2) + 1
    got = matrix(make_table("views", "events", VIEWS), weight="tfidf")
    assert_rows(got, [[2 * common, common, 0], [common, 0, 0], [0, common, rare]])


def test_bm25_by_hand(make_table: MakeTable) -> None:
    # lengths 3, 1, 2, on average 2; idf ln(1 + (3 - 2 + .5) / 2.5) = ln 1.6 and ln(1 + 2.5 / 1.5)
    common, rare = math.log(1.6), math.log(1 + 2.5 / 1.5)
    long, short, mean = (1.2 * (0.25 + 0.75 * length / 2) for length in (3, 1, 2))
    got = matrix(make_table("views", "events", VIEWS), weight="bm25")
    expected = [
        [common * 2 * 2.2 / (2 + long), common * 2.2 / (1 + long), 0],
        [common * 2.2 / (1 + short), 0, 0],
        [0, common * 2.2 / (1 + mean), rare * 2.2 / (1 + mean)],
    ]
    assert_rows(got, expected)


def test_bm25_settings_are_used(make_table: MakeTable) -> None:
    # without saturation by k1 the count does not matter, nor does the length
    got = matrix(make_table("views", "events", VIEWS), weight="bm25", k1=0, b=0)
    common, rare = math.log(1.6), math.log(1 + 2.5 / 1.5)
    assert_rows(got, [[common, common, 0], [common, 0, 0], [0, common, rare]])


def test_log1p_counts_where_there_is_no_value(make_table: MakeTable) -> None:
    got = matrix(make_table("views", "events", VIEWS), weight="log1p")
    assert_rows(got, [[math.log(3), math.log(2), 0], [math.log(2), 0, 0], [0, math.log(2), math.log(2)]])


def test_positive_by_own_mean_where_the_scale_is_another(make_table: MakeTable) -> None:
    tenfold = {**RATINGS, "value": [10 * value for value in RATINGS["value"]]}
    # means 30, 50, 30: a's x (30) and y (30) are at the mean
    assert_rows(matrix(make_table("ratings", "events", tenfold), weight="positive"), [[1, 1, 0], [1, 0, 0], [0, 0, 1]])


def test_rounding_of_the_mean_is_no_taste(make_table: MakeTable) -> None:
    # 0.1 + 0.1 + 0.1 is more than 0.3, and its third more than 0.1
    rows = {"user_id": ["a"] * 3 + ["b"], "item_id": ["x", "y", "z", "x"], "value": [0.1, 0.1, 0.1, 0.7]}
    table = make_table("ratings", "events", rows)
    tables, ids = samples.tables_of(table), np.array(["a", "b"])
    centred = Interactions("taste", "ratings", weight="centred").fit(tables, ids).apply(tables, ids)
    assert centred.values.nnz == 0
    positive = Interactions("taste", "ratings", weight="positive").fit(tables, ids).apply(tables, ids)
    assert dense(positive).tolist() == [[1, 1, 1], [1, 0, 0]]


def test_the_positive_rule_is_frozen(make_table: MakeTable) -> None:
    at_fit = samples.tables_of(make_table("ratings", "events", RATINGS))
    fitted = Interactions("taste", "ratings", weight="positive").fit(at_fit, IDS)
    later = {"user_id": ["d", "d"], "item_id": ["x", "y"], "value": [3.0, 2.0]}
    block = fitted.apply(samples.tables_of(make_table("ratings", "events", later)), np.array(["d"]))
    assert dense(block).tolist() == [[0, 0, 0]]  # by their own mean x would count


def test_idf_is_frozen_and_unknown_items_are_ignored(make_table: MakeTable) -> None:
    at_fit = samples.tables_of(make_table("ratings", "events", RATINGS))
    later = {"user_id": ["d", "d", "d"], "item_id": ["x", "y", "new"], "value": [4.0, 2.0, 90.0]}
    tables, ids = samples.tables_of(make_table("ratings", "events", later)), np.array(["d"])
    common = math.log(4 / 3) + 1
    tfidf = Interactions("taste", "ratings", weight="tfidf").fit(at_fit, IDS).apply(tables, ids)
    assert_rows(dense(tfidf), [[common, common, 0]])
    centred = Interactions("taste", "ratings", weight="centred").fit(at_fit, IDS).apply(tables, ids)
    assert_rows(dense(centred), [[1, -1, 0]])  # about 3: the unknown item is not in the mean either


def test_only_the_users_of_the_fit_are_learned_from(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("ratings", "events", RATINGS))
    fitted = Interactions("taste", "ratings", weight="tfidf").fit(tables, np.array(["a", "b"]))
    assert fitted.columns.tolist() == ["x", "y"]
    assert fitted.rule.idf.tolist() == [1.0, math.log(3 / 2) + 1]


def test_users_without_events_do_not_count_as_documents(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("ratings", "events", RATINGS))
    feature = Interactions("taste", "ratings", weight="bm25")
    few, more = feature.fit(tables, IDS), feature.fit(tables, np.append(IDS, "d"))
    assert few.rule.idf.tolist() == more.rule.idf.tolist()
    assert few.rule.average_length == more.rule.average_length == 2.0


def test_an_event_without_a_value_is_an_event(make_table: MakeTable) -> None:
    rows = {**RATINGS, "value": [4.0, 2.0, None, 5.0, 1.0, float("nan")]}
    table = make_table("ratings", "events", rows)
    assert_rows(matrix(table, weight="value"), [[6, 0, 0], [5, 0, 0], [0, 1, 0]])
    assert_rows(matrix(table), [[1, 1, 0], [1, 0, 0], [0, 1, 1]])


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("vwxyz"), st.floats(0.001, 1e6, allow_nan=False)),
        min_size=4,
        max_size=40,
    ),
    st.sampled_from(WEIGHTS),
    st.randoms(use_true_random=False),
)
def test_bits_do_not_depend_on_the_order_of_events(rows: list[tuple[str, str, float]], weight: str, draw: Any) -> None:
    rows = [*rows, ("a", "v", 0.1), ("b", "w", 0.7)]  # two items and two values at least
    mixed = list(rows)
    draw.shuffle(mixed)
    schema = {"user_id": pl.String, "item_id": pl.String, "value": pl.Float64}
    one, other = (
        samples.tables_of(CheckedTable("r", "events", local.lazy(pl.DataFrame(order, schema=schema, orient="row"))))
        for order in (rows, mixed)
    )
    ids = np.array(sorted({user for user, _, _ in rows}))
    feature = Interactions("taste", "r", weight=weight, normalise="l2")
    there, here = feature.fit(one, ids).apply(one, ids).values, feature.fit(other, ids).apply(other, ids).values
    assert there.data.tobytes() == here.data.tobytes()
    assert there.indices.tolist() == here.indices.tolist()
    assert there.indptr.tolist() == here.indptr.tolist()


def test_no_events_give_empty_rows(make_table: MakeTable) -> None:
    at_fit = samples.tables_of(make_table("ratings", "events", RATINGS))
    nothing = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String, "value": pl.Float64})
    tables = samples.tables_of(make_table("ratings", "events", nothing))
    for weight in WEIGHTS:
        feature = Interactions("taste", "ratings", weight=weight)
        block = feature.fit(at_fit, IDS).apply(tables, IDS)
        assert block.values.shape == (3, 3)
        assert block.values.nnz == 0
    assert feature.entities(tables).tolist() == []


@pytest.mark.parametrize("weight", ["value", "positive", "centred"])
def test_a_weight_that_needs_values_says_so(make_table: MakeTable, weight: str) -> None:
    tables = samples.tables_of(make_table("views", "events", VIEWS))
    expected = (
        f"weight' is '{weight}', but the table 'views' has no 'value'; use weight = 'binary', 'log1p', 'tfidf' or"
    )
    with pytest.raises(ConfigError, match=expected):
        Interactions("taste", "views", weight=weight).fit(tables, IDS)


@pytest.mark.parametrize("weight", ["value", "positive", "centred"])
def test_equal_values_are_refused(make_table: MakeTable, weight: str) -> None:
    tables = samples.tables_of(make_table("ratings", "events", {**RATINGS, "value": [3.0] * 6}))
    expected = r"every value in 'ratings' is 3; .* drop `value` or use weight = 'binary'"
    with pytest.raises(DataError, match=expected):
        Interactions("taste", "ratings", weight=weight).fit(tables, IDS)
    Interactions("taste", "ratings", weight="binary").fit(tables, IDS)


def test_missing_values_are_refused(make_table: MakeTable) -> None:
    rows = {**RATINGS, "value": pl.Series([None] * 6, dtype=pl.Float64)}
    tables = samples.tables_of(make_table("ratings", "events", rows))
    with pytest.raises(DataError, match="no event in 'ratings' has a value; weight = 'value' needs values"):
        Interactions("taste", "ratings", weight="value").fit(tables, IDS)


def test_a_threshold_that_nothing_reaches_is_refused(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("ratings", "events", RATINGS))
    with pytest.raises(DataError, match="no value in 'ratings' reaches positive_from = 6; the greatest is 5; lower"):
        Interactions("taste", "ratings", weight="positive", positive_from=6).fit(tables, IDS)


def test_log1p_refuses_negative_values(make_table: MakeTable) -> None:
    good = samples.tables_of(make_table("ratings", "events", RATINGS))
    bad = samples.tables_of(make_table("ratings", "events", {**RATINGS, "value": [1.0, -2.0, 3.0, 4.0, 5.0, 6.0]}))
    feature = Interactions("taste", "ratings", weight="log1p")
    with pytest.raises(DataError, match="'ratings' holds the value -2, and weight = 'log1p' expects values >= 0"):
        feature.fit(bad, IDS)
    with pytest.raises(DataError, match="holds the value -2"):
        feature.fit(good, IDS).apply(bad, IDS)


def test_one_item_or_none_is_refused(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("views", "events", {"user_id": ["a", "b"], "item_id": ["x", "x"]}))
    feature = Interactions("taste", "views")
    with pytest.raises(DataError, match="the table 'views' holds one item: 'x'; expected two items or more"):
        feature.fit(tables, np.array(["a", "b"]))
    with pytest.raises(DataError, match="the table 'views' holds no events of these users"):
        feature.fit(tables, np.array(["c", "d"]))


def test_a_table_that_lost_its_values_is_refused(make_table: MakeTable) -> None:
    at_fit = samples.tables_of(make_table("ratings", "events", RATINGS))
    later = samples.tables_of(make_table("ratings", "events", VIEWS))
    fitted = Interactions("taste", "ratings", weight="value").fit(at_fit, IDS)
    with pytest.raises(
        ModelError, match=r"'features.taste' was fitted with the column 'value', which the table 'ratings'"
    ):
        fitted.apply(later, IDS)


def test_the_table_must_be_there_and_hold_events(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("people", "users", {"user_id": ["a", "b"]}))
    with pytest.raises(
        ConfigError, match=r"'features.taste' needs a table of role 'events', got 'people' of role 'users'"
    ):
        Interactions("taste", "people").entities(tables)
    with pytest.raises(UnknownNameError, match="unknown table 'poeple'; did you mean 'people'"):
        Interactions("taste", "poeple").entities(tables)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"weight": "centered"}, r"'features\.taste\.weight' is 'centered'; did you mean 'centred'"),
        ({"weight": 3}, r"'features\.taste\.weight' is '3'; expected one of 'binary'"),
        ({"normalise": "L2"}, r"'features\.taste\.normalise' is 'L2'; (did you mean 'l2'|expected one of 'l1', 'l2')"),
        ({"wieght": "value"}, r"unknown key 'wieght' in features\.taste; did you mean 'weight'"),
        (
            {"positive_from": 4},
            r"'features\.taste\.positive_from' belongs to weight = 'positive', got weight = 'binary'",
        ),
        ({"weight": "tfidf", "k1": 1.0}, r"'features\.taste\.k1' belongs to weight = 'bm25', got weight = 'tfidf'"),
        ({"weight": "bm25", "k1": -1}, r"'features\.taste\.k1' is '-1'; expected a number >= 0"),
        ({"weight": "bm25", "b": 2}, r"'features\.taste\.b' is '2'; expected a number in \[0, 1\]"),
        ({"weight": "positive", "positive_from": "4"}, r"'features\.taste\.positive_from' is '4'; expected a number"),
        ({"weight": "positive", "positive_from": True}, r"positive_from' is 'True'; expected a number"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Interactions("taste", "ratings", **options)
