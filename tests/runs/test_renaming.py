"""Profiles call tags as the vocabularies of the config do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

import coterie
from coterie.config import parse_config
from coterie.engines import local
from coterie.runs.renaming import with_merged_tags
from coterie.tables import CheckedTable, Tables

EVENTS = {"user_id": ["a", "a", "b"], "item_id": ["mvc4", "mvc", "sql"]}
TAGS = {"item_id": ["1", "1", "2"], "tag": ["mvc4", "mvc", "sql"]}


def framed(columns: dict[str, Any]) -> nw.LazyFrame[Any]:
    return local.lazy(pl.DataFrame(columns))


def renamed(**features: Any) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    config = parse_config(
        {
            "tables": {
                "reads": {"role": "events", "source": "r.csv", "user": "u", "item": "i"},
                "books": {"role": "items", "source": "b.csv", "item": "i", "tags": {"column": "t"}},
            },
            "features": features,
        }
    )
    reads = CheckedTable("reads", "events", framed(EVENTS))
    books = CheckedTable("books", "items", framed({"item_id": ["1", "2"]}), tags=framed(TAGS))
    found = with_merged_tags(Tables({"reads": reads, "books": books}), config)
    tags = found["books"].tags
    assert tags is not None
    return (
        sorted(local.collect(found["reads"].frame).select("user_id", "item_id").rows()),
        sorted(local.collect(tags).select("item_id", "tag").rows()),
    )


RAW = renamed(reads={"kind": "tags", "from": "reads"})
MERGED_ITEMS = [("a", "net"), ("a", "net"), ("b", "sql")]


def test_tags_are_called_as_the_vocabulary_does_chains_followed():
    assert RAW == (
        [("a", "mvc"), ("a", "mvc4"), ("b", "sql")],
        [("1", "mvc"), ("1", "mvc4"), ("2", "sql")],
    )
    merges = {"mvc4": "mvc", "mvc": "net"}
    assert renamed(reads={"kind": "tags", "from": "reads", "vocabulary": merges}) == (MERGED_ITEMS, RAW[1])
    through = renamed(reads={"kind": "shares", "from": "reads", "through": "books", "vocabulary": merges})
    assert through == (RAW[0], [("1", "net"), ("2", "sql")])
    within = renamed(reads={"kind": "cluster", "from": "reads", "of": {"kind": "tags", "vocabulary": merges}})
    assert within == (MERGED_ITEMS, RAW[1])


def test_what_segments_are_formed_on_goes_before_what_describes_them():
    described = {"kind": "tags", "from": "reads", "use": "descriptor", "vocabulary": {"sql": "base"}}
    formed = {"kind": "tags", "from": "reads", "vocabulary": {"mvc4": "mvc", "mvc": "net"}}
    assert renamed(described=described, formed=formed) == (MERGED_ITEMS, RAW[1])


CONFIG = """
[tables.interests]
role = "events"
source = "interests.csv"
user = "user"
item = "tag"

[features.interests]
kind = "tags"
from = "interests"
vocabulary = { "asp.net-mvc" = "mvc" }

[embedding]
method = "none"

[clustering]
k = 2
starts = 2

[evaluation]
splits = 1
bootstraps = 2
seeds = 2
replicates = 19
"""


def test_a_segment_is_not_marked_by_a_tag_beside_the_one_that_it_was_merged_into(tmp_path: Path):
    rng = np.random.default_rng(0)
    crowds = (["asp.net-mvc", "mvc", "c#"], ["sql", "index", "joins"])
    rows = [(f"u{user:03}", tag) for user in range(120) for tag in crowds[user % 2] if rng.random() < 0.9]
    pl.DataFrame(rows, schema=["user", "tag"], orient="row").write_csv(tmp_path / "interests.csv")
    (tmp_path / "coterie.toml").write_text(CONFIG)
    told = {mark.label for profile in coterie.run(tmp_path).profiles for mark in profile.marks}
    assert {"mvc", "sql"} <= told
    assert "asp.net-mvc" not in told
