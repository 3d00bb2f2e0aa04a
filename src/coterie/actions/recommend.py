"""What to recommend to whom, and why: a finished run in, lists of items out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.activation.recommending.answers import Item, Recommendations, Why, Written
from coterie.activation.recommending.ease import MOST_ITEMS
from coterie.activation.recommending.popularity import Popularity
from coterie.activation.recommending.ranking import NO_ITEM, first, left, top
from coterie.activation.recommending.tastes import Mask, Tastes
from coterie.errors import ConfigError, DataError, UnknownNameError, shown
from coterie.features.contract import Ids
from coterie.parallel import default_threads, map_in_order
from coterie.runs.blocks import write_blocks
from coterie.runs.recommending import Ground, Ready, available_items, ground_of, ready, unseen
from coterie.runs.result import Run
from coterie.tables import Tables
from coterie.terms import ITEM, NOISE, TITLE, USER

N: Final = 10
MOST_WHY: Final = 3  # items that a recommendation is explained by
RANK, SCORE, BY = "rank", "score", "by"
COLUMNS: Final = {USER: pl.String, RANK: pl.Int32, ITEM: pl.String, TITLE: pl.String, SCORE: pl.Float32, BY: pl.String}
POPULAR, SEGMENT_WISE = "popularity", "segment"
Told = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None:
    return None


def recommend(
    run: Run,
    user: str,
    *,
    n: int = N,
    by: str | None = None,
    options: Mapping[str, Any] | None = None,
    events: Tables | None = None,
    with_seen: bool = False,
    available: Sequence[str] | None = None,
    where: str | None = None,
) -> Recommendations:
    """Recommend items to a user of a run, or to one whom it has never seen.

    Args:
        run: a finished run that segments users. user: an id of it, or of ``events``.
        n: items, >= 1. by: a recommender; by default "ease", of very many items "als".
        options: its settings; what is not given is chosen by validation, once a run.
        events: of users whom the run has never seen (``read_events``), who are folded in.
        with_seen: also what the user took up before. available: ids that may be recommended; None for all.
        where: a condition on the columns of the table of items, such as ``"in_stock == 1"``.

    Raises:
        UnknownNameError: there is no such user or recommender; offers the nearest.
        ConfigError: ``n``, an option or the condition is wrong.
        DataError: the run has no events, the recommender cannot learn from them, or no item is available.
    """
    ground, found = _opened(run, n, by, options)
    allowed = available_items(ground, None if available is None else tuple(available), where)
    one, known = _one(ground, user, events, found.name)
    segment = None if one.segments[0] == NOISE else run.segments[int(one.segments[0])].id
    note = ""
    if not known and found.name not in (POPULAR, SEGMENT_WISE):
        note = f"nothing that {shown(user)} likes is known to '{found.name}'; this is what most users like"
        found = _popular(ground, found)
    items, scores = top(found.fitted, one, n, ground.place, available=allowed, with_seen=with_seen)
    chosen = items[0][items[0] != NO_ITEM]
    parts = found.fitted.parts(one, chosen)
    whys: list[tuple[Why, ...]] = [()] * len(chosen) if parts is None else [_whys(ground, one, row) for row in parts]
    listed = tuple(
        _item(ground, rank, int(item), float(score), why=why)
        for rank, (item, score, why) in enumerate(zip(chosen, scores[0], whys, strict=False), 1)
    )
    return Recommendations(run.id, user, user, "user", found.name, int(one.cells.nnz), segment, listed, note)


def recommend_to_segment(
    run: Run, segment: str, *, n: int = N, available: Sequence[str] | None = None, where: str | None = None
) -> Recommendations:
    """List what a segment likes most, by its own popularity shrunk to that among all.

    Items that fewer of its users than the config's ``min_cell`` like are left out.

    Args:
        run: a finished run that segments users. segment: an id of it. n, available, where: as for ``recommend``.

    Raises:
        UnknownNameError: there is no such segment. ConfigError, DataError: as ``recommend``.
    """
    ids = [one.id for one in run.segments]
    if segment not in ids:
        raise UnknownNameError("segment", segment, ids)
    ground, found = _opened(run, n, SEGMENT_WISE, None)
    allowed = available_items(ground, None if available is None else tuple(available), where)
    tastes, number = ground.tastes, ids.index(segment)
    inside = tastes.take(np.flatnonzero(tastes.segments == number))
    likes = np.bincount(inside.cells.indices[inside.liked], minlength=tastes.n_items)
    all_likes = np.bincount(tastes.cells.indices[tastes.liked], minlength=tastes.n_items) / tastes.n_users
    enough = likes >= run.config.segments.min_cell
    asked = inside.take(np.zeros(min(1, inside.n_users), np.int64))
    scores = left(found.fitted.scores(asked), None, enough if allowed is None else enough & allowed)
    chosen = first(scores, n, ground.place)[:1].ravel()
    listed = []
    for rank, item in enumerate(chosen[chosen != NO_ITEM].tolist(), 1):
        share = float(likes[item] / inside.n_users)
        listed.append(
            _item(ground, rank, item, float(scores[0, item]), share=share, times_all=share / float(all_likes[item]))
        )
    note = "" if listed else f"no item is liked by {run.config.segments.min_cell} or more of its users"
    return Recommendations(
        run.id, segment, run.segments[number].name, "segment", found.name, None, segment, tuple(listed), note
    )


def recommend_like(
    run: Run,
    item: str,
    *,
    n: int = N,
    by: str | None = None,
    options: Mapping[str, Any] | None = None,
    available: Sequence[str] | None = None,
    where: str | None = None,
) -> Recommendations:
    """List items that are like one: that the same users like.

    Items that fewer users than the config's ``min_cell`` took up together with it are left out.

    Args:
        run: a finished run that segments users. item: an id of it. by: "itemitem" by default, or "ease", "als",
            "ratings". n, options, available, where: as for ``recommend``.

    Raises:
        UnknownNameError: nobody took up such an item. ConfigError: the recommender knows no likeness of items.
        DataError: as ``recommend``.
    """
    ground, found = _opened(run, n, by or "itemitem", options)
    allowed = available_items(ground, None if available is None else tuple(available), where)
    at = ground.item_of(item)
    alike = found.fitted.alike(at)
    if alike is None:
        raise ConfigError(f"'{found.name}' knows no likeness of items; take 'itemitem', 'ease', 'als' or 'ratings'")
    cells = ground.tastes.cells
    both = np.bincount(cells[_takers(cells, at)].indices, minlength=cells.shape[1])
    fits = (both >= run.config.segments.min_cell) & (alike > 0)
    fits[at] = False
    scores = left(alike[None, :], None, fits if allowed is None else fits & allowed)
    chosen = first(scores, n, ground.place)[0]
    listed = tuple(
        _item(ground, rank, one, float(alike[one])) for rank, one in enumerate(chosen[chosen != NO_ITEM].tolist(), 1)
    )
    note = "" if listed else f"no other item has {run.config.segments.min_cell} or more users in common with it"
    return Recommendations(run.id, item, ground.titles[at], "item", found.name, None, None, listed, note)


def _takers(cells: Any, item: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.diff(cells[:, [item]].indptr))


def recommend_all(
    run: Run,
    out: str | Path,
    *,
    n: int = N,
    by: str | None = None,
    options: Mapping[str, Any] | None = None,
    segment: str | None = None,
    events: Tables | None = None,
    with_seen: bool = False,
    available: Sequence[str] | None = None,
    where: str | None = None,
    told: Told = _silent,
) -> Written:
    """Write the first n items of everybody as a table: user_id, rank, item_id, title, score, by.

    Users are scored some at a time, and rows go to the file as they come, so that memory does not grow with users times
    items.

    Args:
        run: a finished run that segments users. out: a file of CSV (.csv) or Parquet (.parquet).
        segment: only its users. told: of users done, and of all. Others: as for ``recommend``.

    Raises:
        ConfigError: the file's ending is another. StoreError: it cannot be written. Others: as ``recommend``.
    """
    path = Path(out)
    if path.suffix.lower() not in {".parquet", ".csv"}:
        raise ConfigError(f"the table {shown(path)} ends in '{path.suffix}'; expected .parquet or .csv")
    ground, found = _opened(run, n, by, options)
    allowed = available_items(ground, None if available is None else tuple(available), where)
    ids, tastes = _everybody(ground, found, events, segment)
    table = _Table(ground, found, _popular(ground, found), n, allowed, with_seen)
    counted = [0, 0]
    write_blocks(path, table.rows(ids, tastes, counted, told), COLUMNS)
    return Written(run.id, str(path), found.name, len(ids), counted[0], counted[1])


def _opened(run: Run, n: int, by: str | None, options: Mapping[str, Any] | None) -> tuple[Ground, Ready]:
    if n < 1:
        raise ConfigError(f"'n' is {n}; expected a whole number >= 1")
    ground = ground_of(run)
    name = by or ("ease" if ground.tastes.n_items <= MOST_ITEMS else "als")
    return ground, ready(ground, name, dict(options or {}))


def _popular(ground: Ground, found: Ready) -> Ready:
    fitted = Popularity().fit(ground.tastes, np.random.default_rng(0))  # it draws nothing
    return Ready(POPULAR, fitted, found.items, found.settings)


def _one(ground: Ground, user: str, events: Tables | None, name: str) -> tuple[Tastes, bool]:
    """Give the tastes of one user, and whether anything that they like is known."""
    if events is not None:
        ids, tastes = unseen(ground, events, with_segments=name == SEGMENT_WISE)
        at = int(np.searchsorted(ids, user))
        if at == len(ids) or ids[at] != user:
            raise UnknownNameError("user", user, ids.tolist())
        one = tastes.take(np.array([at]))
    elif (place := ground.place_of(user)) is not None:
        one = ground.tastes.take(np.array([place]))
    else:
        one = ground.tastes.take(np.zeros(1, np.int64)).only(np.zeros(int(ground.tastes.cells.indptr[1]), np.bool_))
    return one, bool(_tells(one, name)[0])


def _tells(tastes: Tastes, name: str) -> Mask:
    """Say of which of n users a recommender knows something that it goes by: what they like, or rated."""
    kept = tastes if name == "ratings" else tastes.only(tastes.liked)
    found: Mask = np.diff(kept.cells.indptr) > 0
    return found


def _whys(ground: Ground, one: Tastes, parts: npt.NDArray[np.float32]) -> tuple[Why, ...]:
    total = float(parts[parts > 0].sum())
    order = [at for at in np.argsort(-parts, kind="stable")[:MOST_WHY].tolist() if parts[at] > 0]
    own = one.cells.indices
    ids, titles = ground.catalogue.items, ground.titles
    return tuple(Why(str(ids[own[at]]), titles[own[at]], float(parts[at]) / total) for at in order)


def _item(ground: Ground, rank: int, item: int, score: float, **more: Any) -> Item:
    count = int(ground.counts[item])
    users = count if count >= ground.run.config.segments.min_cell else None
    return Item(rank, str(ground.catalogue.items[item]), ground.titles[item], score, users, **more)


def _everybody(ground: Ground, found: Ready, events: Tables | None, segment: str | None) -> tuple[Ids, Tastes]:
    if events is not None:
        ids, tastes = unseen(ground, events, with_segments=found.name == SEGMENT_WISE or segment is not None)
    else:
        ids, tastes = ground.catalogue.users, ground.tastes
    if segment is None:
        return ids, tastes
    names = [one.id for one in ground.run.segments]
    if segment not in names:
        raise UnknownNameError("segment", segment, names)
    inside = np.flatnonzero(tastes.segments == names.index(segment))
    if not len(inside):
        raise DataError(f"none of the {len(ids):,} users is in {shown(segment)}; name another segment")
    return ids[inside], tastes.take(inside)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Rows for everybody, block by block; ``popular`` is for those of whom nothing is known."""

    ground: Ground
    found: Ready
    popular: Ready
    n: int
    available: Mask | None
    with_seen: bool

    def rows(self, ids: Ids, tastes: Tastes, counted: list[int], told: Told) -> Iterator[pl.DataFrame]:
        """Give the rows of each block of users; counts rows, and users who get what is popular."""
        names, listed, titles = (
            pl.Series(values, dtype=pl.String)
            for values in (ids.tolist(), self.ground.catalogue.items.tolist(), self.ground.titles)
        )
        here_and_found = zip(
            tastes.slices,
            map_in_order(lambda here: self._found(tastes, here), tastes.slices, threads=default_threads()),
            strict=True,
        )
        for here, (items, scores, tells) in here_and_found:
            counted[1] += int((~tells).sum())
            there = items != NO_ITEM
            users, ranks = np.nonzero(there)
            chosen = items[there]
            counted[0] += len(chosen)
            told(here.stop, tastes.n_users)
            yield pl.DataFrame(
                {
                    USER: names.gather(users + here.start),
                    RANK: (ranks + 1).astype(np.int32),
                    ITEM: listed.gather(chosen),
                    TITLE: titles.gather(chosen),
                    SCORE: scores[there],
                    BY: np.where(tells[users], self.found.name, POPULAR).tolist(),
                },
                schema=COLUMNS,
            )

    def _found(
        self, tastes: Tastes, here: slice
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Give items and scores of some users, and of whom something is known."""
        block = tastes.take(np.arange(here.start, here.stop))
        items, scores = self._top(self.found, block)
        tells = np.ones(block.n_users, np.bool_)
        if self.found.name not in (POPULAR, SEGMENT_WISE):
            tells = _tells(block, self.found.name)
        if not tells.all():
            other = np.flatnonzero(~tells)
            items[other], scores[other] = self._top(self.popular, block.take(other))
        return items, scores, tells

    def _top(self, by: Ready, block: Tastes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        return top(by.fitted, block, self.n, self.ground.place, available=self.available, with_seen=self.with_seen)
