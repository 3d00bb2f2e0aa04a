"""From events to tags: how many of a user's events carry which tag.

The tag of an event is its item itself, or one of its item's tags. Which tags items have, and what tags are merged into,
is that of the fit, frozen: newcomers' events need no table of items beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from coterie.engines import local
from coterie.errors import ConfigError, DataError, shown
from coterie.features import options
from coterie.features.aligning import ENTITY, EVENTS_SEEN, as_ids, columns_of, on_index, require_columns, table_of
from coterie.features.contract import Ids
from coterie.features.item_tags import ItemTags, as_item_tags, item_tags
from coterie.features.weighting import Floats, Pairs, totals
from coterie.frozen import Frozen
from coterie.tables import CheckedTable, Tables
from coterie.terms import EVENTS, ITEM, ITEMS, TAG, USER, VALUE
from coterie.vocabulary import followed

_POSITION: Final = "_tag"  # int32, the tag's position in the vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class TagCounts:
    """How many events of which users carry which tags.

    Args:
        rows: one row a (user, tag) with an event: position of the user, tag, events; sorted.
        totals: (n,) events of each user that carry a tag at all, each counted once.
    """

    rows: pl.DataFrame
    totals: Floats

    def users_per_tag(self) -> dict[str, int]:
        """Give the users of each tag, by tag, sorted."""
        counted = self.rows.group_by(TAG).len("users").sort(TAG)
        return dict(zip(counted[TAG].to_list(), counted["users"].to_list(), strict=True))

    def pairs(self, tags: Ids) -> Pairs:
        """Bring the counts onto a sorted vocabulary; tags that are not in it stay out."""
        index = pl.DataFrame(
            {TAG: pl.Series(tags.tolist(), dtype=pl.String), _POSITION: np.arange(len(tags), dtype=np.int32)}
        )
        placed = self.rows.join(index, on=TAG, how="inner").sort(ENTITY, _POSITION)
        counts: Floats = placed[EVENTS_SEEN].cast(pl.Float64).to_numpy()
        at, tag = placed[ENTITY].to_numpy(), placed[_POSITION].to_numpy()
        return Pairs((len(self.totals), len(tags)), at, tag, counts, np.zeros(0), np.nan, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Tagging:
    """How a user's events lead to tags.

    Args:
        table: of events. where: the block in the config, for messages.
        through: the table of items whose tags count; None where items are tags themselves.
        positive_from: only events of at least this value count; None: all do.
        named: with ``through``, the items' tags, merged; else each merged tag, as an item, and what it is called.
    """

    table: str
    where: str
    through: str | None
    positive_from: float | None
    named: ItemTags

    def counts(self, tables: Tables, ids: Ids) -> TagCounts:
        """Count the events of ``ids``.

        Raises:
            ModelError: only events of some value count, and the table has no values any more.
        """
        table = table_of(tables, self.table, EVENTS, self.where)
        if self.positive_from is not None:
            require_columns(table, [VALUE], self.where)
        events = local.collect(on_index(self._events(table), ids))
        if self.through is not None:
            events = events.join(self.named.rows.select(ITEM).unique(), on=ITEM, how="semi")
        total = totals(events[ENTITY].to_numpy(), events[EVENTS_SEEN].cast(pl.Float64).to_numpy(), len(ids))
        tagged = events.join(self.named.rows, on=ITEM, how="left").with_columns(pl.coalesce(TAG, ITEM).alias(TAG))
        return TagCounts(tagged.group_by(ENTITY, TAG).agg(pl.col(EVENTS_SEEN).sum()).sort(ENTITY, TAG), total)

    def users(self, tables: Tables, *, min_events: int = 1) -> Ids:
        """Give the sorted ids of users of whom at least ``min_events`` events carry a tag."""
        events = local.collect(self._events(table_of(tables, self.table, EVENTS, self.where)))
        if self.through is not None:
            events = events.join(self.named.rows.select(ITEM).unique(), on=ITEM, how="semi")
        per_user = events.group_by(USER).agg(pl.col(EVENTS_SEEN).sum())
        return as_ids(per_user.filter(pl.col(EVENTS_SEEN) >= min_events)[USER])

    def _events(self, table: CheckedTable) -> nw.LazyFrame[Any]:
        frame = table.frame
        if self.positive_from is not None:
            frame = frame.filter(nw.col(VALUE) >= self.positive_from)
        return frame.group_by(USER, ITEM).agg(nw.len().alias(EVENTS_SEEN))

    def to_arrays(self, kind: str, meta: Mapping[str, Any], arrays: Mapping[str, Any]) -> Frozen:
        """Give a block's own parts and the way to its tags as data."""
        own = {
            "table": self.table,
            "where": self.where,
            "through": self.through,
            "positive_from": self.positive_from,
        }
        return Frozen(
            kind, {**meta, "tagging": own}, {**arrays, "tagged_items": self.named.items, "item_tags": self.named.tags}
        )

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back the way to tags that a block was frozen with."""
        return cls(**frozen.meta["tagging"], named=ItemTags(frozen.arrays["tagged_items"], frozen.arrays["item_tags"]))


@dataclass(frozen=True, slots=True)
class TagSource:
    """Which tags events are to lead to, as the config asks for it; ``Tags`` and ``Shares`` say what each option means.

    Args:
        table: of events. where: the block in the config, "features.NAME".
        vocabulary: what some tags are called instead, chains followed; empty where nothing is merged.
    """

    table: str
    where: str
    through: str | None
    positive_from: float | None
    vocabulary: Mapping[str, str]

    @classmethod
    def checked(cls, table: str, where: str, *, through: object, positive_from: object, vocabulary: object) -> Self:
        """Check the options.

        Raises:
            ConfigError: one of them is of another type, or merges contradict each other.
        """
        return cls(
            table,
            where,
            None if through is None else options.text(through, f"{where}.through"),
            None if positive_from is None else options.number(positive_from, f"{where}.positive_from"),
            {} if vocabulary is None else _merges(vocabulary, f"{where}.vocabulary"),
        )

    def fit(self, tables: Tables) -> Tagging:
        """Learn which tags events lead to.

        Raises:
            ConfigError: ``through`` is no table of items or has no tags, or ``positive_from`` meets events without
                values.
            DataError: no item has a tag.
        """
        events = table_of(tables, self.table, EVENTS, self.where)
        if self.positive_from is not None and VALUE not in columns_of(events):
            raise ConfigError(
                f"'{self.where}.positive_from' is {self.positive_from:g}, but the table '{self.table}' has no 'value'"
            )
        return Tagging(self.table, self.where, self.through, self.positive_from, self._named(tables))

    def _named(self, tables: Tables) -> ItemTags:
        if self.through is None:
            pairs = {ITEM: list(self.vocabulary), TAG: list(self.vocabulary.values())}
            return as_item_tags(pl.DataFrame(pairs, schema={ITEM: pl.String, TAG: pl.String}))
        items = table_of(tables, self.through, ITEMS, f"{self.where}.through")
        if items.tags is None:
            raise ConfigError(
                f"'{self.where}.through' names '{items.name}', which has no tags; declare 'tables.{items.name}.tags'"
            )
        named = item_tags([items], self.vocabulary)
        if not len(named.items):
            raise DataError(f"no item of '{items.name}' has a tag; check 'tables.{items.name}.tags'")
        return named


def _merges(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for pair in value.items() for name in pair):
        raise ConfigError(f"'{where}' is {shown(value)}; expected a file in coterie.toml, here a mapping of tag to tag")
    return followed(value.items(), where)
