from __future__ import annotations

import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ConfigError, DataError, ModelError
from coterie.features.answers import Answers
from coterie.features.contract import Feature, FittedFeature
from coterie.features.traits import Traits, percentiles, shares_within
from coterie.tables import Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

QUIZ: dict[str, Any] = {
    "user_id": ["a", "b", "c", "d"],
    "calm": [1.0, 2.0, 5.0, None],
    "bold": [4.0, 2.0, None, None],
    "kind": [5.0, 4.0, 3.0, 2.0],
}
KINDS: dict[str, Any] = {"calm": "number", "bold": "number", "kind": "number"}
CELLS: dict[str, Any] = {
    "user_id": QUIZ["user_id"],
    "answers": [
        "{'calm': 1.0, 'bold': 4, 'kind': 5.}",
        '{"calm": 2, "bold": 2.0e0, "kind": 4.0}',
        "{'calm': +5.0, 'kind': 3, 'bold': None}",
        "{'kind': 2,}",
    ],
}
EVENTS: dict[str, Any] = {
    "user_id": ["a", "a", "a", "a", "b", "b", "b", "c", "c", "c", "d"],
    "item_id": ["calm", "calm", "bold", "kind", "calm", "bold", "kind", "calm", "kind", "bold", "kind"],
    "value": [0.5, 1.5, 4.0, 5.0, 2.0, 2.0, 4.0, 5.0, 3.0, None, 2.0],
}
IDS = np.array(QUIZ["user_id"])


def answers(n_users: int = 12, seed: int = 5) -> pl.DataFrame:
    """Awkward answers to five traits, some missing."""
    draw = random.Random(seed)
    traits = {
        f"t{trait}": [None if draw.random() < 0.2 else draw.choice([0.1, 0.7, 1.3, 2.9, 4.1]) for _ in range(n_users)]
        for trait in range(5)
    }
    return pl.DataFrame({"user_id": [f"u{user:02d}" for user in range(n_users)], **traits, "t5": 3.3})


def as_cells(frame: pl.DataFrame) -> pl.DataFrame:
    rows = [{trait: row[trait] for trait in row if trait != "user_id"} for row in frame.to_dicts()]
    return frame.select("user_id").with_columns(answers=pl.Series([str(row) for row in rows]))


def as_events(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.unpivot(index="user_id", variable_name="item_id", value_name="value").drop_nulls()


FORMS: list[dict[str, Any]] = [
    {},
    {"form": "percentile", "impute": "mean"},
    {"form": "poles", "low": 0.7},
    {"form": "raw", "impute": "user", "min_answers": 2},
]


@pytest.mark.parametrize("options", FORMS)
class TestColumns(FeatureContract):
    @pytest.fixture
    def feature(self, options: dict[str, Any]) -> Feature:
        return Traits("quiz", "people", **options)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        kinds = {f"t{trait}": "number" for trait in range(6)}
        return samples.tables_of(make_table("people", "users", answers(), attributes=kinds))


class TestOneColumn(FeatureContract):
    @pytest.fixture
    def feature(self) -> Feature:
        return Traits("quiz", "people", column="answers", form="percentile")

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        table = make_table("people", "users", as_cells(answers()), attributes={"answers": "traits"})
        return samples.tables_of(table)


class TestEvents(FeatureContract):
    @pytest.fixture
    def feature(self) -> Feature:
        return Traits("quiz", "ratings", impute="user")

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("ratings", "events", samples.events()))


@pytest.fixture
def quiz(make_table: MakeTable) -> Tables:
    return samples.tables_of(make_table("people", "users", QUIZ, attributes=KINDS))


def rows_of(tables: Tables, **options: Any) -> list[list[float]]:
    return dense(Traits("quiz", "people", **options).fit(tables, IDS).apply(tables, IDS)).tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 4, 5], [2, 2, 4], [5, 3, 3], [2, 3, 2]]),  # medians 2 and 3
        ({"impute": "mean"}, [[1, 4, 5], [2, 2, 4], [5, 3, 3], [8 / 3, 3, 2]]),
        ({"impute": 0}, [[1, 4, 5], [2, 2, 4], [5, 0, 3], [0, 0, 2]]),
        ({"impute": "user"}, [[1, 4, 5], [2, 2, 4], [5, 4, 3], [2, 2, 2]]),
    ],
)
def test_imputation_by_hand(quiz: Tables, options: dict[str, Any], expected: list[list[float]]) -> None:
    np.testing.assert_allclose(rows_of(quiz, form="raw", **options), expected, rtol=1e-7)


def test_z_scores_by_hand(quiz: Tables) -> None:
    spread = (26 / 9) ** 0.5  # of 1, 2 and 5 about 8 / 3
    calm = [(1 - 8 / 3) / spread, (2 - 8 / 3) / spread, (5 - 8 / 3) / spread, 0]
    bold = [1, -1, 0, 0]
    kind = [value / 1.25**0.5 for value in (1.5, 0.5, -0.5, -1.5)]
    expected = np.column_stack([calm, bold, kind])
    np.testing.assert_allclose(rows_of(quiz, impute="mean"), expected, rtol=1e-6, atol=1e-7)


def test_poles_by_hand(quiz: Tables) -> None:
    fitted = Traits("quiz", "people", form="poles").fit(quiz, IDS)
    assert fitted.columns.tolist() == ["calm low", "calm high", "bold low", "bold high", "kind low", "kind high"]
    assert dense(fitted.apply(quiz, np.append(IDS, STRANGER))).tolist() == [
        [1, 0, 0, 1, 0, 1],
        [1, 0, 1, 0, 0, 1],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    shifted = Traits("quiz", "people", form="poles", columns=["kind"], low=3, high=5).fit(quiz, IDS)
    assert dense(shifted.apply(quiz, IDS)).tolist() == [[0, 1], [0, 0], [1, 0], [1, 0]]


def test_percentiles_by_hand(make_table: MakeTable) -> None:
    rows = {"user_id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0], "y": [3.0, 6.0, 1.0]}  # shares .25 .25 .75 of x
    tables = samples.tables_of(make_table("people", "users", rows, attributes={"x": "number", "y": "number"}))
    fitted = Traits("quiz", "people", form="percentile").fit(tables, np.array(["a", "b", "c"]))
    block = dense(fitted.apply(tables, np.array(["a", "b", "c"])))
    np.testing.assert_allclose(block, [[1.5 / 4, 2.5 / 4], [1.5 / 4, 2.5 / 4], [3 / 4, 1 / 4]], rtol=1e-7)


def test_ranks_of_values_that_the_fit_did_not_have() -> None:
    reference = np.array([[1.0], [2.0], [2.0], [5.0]])
    found = percentiles(np.array([[0.0], [1.0], [1.5], [2.0], [9.0]]), reference)
    np.testing.assert_allclose(found[:, 0], np.array([0.5, 1.0, 1.5, 2.5, 4.5]) / 5)
    np.testing.assert_array_equal(shares_within(np.array([[0.0, 0.0], [1.0, 3.0]])), [[0, 0], [0.25, 0.75]])


def test_three_ways_of_writing_answers_agree(quiz: Tables, make_table: MakeTable) -> None:
    expected = rows_of(quiz, columns=["calm", "bold", "kind"])
    cells = samples.tables_of(make_table("people", "users", CELLS, attributes={"answers": "traits"}))
    assert rows_of(cells, column="answers", columns=["calm", "bold", "kind"]) == expected
    events = samples.tables_of(make_table("people", "events", EVENTS))
    assert rows_of(events, columns=["calm", "bold", "kind"]) == expected


@pytest.mark.parametrize("column", [None, "answers"])
def test_a_table_is_read_once_for_its_traits_and_its_answers(
    make_table: MakeTable, monkeypatch: pytest.MonkeyPatch, column: str | None
) -> None:
    role, rows = ("users", CELLS) if column else ("events", EVENTS)
    table = make_table("people", role, rows, attributes={"answers": "traits"} if column else {})
    tables, source = samples.tables_of(table), Answers("people", "features.quiz", column)
    traits = source.traits(tables, IDS, None)
    expected = source.matrix(tables, IDS, traits)
    before, reads = Answers._long, list[str]()

    def counted(answers: Answers, *given: Any) -> pl.DataFrame:
        reads.append(answers.table)
        return before(answers, *given)

    monkeypatch.setattr(Answers, "_long", counted)
    found, matrix = source.read(tables, IDS, None)
    assert found == traits
    np.testing.assert_array_equal(matrix, expected)
    feature = Traits("quiz", "people", column=column)
    assert feature.entities(tables).tolist() == IDS.tolist()
    assert feature.fit(tables, IDS).traits == traits
    assert len(reads) == 3  # by ``read`` itself, for the entities, and for the fit


def test_traits_come_in_the_order_that_people_count(make_table: MakeTable) -> None:
    rows = {"user_id": ["a", "b"], "answers": ["{10: 1, 2: 2, '1': 3}", "{'b': 4, 'b': 2}"]}
    tables = samples.tables_of(make_table("people", "users", rows, attributes={"answers": "traits"}))
    block = Traits("quiz", "people", column="answers", form="raw", impute=0).fit(tables, np.array(["a", "b"]))
    assert block.columns.tolist() == ["1", "2", "10", "b"]
    assert dense(block.apply(tables, np.array(["b"]))).tolist() == [[0, 0, 0, 3]]  # a key that stands twice: the mean


def test_few_answers_make_no_entity(quiz: Tables, make_table: MakeTable) -> None:
    assert [Traits("q", "people", min_answers=n).entities(quiz).tolist() for n in (1, 2, 3)] == [
        ["a", "b", "c", "d"],
        ["a", "b", "c"],
        ["a", "b"],
    ]
    blank = {"user_id": ["a", "b", "c"], "answers": ["{'x': 1}", None, "{}"]}
    tables = samples.tables_of(make_table("people", "users", blank, attributes={"answers": "traits"}))
    assert Traits("q", "people", column="answers").entities(tables).tolist() == ["a"]


def test_who_answered_nothing_is_the_mean_of_the_fit(quiz: Tables) -> None:
    stranger = np.array([STRANGER])
    for impute in ("mean", "user"):
        fitted = Traits("quiz", "people", impute=impute).fit(quiz, IDS)
        np.testing.assert_allclose(dense(fitted.apply(quiz, stranger)), [[0, 0, 0]], atol=1e-7)


def test_a_lost_trait_is_refused(quiz: Tables, make_table: MakeTable) -> None:
    fitted = Traits("quiz", "people").fit(quiz, IDS)
    later = {name: QUIZ[name] for name in ("user_id", "calm", "kind")}
    tables = samples.tables_of(make_table("people", "users", later, attributes=KINDS))
    with pytest.raises(ModelError, match=r"'features.quiz' was fitted with the column 'bold'"):
        fitted.apply(tables, IDS)


def fitted_on(make_table: MakeTable, role: str, rows: Any, kinds: Any, **options: Any) -> FittedFeature:
    tables = samples.tables_of(make_table("people", role, rows, attributes=kinds))
    return Traits("quiz", "people", **options).fit(tables, IDS)


@pytest.mark.parametrize(
    ("role", "rows", "kinds", "options", "expected"),
    [
        ("users", QUIZ, KINDS, {"columns": ["clam"]}, "names 'clam', no attribute of 'people'; did you mean 'calm'"),
        ("users", QUIZ, {"calm": "text"}, {"columns": ["calm"]}, "names 'calm' of kind 'text'; expected numbers"),
        ("users", QUIZ, {}, {}, r"'people' has no number for 'features\.quiz'; declare some in tables\.people"),
        ("users", CELLS, {"answers": "traits"}, {"column": "answer"}, "no attribute of 'people'; did you mean"),
        ("users", CELLS, {"answers": "text"}, {"column": "answers"}, r"of kind 'text'; declare it .* = \"traits\" }"),
        (
            "users",
            CELLS,
            {"answers": "traits"},
            {"column": "answers", "columns": ["clam"]},
            "'clam', no trait in 'people'; did you mean 'calm'",
        ),
        ("events", EVENTS, {}, {"column": "x"}, "'people' holds events: take it out"),
        ("events", {k: EVENTS[k] for k in ("user_id", "item_id")}, {}, {}, "needs scores, and .* has no 'value'"),
        ("items", {"item_id": ["x"]}, {}, {}, "needs a table of role 'users' or 'events', got 'people' of items"),
    ],
)
def test_tables_that_hold_no_traits_are_refused(
    make_table: MakeTable, *, role: str, rows: Any, kinds: Any, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        fitted_on(make_table, role, rows, kinds, **options)


def test_traits_that_nobody_has_are_refused(make_table: MakeTable) -> None:
    unknown = {"user_id": IDS.tolist(), "x": [1.0, 2.0, 3.0, 4.0], "y": pl.Series([None] * 4, dtype=pl.Float64)}
    with pytest.raises(DataError, match=r"nobody in 'people' has an answer to the trait 'y'; leave it out of"):
        fitted_on(make_table, "users", unknown, {"x": "number", "y": "number"})
    blank = {"user_id": ["a", "b"], "answers": ["{}", "{'x': null}"]}
    with pytest.raises(DataError, match=r"'people' holds no answer of these users; check 'features\.quiz'"):
        fitted_on(make_table, "users", blank, {"answers": "traits"}, column="answers")


def test_parts_of_a_sum_are_not_negative(make_table: MakeTable) -> None:
    rows = {"user_id": ["a", "b"], "x": [1.0, -2.0]}
    with pytest.raises(DataError, match="the trait 'x' of 'people' has the answer -2; form = 'percentile' takes parts"):
        fitted_on(make_table, "users", rows, {"x": "number"}, form="percentile")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"form": "zscores"}, r"'features\.q\.form' is 'zscores'; did you mean 'zscore'"),
        ({"impute": "usr"}, r"'features\.q\.impute' is 'usr'; did you mean 'user'"),
        ({"impute": "mean", "form": "poles"}, r"'features\.q\.impute' is not for form = 'poles'"),
        ({"low": 1}, r"'features\.q\.low' belongs to form = 'poles', got form = 'zscore'"),
        ({"low": 4, "form": "poles"}, r"'features\.q\.low' is 4, 'features\.q\.high' 4; expected low < high"),
        ({"min_answers": 0}, r"'features\.q\.min_answers' is '0'; expected a whole number >= 1"),
        ({"columns": "x"}, r"'features\.q\.columns' is 'x'; expected a list"),
        ({"column": 3}, r"'features\.q\.column' is '3'; expected a name"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Traits("q", "people", **options)


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=20),
    st.integers(1, 9),
)
def test_percentiles_are_ranks_and_do_not_depend_on_how_high_somebody_answers(
    rows: list[list[int]], factor: int
) -> None:
    shares = shares_within(np.array(rows, dtype=np.float64))
    reference = np.sort(shares, axis=0)
    found = percentiles(shares, reference)
    assert ((found > 0) & (found < 1)).all()
    np.testing.assert_allclose(found.mean(axis=0), 0.5)  # the middle of all ranks
    again = percentiles(shares_within(np.array(rows, dtype=np.float64) * 2.0 ** (factor % 3)), reference)
    np.testing.assert_array_equal(again, found)
