"""What items are called: the titles of all tables of items, by id."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from coterie.engines import local
from coterie.tables.types import Tables
from coterie.terms import ITEM, TITLE


def titles_by_item(tables: Tables) -> dict[str, str]:
    """Give the titles of items by id; where several rows give one, the first in the alphabet."""
    found: dict[str, str] = {}
    for table in tables.items:
        if TITLE in table.frame.collect_schema().names():
            rows = local.collect(table.frame.filter(~nw.col(TITLE).is_null()).select(ITEM, TITLE))
            for item, title in rows.iter_rows():
                found[item] = min(title, found.get(item, title))
    return found
