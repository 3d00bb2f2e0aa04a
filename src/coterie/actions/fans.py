"""Whose fan a user will become, asked of a run: a report on held-out users, and predictions for anybody in it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp

from coterie import frozen, parallel, records
from coterie.activation.classifying.inputs import Described
from coterie.activation.fans import (
    MOST_USERS,
    SCHEMA,
    VERSION,
    FanReport,
    FanRule,
    FittedFans,
    Likes,
    Lives,
    are_fans,
    described_by,
    fit_fans,
    thaw_described,
)
from coterie.config import Config
from coterie.errors import ConfigError, CoterieError, DataError, UnknownNameError
from coterie.features.assembling import make_descriptors, make_features
from coterie.features.contract import Ids
from coterie.features.item_tags import ItemTags, item_tags
from coterie.features.nesting import joined, parted
from coterie.randomness import generator
from coterie.runs.cache import Cache, key_of
from coterie.runs.identity import STATE_FOLDER
from coterie.runs.result import RUNS, Run, read_record
from coterie.selection.heldout import catalogue, event_table, positive_floor
from coterie.tables import CheckedTable, Tables
from coterie.terms import OF_USERS, TAG, USER, USERS

STEP = "fans"
RECORD = "report.json"
AT_ONCE = 2_000  # users
Floats = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Fans:
    """A run's fans: how well they are told, and whoever may be asked.

    Args:
        run: that they are of. report: on held-out users. fitted: the frozen predictors. described: blocks that describe
            users.
    """

    run: Run
    report: FanReport
    fitted: FittedFans
    described: tuple[Described, ...]

    def predict(self, users: Sequence[str] | None = None) -> pl.DataFrame:
        """Give user_id, tag, probability to become a fan, becomes, and is_fan, whether they are one already.

        Args:
            users: of the run; None for all. Sorted by user, then by probability.

        Raises:
            UnknownNameError: a user is not in the run; offers the nearest.
        """
        ids = _users_of(self.run)
        if users is not None:
            for user in users:
                if user not in set(ids.tolist()):
                    raise UnknownNameError("user", user, ids.tolist())
            ids = np.array(sorted(set(users)), dtype=np.str_)
        parts = [self._predict(ids[at : at + AT_ONCE]) for at in range(0, len(ids), AT_ONCE)]
        return pl.concat(parts).sort([USER, "probability", TAG], descending=[False, True, False])

    def _predict(self, ids: Ids) -> pl.DataFrame:
        tables, tags = self.run.tables(), self.fitted.tags
        with parallel.single_threaded():
            likes = _liked(self.run.config, tables, ids, tags).likes
            found = self.fitted.probabilities(likes, described_by(self.described, tables, ids))
        is_fan = are_fans(likes, self.fitted.overall, self.fitted.rule)
        return pl.DataFrame(
            {
                USER: np.repeat(ids, len(tags)),
                TAG: np.tile(np.array(tags, np.str_), len(ids)),
                "probability": found.ravel(),
                "becomes": (found >= self.fitted.threshold).ravel(),
                "is_fan": is_fan.ravel(),
            }
        )


def fans(run: Run, *, min_likes: int = 3, min_index: float = 120.0) -> Fans:
    """Learn whose fans users become, and measure it on users held out; kept in the project's cache.

    Args:
        run: a finished run of users; it stays as it is. min_likes, min_index: who counts as a fan of a tag (see
            ``coterie.activation.fans.FanRule``).

    Raises:
        ConfigError: something else than users is segmented, or a floor is out of range.
        DataError: there are no events or tags, or too few users or fans.
    """
    if run.config.project.entity != OF_USERS:
        raise ConfigError(
            f"'{run.id}' segments {run.config.nouns[0].many}; only users become fans: name a run of users"
        )
    if min_likes < 1 or not 0 <= min_index < float("inf"):
        raise ConfigError(f"a fan needs at least 1 like and an index >= 0, got {min_likes} and {min_index:g}")
    rule = FanRule(min_likes, float(min_index))

    def make(folder: Path) -> None:
        with parallel.single_threaded():
            report, part = _fit(run, rule)
        frozen.save(part, folder, STEP)
        records.write(folder / RECORD, SCHEMA, VERSION, report)

    def load(folder: Path) -> Fans:
        report: FanReport = read_record(folder / RECORD, FanReport, SCHEMA, VERSION)
        facts, parts = parted(frozen.load(folder, STEP))
        fitted = FittedFans.from_arrays(parts.pop("fans"))
        described = tuple(thaw_described(part, facts["chosen"][name]) for name, part in parts.items())
        return Fans(run, report, fitted, described)

    place = run.folder.resolve().parent
    if place.name != RUNS:  # a run outside a project has no cache
        with tempfile.TemporaryDirectory(prefix="coterie-") as folder:
            make(Path(folder))
            return load(Path(folder))
    cache = Cache(place.parent / STATE_FOLDER / "cache")
    return cache.answer(STEP, key_of(run.id, run.manifest.forgotten, rule), make, load)[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Liked:
    """Likes of users with when they came, and what halves them.

    Args:
        likes: all of them. user, item: (p,) places, by user, then by time. cut: "time" or "random".
    """

    likes: Likes
    user: np.ndarray[tuple[int], np.dtype[np.int64]]
    item: np.ndarray[tuple[int], np.dtype[np.int64]]
    cut: str


def _fit(run: Run, rule: FanRule) -> tuple[FanReport, frozen.Frozen]:
    config, tables, seed = run.config, run.tables(), run.config.project.seed
    everybody = _users_of(run)
    ids = everybody
    if len(ids) > MOST_USERS:
        ids = np.sort(generator(seed, "fans", "sample").choice(everybody, MOST_USERS, replace=False))
    names = tuple(np.unique(_tags(tables).tags).tolist())
    liked = _liked(config, tables, ids, names)
    counts = np.bincount(liked.user, minlength=len(ids))
    enough = np.flatnonzero(counts >= 2 * max(rule.min_likes, 2))
    described = _blocks(config, tables, ids)
    lives = _halved(liked, counts, described_by(described, tables, ids)).take(enough)
    fitted, _, report = fit_fans(
        lives, names, rule, seed, run=run.id, cut=liked.cut, left_out=len(ids) - len(enough),
        least=config.segments.min_cell,
    )  # fmt: skip
    parts = {"fans": fitted.to_arrays()}
    parts |= {f"described-{at}": one.fitted.to_arrays() for at, one in enumerate(described)}
    chosen = {f"described-{at}": one.chosen.tolist() for at, one in enumerate(described)}
    return report, joined(STEP, {"chosen": chosen}, parts)


def _users_of(run: Run) -> Ids:
    ids: Ids = np.array(sorted(run.assignments()[USER].to_list()), dtype=np.str_)
    return ids


def _events(config: Config, tables: Tables) -> CheckedTable:
    table = event_table(config, tables)
    if table is None:
        raise DataError("the run has no table of events, so nobody is known to like anything")
    return table


def _tags(tables: Tables) -> ItemTags:
    found = item_tags(tables.items)
    if not len(found.items):
        raise DataError("no table of items has tags, so there is nothing to be a fan of; give one 'tags' in the config")
    return found


def _liked(config: Config, tables: Tables, ids: Ids, tags: Sequence[str]) -> _Liked:
    """Collect what users like, in the order in which they came to like it."""
    table = _events(config, tables)
    found = catalogue(table, ids, positive_floor(config, table))
    pairs, source = found.pairs, found.source
    time = source.time
    if time is not None:
        time = time if found.first is None else time[found.first]
        time = time if found.segmented is None else time[found.segmented]
    is_timed = time is not None and bool(np.isfinite(time).all())
    drawn = generator(config.project.seed, "fans", "cut").random(len(pairs.users))
    by = time if time is not None and is_timed else drawn
    order = np.lexsort((pairs.items, by, pairs.users))
    order = order[pairs.positive[order]]
    user, item = pairs.users[order].astype(np.int64), pairs.items[order].astype(np.int64)
    known = _tags(tables)
    vocabulary = np.array(tags, np.str_)
    at_item, at_tag = np.searchsorted(found.items, known.items), np.searchsorted(vocabulary, known.tags)
    n_items = len(found.items)
    is_here = (at_item < n_items) & (at_tag < len(vocabulary))
    is_here[is_here] &= found.items[at_item[is_here]] == known.items[is_here]
    is_here[is_here] &= vocabulary[at_tag[is_here]] == known.tags[is_here]
    ones = np.ones(int(is_here.sum()))
    tagged = sp.csr_array((ones, (at_item[is_here], at_tag[is_here])), shape=(n_items, len(vocabulary)))
    matrix = sp.csr_array((np.ones(len(user)), (user, item)), shape=(len(ids), n_items))
    return _Liked(Likes(matrix, tagged), user, item, "time" if is_timed else "random")


def _halved(liked: _Liked, counts: np.ndarray[tuple[int], np.dtype[np.int64]], described: Floats) -> Lives:
    """Cut each user's likes in two: the earlier half, and the later."""
    starts = np.concatenate([[0], np.cumsum(counts)])
    is_before = np.arange(len(liked.user)) - starts[liked.user] < counts[liked.user] // 2
    shape, tagged = liked.likes.matrix.shape, liked.likes.tagged
    halves = [
        Likes(sp.csr_array((np.ones(int(half.sum())), (liked.user[half], liked.item[half])), shape=shape), tagged)
        for half in (is_before, ~is_before)
    ]
    return Lives(halves[0], halves[1], described)


def _blocks(config: Config, tables: Tables, ids: Ids) -> tuple[Described, ...]:
    """Fit the run's features of what users are: those of tables of users; of events nothing may be known before."""
    found = []
    for feature in (*make_features(config), *make_descriptors(config)):
        if tables[feature.table].role != USERS:
            continue
        try:
            fitted = feature.fit(tables, ids)
        except CoterieError:
            continue  # `coterie run` has told of it
        found.append(Described(fitted, np.arange(min(len(fitted.columns), 100))))
    return tuple(found)
