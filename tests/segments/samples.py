"""Small tables to profile: one made by hand, one with planted tastes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.engines import local
from coterie.segments.members import Members
from coterie.segments.types import Mark
from coterie.selection.types import Interval
from coterie.tables import CheckedTable, Tables

K, USERS_EACH, TAGS, ITEMS_EACH = 3, 150, 6, 20


@dataclass(frozen=True)
class Rows:
    """Rows of a project's tables; None where it has no such table."""

    events: pl.DataFrame | None = None
    users: pl.DataFrame | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    items: pl.DataFrame | None = None
    tags: pl.DataFrame | None = None


def tables_of(rows: Rows, framed: Callable[[pl.DataFrame], nw.LazyFrame[Any]] = local.lazy) -> Tables:
    made = []
    if rows.events is not None:
        made.append(CheckedTable("ratings", "events", framed(rows.events)))
    if rows.users is not None:
        made.append(CheckedTable("people", "users", framed(rows.users), rows.attributes))
    if rows.items is not None:
        tags = None if rows.tags is None else framed(rows.tags)
        made.append(CheckedTable("films", "items", framed(rows.items), {}, tags))
    return Tables({table.name: table for table in made})


def members_of(labels: Mapping[str, int] | np.ndarray, distance: Any = None, basis: tuple[str, ...] = ("ratings",)):
    """Members by user id, or of users called u000, u001 ... by position."""
    if not isinstance(labels, Mapping):
        labels = {f"u{number:03}": int(label) for number, label in enumerate(labels)}
    ids = sorted(labels)
    found = np.array([labels[each] for each in ids], dtype=np.int32)
    far = np.arange(len(ids), dtype=np.float64) if distance is None else np.asarray(distance, dtype=np.float64)
    segment_ids = tuple(f"s-{number + 1}" for number in range(max(int(found.max(initial=-1)) + 1, 0)))
    return Members(np.array(ids, dtype=np.str_), found, segment_ids, far, frozenset(basis))


def hand_made() -> Rows:
    """Five users, three films; u5 is left for noise."""
    events = [
        ("u1", "a", 5.0),
        ("u1", "b", 5.0),
        ("u1", "c", 1.0),
        ("u2", "a", 5.0),
        ("u2", "b", 4.0),
        ("u3", "b", 5.0),
        ("u3", "c", 4.0),
        ("u4", "c", 5.0),
        ("u5", "c", 4.0),
        ("stranger", "a", 5.0),
    ]
    users = {
        "user_id": ["u1", "u2", "u3", "u4", "u5", "stranger"],
        "age": [20.0, 24.0, 40.0, None, 60.0, 99.0],
        "job": ["student", "student", "nurse", "nurse", None, "clown"],
    }
    return Rows(
        events=pl.DataFrame(events, schema=["user_id", "item_id", "value"], orient="row"),
        users=pl.DataFrame(users),
        attributes={"age": "number", "job": "category"},
        items=pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["Alpha", "Beta", None]}),
        tags=pl.DataFrame({"item_id": ["a", "b", "b", "c", "c"], "tag": ["war", "war", "love", "love", "love"]}),
    )


HAND_LABELS = {"u1": 0, "u2": 0, "u3": 1, "u4": 1, "u5": -1}


def planted(seed: int = 0) -> tuple[Rows, np.ndarray]:
    """Users of three tastes: each thrice as often takes up its tag, and four times as often its five items.

    Activity differs widely between users but not between tastes. Segment 0 are students more often, 1 is older, 2 is
    twice as active.
    """
    rng = np.random.default_rng(seed)
    n, m = K * USERS_EACH, TAGS * ITEMS_EACH
    labels = np.repeat(np.arange(K), USERS_EACH)
    weight = np.ones((K, m))
    for label in range(K):
        weight[label, planted_tag_items(label)] *= 3
        weight[label, planted_items(label)] *= 4
    chance = weight / weight.sum(axis=1, keepdims=True)
    activity = rng.gamma(3.0, 6.0, n) * np.where(labels == 2, 2, 1) + 4
    took = rng.random((n, m)) < np.minimum(activity[:, None] * chance[labels], 0.95)
    who, what = np.nonzero(took)
    events = pl.DataFrame(
        {
            "user_id": [f"u{each:03}" for each in who],
            "item_id": [f"i{each:03}" for each in what],
            "value": rng.integers(1, 6, len(who)).astype(np.float64),
        }
    )
    student = rng.random(n) < np.where(labels == 0, 0.6, 0.2)
    users = pl.DataFrame(
        {
            "user_id": [f"u{each:03}" for each in range(n)],
            "age": rng.normal(np.where(labels == 1, 45, 30), 10).clip(0).round(),
            "job": np.where(student, "student", np.array(["nurse", "clerk"])[rng.integers(0, 2, n)]).tolist(),
        }
    )
    items = pl.DataFrame(
        {"item_id": [f"i{each:03}" for each in range(m)], "title": [f"Film {each}" for each in range(m)]}
    )
    tags = pl.DataFrame(
        {"item_id": [f"i{each:03}" for each in range(m)], "tag": [f"tag{each // ITEMS_EACH}" for each in range(m)]}
    )
    attributes = {"age": "number", "job": "category"}
    return Rows(events, users, attributes, items, tags), labels


def planted_tag_items(label: int) -> np.ndarray:
    return np.arange(label * ITEMS_EACH, (label + 1) * ITEMS_EACH)


def planted_items(label: int) -> np.ndarray:
    """Items of a tag that is nobody's."""
    start = (K + label) * ITEMS_EACH
    return np.arange(start, start + 5)


def mark(label: str, kind: Any = "tag", **changes: Any) -> Mark:
    """A significant mark of index 200, or what the changes say."""
    value = changes.pop("index", 200.0)
    fields: dict[str, Any] = {
        "table": "ratings",
        "column": kind,
        "use": "basis",
        "n": 50,
        "n_all": 100,
        "inside": 0.2,
        "overall": 0.1,
        "index": None if value is None else Interval(value, value * 0.9, value * 1.1),
        "effect": 1.0 if value is None or value > 100 else -1.0,
        "p": 0.0001,
        "p_adjusted": 0.001,
        "significant": True,
    }
    return Mark(kind=kind, label=label, **{**fields, **changes})
