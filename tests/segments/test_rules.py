from __future__ import annotations

import math

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.segments.columns import Column, as_table
from coterie.segments.members import ProfileOptions
from coterie.segments.profile import profile_segments, users_table
from coterie.segments.rules import find_rule, halves, in_sql, in_words, matches
from coterie.segments.types import Condition
from coterie.tables.suppression import rounded
from tests.segments.samples import members_of, planted, tables_of

OPTIONS = ProfileOptions(positive_from=4.0)
ODD = 'the "chef\'s" share; --'


def picked_by_sql(table: pl.DataFrame, sql: str) -> set[str]:
    with duckdb.connect(config={"threads": 1}) as database:
        names = ", ".join(
            f'"{name.replace(chr(34), chr(34) * 2)}" {kind(dtype)}' for name, dtype in table.schema.items()
        )
        database.execute(f"CREATE TABLE columns ({names})")
        database.executemany(f"INSERT INTO columns VALUES ({', '.join('?' * table.width)})", table.rows())
        return {user for (user,) in database.execute(f'SELECT "user_id" FROM columns WHERE {sql}').fetchall()}


def kind(dtype: pl.DataType) -> str:
    return "DOUBLE" if dtype == pl.Float64 else "VARCHAR"


def crowd(seed: int = 0, n: int = 600) -> tuple[np.ndarray, tuple[Column, ...], np.ndarray]:
    """Users of whom those with a large share and a job with quotes in its name are of the segment, mostly."""
    rng = np.random.default_rng(seed)
    share, age = rng.random(n).round(4), rng.normal(40, 12, n).round()
    job = np.where(rng.random(n) < 0.5, "chef d'orchestre", "nurse").astype(object)
    age[rng.random(n) < 0.1] = np.nan
    job[rng.random(n) < 0.1] = None
    own = ((share > 0.6) & (job == "chef d'orchestre")) ^ (rng.random(n) < 0.03)
    columns = (
        Column(ODD, ODD, "tag", "chef", share),
        Column("age", "age", "number", "age", age),
        Column("job", "job", "category", "job", job),
    )
    return np.array([f"u{place:04}" for place in range(n)]), columns, own


def test_a_rule_finds_what_was_planted_and_is_measured_on_others():
    ids, columns, own = crowd()
    fit, measure = halves(len(ids), np.random.default_rng(1))
    assert not set(fit) & set(measure)
    rule = find_rule(columns, own, (fit, measure), OPTIONS)
    picked = matches(rule.paths, columns)
    hits, wrong, missed = (int(its[measure].sum()) for its in (picked & own, picked & ~own, ~picked & own))
    hits, wrong, missed = rounded(hits, 5), 5 * math.ceil(wrong / 5), 5 * math.ceil(missed / 5)
    assert rule.precision == round(hits / (hits + wrong), 2)
    assert rule.recall == round(hits / (hits + missed), 2)
    assert rule.precision == pytest.approx((picked & own)[measure].sum() / picked[measure].sum(), abs=0.06)
    assert rule.recall == pytest.approx((picked & own)[measure].sum() / own[measure].sum(), abs=0.06)
    assert rule.precision > 0.85
    assert rule.recall > 0.85
    assert 0.2 < rule.base < 0.3
    assert {condition.column for path in rule.paths for condition in path} >= {ODD, "job"}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_sql_picks_the_users_of_the_rule(seed: int):
    ids, columns, own = crowd(seed, 200)
    rule = find_rule(columns, own, halves(len(ids), np.random.default_rng(seed)), OPTIONS)
    if rule is not None:
        assert picked_by_sql(as_table(ids, columns), rule.sql) == set(ids[matches(rule.paths, columns)])


def test_conditions_by_hand():
    path = (
        Condition("a", "a", "<=", 3.5),
        Condition("b", "b", "<>", "it's", or_missing=True),
        Condition("c", "c", ">", 2.0),
    )
    assert in_sql([path]) == """("a" <= 3.5 AND ("b" <> 'it''s' OR "b" IS NULL) AND "c" > 2)"""
    numbers, texts = np.array([3.5, 3.6, np.nan, 1.0]), np.array(["x", "x", None, "it's"], dtype=object)
    columns = [
        Column("a", "a", "number", "a", numbers),
        Column("b", "b", "category", "b", texts),
        Column("c", "c", "tag", "c", np.array([3.0, 3.0, 3.0, 3.0])),
    ]
    assert matches([path], columns).tolist() == [True, False, False, False]
    assert (
        in_words([path], columns) == "Users with a of at most 3.5 and b other than it's (or unknown) and c above 200%."
    )


def test_profiles_of_planted_tastes_have_rules_that_a_database_can_run():
    rows, labels = planted()
    tables, members = tables_of(rows), members_of(labels)
    table = users_table(tables, members, OPTIONS)
    assert table.columns[:2] == ["user_id", "age"]
    assert {"job", "events", "mean value", "share of tag0"} <= set(table.columns)
    for label, profile in enumerate(profile_segments(tables, members, OPTIONS)):
        assert profile.rule.precision > 1.8 * profile.rule.base
        assert profile.rule.n_fitted + profile.rule.n_measured == len(labels)
        picked = picked_by_sql(table, profile.rule.sql)
        own = {user for user, its in zip(members.ids, labels, strict=True) if its == label}
        assert len(picked & own) > 0.5 * len(own)


def test_shares_by_tag_are_of_positive_events():
    rows, labels = planted()
    table = users_table(tables_of(rows), members_of(labels), OPTIONS)
    liked = rows.events.filter((pl.col("user_id") == "u007") & (pl.col("value") >= 4)).join(rows.tags, on="item_id")
    share = liked.filter(pl.col("tag") == "tag0").height / liked.height
    assert table.filter(pl.col("user_id") == "u007")["share of tag0"].item() == pytest.approx(share, abs=5e-5)


def test_nobody_to_tell_apart_has_no_rule():
    ids, columns, own = crowd()
    parts = halves(len(ids), np.random.default_rng(0))
    assert find_rule(columns, np.zeros(len(ids), bool), parts, OPTIONS) is None
    assert find_rule((), own, parts, OPTIONS) is None
