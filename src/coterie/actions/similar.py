"""Who is most like somebody, and why: a finished run in, its users' nearest by the embedding or by blocks out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import scipy.sparse as sp

from coterie.activation import approximate
from coterie.activation.approximate import Recall
from coterie.activation.cotaken import SHRINKAGE, co_taken
from coterie.activation.nearest import Directions, Nearest, directions, nearest, nearest_of_each
from coterie.activation.reasons import Ground, Reasons
from coterie.errors import ConfigError, DataError, UnknownNameError, shown
from coterie.features.contract import Ids, Matrix
from coterie.runs.blocks import write_blocks
from coterie.runs.positions import EMBEDDING, Newcomers, Places, segments_of
from coterie.runs.result import Run
from coterie.tables import CheckedTable, Tables
from coterie.tables.types import events_of
from coterie.terms import ITEM, TAG, USER

SCHEMA, VERSION = "coterie.similar", 1
K: Final = 10
RANK, SIMILAR, SIMILARITY = "rank", "similar_id", "similarity"
COLUMNS: Final = {USER: pl.String, RANK: pl.Int32, SIMILAR: pl.String, SIMILARITY: pl.Float32}
Told = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Alike:
    """One who is like another.

    Args:
        rank: from 1. id, name: of whom; "" where they have no name. similarity: cosine in (0, 1].
        segment: theirs; None where they are in none. why: what the two have in common.
    """

    rank: int
    id: str
    name: str
    similarity: float
    segment: str | None
    why: Reasons


@dataclass(frozen=True, slots=True)
class Similar:
    """Those who are most like somebody.

    Args:
        run: its id. of, name: the one asked about; "" where they have no name.
        segment: theirs; None where they are in none.
        by: what they are compared by. among: others of whom it knows something.
        unknown: why nobody can be named; "" where somebody can.
    """

    run: str
    of: str
    name: str
    segment: str | None
    by: tuple[str, ...]
    among: int
    alike: tuple[Alike, ...]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class SimilarItem:
    """An item that the users of another take up.

    Args:
        rank: from 1. item, title: its id and name. similarity: shrunk cosine in (0, 1].
        both: users of both. users: users of it. times_chance: users of both over those that chance would give.
        tags: that both items have.
    """

    rank: int
    item: str
    title: str
    similarity: float
    both: int
    users: int
    times_chance: float
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """Items that are taken up by the users of one.

    Args:
        run: its id. item, title: the one asked about. users: who take it up; None where they are too few to be told of.
        shrinkage: users. min_cell: items that fewer users have both of are left out.
    """

    run: str
    item: str
    title: str
    users: int | None
    shrinkage: float
    min_cell: int
    alike: tuple[SimilarItem, ...]


@dataclass(frozen=True, slots=True)
class SimilarTable:
    """What was written of all against all.

    Args:
        run: its id. path: the table's. by: what was compared by. k: asked for.
        n: users with an answer. unknown: users of whom nothing is known, who have none. rows: of the table.
        method: "exact" or "approximate". recall: of the approximate index, on a sample; None where it is exact.
        note: what a reader should know; "" where there is nothing.
    """

    run: str
    path: str
    by: tuple[str, ...]
    k: int
    n: int
    unknown: int
    rows: int
    method: str
    recall: Recall | None
    note: str


def similar(
    run: Run, user: str, *, k: int = K, by: Sequence[str] = (EMBEDDING,), newcomers: Newcomers | None = None
) -> Similar:
    """Find who is most like a user (or an item or tag, where these are segmented), and why.

    Args:
        run: a finished run. user: an id of it, or of the newcomers. k: how many, >= 1.
        by: "embedding", or names of feature blocks; each that knows both counts alike.
        newcomers: users never seen, one of whom is asked about; see ``coterie.newcomers``.

    Returns:
        Those of the run with the largest cosine, falling, the smallest id first on a tie; whoever has no or a negative
        cosine is not named.

    Raises:
        UnknownNameError: there is no such user or feature; offers the nearest.
        ConfigError: ``k`` is below 1, or a block is named twice.
    """
    _check_k(k)
    places = Places(run, by)
    known = places.ids if newcomers is None else newcomers.ids
    at = _place_of(known, user, run)
    own = None if newcomers is None else (newcomers.tables, user)
    among = _among(places, own)
    at = at if own is None else len(places.ids)
    segments = segments_of(run)
    segment = segments.get(user) if newcomers is None else _segment_of(places, newcomers, user)
    ground = _ground(run, places, own)
    others = int(np.delete(among.known, at).sum())
    if not among.known[at]:
        where = "in the run" if newcomers is None else "in the files"
        named = " and ".join(f"'{name}'" for name in places.by)
        what = f"the {run.manifest.entity.one} {shown(user)} is {where}, but nothing of it is known to {named}"
        return Similar(run.id, user, ground.name(user), segment or None, places.by, others, (), what)
    answer = nearest(among, np.array([at]), k)
    found = [
        (str(among.ids[place]), place, float(cosine))
        for place, cosine in zip(answer.places[0].tolist(), answer.cosines[0].tolist(), strict=True)
        if place >= 0
    ]
    alike = tuple(
        Alike(rank, one, ground.name(one), cosine, segments.get(one) or None, ground.between(at, place))
        for rank, (one, place, cosine) in enumerate(found, start=1)
    )
    return Similar(run.id, user, ground.name(user), segment or None, places.by, others, alike)


def similar_items(run: Run, item: str, *, k: int = K, shrinkage: float = SHRINKAGE) -> SimilarItems:
    """Find the items that are most taken up by those who take up one.

    Items that fewer users than the config's ``min_cell`` have both of are left out.

    Args:
        run: a finished run. item: an id of it. k: how many, >= 1.
        shrinkage: users by which few users in common are discounted, >= 0.

    Raises:
        UnknownNameError: no event of the run is of it; offers the nearest.
        ConfigError: ``k`` or ``shrinkage`` is out of range.
        DataError: the run has no table of events.
    """
    _check_k(k)
    if not shrinkage >= 0:
        raise ConfigError(f"'shrinkage' is {shrinkage}; expected a number of users >= 0")
    tables = run.tables()
    table = _events(run, tables.events)
    events = events_of(table)
    at = int(np.searchsorted(events.items, item))
    if at == len(events.items) or events.items[at] != item:
        raise UnknownNameError("item", item, events.items.tolist())
    min_cell = run.config.segments.min_cell
    found = co_taken(events, at, k, shrinkage=shrinkage, min_cell=min_cell)
    ground = Ground(tables, np.zeros(0, np.str_), min_cell=min_cell)
    names = events.items[found.items].tolist()
    tags = _tags_of_items([item, *names], tables.items)
    alike = tuple(
        SimilarItem(
            *(rank + 1, name, ground.title(name), float(similarity), int(both), int(users), float(times)),
            tuple(sorted(tags.get(item, set()) & tags.get(name, set()))),
        )
        for rank, (name, similarity, both, users, times) in enumerate(
            zip(names, found.similarity, found.both, found.users, found.times_chance, strict=True)
        )
    )
    users = found.n_own if found.n_own >= min_cell else None
    return SimilarItems(run.id, item, ground.title(item), users, shrinkage, min_cell, alike)


def similar_all(
    run: Run,
    out: str | Path,
    *,
    k: int = K,
    by: Sequence[str] = (EMBEDDING,),
    approximately: bool = False,
    told: Told = _silent,
) -> SimilarTable:
    """Write the k most similar of everybody as a table: user_id, rank, similar_id, similarity.

    Rows go to the file block by block, so that memory does not grow with users times users, nor with the table.

    Args:
        run: a finished run. out: a file of Parquet (.parquet) or CSV (.csv). k, by: as for ``similar``.
        approximately: by an index (extra ``index``) where there are at least ``approximate.WORTHWHILE`` users of dense
            rows; below that everything is exact, and the answer says so.
        told: of users done, and of all.

    Raises:
        ConfigError: the file's ending is another. StoreError: it cannot be written.
        MissingExtraError: an index is asked for, and its package is not installed.
    """
    _check_k(k)
    path = Path(out)
    if path.suffix.lower() not in {".parquet", ".csv"}:
        raise ConfigError(f"the table {shown(path)} ends in '{path.suffix}'; expected .parquet or .csv")
    places = Places(run, by)
    found = places.of_run()
    among = directions(found.ids, found.parts)
    asked = np.flatnonzero(among.known)
    note = approximate.refusal(among) if approximately else ""
    recall = None
    if approximately and not note:
        index = approximate.build(among, run.config.project.seed)
        recall = approximate.recall(index, among, k, run.config.project.seed)
        blocks = approximate.nearest_of_each(index, among, k, asked)
    else:
        blocks = nearest_of_each(among, k, asked)
    counted = [0]
    rows = _rows(among, blocks, len(asked), counted, told)
    write_blocks(path, rows, COLUMNS)
    return SimilarTable(
        *(run.id, str(path), places.by, k, len(asked), len(among.ids) - len(asked), counted[0]),
        *("approximate" if recall is not None else "exact", recall, note),
    )


def _check_k(k: int) -> None:
    if k < 1:
        raise ConfigError(f"'k' is {k}; expected a whole number >= 1")


def _place_of(ids: Ids, user: str, run: Run) -> int:
    at = int(np.searchsorted(ids, user))
    if at == len(ids) or ids[at] != user:
        raise UnknownNameError(run.manifest.entity.one, user, ids.tolist())
    return at


def _among(places: Places, newcomer: tuple[Tables, str] | None) -> Directions:
    """Give the users of a run, and after them the newcomer."""
    found = places.of_run()
    if newcomer is None:
        return directions(found.ids, found.parts)
    own = places.of(newcomer[0], np.array([newcomer[1]]))
    parts = [
        (_stacked(all_rows, one_row), np.concatenate([known, is_known]))
        for (all_rows, known), (one_row, is_known) in zip(found.parts, own.parts, strict=True)
    ]
    return directions(np.append(found.ids, newcomer[1]), parts)


def _stacked(above: Matrix, below: Matrix) -> Matrix:
    return sp.csr_array(sp.vstack([above, below])) if sp.issparse(above) else np.vstack([above, below])


def _segment_of(places: Places, newcomers: Newcomers, user: str) -> str:
    (label,) = places.model.apply(newcomers.tables, np.array([user])).labels.tolist()
    names: tuple[str, ...] = (*places.model.segment_ids, "")  # NOISE is -1
    return names[int(label)]


def _ground(run: Run, places: Places, newcomer: tuple[Tables, str] | None) -> Ground:
    poles = {(name, column): ends for name, table in run.config.tables.items() for column, ends in table.poles.items()}
    least = run.config.segments.min_cell
    return Ground(places.tables, places.ids, min_cell=least, poles=poles, newcomer=newcomer)


def _events(run: Run, tables: Sequence[CheckedTable]) -> CheckedTable:
    if not tables:
        raise DataError(f"the run '{run.id}' has no table of events, so no item is taken up by anybody")
    return tables[0]


def _tags_of_items(items: Sequence[str], tables: Sequence[CheckedTable]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table in tables:
        if table.tags is not None:
            rows = table.tags.collect(backend="polars").to_native().filter(pl.col(ITEM).is_in(list(items)))
            for item, tag in rows.select(ITEM, TAG).iter_rows():
                found.setdefault(item, set()).add(tag)
    return found


def _rows(
    among: Directions, blocks: Iterator[tuple[Any, Nearest]], total: int, counted: list[int], told: Told
) -> Iterator[pl.DataFrame]:
    """Give the rows of each block of users, and say how far it is."""
    names = pl.Series(among.ids.tolist(), dtype=pl.String)
    done = 0
    for own, found in blocks:
        n, k = found.places.shape
        is_there = (found.places >= 0).ravel()
        users = np.repeat(np.asarray(own), k)[is_there]
        ranks = np.tile(np.arange(1, k + 1, dtype=np.int32), n)[is_there]
        others = found.places.ravel()[is_there].astype(np.int64)
        counted[0] += len(others)
        done += n
        told(done, total)
        yield pl.DataFrame(
            {
                USER: names.gather(users),
                RANK: ranks,
                SIMILAR: names.gather(others),
                SIMILARITY: found.cosines.ravel()[is_there],
            },
            schema=COLUMNS,
        )
