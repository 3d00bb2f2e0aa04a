from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError
from coterie.features.contract import Feature
from coterie.features.shares import Shares
from coterie.tables import CheckedTable, Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

# a: 3 of x, 1 of y; b: 2 of x, 2 of z; c: 1 of y
LIKES: dict[str, Any] = {
    "user_id": ["a", "a", "a", "a", "b", "b", "b", "b", "c"],
    "item_id": ["x", "x", "x", "y", "x", "x", "z", "z", "y"],
}
IDS = np.array(["a", "b", "c"])


@pytest.mark.parametrize("options", [{}, {"min_share": 0.2, "min_events": 2}])
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, options: dict[str, Any]) -> Feature:
        return Shares("genres", "ratings", through="films", **options)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        films = make_table("films", "items", {"item_id": ["i0"], "title": ["First"]}, tags=samples.TAGS)
        return samples.tables_of(make_table("ratings", "events", samples.events()), films)


class TestOwnTags(FeatureContract):
    @pytest.fixture
    def feature(self) -> Feature:
        return Shares("genres", "ratings", positive_from=0.7, vocabulary={"i3": "i4"})

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("ratings", "events", samples.events()))


@pytest.fixture
def likes(make_table: MakeTable) -> Tables:
    return samples.tables_of(make_table("likes", "events", LIKES))


def columns_of(tables: Tables, **options: Any) -> dict[str, list[float]]:
    block = Shares("genres", "likes", **options).fit(tables, IDS).apply(tables, IDS)
    return dict(zip(block.columns.tolist(), dense(block).T.tolist(), strict=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"share x": [0.75, 0.5, 0], "share y": [0.25, 0, 1], "share z": [0, 0.5, 0]}),
        ({"min_share": 0.5}, {"share x": [0.75, 0.5, 0], "share y": [0, 0, 1], "share z": [0, 0.5, 0]}),
        ({"min_share": 0.75}, {"share x": [0.75, 0, 0], "share y": [0, 0, 1]}),
        ({"min_events": 2}, {"share x": [0.75, 0.5, 0], "share z": [0, 0.5, 0]}),
        ({"min_events": 3}, {"share x": [0.75, 0, 0]}),
        ({"vocabulary": {"z": "y"}}, {"share x": [0.75, 0.5, 0], "share y": [0.25, 0.5, 1]}),
    ],
)
def test_shares_and_floors_by_hand(likes: Tables, options: dict[str, Any], expected: dict[str, list[float]]) -> None:
    found = columns_of(likes, **options)
    assert list(found) == [*expected, "log total"]
    assert {tag: found[tag] for tag in expected} == expected


def test_the_total_weighs_as_much_as_a_typical_share(likes: Tables) -> None:
    found = columns_of(likes)
    shares = np.array([found["share x"], found["share y"], found["share z"]])
    total = np.array(found["log total"])
    assert total[0] == total[1] > 0 > total[2]  # 4, 4 and 1 events
    np.testing.assert_allclose(total.mean(), 0, atol=1e-7)
    np.testing.assert_allclose(total.var(), shares.var(axis=1).mean(), rtol=1e-5)


def test_the_scale_of_the_total_is_that_of_the_fit(likes: Tables, make_table: MakeTable) -> None:
    fitted = Shares("genres", "likes").fit(likes, IDS)
    later = samples.tables_of(make_table("likes", "events", {"user_id": ["n"] * 4, "item_id": ["x", "x", "y", "new"]}))
    rows = dense(fitted.apply(later, np.array(["n", STRANGER])))
    a = dense(fitted.apply(likes, IDS))[0]
    np.testing.assert_array_equal(rows, [[0.5, 0.25, 0, a[3]], [0, 0, 0, 0]])


def test_few_events_make_no_entity(likes: Tables) -> None:
    assert [Shares("g", "likes", min_events=n).entities(likes).tolist() for n in (1, 4, 5)] == [
        ["a", "b", "c"],
        ["a", "b"],
        [],
    ]


def test_floors_that_nothing_reaches_are_refused(likes: Tables) -> None:
    with pytest.raises(DataError, match=r"no share in 'likes' reaches min_share = 0.9 on at least 2 events; lower the"):
        Shares("g", "likes", min_share=0.9, min_events=2).fit(likes, IDS)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"min_share": 1.5}, r"'features\.g\.min_share' is '1\.5'; expected a number in \[0, 1\]"),
        ({"min_events": 0}, r"'features\.g\.min_events' is '0'; expected a whole number >= 1"),
        ({"min_evnts": 1}, r"unknown key 'min_evnts' in features\.g; did you mean 'min_events'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Shares("g", "likes", **options)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=40),
    st.floats(0, 0.2),
    st.integers(1, 4),
)
def test_shares_sum_to_one_and_floors_only_take_away(
    events: list[tuple[int, int]], min_share: float, times: int
) -> None:
    rows = {"user_id": [f"u{user}" for user, _ in events] * times, "item_id": [f"t{tag}" for _, tag in events] * times}
    table = CheckedTable("likes", "events", local.lazy(pl.DataFrame(rows)))
    tables = samples.tables_of(table)
    ids = Shares("g", "likes").entities(tables)
    free = Shares("g", "likes").fit(tables, ids).apply(tables, ids)
    np.testing.assert_allclose(dense(free)[:, :-1].sum(axis=1), 1, rtol=1e-6)
    floored = Shares("g", "likes", min_share=min_share, min_events=times).fit(tables, ids).apply(tables, ids)
    columns = free.columns.tolist()
    for number, column in enumerate(floored.columns.tolist()[:-1]):
        before, after = dense(free)[:, columns.index(column)], dense(floored)[:, number]
        np.testing.assert_array_equal(after, np.where(after > 0, before, 0))
        assert (after[before >= min_share + 1e-6] > 0).all()  # each cell rests on a multiple of `times` events
