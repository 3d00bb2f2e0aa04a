from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError
from coterie.features.contract import Feature
from coterie.features.session_plan import most_frequent_categories, most_frequent_steps
from coterie.features.sessions import FittedSessions, Sessions
from coterie.tables import CheckedTable, Tables
from tests.contracts.feature_contract import STRANGER, FeatureContract, dense
from tests.features import samples
from tests.features.conftest import MakeTable

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
KINDS: dict[str, Any] = {"seconds": "number", "kind": "category"}

# a: news, news, sport, news in the order of time; b: one visit of no kind and one of sport; c: one visit
VISITS: dict[str, Any] = {
    "user_id": ["a", "a", "a", "a", "b", "b", "c"],
    "item_id": ["x", "y", "x", "x", "y", "y", "z"],
    "time_s": [3 * HOUR_S, HOUR_S, 27 * HOUR_S, 2 * HOUR_S, 0.0, DAY_S, 5 * DAY_S + 23.5 * HOUR_S],
    "seconds": [10.0, 20.0, 30.0, None, 5.0, 7.0, 1.0],
    "kind": ["sport", "news", "news", "news", None, "sport", "maps"],
}
IDS = np.array(["a", "b", "c"])


def visits(n_users: int = 12, seed: int = 8) -> pl.DataFrame:
    draw = random.Random(seed)
    rows = [
        {
            "user_id": f"u{user:02d}",
            "item_id": f"i{draw.randrange(6)}",
            "time_s": draw.choice([0.0, 7.0, 1e9]) + draw.randrange(9) * HOUR_S,  # some at one time
            "seconds": None if draw.random() < 0.2 else draw.choice([0.1, 0.2, 0.7, 1.3, 3.0]),
            "kind": None if draw.random() < 0.2 else draw.choice(["news", "sport", "maps", "mail"]),
        }
        for user in range(n_users)
        for _ in range(draw.randrange(1, 12))
    ]
    return pl.DataFrame(rows)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"forms": ["count", "share", "sum", "mean"], "log": True, "top": 2},
        {"categories": ["item", "kind"], "transitions": "steps", "clock": ["hour", "weekday"], "utc_offset_h": 5.5},
        {"categories": ["item"], "transitions": "summary", "forms": [], "clock": ["weekday"]},
    ],
)
class TestContract(FeatureContract):
    @pytest.fixture
    def feature(self, options: dict[str, Any]) -> Feature:
        return Sessions("doing", "visits", **options)

    @pytest.fixture
    def tables(self, make_table: MakeTable) -> Tables:
        return samples.tables_of(make_table("visits", "events", visits(), attributes=KINDS))


@pytest.fixture
def tables(make_table: MakeTable) -> Tables:
    return samples.tables_of(make_table("visits", "events", VISITS, attributes=KINDS))


def raw(tables: Tables, ids: np.ndarray = IDS, **options: Any) -> dict[str, list[float]]:
    """Fit, apply and undo the scaling."""
    return unscaled(Sessions("doing", "visits", **options).fit(tables, ids), tables, ids)


def unscaled(fitted: FittedSessions, tables: Tables, ids: np.ndarray = IDS) -> dict[str, list[float]]:
    values = dense(fitted.apply(tables, ids)).astype(np.float64) * fitted.spread + fitted.centre
    return dict(zip(fitted.columns.tolist(), values.T.tolist(), strict=True))


def assert_columns(got: dict[str, list[float]], expected: dict[str, list[float]]) -> None:
    assert list(got) == list(expected)
    for name, column in expected.items():
        np.testing.assert_allclose(got[name], column, atol=1e-5, err_msg=name)


def test_amounts_by_hand(tables: Tables) -> None:
    got = raw(tables, forms=["mean", "sum", "count", "share"], entropy=False, top=2)
    # The two most frequent kinds are news and, of maps and sport, the more frequent sport.
    assert_columns(
        got,
        {
            "events": [4, 2, 1],
            "sum(seconds)": [60, 12, 1],
            "mean(seconds)": [20, 6, 1],
            "events[kind=news]": [3, 0, 0],
            "events[kind=sport]": [1, 1, 0],
            "events[kind=other]": [0, 0, 1],
            "events[kind=missing]": [0, 1, 0],
            "share[kind=news]": [0.75, 0, 0],
            "share[kind=sport]": [0.25, 0.5, 0],
            "share[kind=other]": [0, 0, 1],
            "share[kind=missing]": [0, 0.5, 0],
            "sum(seconds)[kind=news]": [50, 0, 0],
            "sum(seconds)[kind=sport]": [10, 7, 0],
            "sum(seconds)[kind=other]": [0, 0, 1],
            "sum(seconds)[kind=missing]": [0, 5, 0],
            "mean(seconds)[kind=news]": [25, 25, 25],  # unknown of b and c: the mean of the fit
            "mean(seconds)[kind=sport]": [10, 7, 8.5],
            "mean(seconds)[kind=other]": [1, 1, 1],
            "mean(seconds)[kind=missing]": [5, 5, 5],
        },
    )


def test_by_default_counts_sums_and_entropy(tables: Tables) -> None:
    got = raw(tables)
    assert [name for name in got if "[" not in name] == ["events", "sum(seconds)"]
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    np.testing.assert_allclose(got["entropy[kind]"], [entropy, 0, 0], atol=1e-6)  # b's visit of no kind does not count


def test_items_are_categories_too(tables: Tables) -> None:
    got = raw(tables, categories=["item"], forms=["count"], entropy=False, top=1)
    # y has three visits and so has x: the first in the alphabet
    assert_columns(got, {"events": [4, 2, 1], "events[item=x]": [3, 0, 0], "events[item=other]": [1, 2, 1]})


def test_logarithms_by_hand(tables: Tables) -> None:
    got = raw(tables, forms=["count", "sum"], categories=["kind"], top=1, log=True, entropy=False)
    np.testing.assert_allclose(got["events"], np.log1p([4, 2, 1]), atol=1e-6)
    np.testing.assert_allclose(got["sum(seconds)[kind=news]"], np.log1p([50, 0, 0]), atol=1e-6)


def test_steps_by_hand(tables: Tables) -> None:
    got = raw(tables, forms=["count"], entropy=False, transitions="steps", top=2)
    steps = {name: column for name, column in got.items() if name.startswith("step")}
    # a: news, news, sport, news; b has one known kind and c one visit, so no step: the mean of the fit, which is a's
    third = [1 / 3] * 3
    assert_columns(
        steps, {"step[kind=news > news]": third, "step[kind=news > sport]": third, "step[kind, other]": third}
    )


def test_the_summary_of_steps_by_hand(tables: Tables) -> None:
    got = raw(tables, forms=["count"], entropy=False, transitions="summary")
    # two of three steps lead from news, one to news and one to sport; from sport all lead to news
    np.testing.assert_allclose(got["stays[kind]"], [1 / 3] * 3, atol=1e-6)
    np.testing.assert_allclose(got["entropy_rate[kind]"], [2 / 3 * math.log(2)] * 3, atol=1e-6)


def test_visits_at_one_time_go_by_their_category(make_table: MakeTable) -> None:
    rows = {"user_id": ["a"] * 3 + ["b"] * 3, "item_id": list("zxyyyy"), "time_s": [1.0] * 6}
    tables = samples.tables_of(make_table("visits", "events", rows))
    ids = np.array(["a", "b"])
    got = raw(tables, ids, categories=["item"], forms=["count"], transitions="steps", entropy=False)
    np.testing.assert_allclose(got["step[item=x > y]"], [0.5, 0], atol=1e-6)
    np.testing.assert_allclose(got["step[item=y > z]"], [0.5, 0], atol=1e-6)
    np.testing.assert_allclose(got["step[item=y > y]"], [0, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("offset", "a", "b", "c"),
    [
        (0, {1: 0.25, 2: 0.25, 3: 0.5}, {0: 1.0}, {23: 1.0}),
        (1, {2: 0.25, 3: 0.25, 4: 0.5}, {1: 1.0}, {0: 1.0}),
        (-0.5, {0: 0.25, 1: 0.25, 2: 0.5}, {23: 1.0}, {23: 1.0}),
    ],
)
def test_hours_by_hand(tables: Tables, offset: float, a: Any, b: Any, c: Any) -> None:
    got = raw(tables, forms=["count"], categories=["kind"], entropy=False, clock=["hour"], utc_offset_h=offset)
    profile = np.array([got[f"hour={hour:02d}"] for hour in range(24)]).T
    for row, expected in zip(profile, (a, b, c), strict=True):
        np.testing.assert_allclose(row, [expected.get(hour, 0) for hour in range(24)], atol=1e-6)


def test_weekdays_by_hand(tables: Tables) -> None:
    # 1970-01-01 was a Thursday; half an hour earlier it is still Wednesday, before 1970
    got = raw(tables, forms=["count"], entropy=False, clock=["weekday"])
    week = np.array([got[f"weekday={day}"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]).T
    np.testing.assert_allclose(week[0], [0, 0, 0, 0.75, 0.25, 0, 0], atol=1e-6)
    np.testing.assert_allclose(week[1], [0, 0, 0, 0.5, 0.5, 0, 0], atol=1e-6)
    np.testing.assert_allclose(week[2], [0, 1, 0, 0, 0, 0, 0], atol=1e-6)
    earlier = raw(tables, forms=["count"], entropy=False, clock=["weekday"], utc_offset_h=-0.5)
    np.testing.assert_allclose(earlier["weekday=wed"], [0, 0.5, 0], atol=1e-6)


def test_columns_are_standardised(tables: Tables) -> None:
    fitted = Sessions("doing", "visits", forms=["count", "share"], clock=["hour"]).fit(tables, IDS)
    values = dense(fitted.apply(tables, IDS))
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-6)
    varies = values.std(axis=0) > 0
    np.testing.assert_allclose(values.std(axis=0)[varies], 1, atol=1e-6)
    assert varies.sum() > 5


def test_an_unknown_user_gets_zeros(tables: Tables) -> None:
    fitted = Sessions("doing", "visits", transitions="steps", clock=["hour"]).fit(tables, IDS)
    assert not dense(fitted.apply(tables, np.array([STRANGER]))).any()


def test_the_vocabulary_is_frozen(tables: Tables, make_table: MakeTable) -> None:
    later = {name: [column[0]] * 2 for name, column in VISITS.items()} | {"kind": ["chess", None], "time_s": [0.0, 1.0]}
    new = samples.tables_of(make_table("visits", "events", later, attributes=KINDS))
    ids = np.array(["a"])
    folded = unscaled(Sessions("doing", "visits", top=2, forms=["count"]).fit(tables, IDS), new, ids)
    assert folded["events[kind=other]"] == pytest.approx([1], abs=1e-6)
    assert folded["events[kind=missing]"] == pytest.approx([1], abs=1e-6)
    without_other = Sessions("doing", "visits", forms=["count"]).fit(tables, IDS[:2])
    assert [name for name in without_other.columns.tolist() if name.startswith("events[")] == [
        "events[kind=news]",
        "events[kind=sport]",
        "events[kind=missing]",
    ]
    assert unscaled(without_other, new, ids)["events"] == pytest.approx([2], abs=1e-6)


def test_only_the_users_of_the_fit_are_learned_from(tables: Tables) -> None:
    fitted = Sessions("doing", "visits", forms=["count"]).fit(tables, np.array(["c", STRANGER]))
    assert fitted.columns.tolist() == ["events", "events[kind=maps]", "entropy[kind]"]
    assert fitted.centre.tolist() == [1, 1, 0]


def test_values_are_numbers_too(make_table: MakeTable) -> None:
    rows = {"user_id": ["a", "a", "b"], "item_id": ["x", "x", "x"], "value": [1.0, 2.0, 5.0]}
    tables = samples.tables_of(make_table("visits", "events", rows))
    assert_columns(raw(tables, IDS[:2]), {"events": [2, 1], "sum(value)": [3, 5]})


def test_which_categories_get_columns() -> None:
    counts = {"b": 2, "a": 2, "c": 5, None: 1}
    assert most_frequent_categories(counts, 2) == ("a", "c", "other", "missing")
    assert most_frequent_categories({"a": 1, "other": 9, "missing": 9}, 1) == ("a", "other", "missing")
    assert most_frequent_categories({"a": 1}, 3) == ("a",)
    assert most_frequent_steps({("b", "a"): 1, ("a", "b"): 1, ("a", "a"): 3}, 2) == (("a", "a"), ("a", "b"))


def test_a_sum_below_zero_has_no_logarithm(make_table: MakeTable) -> None:
    rows = VISITS | {"seconds": [-10.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]}
    tables = samples.tables_of(make_table("visits", "events", rows, attributes=KINDS))
    with pytest.raises(DataError, match=r"a user's sum\(seconds\) is -8, and log = true expects amounts >= 0; set the"):
        Sessions("doing", "visits", log=True).fit(tables, IDS)


def test_no_sessions_are_refused(tables: Tables) -> None:
    with pytest.raises(DataError, match=r"'visits' holds no sessions of these users; check 'features\.doing\.from'"):
        Sessions("doing", "visits").fit(tables, np.array([STRANGER]))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"numbers": ["secnds"]}, r"\.numbers' names 'secnds', which is none of the numbers of 'visits'; did you mean"),
        (
            {"numbers": ["kind"]},
            r"\.numbers' names 'kind' of kind 'category', which is none of the numbers of 'visits'",
        ),
        (
            {"categories": ["seconds"]},
            r"\.categories' names 'seconds' of kind 'number', which is none of the categories",
        ),
        ({"forms": [], "entropy": False}, r"'features\.doing' measures nothing of 'visits'; give forms, clock or"),
    ],
)
def test_columns_that_cannot_be_are_refused(tables: Tables, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Sessions("doing", "visits", **options).fit(tables, IDS)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"clock": ["hour"]}, r"'features\.doing\.clock' needs times, and the table 'visits' has no 'time'"),
        (
            {"transitions": "steps", "categories": ["item"]},
            r"\.transitions' needs times, and the table 'visits' has no",
        ),
        (
            {"forms": ["mean"]},
            r"\.forms' asks for a sum or mean, and the table 'visits' has no numbers; declare some in",
        ),
        (
            {"forms": ["share"]},
            r"\.forms' needs categories, and the table 'visits' has none; .* categories = \['item'\]",
        ),
    ],
)
def test_what_a_bare_table_cannot_give(make_table: MakeTable, options: dict[str, Any], expected: str) -> None:
    bare = make_table("visits", "events", {name: VISITS[name] for name in ("user_id", "item_id")})
    with pytest.raises(ConfigError, match=expected):
        Sessions("doing", "visits", **options).fit(samples.tables_of(bare), IDS)


@pytest.mark.parametrize("lost", ["seconds", "kind", "time_s"])
def test_a_lost_column_is_refused(tables: Tables, make_table: MakeTable, lost: str) -> None:
    fitted = Sessions("doing", "visits", clock=["hour"]).fit(tables, IDS)
    rows = {name: column for name, column in VISITS.items() if name != lost}
    later = make_table("visits", "events", rows, attributes={k: v for k, v in KINDS.items() if k != lost})
    with pytest.raises(ModelError, match=rf"'features\.doing' was fitted with the column '{lost}'"):
        fitted.apply(samples.tables_of(later), IDS)


def test_users_are_no_sessions(make_table: MakeTable) -> None:
    tables = samples.tables_of(make_table("people", "users", {"user_id": ["a", "b"]}))
    with pytest.raises(ConfigError, match=r"'features\.doing' needs a table of role 'events', got 'people'"):
        Sessions("doing", "people").fit(tables, IDS)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"numbers": "seconds"}, r"'features\.doing\.numbers' is 'seconds'; expected a list"),
        ({"categories": []}, r"'features\.doing\.categories' is '\[\]'; expected a list"),
        ({"forms": ["cuont"]}, r"'features\.doing\.forms' is 'cuont'; did you mean 'count'"),
        ({"forms": "count"}, r"'features\.doing\.forms' is 'count'; expected a list of some of 'count', 'share'"),
        ({"entropy": 1}, r"'features\.doing\.entropy' is '1'; expected true or false"),
        ({"transitions": "pairs"}, r"'features\.doing\.transitions' is 'pairs'; expected one of"),
        ({"clock": ["hours"]}, r"'features\.doing\.clock' is 'hours'; did you mean 'hour'"),
        ({"clock": ["hour"], "utc_offset_h": 15}, r"\.utc_offset_h' is '15'; expected a number in \[-14, 14\]"),
        ({"utc_offset_h": 2}, r"\.utc_offset_h' has no effect without 'clock'"),
        ({"numbers": ["x"], "forms": ["count"]}, r"\.numbers' has no effect without 'sum' or 'mean' among 'forms'"),
        ({"top": 0}, r"'features\.doing\.top' is '0'; expected a whole number >= 1"),
        ({"log": "yes"}, r"'features\.doing\.log' is 'yes'; expected true or false"),
        ({"form": ["count"]}, r"unknown key 'form' in features\.doing; did you mean 'forms'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Sessions("doing", "visits", **options)


VISIT = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from("xyz"),
    st.floats(0, 1e6),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.one_of(st.none(), st.sampled_from(["news", "sport"])),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(VISIT, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_bits_do_not_depend_on_the_order_and_shares_add_up(rows: list[Any], draw: Any) -> None:
    mixed = draw.sample(rows, len(rows))
    schema = {"user_id": pl.String, "item_id": pl.String, "time_s": pl.Float64}
    schema |= {"seconds": pl.Float64, "kind": pl.String}
    options: dict[str, Any] = {"forms": ["count", "share", "sum", "mean"], "clock": ["hour"], "top": 1}
    feature = Sessions("doing", "visits", transitions="steps", **options)
    ids, blocks = np.array(sorted({row[0] for row in rows})), []
    for order in (rows, mixed):
        frame = local.lazy(pl.DataFrame(order, schema=schema, orient="row"))
        tables = samples.tables_of(CheckedTable("visits", "events", frame, KINDS))
        fitted = feature.fit(tables, ids)
        blocks.append(fitted.apply(tables, ids).values)
    assert blocks[0].tobytes() == blocks[1].tobytes()
    got = unscaled(fitted, tables, ids)
    shares = {name: column for name, column in got.items() if name.startswith("share[kind=")}
    np.testing.assert_allclose(np.sum(list(shares.values()), axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(np.sum([got[f"hour={hour:02d}"] for hour in range(24)], axis=0), 1, atol=1e-5)
    parts = [column for name, column in got.items() if name.startswith("sum(seconds)[")]
    np.testing.assert_allclose(np.sum(parts, axis=0), got["sum(seconds)"], rtol=1e-4, atol=1)
