from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError
from coterie.features.activity import DAY_S, Activity, FittedActivity
from coterie.features.contract import Feature
from coterie.tables import CheckedTable, Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

# a: four events, two of them of one item; b: one event; c: two
EVENTS: dict[str, Any] = {
    "user_id": ["a", "a", "a", "a", "b", "c", "c"],
    "item_id": ["x", "x", "y", "z", "x", "y", "none"],
    "value": [1.0, 3.0, 5.0, 3.0, 4.0, None, 2.0],
    "time_s": [day * DAY_S for day in (0, 4, 10, 6, 2, 3, 8)],
}
IDS = np.array(["a", "b", "c"])
TAGS = {"item_id": ["x", "y", "y", "z"], "tag": ["war", "war", "love", "love"]}
EVERY = ["recency_days", "frequency", "tenure_days", "mean_value", "spread_value", "diversity"]


@pytest.mark.parametrize("without", [[], ["value"], ["value", "time_s"]])
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, without: list[str]) -> Feature:
        return Activity("doing", "ratings")

    @pytest.fixture
    def tables(self, make_table: MakeTable, without: list[str]) -> Tables:
        ratings = make_table("ratings", "events", samples.events().drop(without))
        items = make_table("films", "items", {"item_id": [f"i{n}" for n in range(9)]}, tags=samples.TAGS)
        return samples.tables_of(ratings, items) if without != ["value"] else samples.tables_of(ratings)


def doing(make_table: MakeTable, events: dict[str, Any] = EVENTS, tags: dict[str, Any] | None = TAGS) -> Tables:
    films = make_table("films", "items", {"item_id": ["x", "y", "z", "none"]}, tags=tags)
    return samples.tables_of(make_table("ratings", "events", events), films)


def raw(fitted: FittedActivity, tables: Tables, ids: np.ndarray = IDS) -> dict[str, list[float]]:
    """Undo the scaling."""
    values = dense(fitted.apply(tables, ids)).astype(np.float64) * fitted.spread + fitted.centre
    return dict(zip(fitted.columns.tolist(), values.T.tolist(), strict=True))


def test_every_column_by_hand(make_table: MakeTable) -> None:
    tables = doing(make_table)
    fitted = Activity("doing", "ratings").fit(tables, IDS)
    assert fitted.columns.tolist() == EVERY
    # a's tags: war 1 + 1 + 1, love 1 + 1; c's untagged item does not count
    entropy = -(0.6 * math.log(0.6) + 0.4 * math.log(0.4))
    expected = {
        "recency_days": [0, 8, 2],
        "frequency": [math.log(5), math.log(2), math.log(3)],
        "tenure_days": [10, 8, 7],
        "mean_value": [3, 4, 2],
        "spread_value": [2**0.5, 0, 0],
        "diversity": [entropy, 0, math.log(2)],
    }
    got = raw(fitted, tables)
    for name, column in expected.items():
        np.testing.assert_allclose(got[name], column, atol=1e-5, err_msg=name)


def test_columns_are_standardised(make_table: MakeTable) -> None:
    tables = doing(make_table)
    values = dense(Activity("doing", "ratings").fit(tables, IDS).apply(tables, IDS))
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-6)


def test_without_tags_diversity_is_the_share_of_different_items(make_table: MakeTable) -> None:
    tables = doing(make_table, tags=None)
    got = raw(Activity("doing", "ratings").fit(tables, IDS), tables)
    np.testing.assert_allclose(got["diversity"], [0.75, 1, 1], atol=1e-6)


def test_tags_of_two_tables_meet(make_table: MakeTable) -> None:
    books = make_table("books", "items", {"item_id": ["none"]}, tags={"item_id": ["none", "x"], "tag": ["war", "war"]})
    tables = samples.tables_of(*doing(make_table), books)
    got = raw(Activity("doing", "ratings").fit(tables, IDS), tables)
    # c: war 2, love 1; b's x has war in both tables, which is one tag
    np.testing.assert_allclose(got["diversity"][2], -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)), atol=1e-6)
    assert got["diversity"][1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ({"time_s"}, ["frequency", "mean_value", "spread_value", "diversity"]),
        ({"value"}, ["recency_days", "frequency", "tenure_days", "diversity"]),
        ({"value", "time_s"}, ["frequency", "diversity"]),
    ],
)
def test_what_the_table_does_not_have_is_left_out(make_table: MakeTable, without: set[str], left: list[str]) -> None:
    tables = doing(make_table, {name: column for name, column in EVENTS.items() if name not in without})
    assert Activity("doing", "ratings").fit(tables, IDS).columns.tolist() == left


def test_a_column_that_nobody_fills_is_left_out(make_table: MakeTable) -> None:
    nothing = pl.Series([None] * 7, dtype=pl.Float64)
    tables = doing(make_table, {**EVENTS, "value": nothing, "time_s": nothing})
    assert Activity("doing", "ratings").fit(tables, IDS).columns.tolist() == ["frequency", "diversity"]


def test_reference_and_tags_are_frozen(make_table: MakeTable) -> None:
    at_fit = doing(make_table)
    fitted = Activity("doing", "ratings").fit(at_fit, IDS)
    later = {
        "user_id": ["d", "d", "e"],
        "item_id": ["x", "z", "x"],
        "value": [1.0, 2.0, 3.0],
        "time_s": [4 * DAY_S, 20 * DAY_S, 5 * DAY_S],
    }
    ids = np.array(["d", "e"])
    got = raw(fitted, samples.tables_of(make_table("ratings", "events", later)), ids)  # no table of items at all
    np.testing.assert_allclose(got["recency_days"], [0, 5], atol=1e-5)
    np.testing.assert_allclose(got["tenure_days"], [16, 5], atol=1e-5)
    np.testing.assert_allclose(got["diversity"], [math.log(2), 0], atol=1e-6)


def test_what_is_not_known_is_the_mean(make_table: MakeTable) -> None:
    tables = doing(make_table)
    fitted = Activity("doing", "ratings").fit(tables, IDS)
    assert dense(fitted.apply(tables, np.array([STRANGER]))).tolist() == [[0.0] * 6]
    only = {"user_id": ["f"], "item_id": ["none"], "value": pl.Series([None], dtype=pl.Float64), "time_s": [0.0]}
    row = dense(fitted.apply(doing(make_table, only), np.array(["f"])))[0]
    assert row[3:].tolist() == [0, 0, 0]
    assert row[:3].all()


def test_only_the_users_of_the_fit_are_learned_from(make_table: MakeTable) -> None:
    fitted = Activity("doing", "ratings").fit(doing(make_table), IDS[1:])
    assert fitted.reference_s == 8 * DAY_S
    assert fitted.centre[1] == pytest.approx((math.log(2) + math.log(3)) / 2)


def test_equal_users_are_zeros(make_table: MakeTable) -> None:
    rows = {"user_id": ["a", "b", "c"], "item_id": ["x"] * 3, "value": [0.1] * 3}
    tables = samples.tables_of(make_table("ratings", "events", rows))
    values = dense(Activity("doing", "ratings").fit(tables, IDS).apply(tables, IDS))
    np.testing.assert_allclose(values, 0, atol=1e-12)


def test_no_events_are_refused(make_table: MakeTable) -> None:
    with pytest.raises(DataError, match="the table 'ratings' holds no events of these users"):
        Activity("doing", "ratings").fit(doing(make_table), np.array([STRANGER]))


@pytest.mark.parametrize("lost", ["value", "time_s"])
def test_a_lost_column_is_refused(make_table: MakeTable, lost: str) -> None:
    fitted = Activity("doing", "ratings").fit(doing(make_table), IDS)
    later = doing(make_table, {name: column for name, column in EVENTS.items() if name != lost})
    with pytest.raises(ModelError, match=f"'features.doing' was fitted with the column '{lost}'"):
        fitted.apply(later, IDS)


def test_users_are_no_events(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("people", "users", {"user_id": ["a", "b"]}))
    with pytest.raises(ConfigError, match=r"'features.doing' needs a table of role 'events', got 'people'"):
        Activity("doing", "people").fit(tables, IDS)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.floats(-1e6, 1e6), st.floats(0, 1e9)),
        min_size=1,
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_bits_do_not_depend_on_the_order_of_events(rows: list[tuple[str, str, float, float]], draw: Any) -> None:
    mixed = list(rows)
    draw.shuffle(mixed)
    schema = {"user_id": pl.String, "item_id": pl.String, "value": pl.Float64, "time_s": pl.Float64}
    feature, ids, blocks = Activity("doing", "r"), np.array(sorted({row[0] for row in rows})), []
    for order in (rows, mixed):
        frame = local.lazy(pl.DataFrame(order, schema=schema, orient="row"))
        tables = samples.tables_of(CheckedTable("r", "events", frame))
        blocks.append(feature.fit(tables, ids).apply(tables, ids).values)
    assert blocks[0].tobytes() == blocks[1].tobytes()
