"""The tags of items as a fit knew them: tables of items in, frozen (item, tag) pairs out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.engines import local
from coterie.tables import CheckedTable
from coterie.terms import ITEM, TAG

_SCHEMA = {ITEM: pl.String, TAG: pl.String}


@dataclass(frozen=True, slots=True, eq=False)
class ItemTags:
    """Items and their tags.

    Args:
        items, tags: (p,) one entry an (item, tag) pair, sorted; empty where no table of items has tags.
    """

    items: npt.NDArray[np.str_]
    tags: npt.NDArray[np.str_]

    @property
    def rows(self) -> pl.DataFrame:
        """The pairs as rows at hand."""
        return pl.DataFrame({ITEM: self.items.tolist(), TAG: self.tags.tolist()}, schema=_SCHEMA)

    @property
    def frame(self) -> nw.LazyFrame[Any]:
        """The pairs as a frame."""
        return local.lazy(self.rows)


def item_tags(tables: Iterable[CheckedTable], merges: Mapping[str, str] | None = None) -> ItemTags:
    """Collect the (item, tag) pairs of tables of items.

    Args:
        tables: of role "items"; one without tags adds nothing.
        merges: what some tags are called instead; an item that had both has the one once.
    """
    frames = [local.collect(table.tags.select(ITEM, TAG).unique()) for table in tables if table.tags is not None]
    pairs = pl.concat([pl.DataFrame(schema=_SCHEMA), *frames])
    return as_item_tags(pairs.with_columns(pl.col(TAG).replace(dict(merges or {}))))


def as_item_tags(pairs: pl.DataFrame) -> ItemTags:
    """Give rows of item and tag, in any order, as sorted pairs without repeats."""
    pairs = pairs.unique().sort(ITEM, TAG)
    items, tags = (np.array(pairs[column].to_list(), dtype=np.str_) for column in (ITEM, TAG))
    return ItemTags(items, tags)
