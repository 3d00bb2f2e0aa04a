"""The bench of marks, small: planted markers of every kind are found, and dealt labels say next to nothing."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from coterie.engines import local
from coterie.tables import CheckedTable, Tables

sys.path.insert(0, str(Path(__file__).parents[2] / "bench" / "quality"))
import marks


@pytest.fixture(scope="module")
def made() -> marks.Planted:
    return marks.plant(3)


def test_planted_markers_of_every_kind_are_found(made: marks.Planted) -> None:
    found = marks.found_of(made)
    assert {kind: one.planted > 2 for kind, one in found.items()} == dict.fromkeys(marks.KINDS, True)
    assert all(one.recall >= 0.95 for one in found.values()), found
    assert sum(one.wrong for one in found.values()) <= 0.05 * sum(one.said for one in found.values())


def test_what_was_planted_is_in_the_tables(made: marks.Planted) -> None:
    """Two routes: indices by the making of the tables, and counted in them."""
    who = made.audience
    labels = dict(zip(who.ids.tolist(), who.truth.tolist(), strict=True))
    rows = local.collect(who.tables["ratings"].frame).with_columns(label=pl.col("user_id").replace_strict(labels))
    n, counts = dict(rows.group_by("label").len().iter_rows()), rows.group_by("label", "item_id").len()
    counted = {(label, item): m / n[label] for label, item, m in counts.iter_rows()}
    overall = {item: m / rows.height for item, m in rows.group_by("item_id").len().iter_rows()}
    items = [(label, name) for kind, label, name in made.clear if kind == "item"]
    true = np.array([1 + made.true["item", label, name] for label, name in items])
    seen = np.array([counted[label, name] / overall[name] for label, name in items])
    assert np.corrcoef(true, seen)[0, 1] > 0.8
    assert abs(np.log(seen / true).mean()) < 0.05


def test_dealt_labels_say_next_to_nothing(made: marks.Planted) -> None:
    rng = np.random.default_rng(3)
    said = [marks.dealt(made.audience, rng) for _ in range(40)]
    # Five in a hundred of either use: more than six of forty happen once in a hundred times.
    assert sum(one["basis"] > 0 for one in said) <= 6
    assert sum(one["descriptor"] > 0 for one in said) <= 6


def test_a_truth_that_is_turned_round_is_not_found(made: marks.Planted) -> None:
    turned = marks.Planted(
        marks.Audience(made.audience.tables, made.audience.ids, (made.audience.truth + 1) % 5), made.true, made.clear
    )
    assert all(one.recall < 0.6 for kind, one in marks.found_of(turned).items() if one.planted)


def test_true_indices_by_hand() -> None:
    rows = pl.DataFrame(
        {"user_id": ["a", "a", "b", "b", "b"], "item_id": ["x", "y", "x", "y", "y"], "value": [5.0, 4.0, 4.0, 5.0, 1.0]}
    )
    tags = pl.DataFrame({"item_id": ["x", "y", "y"], "tag": ["red", "red", "blue"]})
    tables = [
        CheckedTable("ratings", "events", local.lazy(rows)),
        CheckedTable("titles", "items", local.lazy(tags.select("item_id").unique()), {}, local.lazy(tags)),
    ]
    who = marks.Audience(Tables({table.name: table for table in tables}), np.array(["a", "b"]), np.array([0, 1]))
    # Four are liked; each of a and b liked x and y once, so both have 1 red and 1/2 blue of their two.
    assert marks.indices(who) == {(0, "red"): 1.0, (1, "red"): 1.0, (0, "blue"): 1.0, (1, "blue"): 1.0}
    more = pl.concat([rows, pl.DataFrame({"user_id": ["b"], "item_id": ["x"], "value": [5.0]})])
    tables[0] = CheckedTable("ratings", "events", local.lazy(more))
    who = marks.Audience(Tables({table.name: table for table in tables}), who.ids, who.truth)
    assert marks.indices(who)[1, "blue"] == pytest.approx((1 / 3) / (2 / 5))


def test_genres_of_the_sample_are_found() -> None:
    found = marks.planted(marks.audience(600, 3), marks.indices(marks.audience(3_000, 3)))
    assert found.planted >= 12
    assert found.recall >= 0.95
    assert found.wrong <= 0.05 * found.said
