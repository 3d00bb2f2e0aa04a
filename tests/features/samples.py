"""Small tables with everything that can happen in them: repeated pairs, missing values, gaps."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import polars as pl

from coterie.tables import CheckedTable, Tables

TEXT = pl.String


def tables_of(*tables: CheckedTable) -> Tables:
    return Tables({table.name: table for table in tables})


def events(n_users: int = 12, n_items: int = 9, seed: int = 3) -> pl.DataFrame:
    """Events with awkward floats, repeated pairs, missing values and times."""
    draw = random.Random(seed)
    rows = [
        {
            "user_id": f"u{user:02d}",
            "item_id": f"i{draw.randrange(n_items)}",
            "value": None if draw.random() < 0.1 else draw.choice([0.1, 0.2, 0.7, 1.3, 3.0, 4.9, 5.0]),
            "time_s": 1e9 + draw.random() * 1e7,
        }
        for user in range(n_users)
        for _ in range(draw.randrange(2, 12))
    ]
    return pl.DataFrame(rows)


def people(n_users: int = 12, seed: int = 4) -> pl.DataFrame:
    """Users with gaps, rare categories and a zip code."""
    draw = random.Random(seed)
    rows = [
        {
            "user_id": f"u{user:02d}",
            "age": None if user == 5 else draw.choice([18.1, 22.3, 37.7, 44.9, 61.2]),
            "income": draw.random() * 1e5,
            "job": None if user == 7 else ["nurse", "clerk", "smith"][user % 5 % 3] if user != 9 else "astronaut",
            "zip": f"{user:05d}",
            "state": draw.choice(["CA", "NY"]),
            "note": f"note {user}",
        }
        for user in range(n_users)
    ]
    return pl.DataFrame(rows)


ATTRIBUTES: Mapping[str, Any] = {
    "age": "number",
    "income": "number",
    "job": "category",
    "zip": "us_zip",
    "state": "category",
    "note": "text",
}

TAGS: Mapping[str, Any] = {
    "item_id": ["i0", "i0", "i1", "i2", "i3", "i4", "i5"],
    "tag": ["drama", "crime", "crime", "comedy", "drama", "war", "war"],
}
