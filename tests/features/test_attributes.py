from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.embedding.pca import PCA
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


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": "robust", "min_count": 1},
        {"scale": "minmax", "impute": "mean"},
        {"impute_by": "job", "impute": "mean", "clip": [0.1, 0.9], "log": True},
        {"impute_by": "state", "impute_category": "most_frequent", "impute": "most_frequent", "min_count": 1},
        {"categories": "famd", "min_count": 2},
        {"categories": "famd", "columns": ["job", "state"], "impute_category": "nurse", "min_count": 1},
    ],
)
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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"impute": "most_frequent"}, [10, 20, 30, 60, 10]),  # each once: the least
        ({"clip": [0, 2 / 3]}, [10, 20, 30, 30, 25]),  # two thirds of the way from the first to the fourth
        ({"clip": [1 / 3, 1]}, [20, 20, 30, 60, 25]),
        ({"clip": [0, 2 / 3], "impute": "mean"}, [10, 20, 30, 30, 22.5]),  # clipped before the mean is taken
        ({"log": True}, np.log1p([10, 20, 30, 60, 25])),  # the fill is in the attribute's own unit
        ({"log": True, "clip": [0, 2 / 3], "impute": 9}, np.log1p([10, 20, 30, 30, 9])),
    ],
)
def test_preparation_by_hand(people: Tables, options: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(column(people, "age", scale="none", **options), expected, rtol=2e-7)


@pytest.fixture
def grouped(make_table: MakeTable) -> Tables:
    rows = {
        "user_id": ["a", "b", "c", "d", "e", "f", "g", "h"],
        "age": [10.0, 30.0, None, 70.0, None, None, None, 70.0],
        "job": ["nurse", "nurse", "nurse", "clerk", "clerk", "smith", None, "clerk"],
        "pet": ["cat", "cat", None, "dog", None, None, None, "eel"],
    }
    kinds = {"age": "number", "job": "category", "pet": "category"}
    return samples.tables_of(make_table("people", "users", rows, attributes=kinds))


GROUPED = np.array(list("abcdefgh"))


@pytest.mark.parametrize(
    ("impute", "expected"),
    [
        ("mean", [20, 70, 45, 45]),  # nurses', clerks', then everybody's: no smith's age is known, and no group
        ("median", [20, 70, 50, 50]),
        ("most_frequent", [10, 70, 70, 70]),
    ],
)
def test_numbers_filled_by_group(grouped: Tables, impute: str, expected: list[float]) -> None:
    feature = Attributes("who", "people", columns=["age"], impute=impute, impute_by="job", scale="none")
    fitted = feature.fit(grouped, GROUPED)
    assert fitted.groups == ("clerk", "nurse", "smith")
    filled = dense(fitted.apply(grouped, GROUPED))[[2, 4, 5, 6], 0]
    assert filled.tolist() == expected
    assert dense(fitted.apply(grouped, np.array([STRANGER]))).tolist() == [[expected[3]]]


def test_a_later_group_gets_what_all_get(grouped: Tables, make_table: MakeTable) -> None:
    fitted = Attributes("who", "people", columns=["age"], impute_by="job", scale="none").fit(grouped, GROUPED)
    later = {"user_id": ["x", "y"], "age": pl.Series([None, None], dtype=pl.Float64), "job": ["priest", "clerk"]}
    tables = samples.tables_of(make_table("people", "users", later, attributes={"age": "number", "job": "category"}))
    assert dense(fitted.apply(tables, np.array(["x", "y"]))).tolist() == [[50], [70]]
    bare = make_table("people", "users", {"user_id": ["x"], "age": [1.0]}, attributes={"age": "number"})
    with pytest.raises(ModelError, match=r"'features.who' was fitted with the column 'job'"):
        fitted.apply(samples.tables_of(bare), np.array(["x"]))


@pytest.mark.parametrize(
    ("options", "columns", "filled"),
    [
        ({}, ["pet=cat", "pet=dog", "pet=eel", "pet=missing"], [3, 3, 3, 3]),
        ({"impute_category": "most_frequent"}, ["pet=cat", "pet=dog", "pet=eel"], [0, 0, 0, 0]),
        # clerks have a dog and an eel: the first in the alphabet; no smith's pet is known
        ({"impute_category": "most_frequent", "impute_by": "job"}, ["pet=cat", "pet=dog", "pet=eel"], [0, 1, 0, 0]),
        ({"impute_category": "eel"}, ["pet=cat", "pet=dog", "pet=eel"], [2, 2, 2, 2]),
        ({"impute_category": "none yet"}, ["pet=cat", "pet=dog", "pet=eel", "pet=none yet"], [3, 3, 3, 3]),
    ],
)
def test_categories_filled(grouped: Tables, options: dict[str, Any], columns: list[str], filled: list[int]) -> None:
    block = Attributes("who", "people", columns=["pet"], min_count=1, **options).fit(grouped, GROUPED)
    assert block.columns.tolist() == columns
    rows = dense(block.apply(grouped, GROUPED))
    assert rows.sum(axis=1).tolist() == [1] * 8
    assert rows[[2, 4, 5, 6]].argmax(axis=1).tolist() == filled
    assert dense(block.apply(grouped, np.array([STRANGER]))).argmax() == filled[3]


def mixed_data(seed: int, kinds: tuple[str, ...]) -> tuple[Tables, np.ndarray, dict[str, list[Any]]]:
    draw = np.random.default_rng(seed)
    ids = np.array([f"u{n:02d}" for n in range(40)])
    rows: dict[str, list[Any]] = {}
    for n, kind in enumerate(kinds):
        numbers = draw.normal(size=40) * 10**n
        rows[f"x{n}"] = numbers.tolist() if kind == "number" else draw.choice(list("abc"), 40).tolist()
    frame = local.lazy(pl.DataFrame({"user_id": ids.tolist(), **rows}))
    attributes: dict[str, Any] = {f"x{n}": kind for n, kind in enumerate(kinds)}
    return samples.tables_of(CheckedTable("people", "users", frame, attributes)), ids, rows


def eigenvalues(block: np.ndarray) -> np.ndarray:
    return np.sort(np.linalg.eigvalsh(np.cov(block.astype(np.float64), rowvar=False, ddof=0)))[::-1]


@pytest.mark.parametrize("kinds", [("number", "number", "number"), ("category",) * 3, ("number", "category", "number")])
def test_famd_has_the_inertia_that_theory_gives(kinds: tuple[str, ...]) -> None:
    tables, ids, rows = mixed_data(5, kinds)
    block = dense(Attributes("who", "people", categories="famd").fit(tables, ids).apply(tables, ids))
    values = eigenvalues(block)
    # one for each number, and the number of its categories less one for each attribute of categories
    assert values.sum() == pytest.approx(sum(1 if kind == "number" else 2 for kind in kinds), rel=1e-5)
    np.testing.assert_allclose(block.mean(axis=0), 0, atol=1e-6)
    if set(kinds) == {"number"}:
        correlations = np.corrcoef(np.array(list(rows.values())))
        np.testing.assert_allclose(values, np.sort(np.linalg.eigvalsh(correlations))[::-1], atol=1e-6)


def test_famd_of_categories_alone_is_multiple_correspondence_analysis() -> None:
    tables, ids, rows = mixed_data(6, ("category",) * 4)
    block = dense(Attributes("who", "people", categories="famd").fit(tables, ids).apply(tables, ids))
    # Correspondence analysis of the indicator matrix: singular values of its standardised residuals.
    hot = np.hstack([np.array(column)[:, None] == np.array(list("abc")) for column in rows.values()]).astype(float)
    shares = hot / hot.sum()
    row, col = shares.sum(axis=1), shares.sum(axis=0)
    residuals = (shares - np.outer(row, col)) / np.sqrt(np.outer(row, col))
    inertias = np.sort(np.linalg.svd(residuals, compute_uv=False) ** 2)[::-1][:8]
    np.testing.assert_allclose(eigenvalues(block)[:8], 4 * inertias, atol=1e-6)


def test_the_first_component_of_famd_has_the_greatest_sum_of_links() -> None:
    """Pagès: an eigenvalue is the sum of r squared with the numbers and eta squared with the categories."""
    tables, ids, rows = mixed_data(7, ("number", "category", "number", "category"))
    block = dense(Attributes("who", "people", categories="famd").fit(tables, ids).apply(tables, ids))
    fitted = PCA(dims=3).fit(block, np.random.default_rng(0))
    scores = fitted.apply(block).astype(np.float64)
    for axis, eigenvalue in enumerate(eigenvalues(block)[:3]):
        links = 0.0
        for values in rows.values():
            score = scores[:, axis]
            if isinstance(values[0], float):
                links += np.corrcoef(score, values)[0, 1] ** 2
            else:
                groups = [score[np.array(values) == value] for value in "abc"]
                links += sum(len(group) * group.mean() ** 2 for group in groups) / (score**2).sum()
        assert links == pytest.approx(eigenvalue, rel=1e-4)


def test_famd_by_hand_and_a_stranger_in_the_middle(people: Tables) -> None:
    feature = Attributes("who", "people", columns=["job"], min_count=1, categories="famd")
    fitted = feature.fit(people, IDS[:4])  # two nurses of four, one clerk, one smith, nobody missing
    rows = dense(fitted.apply(people, np.append(IDS, STRANGER)))
    nurse = [-0.25 / 0.5, 0.5 / 0.5**0.5, -0.25 / 0.5]
    np.testing.assert_allclose(rows[0], nurse, rtol=1e-6)
    assert rows[4].tolist() == rows[5].tolist() == [0, 0, 0]
    assert isinstance(rows, np.ndarray)


def test_the_logarithm_refuses_what_has_none(make_table: MakeTable) -> None:
    rows = {"user_id": IDS.tolist(), "debt": [-2.0, 1.0, 2.0, 3.0, None]}
    tables = samples.tables_of(make_table("people", "users", rows, attributes={"debt": "number"}))
    message = "the number 'debt' goes down to -2, and log = true expects numbers >= 0; leave 'debt' out"
    with pytest.raises(DataError, match=message):
        Attributes("who", "people", log=True).fit(tables, IDS)
    fitted = Attributes("who", "people", log=True).fit(tables, IDS[1:])
    with pytest.raises(DataError, match=message):
        fitted.apply(tables, IDS)
    clipped = Attributes("who", "people", log=True, clip=[0.01, 1]).fit(tables, IDS[1:])
    assert np.isfinite(dense(clipped.apply(tables, IDS))).all()  # -2 is cut to the fit's least


def test_no_most_frequent_among_none(grouped: Tables) -> None:
    with pytest.raises(DataError, match="the category 'pet' of 'people' is missing for every user, so none is most"):
        Attributes("who", "people", columns=["pet"], impute_category="most_frequent").fit(grouped, GROUPED[4:7])


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("age", r"'features\.who\.impute_by' names 'age' of kind 'number'; expected a category"),
        ("jop", r"'features\.who\.impute_by' names 'jop', no attribute of 'people'; did you mean 'job'"),
    ],
)
def test_groups_that_cannot_be_are_refused(people: Tables, by: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Attributes("who", "people", impute_by=by).fit(people, IDS)


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
        ({"clip": [0.9, 0.1]}, r"'features\.who\.clip' is '\[0.9, 0.1\]'; expected two quantiles \[low, high\] with"),
        ({"clip": [0, 2]}, r"'features\.who\.clip' is '2'; expected a number in \[0, 1\]"),
        ({"clip": 0.5}, r"'features\.who\.clip' is '0.5'; expected two quantiles"),
        ({"log": 1}, r"'features\.who\.log' is '1'; expected true or false"),
        ({"log": True, "impute": -1}, r"'features\.who\.impute' is -1, and log = true expects numbers >= 0"),
        ({"impute_by": 3}, r"'features\.who\.impute_by' is '3'; expected a name"),
        ({"impute_by": "job", "impute": 3}, r"'features\.who\.impute_by' has no effect beside impute = 3 and"),
        ({"impute_category": "most_freqent"}, r"impute_category' is 'most_freqent'; did you mean 'most_frequent'"),
        ({"impute_category": ""}, r"'features\.who\.impute_category' is ''; expected a name"),
        ({"categories": "fmd"}, r"'features\.who\.categories' is 'fmd'; did you mean 'famd'"),
        ({"categories": "famd", "scale": "robust"}, r"categories' is 'famd', which needs scale = 'standard', got"),
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
