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
from coterie.features.attributes import Attributes
from coterie.features.contract import Feature
from coterie.tables import CheckedTable, Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

KINDS: dict[str, Any] = {"age": "number", "job": "category"}
PEOPLE: dict[str, Any] = {
    "user_id": ["a", "b", "c", "d", "e"],
    "age": [10.0, 20.0, 30.0, 60.0, None],
    "job": ["nurse", "clerk", "nurse", "smith", None],
}
IDS = np.array(PEOPLE["user_id"])


@pytest.mark.parametrize("options", [{}, {"scale": "robust", "min_count": 1}, {"scale": "minmax", "impute": "mean"}])
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, options: dict[str, Any]) -> Feature:
        return Attributes("people", "people", **options)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("people", "users", samples.people(), attributes=samples.ATTRIBUTES))


class TestSparseContract(FeatureContract):
    @pytest.fixture
    def feature(self) -> Feature:
        return Attributes("towns", "people", columns=["town"], min_count=1)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        towns = {"user_id": [f"u{n:02d}" for n in range(30)], "town": [f"town {n % 15}" for n in range(30)]}
        return samples.tables_of(make_table("people", "users", towns, attributes={"town": "category"}))

    def test_many_categories_are_sparse(self, fitted: Any, tables: Tables, ids: Any) -> None:
        assert isinstance(fitted.apply(tables, ids).values, sp.csr_array)


@pytest.fixture
def people(make_table: MakeTable) -> Tables:
    return samples.tables_of(make_table("people", "users", PEOPLE, attributes=KINDS))


def column(tables: Tables, name: str, **options: Any) -> list[float]:
    block = Attributes("who", "people", **options).fit(tables, IDS).apply(tables, IDS)
    return dense(block)[:, block.columns.tolist().index(name)].tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"scale": "none"}, [10, 20, 30, 60, 25]),  # the median of the known fills
        ({"scale": "none", "impute": "mean"}, [10, 20, 30, 60, 30]),
        ({"scale": "none", "impute": -1}, [10, 20, 30, 60, -1]),
        ({"scale": "minmax", "impute": 0}, [0, 0.2, 0.4, 1, -0.2]),
        # mean 30, variance (400 + 100 + 0 + 900) / 4 = 350
        ({"scale": "standard", "impute": "mean"}, [-20 / 350**0.5, -10 / 350**0.5, 0, 30 / 350**0.5, 0]),
        # quartiles 17.5, 25, 37.5
        ({"scale": "robust"}, [-0.75, -0.25, 0.25, 1.75, 0]),
    ],
)
def test_numbers_by_hand(people: Tables, options: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(column(people, "age", **options), expected, rtol=2e-7, atol=1e-9)


def test_categories_by_hand(people: Tables) -> None:
    block = Attributes("who", "people", columns=["job"], min_count=2).fit(people, IDS).apply(people, IDS)
    assert block.columns.tolist() == ["job=nurse", "job=other", "job=missing"]
    assert dense(block).tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_rare_is_rarer_than_ten_by_default(make_table: MakeTable) -> None:
    users = [f"u{n:02d}" for n in range(30)]
    jobs = ["nurse"] * 11 + ["clerk"] * 10 + ["smith"] * 9
    table = make_table("people", "users", {"user_id": users, "job": jobs}, attributes={"job": "category"})
    fitted = Attributes("who", "people").fit(samples.tables_of(table), np.array(users))
    assert fitted.columns.tolist() == ["job=clerk", "job=nurse", "job=other"]


def test_later_users_meet_the_frozen_columns(people: Tables, make_table: MakeTable) -> None:
    later = {"user_id": ["x", "y", "z"], "age": [110.0, None, float("nan")], "job": ["priest", None, "nurse"]}
    tables = samples.tables_of(make_table("people", "users", later, attributes=KINDS))
    ids = np.array(["x", "y", "z"])
    folded = Attributes("who", "people", scale="minmax", min_count=2).fit(people, IDS).apply(tables, ids)
    assert dense(folded).tolist() == [[2, 0, 1, 0], pytest.approx([0.3, 0, 0, 1]), pytest.approx([0.3, 1, 0, 0])]
    exact = Attributes("who", "people", columns=["job"], min_count=1).fit(people, IDS[:4]).apply(tables, ids)
    assert exact.columns.tolist() == ["job=clerk", "job=nurse", "job=smith"]
    assert dense(exact).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]  # no "other", no "missing": zeros


def test_a_missing_category_is_not_taken_for_another(people: Tables) -> None:
    fitted = Attributes("who", "people", columns=["job"], min_count=2).fit(people, IDS[:4])
    assert fitted.columns.tolist() == ["job=nurse", "job=other"]
    assert dense(fitted.apply(people, IDS[4:])).tolist() == [[0, 0]]


def test_an_unknown_user_is_one_whose_everything_is_missing(people: Tables) -> None:
    fitted = Attributes("who", "people", min_count=1).fit(people, IDS)
    rows = dense(fitted.apply(people, np.append(IDS, STRANGER)))
    assert rows[5].tolist() == rows[4].tolist()


def test_a_stranger_at_the_fit_teaches_nothing(people: Tables) -> None:
    feature = Attributes("who", "people", columns=["job"], min_count=1)
    assert feature.fit(people, np.array(["a", "b", STRANGER])).columns.tolist() == ["job=clerk", "job=nurse"]


def test_a_categorys_own_other_and_missing_take_the_rest_in(make_table: MakeTable) -> None:
    rows = {"user_id": ["a", "b", "c", "d", "e"], "job": ["other", "rare", "missing", None, "nurse"]}
    tables = samples.tables_of(make_table("people", "users", rows, attributes={"job": "category"}))
    block = Attributes("who", "people", min_count=2).fit(tables, IDS).apply(tables, IDS)
    assert block.columns.tolist() == ["job=other", "job=missing"]
    assert dense(block).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1], [1, 0]]


def test_a_number_that_does_not_vary_is_only_centred(make_table: MakeTable) -> None:
    rows = {"user_id": IDS.tolist(), "age": [0.1] * 5}
    tables = samples.tables_of(make_table("people", "users", rows, attributes={"age": "number"}))
    for scale in ("standard", "minmax", "robust"):
        np.testing.assert_allclose(column(tables, "age", scale=scale), 0, atol=1e-12)


def test_which_attributes_are_columns(make_table: MakeTable) -> None:
    table = make_table("people", "users", samples.people(), attributes=samples.ATTRIBUTES)
    tables = samples.tables_of(table)
    ids = Attributes("who", "people").entities(tables)
    every = Attributes("who", "people", min_count=1).fit(tables, ids)
    assert {name.split("=")[0] for name in every.columns.tolist()} == {"age", "income", "job", "state"}
    by_zip = Attributes("who", "people", columns=["zip", "state"], min_count=1).fit(tables, ids)
    assert by_zip.columns.tolist() == ["state=CA", "state=NY"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["note"], r"'features\.who\.columns' names 'note' of kind 'text'; expected a number, a category"),
        (["agge"], r"names 'agge', no attribute of 'people'; did you mean 'age'"),
    ],
)
def test_columns_that_cannot_be_are_refused(make_table: MakeTable, columns: list[str], expected: str) -> None:
    tables = samples.tables_of(make_table("people", "users", samples.people(), attributes=samples.ATTRIBUTES))
    with pytest.raises(ConfigError, match=expected):
        Attributes("who", "people", columns=columns).fit(tables, IDS)


def test_a_zip_without_a_state_is_refused(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("people", "users", samples.people(), attributes={"zip": "us_zip"}))
    with pytest.raises(ConfigError, match=r"names 'zip' of kind 'us_zip'; expected .* a zip code with its state"):
        Attributes("who", "people", columns=["zip"]).fit(tables, IDS)
    with pytest.raises(ConfigError, match=r"'people' has no number or category for 'features.who'; declare some in"):
        Attributes("who", "people").fit(tables, IDS)


def test_a_number_that_nobody_has_is_refused(people: Tables) -> None:
    with pytest.raises(DataError, match="the number 'age' of 'people' is missing for every user; leave it out"):
        Attributes("who", "people").fit(people, IDS[4:])


def test_several_rows_of_one_user_are_refused(make_table: MakeTable) -> None:
    twice = {"user_id": ["a", "b", "b"], "age": [1.0, 2.0, 3.0]}
    tables = samples.tables_of(make_table("people", "users", twice, attributes={"age": "number"}))
    with pytest.raises(DataError, match="'people' has several rows of the user 'b', and attributes need one"):
        Attributes("who", "people").fit(tables, np.array(["a", "b"]))


def test_a_lost_attribute_is_refused(people: Tables, make_table: MakeTable) -> None:
    fitted = Attributes("who", "people").fit(people, IDS)
    later = {name: PEOPLE[name] for name in ("user_id", "age")}
    tables = samples.tables_of(make_table("people", "users", later, attributes={"age": "number"}))
    with pytest.raises(ModelError, match=r"'features.who' was fitted with the column 'job'"):
        fitted.apply(tables, IDS)


def test_events_are_no_users(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("ratings", "events", samples.events()))
    with pytest.raises(
        ConfigError, match=r"'features.who' needs a table of role 'users', got 'ratings' of role 'events'"
    ):
        Attributes("who", "ratings").entities(tables)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"scale": "standart"}, r"'features\.who\.scale' is 'standart'; did you mean 'standard'"),
        ({"impute": "medain"}, r"'features\.who\.impute' is 'medain'; did you mean 'median'"),
        ({"impute": float("nan")}, r"'features\.who\.impute' is 'nan'; expected a number"),
        ({"min_count": 0}, r"'features\.who\.min_count' is '0'; expected a whole number >= 1"),
        ({"min_count": 1.5}, r"'features\.who\.min_count' is '1.5'; expected a whole number >= 1"),
        ({"columns": "age"}, r"'features\.who\.columns' is 'age'; expected a list of attributes' names"),
        ({"columns": []}, r"'features\.who\.columns' is '\[\]'; expected a list"),
        ({"colums": ["age"]}, r"unknown key 'colums' in features\.who; did you mean 'columns'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Attributes("who", "people", **options)


@settings(max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.integers(-3, 3), st.floats(-1e3, 1e3))
def test_standard_scores_do_not_depend_on_the_unit(values: list[float], power: int, shift: float) -> None:
    def scores(numbers: np.ndarray) -> np.ndarray:
        ids = [f"u{n:02d}" for n in range(len(numbers))]
        frame = local.lazy(pl.DataFrame({"user_id": ids, "x": numbers}))
        tables = samples.tables_of(CheckedTable("people", "users", frame, {"x": "number"}))
        return dense(Attributes("who", "people").fit(tables, np.array(ids)).apply(tables, np.array(ids)))

    whole = np.round(np.array(values))  # no spread that drowns in the shift
    once, again = scores(whole), scores(whole * 2.0**power + np.round(shift))
    np.testing.assert_allclose(again, once, atol=1e-4)
    assert abs(once.mean()) < 1e-5
