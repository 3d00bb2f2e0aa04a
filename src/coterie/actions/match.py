"""Users of a run matched to items by the cosine of their traits, or of places in the embedding, and judged by likes.

Likes are held out before anything is made of them: by traits nothing is fitted on likes, by the embedding all of it is
fitted again without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie._kernels import top_k
from coterie.activation.matching import TOP, Evaluation, Sides, check_top, evaluate
from coterie.activation.nearest import directions
from coterie.engines import local
from coterie.errors import ConfigError, DataError, StoreError, UnknownNameError, shown
from coterie.features.aligning import one_row_each
from coterie.features.answers import Answers
from coterie.features.contract import Ids
from coterie.model import SegmentModel, Space, fit_space
from coterie.randomness import generator
from coterie.records import write_whole
from coterie.runs import tables_on_disk
from coterie.runs.result import Run
from coterie.selection.heldout import Catalogue, catalogue, event_table, positive_floor, without
from coterie.spreadsheet import csv_of_frame
from coterie.tables import CheckedTable, Tables
from coterie.tables.types import events_of
from coterie.terms import EVENTS, ITEM, ITEMS, OF_USERS, USER, USERS

By = Literal["traits", "embedding"]
HELD_OUT: Final = 0.2
USERS_AT_ONCE: Final = 4_096
SPARE: Final = 64  # items
MOST_USERS: Final = 5_000  # over whom a match is judged; of more a random sample
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Match:
    """A match and how good it is.

    Args:
        run: its id. by: "traits" or "embedding". columns: what users and items have in common, by traits.
        likes: the table of events. positive_from: the value from which an event is a like; None where it is each, or
            from the user's own mean on.
        held_out: share of each user's events. evaluation: by the likes among these.
        unmatched_users, unmatched_items: of whom nothing is known that both sides have; they are not judged.
    """

    run: str
    by: By
    columns: tuple[str, ...]
    likes: str
    positive_from: float | None
    held_out: float
    evaluation: Evaluation
    unmatched_users: int
    unmatched_items: int


def match(
    run: Run,
    *,
    by: By = "traits",
    ns: Sequence[int] = TOP,
    likes: str | None = None,
    held_out: float = HELD_OUT,
) -> Match:
    """Judge how well users are matched to items, by likes that the match has not seen.

    By traits users and items are compared over the numbers that the tables of both have under the same name, each
    standardised among users and among items. By the embedding an item stands in the middle of those who like it.

    Args:
        run: a finished run. by: "traits" or "embedding". ns: numbers of items that are judged.
        likes: the table of events; by default the one that segments are formed on, or the first.
        held_out: share of each user's events, in (0, 1).

    Raises:
        ConfigError: an option is out of range, or both sides have no columns in common, or users are not what the run
            segments, whose embedding is asked for.
        UnknownNameError: there is no such table; offers the nearest. DataError: nobody can be judged.
    """
    check_top(ns)
    if not 0 < held_out < 1:
        raise ConfigError(f"'held_out' is {held_out}; expected a share above 0 and below 1")
    _check_by(run, by)
    tables = tables_on_disk.load(run.folder, OF_USERS).tables
    table = _likes(run, tables, likes)
    floor = positive_floor(run.config, table)
    whole = catalogue(table, events_of(table).users, floor)
    rng = generator(run.config.project.seed, "match")
    held = whole.hold_out(held_out, rng)
    sides, columns = _sides(run, tables, whole, ~held, by)
    judged = _sample(held & whole.pairs.positive, whole, rng)
    evaluation = evaluate(sides, _matrix(whole, ~held), _matrix(whole, judged), ns)
    return Match(
        *(run.id, by, columns, table.name, floor, held_out, evaluation),
        unmatched_users=int((sides.users == 0).all(axis=1).sum()),
        unmatched_items=int((~sides.known_items).sum()),
    )


def matches(run: Run, *, by: By = "traits", n: int = 10, likes: str | None = None) -> pl.DataFrame:
    """Give each user's n items that match best, but those that the user has taken up.

    Args:
        by, likes: as for ``match``; all likes are used.

    Returns:
        user_id, rank, item_id and similarity, sorted by user and rank; users of whom nothing is known have no rows.
    """
    check_top([n])
    _check_by(run, by)
    tables = tables_on_disk.load(run.folder, OF_USERS).tables
    table = _likes(run, tables, likes)
    whole = catalogue(table, events_of(table).users, positive_floor(run.config, table))
    everything = np.ones(len(whole.pairs.users), np.bool_)
    sides, _ = _sides(run, tables, whole, everything, by)
    rows = list(_first(sides, _matrix(whole, everything), n))
    found = np.concatenate([np.zeros((0, 3), np.int64), *(part[0] for part in rows)])
    cosines = np.concatenate([np.zeros(0, np.float32), *(part[1] for part in rows)])
    frame = pl.DataFrame(
        {
            USER: pl.Series(whole.users.tolist(), dtype=pl.String).gather(found[:, 0]),
            "rank": found[:, 1],
            ITEM: pl.Series(whole.items.tolist(), dtype=pl.String).gather(found[:, 2]),
            "similarity": np.minimum(cosines, np.float32(1)),
        }
    )
    return frame.sort(USER, "rank")


def write_matches(frame: pl.DataFrame, path: Path) -> None:
    """Write what ``matches`` gives as Parquet (.parquet) or CSV (.csv).

    Raises:
        ConfigError: the file's ending is another. StoreError: it cannot be written.
    """
    if path.suffix.lower() not in {".parquet", ".csv"}:
        raise ConfigError(f"the matches {shown(path)} end in '{path.suffix}'; expected .parquet or .csv")
    if path.suffix.lower() == ".parquet":
        local.write_parquet(frame, path)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {shown(path)}: {error.strerror or error}; choose another --out") from error
    write_whole(path, csv_of_frame(frame).encode())


def _check_by(run: Run, by: str) -> None:
    if by not in {"traits", "embedding"}:
        raise ConfigError(f"users are matched by {shown(by)}; expected 'traits' or 'embedding'")
    if by == "embedding" and run.config.project.entity != OF_USERS:
        raise ConfigError(
            f"'{run.id}' segments {run.config.project.entity}, so users have no place in its embedding; match by traits"
        )


def _likes(run: Run, tables: Tables, name: str | None) -> CheckedTable:
    known = [table.name for table in tables.events]
    if name is not None and name not in known:
        raise UnknownNameError("table of events", name, known)
    table = tables[name] if name is not None else event_table(run.config, tables)
    if table is None or table.role != EVENTS:
        raise DataError(
            f"the run '{run.id}' has no table of events, so nobody knows what users like; add one of role 'events'"
        )
    return table


def _matrix(whole: Catalogue, chosen: Mask) -> sp.csr_array:
    """Give chosen pairs as (n, m), 1 where they are likes and else 0."""
    pairs = whole.pairs.take(chosen)
    starts = np.searchsorted(pairs.users, np.arange(pairs.n_users + 1))
    return sp.csr_array(
        (pairs.positive.astype(np.int8), pairs.items.astype(np.int32), starts), shape=(pairs.n_users, pairs.n_items)
    )


def _sample(chosen: Mask, whole: Catalogue, rng: np.random.Generator) -> Mask:
    users = np.unique(whole.pairs.users[chosen])
    if len(users) <= MOST_USERS:
        return chosen
    return chosen & np.isin(whole.pairs.users, rng.choice(users, MOST_USERS, replace=False))


def _sides(run: Run, tables: Tables, whole: Catalogue, known: Mask, by: By) -> tuple[Sides, tuple[str, ...]]:
    if by == "embedding":
        return _by_embedding(run, tables, whole, known), ()
    users, items = (_numbers(tables, role, ids) for role, ids in ((USERS, whole.users), (ITEMS, whole.items)))
    shared = sorted(set(users) & set(items))
    if len(shared) < 2:
        raise ConfigError(
            f"users have the numbers {_some(users)} and items {_some(items)}, of which {len(shared)} are the same; "
            "expected two at least: name them alike in the attributes of both tables, or match by the embedding"
        )
    rows = [_standard(np.stack([side[name] for name in shared], axis=1)) for side in (users, items)]
    return Sides(_unit(whole.users, rows[0]), _unit(whole.items, rows[1])), tuple(shared)


def _some(columns: dict[str, Floats]) -> str:
    named = ", ".join(shown(name) for name in sorted(columns)[:5])
    return f"{named} and {len(columns) - 5} more" if len(columns) > 5 else named or "none"


def _numbers(tables: Tables, role: str, ids: Ids) -> dict[str, Floats]:
    """Give the numbers that tables of a role have of each id, by name, NaN where there is none."""
    found: dict[str, Floats] = {}
    for table in tables.users if role == USERS else tables.items:
        seen = table if role == USERS else _as_users(table)
        names = [name for name, kind in seen.attributes.items() if kind == "number"]
        rows = one_row_each(seen, ids, *(nw.col(name).cast(nw.Float64) for name in names))
        for name in names:
            found[name] = rows[name].fill_null(np.nan).to_numpy().astype(np.float64)
        for column in (name for name, kind in seen.attributes.items() if kind == "traits"):
            answers = Answers(seen.name, f"tables.{seen.name}", column)
            traits, values = answers.read(Tables({seen.name: seen}), ids, None)
            found |= {trait: values[:, at] for at, trait in enumerate(traits)}
    return found


def _as_users(table: CheckedTable) -> CheckedTable:
    """Give a table of items as one of users, whose rows can be brought onto an index."""
    names = table.frame.collect_schema().names()
    frame = table.frame.select(*(nw.col(name).alias(USER if name == ITEM else name) for name in names))
    return CheckedTable(table.name, USERS, frame, table.attributes)


def _standard(values: Floats) -> Floats:
    """Standardise (n, d) columns; what is missing is at the mean, and a row without any number is zero."""
    known = np.isfinite(values)
    counts = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0)
    centre = filled.sum(axis=0) / counts
    offsets = np.where(known, values - centre, 0)
    spread = np.sqrt((offsets**2).sum(axis=0) / counts)
    return offsets / np.where(spread > 0, spread, 1)


def _unit(ids: Ids, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    found = directions(ids, [(np.asarray(rows), np.ones(len(ids), np.bool_))]).rows
    return np.asarray(found)


def _by_embedding(run: Run, tables: Tables, whole: Catalogue, known: Mask) -> Sides:
    """Place users by an embedding that saw the known pairs alone, and items in the middle of those who like them."""
    ids = whole.users
    if known.all():
        model: SegmentModel = run.model()
        space: Space = model.space
        points, placed = space.embed(tables, ids)
    else:
        _, points, placed = fit_space(run.chosen_config, without(tables, whole, ~known), ids, "match")
    found = directions(ids, [(points, placed)]).rows
    users = found.toarray() if sp.issparse(found) else np.asarray(found)
    liked = _matrix(whole, known & whole.pairs.positive)
    middles = sp.csr_array(liked.T, dtype=np.float64) @ users.astype(np.float64)
    return Sides(users, _unit(whole.items, middles))


def _first(
    sides: Sides, known: sp.csr_array, n: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    """Give (r, 3) user, rank and item, and (r,) cosines, of some users at a time."""
    items = np.flatnonzero(sides.known_items)
    users = np.flatnonzero((sides.users != 0).any(axis=1))
    taken = np.diff(known.indptr)[users]
    # Those who have taken up few items first: as many more are looked up as somebody of a block may know already.
    order = users[np.argsort(taken, kind="stable")]
    rows = sides.items[items]
    start = 0
    while start < len(order) and len(items):
        block = order[start : start + USERS_AT_ONCE]
        most = np.diff(known.indptr)[block]
        block = block[: max(1, int(np.searchsorted(most, 2 * most[0] + SPARE, "right")))]
        found, cosines = top_k(sides.users[block], rows, min(n + int(most[len(block) - 1]), len(items)))
        yield _unknown_of(block, items[found], cosines, known, n)
        start += len(block)


def _unknown_of(
    users: npt.NDArray[np.int64],
    items: npt.NDArray[np.int64],
    cosines: npt.NDArray[np.float32],
    known: sp.csr_array,
    n: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Give the first n of (u, k) items that each user has not taken up."""
    found, values = [np.zeros((0, 3), np.int64)], [np.zeros(0, np.float32)]
    for user, own, near in zip(users.tolist(), items, cosines, strict=True):
        taken = known.indices[known.indptr[user] : known.indptr[user + 1]]
        kept = np.flatnonzero(~np.isin(own, taken))[:n]
        found.append(np.stack([np.full(len(kept), user), np.arange(1, len(kept) + 1), own[kept]], axis=1))
        values.append(near[kept])
    return np.concatenate(found), np.concatenate(values)
