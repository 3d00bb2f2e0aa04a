"""A finished run as ground for recommenders: its events as tastes, and recommenders fitted once and kept in the cache.

The cache's key is the run, the recommender and its options; what is kept is arrays and JSON. Whoever the run has never
seen is folded in from events by the items that the fit knew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from coterie import frozen, plugins
from coterie.activation.recommending.choosing import Settings, Trial, choose, make
from coterie.activation.recommending.contract import FittedRecommender
from coterie.activation.recommending.ranking import standing
from coterie.activation.recommending.tastes import Mask, Tastes, tastes_of
from coterie.engines import local
from coterie.errors import ConfigError, DataError, ModelError, UnknownNameError
from coterie.features.aligning import placed, users_of
from coterie.features.contract import Ids
from coterie.frozen import Frozen
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.runs.cache import Cache, key_of
from coterie.runs.identity import STATE_FOLDER
from coterie.runs.result import Run
from coterie.selection import heldout
from coterie.selection.heldout import Catalogue, pair_means
from coterie.tables import CheckedTable, Tables
from coterie.tables.filter import parse_filter
from coterie.terms import ITEM, NOISE, OF_USERS, SEGMENT, TITLE, USER, AttributeKind

STEP, KEPT = "recommenders", 6  # recommenders that stay in the cache, times four
RECOMMENDER, CATALOGUE = "recommender", "catalogue"


@dataclass(frozen=True)
class Ground:
    """What recommenders of a run read.

    Args:
        run: the run. tables: its tables. table: of events, which items are recommended from.
        floor: value from which an event counts as liked; see ``heldout.positive_floor``.
    """

    run: Run
    tables: Tables
    table: CheckedTable
    floor: float | None

    @cached_property
    def catalogue(self) -> Catalogue:
        """The pairs of all users of the table."""
        return heldout.catalogue(self.table, users_of(self.table), self.floor)

    @cached_property
    def tastes(self) -> Tastes:
        """The tastes of the users of ``catalogue``."""
        return tastes_in(self.catalogue, self.catalogue.items, segments_of(self.run, self.catalogue.users))

    @cached_property
    def place(self) -> npt.NDArray[np.int64]:
        """(m,) by which level scores are told apart."""
        return standing(self.tastes)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """(m,) users who took up each item."""
        return np.bincount(self.tastes.cells.indices, minlength=self.tastes.n_items)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """(m,) name of each item: its title, or its id where it has none."""
        frames = [
            local.here(table.frame.select(ITEM, TITLE))
            for table in self.tables.items
            if TITLE in table.frame.collect_schema().names()
        ]
        listed = pl.DataFrame({ITEM: pl.Series(self.catalogue.items.tolist(), dtype=pl.String)})
        if not frames:
            return tuple(listed[ITEM].to_list())
        found = local.collect(
            nw.concat(frames).filter(~nw.col(TITLE).is_null()).group_by(ITEM).agg(nw.col(TITLE).min())
        )
        joined = listed.join(found, on=ITEM, how="left", maintain_order="left")
        return tuple(joined.select(pl.coalesce(TITLE, ITEM)).to_series().to_list())

    def place_of(self, user: str) -> int | None:
        """Give the number of a user; None of one of the run who has no event in the table.

        Raises:
            UnknownNameError: the run has no such user; offers the nearest.
        """
        users = self.catalogue.users
        at = int(np.searchsorted(users, user))
        if at < len(users) and users[at] == user:
            return at
        known = self.run.assignments()[USER].to_list()
        if user in known:
            return None
        raise UnknownNameError("user", user, sorted({*known, *users.tolist()}))

    def item_of(self, item: str) -> int:
        """Give the number of an item.

        Raises:
            UnknownNameError: nobody took it up; offers the nearest.
        """
        at = int(np.searchsorted(self.catalogue.items, item))
        if at == len(self.catalogue.items) or self.catalogue.items[at] != item:
            raise UnknownNameError("item", item, self.catalogue.items.tolist())
        return at


def ground_of(run: Run) -> Ground:
    """Open a run's tables for recommending.

    Raises:
        ConfigError: it is not users who are segmented. DataError: the run has no table of events.
    """
    config = run.config
    if config.project.entity != OF_USERS:
        raise ConfigError(
            f"items are recommended to users, and the run '{run.id}' segments {run.manifest.entity.many}; name a run "
            "that segments users with --run"
        )
    tables = run.tables()
    table = heldout.event_table(config, tables)
    if table is None:
        raise DataError(
            f"the run '{run.id}' has no table of events, so nothing says who took up what; add one with "
            "role = 'events' and run again"
        )
    return Ground(run, tables, table, heldout.positive_floor(config, table))


def segments_of(run: Run, users: Ids) -> npt.NDArray[np.int32]:
    """Give (n,) the number of each user's segment in the order of the run's; ``NOISE`` in none."""
    numbers = {segment.id: at for at, segment in enumerate(run.segments)}
    rows = run.assignments()
    known = dict(zip(rows[USER].to_list(), rows[SEGMENT].to_list(), strict=True))
    return np.array([numbers.get(known.get(user, ""), NOISE) for user in users.tolist()], np.int32)


def tastes_in(found: Catalogue, items: Ids, segments: npt.NDArray[np.int32] | None = None) -> Tastes:
    """Give the pairs of a catalogue as tastes of known items; pairs of others are left out.

    A pair without a value gets the mean of all others'.

    Args:
        items: (m,) sorted. segments: (n,) of the catalogue's users.
    """
    pairs = found.pairs
    columns = placed(pairs.items.astype(np.int32), found.items, items)
    values = values_of(found)
    kept = columns >= 0
    return tastes_of(
        pairs.users[kept],
        columns[kept],
        None if values is None else values[kept],
        pairs.positive[kept],
        shape=(pairs.n_users, len(items)),
        segments=segments,
    )


def values_of(found: Catalogue) -> npt.NDArray[np.float64] | None:
    """Give (p,) the mean value of each pair of a catalogue; None where events have none."""
    source = found.source
    values = pair_means(source.value, source.is_first, found.first is None)
    if values is None or not np.isfinite(values).any():
        return None
    values = values if found.segmented is None else values[found.segmented]
    return np.where(np.isfinite(values), values, np.nanmean(values)).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A fitted recommender.

    Args:
        name: of the plug-in. fitted: it. items: (m,) sorted ids that it knows. settings: it was fitted with.
    """

    name: str
    fitted: FittedRecommender
    items: Ids
    settings: Settings


def ready(ground: Ground, name: str, options: Mapping[str, Any]) -> Ready:
    """Give a recommender fitted on all of a run's tastes; it is fitted once, and read from the project's cache then.

    Settings that are not given are chosen on a validation part.

    Raises:
        UnknownNameError, ConfigError: of the name or an option. DataError: it cannot learn from these tastes.
    """
    make(name, options)
    run = ground.run
    cache = Cache(run.folder.resolve().parent.parent / STATE_FOLDER / "cache", per_run=KEPT)
    key = key_of(STEP, run.id, run.config.digest(), name, options)
    found: Ready = cache.answer(STEP, key, lambda folder: _write(ground, name, options, folder), _load)[0]
    return found


def _write(ground: Ground, name: str, options: Mapping[str, Any], folder: Path) -> None:
    seed = ground.run.config.project.seed
    settings = choose(name, options, ground.tastes, seed)
    with single_libraries():
        fitted = make(name, settings.options).fit(ground.tastes, generator(seed, "recommender", name))
    frozen.save(fitted.to_arrays(), folder, RECOMMENDER)
    told = {"name": name, "options": settings.options, "tried": [[one.options, one.score] for one in settings.tried]}
    frozen.save(Frozen(CATALOGUE, told, {"items": ground.catalogue.items}), folder, CATALOGUE)


def _load(folder: Path) -> Ready:
    part, kept = frozen.load(folder, RECOMMENDER), frozen.load(folder, CATALOGUE)
    try:
        fitted = plugins.find("recommenders", part.kind).Fitted.from_arrays(part)
        tried = tuple(Trial(options, score) for options, score in kept.meta["tried"])
        return Ready(kept.meta["name"], fitted, kept.arrays["items"], Settings(kept.meta["options"], tried))
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ModelError(f"the recommender in '{folder}' is damaged: {error}; ask again") from error


def unseen(ground: Ground, tables: Tables, *, with_segments: bool) -> tuple[Ids, Tastes]:
    """Give the tastes of users whom the run has never seen, by the items that it knows.

    Args:
        tables: with their events, checked. with_segments: whether the frozen model gives them their segments.

    Raises:
        DataError: they have no events. ConfigError: segments are asked for, and the model needs other tables too.
    """
    if ground.table.name not in tables.by_name:
        raise DataError(f"there are no events in '{ground.table.name}' of anybody; give a file of them")
    table = tables[ground.table.name]
    ids = users_of(table)
    if not len(ids):
        raise DataError("no user is left to recommend to; every row was refused")
    segments = None
    if with_segments:
        model = ground.run.model()
        numbers = {segment.id: at for at, segment in enumerate(ground.run.segments)}
        try:
            labels = model.apply(tables, ids).labels
        except UnknownNameError as error:
            raise ConfigError(
                f"their segments cannot be found from events alone: {error}; take another --by"
            ) from error
        names = [*(numbers.get(name, NOISE) for name in model.segment_ids), NOISE]
        segments = np.array(names, np.int32)[labels]
    return ids, tastes_in(heldout.catalogue(table, ids, ground.floor), ground.catalogue.items, segments)


def available_items(ground: Ground, listed: tuple[str, ...] | None, condition: str | None) -> Mask | None:
    """Give (m,) which items may be recommended; None where all may.

    Args:
        listed: ids; those that nobody took up are passed over. condition: on the columns of the tables of items, as
            ``clean.drop_users`` is written.

    Raises:
        DataError: none is left. ConfigError: the condition is none, or there is no table of items.
    """
    items = ground.catalogue.items
    found = np.ones(len(items), np.bool_)
    if listed is not None:
        found &= np.isin(items, np.array(sorted(set(listed)), dtype=np.str_)) if listed else False
    if condition is not None:
        found &= _meets(ground, condition)
    if listed is None and condition is None:
        return None
    if not found.any():
        raise DataError(f"none of the {len(items):,} items that somebody took up is available; name others")
    return found


def _meets(ground: Ground, condition: str) -> Mask:
    items = ground.catalogue.items
    tables = [one for one in ground.tables.items if one.attributes or TITLE in one.frame.collect_schema().names()]
    if not tables:
        raise ConfigError(
            "'--where' is a condition on columns of a table of items, and there is none with any; name them under its "
            "'attributes' in coterie.toml, or give a list with --available"
        )
    # One table answers: the first that has a column which the condition names.
    own = next((table for table in tables if any(name in condition for name in table.attributes)), tables[0])
    kinds: dict[str, AttributeKind] = dict(own.attributes)
    if TITLE in own.frame.collect_schema().names():
        kinds[TITLE] = "category"
    rule = parse_filter(condition, kinds, where="--where", of="items")
    met = local.collect(own.frame.filter(rule.fill_null(False)).select(ITEM))[ITEM].to_list()
    return np.isin(items, np.array(met, dtype=np.str_)) if met else np.zeros(len(items), np.bool_)
