"""Tables whose tags are called what the vocabularies of a config call them, for profiles: a tag that was merged into
another is not told beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from coterie.config import Config
from coterie.engines import local
from coterie.tables import Tables
from coterie.terms import EVENTS, ITEM, TAG
from coterie.vocabulary import KEY, followed

_CALLED: Final = "_called"


def with_merged_tags(tables: Tables, config: Config) -> Tables:
    """Give the tables with the tags of each called as the first block that merges them calls them.

    They are the tags of the table that a block goes ``through``, else the items of its events; what segments are formed
    on goes before what they are described by.
    """
    merges: dict[str, dict[str, str]] = {}
    for name, called in _vocabularies(config):
        merges.setdefault(name, called)
    named = dict(tables.by_name)
    for name, called in merges.items():
        table = named[name]
        if table.role == EVENTS:
            named[name] = table.with_frame(_renamed(table.frame, ITEM, called))
        elif table.tags is not None:
            named[name] = replace(table, tags=_renamed(table.tags, TAG, called).unique())
    return Tables(named)


def _vocabularies(config: Config) -> Iterator[tuple[str, dict[str, str]]]:
    """Give (table, merges) of every block that merges tags, the basis first."""
    for name, feature in sorted(config.features.items(), key=lambda one: one[1].use != "basis"):
        yield from _within(feature.options, feature.from_, f"features.{name}")


def _within(options: Mapping[str, Any], table: str, where: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Look into a block, and into the block within it."""
    merges = options.get(KEY)
    if isinstance(merges, Mapping) and merges:
        yield options.get("through") or table, followed(merges.items(), f"{where}.{KEY}")
    for option, value in options.items():
        if isinstance(value, Mapping) and option != KEY:
            yield from _within(value, table, f"{where}.{option}")


def _renamed(frame: nw.LazyFrame[Any], column: str, called: Mapping[str, str]) -> nw.LazyFrame[Any]:
    pairs = pl.DataFrame({column: list(called), _CALLED: list(called.values())})
    joined = local.here(frame).join(local.lazy(pairs), on=column, how="left")
    return joined.with_columns(nw.coalesce(nw.col(_CALLED), nw.col(column)).alias(column)).drop(_CALLED)
