from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError
from coterie.features.audience import Audience
from coterie.features.contract import Feature
from coterie.tables import CheckedTable, Tables
from coterie.tables.viewpoint import seen_by
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

# Films by their fans: "a" of p, q, r; "b" of r, s; "c" of s alone. Age and sex of q and s are in part unknown.
LIKES: dict[str, Any] = {
    "user_id": ["p", "p", "q", "r", "r", "s", "s"],
    "item_id": ["a", "a", "a", "a", "b", "b", "c"],
    "value": [5.0, 4.0, 2.0, 4.0, 5.0, 3.0, 1.0],
}
PEOPLE: dict[str, Any] = {
    "user_id": ["p", "q", "r", "s"],
    "age": [10.0, 20.0, 30.0, None],
    "sex": ["F", None, "M", "M"],
}
KINDS: dict[str, Any] = {"age": "number", "sex": "category"}
IDS = np.array(["a", "b", "c"])
OPEN: dict[str, Any] = {"min_fans": 1, "min_count": 1, "smoothing": 0}


@pytest.mark.parametrize(
    "options",
    [
        {"min_fans": 2, "min_count": 1},
        {"min_fans": 2, "form": "poles", "columns": ["age"], "low": 20, "high": 40},
        {"min_fans": 2, "min_count": 1, "form": "percentile", "low": 20, "high": 40, "positive_from": 1},
        {"min_fans": 2, "min_count": 3, "columns": ["zip", "job"], "smoothing": 0},
    ],
)
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, options: dict[str, Any]) -> Feature:
        return Audience("fans", "events", **options)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        rows = samples.events(n_users=12, n_items=9).with_columns(value=pl.col("value").fill_null(3.0))
        events = make_table("events", "events", rows)
        people = make_table("people", "users", samples.people(), attributes=samples.ATTRIBUTES)
        return seen_by("items", samples.tables_of(events, people))

    def test_an_entity_of_no_fans_is_empty(self, feature: Feature, tables: Tables) -> None:
        ids = feature.entities(tables)
        values = feature.fit(tables, ids).apply(tables, np.append(ids, STRANGER)).values
        assert isinstance(values, sp.csr_array)
        assert values[[-1]].nnz == 0


@pytest.fixture
def tables(make_table: MakeTable) -> Tables:
    people = make_table("people", "users", PEOPLE, attributes=KINDS)
    return seen_by("items", samples.tables_of(make_table("likes", "events", LIKES), people))


def rows_of(tables: Tables, **options: Any) -> dict[str, list[float]]:
    block = Audience("fans", "likes", **{**OPEN, **options}).fit(tables, IDS).apply(tables, IDS)
    return dict(zip(block.columns.tolist(), dense(block).T.tolist(), strict=True))


def test_means_and_shares_by_hand(tables: Tables) -> None:
    # Ages of all fans: 10, 20, 30 of "a" and 30 of "b": mean 22.5, variance (156.25 + 6.25 + 2 * 56.25) / 4 = 68.75.
    # Sexes: F, M of "a", M, M of "b", M of "c": F 1 in 5.
    found = rows_of(tables)
    np.testing.assert_allclose(found["age"], [-2.5 / 68.75**0.5, 7.5 / 68.75**0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(found["sex=F"], np.array([0.5 - 0.2, -0.2, -0.2]) / 0.2**0.5, rtol=1e-6)
    np.testing.assert_allclose(found["sex=M"], np.array([0.5 - 0.8, 0.2, 0.2]) / 0.8**0.5, rtol=1e-6)


def test_few_fans_are_drawn_towards_all(tables: Tables) -> None:
    found = rows_of(tables, smoothing=3, columns=["age"])
    np.testing.assert_allclose(
        found["age"], np.array([(60 + 67.5) / 6 - 22.5, (30 + 67.5) / 4 - 22.5, 0]) / 68.75**0.5, rtol=1e-6
    )


def test_poles_by_hand(tables: Tables) -> None:
    found = rows_of(tables, form="poles", columns=["age"], low=10, high=30)
    # Of four known ages one is low and two are high.
    np.testing.assert_allclose(found["age low"], np.array([1 / 3 - 0.25, -0.25, 0]) / 0.5, rtol=1e-6)
    np.testing.assert_allclose(found["age high"], np.array([1 / 3 - 0.5, 0.5, 0]) / 0.5**0.5, rtol=1e-6)


def test_percentiles_by_hand(tables: Tables) -> None:
    found = rows_of(tables, form="percentile", low=10, high=30)
    # Counts (low, high, F, M): a 1 1 1 1, b 0 1 0 2, c 0 0 0 1; shares of M: 1/4, 2/3, 1; three rows rank over 4.
    np.testing.assert_allclose(found["sex=M"], [1 / 4, 2 / 4, 3 / 4])
    np.testing.assert_allclose(found["age high"], [2 / 4, 3 / 4, 1 / 4])
    np.testing.assert_allclose(found["sex=F"], [3 / 4, 1.5 / 4, 1.5 / 4])


def test_only_positive_pairs_make_fans(tables: Tables) -> None:
    feature = Audience("fans", "likes", **OPEN, positive_from=4.5)
    # p's mean with "a" is 4.5; r likes "b".
    assert feature.entities(tables).tolist() == ["a", "b"]
    block = feature.fit(tables, IDS).apply(tables, IDS)
    shares = dense(block)[:, block.columns.tolist().index("sex=F")]
    np.testing.assert_allclose(shares, np.array([0.5, -0.5, 0]) / 0.5**0.5, rtol=1e-6)


def test_entities_with_few_fans_are_left_out(tables: Tables) -> None:
    feature = Audience("fans", "likes", min_fans=2, min_count=1)
    assert feature.entities(tables).tolist() == ["a", "b"]
    assert dense(feature.fit(tables, IDS).apply(tables, IDS))[2].tolist() == [0, 0, 0]


def test_rare_categories_are_other(tables: Tables) -> None:
    assert set(rows_of(tables, min_count=2, columns=["sex"])) == {"sex=M", "sex=other"}


def test_traits_in_one_attribute(make_table: MakeTable) -> None:
    quiz = {"user_id": ["p", "q", "r"], "traits": ["{'1': 1.0, '2': 5.0}", "{'1': 3.0}", "{'1': 5.0, '2': 5.0}"]}
    people = make_table("quiz", "users", quiz, attributes={"traits": "traits"})
    seen = seen_by("items", samples.tables_of(make_table("likes", "events", LIKES), people))
    found = rows_of(seen, column="traits", form="poles")
    assert list(found) == ["1 low", "1 high", "2 low", "2 high"]
    np.testing.assert_allclose(found["1 high"], np.array([1 / 3 - 0.5, 0.5, 0]) / 0.5**0.5, rtol=1e-6)


def test_tags_have_audiences_too(make_table: MakeTable) -> None:
    films = make_table(
        "films", "items", {"item_id": ["a", "b"]}, tags={"item_id": ["a", "b", "b"], "tag": ["war", "war", "love"]}
    )
    people = make_table("people", "users", PEOPLE, attributes=KINDS)
    seen = seen_by("films.tags", samples.tables_of(make_table("likes", "events", LIKES), people, films))
    assert Audience("fans", "likes", **OPEN).entities(seen).tolist() == ["love", "war"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("pqr")), min_size=1, max_size=15))
def test_repeated_events_change_nothing(pairs: list[tuple[str, str]]) -> None:
    def rows(events: list[tuple[str, str]]) -> np.ndarray:
        frame = pl.DataFrame(events, schema={"user_id": pl.String, "item_id": pl.String}, orient="row")
        people = local.lazy(pl.DataFrame({"item_id": ["p", "q", "r"], "sex": ["F", "M", "M"]}))
        made = samples.tables_of(
            CheckedTable("likes", "events", local.lazy(frame)),
            CheckedTable("people", "items", people, {"sex": "category"}),
        )
        return dense(Audience("x", "likes", **OPEN).fit(made, IDS).apply(made, IDS))

    np.testing.assert_array_equal(rows(pairs), rows(pairs[::-1] + pairs))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "median"}, r"'features\.x\.form' is 'median'"),
        ({"low": 4, "high": 4}, r"'features\.x\.low' is 4 and 'high' 4; expected low below high"),
        ({"min_fans": 0}, r"'features\.x\.min_fans' is '0'; expected a whole number >= 1"),
        ({"smoothing": -1}, r"'features\.x\.smoothing' is '-1'; expected a number >= 0"),
        ({"columns": []}, r"'features\.x\.columns' is '\[\]'; expected a list"),
        ({"people": 3}, r"'features\.x\.people' is '3'; expected a name"),
        ({"column": ["answers"]}, r"'features\.x\.column' is .*; expected a name"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Audience("x", "likes", **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"people": "peple"}, ConfigError, r"'features\.x\.people' is 'peple'; did you mean 'people'"),
        ({"columns": ["agee"]}, ConfigError, r"names 'agee', no attribute of 'people'; did you mean 'age'"),
        ({"min_fans": 9}, DataError, r"nothing in 'likes' has 9 fans that 'people' knows"),
    ],
)
def test_what_the_tables_lack_is_said(
    tables: Tables, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Audience("x", "likes", **{**OPEN, **options}).fit(tables, IDS)


def test_users_have_no_audience(make_table: MakeTable) -> None:
    people = make_table("people", "users", PEOPLE, attributes=KINDS)
    made = samples.tables_of(make_table("likes", "events", LIKES), people)
    with pytest.raises(ConfigError, match=r"must say which table of people describes the audience; found none"):
        Audience("x", "likes").entities(made)


def test_values_must_be_there(make_table: MakeTable) -> None:
    likes = {key: LIKES[key] for key in ("user_id", "item_id")}
    people = make_table("people", "users", PEOPLE, attributes=KINDS)
    made = seen_by("items", samples.tables_of(make_table("likes", "events", likes), people))
    with pytest.raises(ConfigError, match=r"'features\.x\.positive_from' needs values"):
        Audience("x", "likes", positive_from=4).entities(made)


def test_a_column_that_is_gone_is_missed(tables: Tables, make_table: MakeTable) -> None:
    fitted = Audience("x", "likes", **OPEN).fit(tables, IDS)
    ages = make_table("people", "users", {"user_id": ["p"], "age": [1.0]}, attributes={"age": "number"})
    less = seen_by("items", samples.tables_of(make_table("likes", "events", LIKES), ages))
    with pytest.raises(ModelError, match=r"was fitted with the column 'sex'"):
        fitted.apply(less, IDS)


def test_a_number_nobody_knows_is_refused(make_table: MakeTable) -> None:
    nobody = {**PEOPLE, "age": pl.Series([None] * 4, dtype=pl.Float64)}
    people = make_table("people", "users", pl.DataFrame(nobody), attributes=KINDS)
    made = seen_by("items", samples.tables_of(make_table("likes", "events", LIKES), people))
    with pytest.raises(DataError, match=r"'age' of 'people' is unknown for every fan"):
        Audience("x", "likes", **OPEN).fit(made, IDS)
