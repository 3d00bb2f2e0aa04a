from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import ConfigError, DataError, ModelError
from coterie.features.contract import Feature
from coterie.features.tags import Tags, centred_log_ratios
from coterie.features.weighting import Pairs
from coterie.tables import Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

VIEWS: dict[str, Any] = {
    "user_id": ["a", "a", "a", "b", "b", "c", "c"],
    "item_id": ["x", "x", "y", "y", "z", "x", "bare"],
    "value": [5.0, 1.0, 4.0, 5.0, None, 2.0, 5.0],
}
FILMS: dict[str, Any] = {"item_id": ["x", "y", "z", "bare", "unseen"], "title": ["X", "Y", "Z", "Bare", "Unseen"]}
FILM_TAGS: dict[str, Any] = {
    "item_id": ["x", "y", "y", "z", "unseen"],
    "tag": ["drama", "drama", "war", "comedy", "noir"],
}
IDS = np.array(["a", "b", "c"])
FORMS = ["share", "tfidf", "clr", "l1", "count", "binary"]


@pytest.mark.parametrize("form", FORMS)
class TestOwnTags(FeatureContract):
    @pytest.fixture
    def feature(self, form: str) -> Feature:
        return Tags("tags", "ratings", form=form, vocabulary={"i3": "i2", "i9": "i2"}, positive_from=0.2)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("ratings", "events", samples.events()))


@pytest.mark.parametrize("form", FORMS)
class TestThroughItems(FeatureContract):
    @pytest.fixture
    def feature(self, form: str) -> Feature:
        return Tags("tags", "ratings", through="films", form=form)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        films = make_table("films", "items", {"item_id": ["i0"], "title": ["First"]}, tags=samples.TAGS)
        return samples.tables_of(make_table("ratings", "events", samples.events()), films)


@pytest.fixture
def views(make_table: MakeTable) -> Tables:
    return samples.tables_of(make_table("views", "events", VIEWS), make_table("films", "items", FILMS, tags=FILM_TAGS))


def rows_of(tables: Tables, **options: Any) -> dict[str, list[float]]:
    options = {"through": "films", "min_users": 1, **options}
    block = Tags("tags", "views", **options).fit(tables, IDS).apply(tables, IDS)
    assert sp.issparse(block.values) == (options.get("form") != "clr")
    return dict(zip(block.columns.tolist(), dense(block).T.tolist(), strict=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"form": "count"}, {"comedy": [0, 1, 0], "drama": [3, 1, 1], "war": [1, 1, 0]}),
        ({"form": "binary"}, {"comedy": [0, 1, 0], "drama": [1, 1, 1], "war": [1, 1, 0]}),
        # of a's 3 events all are dramas and one is of war
        ({}, {"comedy": [0, 0.5, 0], "drama": [1, 0.5, 1], "war": [1 / 3, 0.5, 0]}),
        ({"form": "l1"}, {"comedy": [0, 1 / 3, 0], "drama": [3 / 4, 1 / 3, 1], "war": [1 / 4, 1 / 3, 0]}),
        (
            {"form": "tfidf"},
            {"comedy": [0, log(2) + 1, 0], "drama": [3, 1, 1], "war": [log(4 / 3) + 1, log(4 / 3) + 1, 0]},
        ),
        ({"min_users": 2}, {"drama": [1, 0.5, 1], "war": [1 / 3, 0.5, 0]}),
        ({"form": "count", "positive_from": 4}, {"drama": [2, 1, 0], "war": [1, 1, 0]}),
        (
            {"form": "count", "through": None},
            {"bare": [0, 0, 1], "x": [2, 0, 1], "y": [1, 1, 0], "z": [0, 1, 0]},
        ),
        (
            {"form": "count", "through": None, "vocabulary": {"x": "y", "y": "why"}},
            {"bare": [0, 0, 1], "why": [3, 1, 1], "z": [0, 1, 0]},
        ),
        # an event of y carries both tags, which are one now
        ({"form": "count", "vocabulary": {"war": "drama"}}, {"comedy": [0, 1, 0], "drama": [3, 1, 1]}),
    ],
)
def test_forms_by_hand(views: Tables, options: dict[str, Any], expected: dict[str, list[float]]) -> None:
    found = rows_of(views, **options)
    assert list(found) == list(expected)
    for tag, column in expected.items():
        np.testing.assert_allclose(found[tag], column, rtol=1e-6, err_msg=tag)


def test_centred_log_ratios_by_hand(views: Tables) -> None:
    found = rows_of(views, form="clr", pseudo_count=1)
    mean = (log(4) + log(2)) / 3  # a: comedy 0, drama 3, war 1
    np.testing.assert_allclose(
        [column[0] for column in found.values()], [-mean, log(4) - mean, log(2) - mean], rtol=1e-6
    )


def test_who_has_events_with_tags_is_an_entity(views: Tables, make_table: MakeTable) -> None:
    bare = {"user_id": ["a", "d"], "item_id": ["x", "bare"], "value": [1.0, 1.0]}
    tables = samples.tables_of(make_table("views", "events", bare), views["films"])
    assert Tags("tags", "views", through="films").entities(tables).tolist() == ["a"]
    assert Tags("tags", "views").entities(tables).tolist() == ["a", "d"]
    assert Tags("tags", "views", positive_from=5).entities(views).tolist() == ["a", "b", "c"]


def test_newcomers_need_no_table_of_items(views: Tables, make_table: MakeTable) -> None:
    fitted = Tags("tags", "views", through="films", form="count", min_users=1).fit(views, IDS)
    later = {"user_id": ["n", "n", "n"], "item_id": ["z", "unseen", "never heard of"]}
    tables = samples.tables_of(make_table("views", "events", later))
    assert dense(fitted.apply(tables, np.array(["n", STRANGER]))).tolist() == [[1, 0, 0], [0, 0, 0]]


def test_tables_that_lead_to_no_tags_are_refused(views: Tables, make_table: MakeTable) -> None:
    bare = make_table("films", "items", FILMS)
    untagged = make_table("films", "items", FILMS, tags={"item_id": ["x"], "tag": ["drama"]}).tags
    assert untagged is not None
    with pytest.raises(ConfigError, match=r"'features\.tags\.through' names 'films', which has no tags; declare"):
        Tags("tags", "views", through="films").fit(samples.tables_of(views["views"], bare), IDS)
    with pytest.raises(ConfigError, match=r"'features\.tags\.through' needs a table of role 'items', got 'views'"):
        Tags("tags", "views", through="views").fit(views, IDS)
    with pytest.raises(ConfigError, match=r"'features\.tags' needs a table of role 'events', got 'films'"):
        Tags("tags", "films").fit(views, IDS)
    with pytest.raises(DataError, match=r"1 of 3 tags in 'views' have at least 3 users; expected two .* lower"):
        Tags("tags", "views", through="films", min_users=3).fit(views, IDS)


def test_values_that_are_not_there_are_refused(views: Tables, make_table: MakeTable) -> None:
    fitted = Tags("tags", "views", positive_from=1, min_users=1).fit(views, IDS)
    bare = samples.tables_of(make_table("views", "events", {name: VIEWS[name] for name in ("user_id", "item_id")}))
    with pytest.raises(ModelError, match=r"'features\.tags' was fitted with the column 'value'"):
        fitted.apply(bare, IDS)
    with pytest.raises(
        ConfigError, match=r"'features\.tags\.positive_from' is 1, but the table 'views' has no 'value'"
    ):
        Tags("tags", "views", positive_from=1).fit(bare, IDS)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"form": "shares"}, r"'features\.t\.form' is 'shares'; did you mean 'share'"),
        ({"pseudo_count": 1}, r"'features\.t\.pseudo_count' belongs to form = 'clr', got form = 'share'"),
        ({"pseudo_count": 0, "form": "clr"}, r"'features\.t\.pseudo_count' is '0'; expected a number > 0"),
        ({"min_users": 0}, r"'features\.t\.min_users' is '0'; expected a whole number >= 1"),
        ({"through": ["films"]}, r"'features\.t\.through' is .*; expected a name"),
        ({"vocabulary": "tags.csv"}, r"'features\.t\.vocabulary' is 'tags\.csv'; expected a file in coterie\.toml"),
        ({"vocabulary": {"a": "b", "b": "a"}}, r"'features\.t\.vocabulary' merges 'a' in a circle"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Tags("t", "views", **options)


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=10), st.sampled_from([0.5, 1])
)
def test_log_ratios_are_centred_and_keep_the_order_of_counts(rows: list[list[int]], pseudo_count: float) -> None:
    counts = np.array(rows, dtype=np.float64)
    at, tag = np.nonzero(counts)
    pairs = Pairs(counts.shape, at.astype(np.int32), tag.astype(np.int32), counts[at, tag], np.zeros(0), np.nan, np.nan)
    found = centred_log_ratios(pairs, pseudo_count)
    logs = np.log(counts + pseudo_count)
    np.testing.assert_allclose(found, logs - logs.mean(axis=1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-5)
