"""An audience that looks like a list of seeds: a finished run and ids in, others ranked by their likeness out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from coterie.activation.audience import Audience, Part, Refused, check_reach, curve_of, parts_of, size_of
from coterie.activation.lookalike import FittedLookalike, Ground, fit
from coterie.activation.nearest import WIDEST_DENSE, directions
from coterie.activation.reaching import CENTROID, CLASSIFIER, FOLDS, REACHES, Hidden, look_for_hidden, warnings_of
from coterie.engines import local
from coterie.errors import ConfigError, DataError, StoreError, shown
from coterie.features.contract import Ids
from coterie.records import write_whole
from coterie.runs.positions import EMBEDDING, Newcomers, Places, Positions, segments_of
from coterie.runs.result import Run
from coterie.sources.id_lists import read_ids
from coterie.spreadsheet import csv_of_frame
from coterie.tables import Tables
from coterie.tables.types import events_of
from coterie.terms import SEGMENT, USER

RANK, SCORE, SIMILARITY = "rank", "score", "similarity"
NOT_THERE, NOT_KNOWN, BLANK = "not in the run", "nothing is known of it", "blank"
LOOKED_UP: Final = 20  # unknown ids for which the nearest one is sought
SHOWN: Final = 5
REJECTS: Final = {"seed": pl.String, "reason": pl.String, "nearest": pl.String}
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Lookalikes:
    """A look-alike audience.

    Args:
        audience: what is told of it.
        frame: user_id, rank, score in [0, 1], similarity (cosine to the seeds' centre) and segment_id of its users, the
            most alike first. scored: the same of all who were ranked.
        rejects: seed, reason and nearest of the ids that are no seeds. model: what was fitted.
    """

    audience: Audience
    frame: pl.DataFrame
    scored: pl.DataFrame
    rejects: pl.DataFrame
    model: FittedLookalike


def lookalike(
    run: Run,
    seeds: str | Path | Iterable[str],
    *,
    by: Sequence[str] = (EMBEDDING,),
    ranked_by: Literal["classifier", "centroid"] = "classifier",
    reach: float | None = None,
    floor: float | None = None,
    exclude: Iterable[str | Path] = (),
    newcomers: Newcomers | None = None,
) -> Lookalikes:
    """Find those who are most like a list of seeds.

    Args:
        run: a finished run. seeds: a file of ids, or ids.
        by: "embedding" and names of features, which a classifier of seeds against the rest reads.
        ranked_by: the classifier's score, or the cosine to the seeds' centre.
        reach: how many users (a whole number), or a share of those ranked (a float up to 1); by default 0.1.
        floor: in place of a reach, the least score or cosine.
        exclude: files (paths) of ids, or ids (texts), that are neither ranked nor taken for unlike the seeds.
        newcomers: rank these instead of the run's own users; see ``coterie.newcomers``.

    Raises:
        DataError: no seed is in the run, or nobody is left to rank.
        ConfigError: reach and floor do not fit, or the blocks have too many columns.
        SourceError: a file cannot be read. UnknownNameError: there is no such feature; offers the nearest.
    """
    check_reach(reach, floor)
    if ranked_by not in {CLASSIFIER, CENTROID}:
        raise ConfigError(f"an audience is ranked by {shown(ranked_by)}; expected '{CLASSIFIER}' or '{CENTROID}'")
    places = Places(run, by)
    asked = _asked(run, places, seeds, exclude)
    model = fit(asked.ground, asked.is_seed, run.config.project.seed)
    hidden = _hidden(run, places.tables, asked.ground, asked.is_seed)
    ranked, segments = _to_rank(run, places, asked, newcomers)
    scored = _scored(model, ranked, segments, ranked_by)
    falling = scored[SCORE if ranked_by == CLASSIFIER else SIMILARITY].to_numpy()
    size = size_of(falling, reach, floor)
    warnings = warnings_of(
        int(asked.is_seed.sum()), ranked.rows.shape[1], hidden, ranked_by=ranked_by, one=run.manifest.entity.one
    )
    if size == 0:
        warnings = (*warnings, f"nobody reaches the floor of {floor:g}; the highest is {falling[0]:.3f}")
    # Not of those ranked alone where these are the run's: what is missing would be the seeds, counted by segment.
    everybody = segments if newcomers is not None else list(segments_of(run).values())
    audience = Audience(
        run=run.id,
        by=places.by,
        ranked_by=ranked_by,
        n_listed=asked.n_listed,
        n_seeds=int(asked.is_seed.sum()),
        refused=tuple(asked.rejects[:SHOWN]),
        n_refused=len(asked.rejects),
        n_excluded=asked.n_excluded if newcomers is None else int(np.isin(newcomers.ids, asked.excluded).sum()),
        unknown_excluded=_unknown(asked.excluded, places, newcomers),
        n_ranked=len(ranked.ids),
        from_files=newcomers is not None,
        users=size,
        reach=size / len(ranked.ids),
        floor=float(falling[max(size, 1) - 1]),
        hidden=hidden,
        is_distinctive=None if hidden is None else hidden.at(ranked_by, REACHES[-1]).recall.low > REACHES[-1],
        warnings=warnings,
        curve=curve_of(falling, scored[SIMILARITY].to_numpy(), hidden, run.config.segments.min_cell),
        parts=_parts(run, scored[SEGMENT].head(size), everybody),
    )
    return Lookalikes(audience, scored.head(size), scored, _as_rows(asked.rejects), model)


def write_audience(found: Lookalikes, path: Path) -> tuple[Path, ...]:
    """Write an audience as Parquet (.parquet) or CSV (.csv), and beside it, where there are any, its rejected seeds.

    Returns:
        The files: the audience's and, where ids were refused, ``NAME.rejects.csv``.

    Raises:
        ConfigError: the file's ending is another. StoreError: it cannot be written.
    """
    if path.suffix.lower() not in {".parquet", ".csv"}:
        raise ConfigError(f"the audience {shown(path)} ends in '{path.suffix}'; expected .parquet or .csv")
    if path.suffix.lower() == ".csv":
        _make(path.parent)
        write_whole(path, csv_of_frame(found.frame).encode())
    else:
        local.write_parquet(found.frame, path)
    if found.rejects.is_empty():
        return (path,)
    beside = path.with_name(f"{path.stem}.rejects.csv")
    write_whole(beside, csv_of_frame(found.rejects).encode())
    return path, beside


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Seeds and exclusions, looked up.

    Args:
        ground: those of whom something is known, without the excluded. is_seed: (n,) of these.
        excluded: sorted ids. n_excluded: users of the run among them who are no seeds and could be ranked.
        n_listed: ids in the list of seeds. rejects: those of them that are no seeds.
    """

    ground: Ground
    is_seed: Mask
    excluded: Ids
    n_excluded: int
    n_listed: int
    rejects: tuple[Refused, ...]


def _asked(run: Run, places: Places, seeds: str | Path | Iterable[str], exclude: Iterable[str | Path]) -> _Asked:
    listed = _listed(seeds, run)
    ground, known = _ground(places.of_run())
    excluded = np.unique(np.array([one for one in _excluded(exclude, run) if one], np.str_))
    rejects, taken = _refused(listed, places.ids, known)
    is_seed = np.isin(ground.ids, taken)
    _refuse_none(int(is_seed.sum()), len(listed), rejects, run)
    kept = is_seed | ~np.isin(ground.ids, excluded)
    return _Asked(_only(ground, kept), is_seed[kept], excluded, int((~kept).sum()), len(listed), tuple(rejects))


def _as_rows(rejects: Sequence[Refused]) -> pl.DataFrame:
    return pl.DataFrame([(one.id, one.reason, one.nearest) for one in rejects], schema=REJECTS, orient="row")


def _parts(run: Run, own: pl.Series, everybody: Sequence[str]) -> tuple[Part, ...]:
    names = [segment.id for segment in run.segments]
    return parts_of(own.fill_null("").to_list(), everybody, names, run.config.segments.min_cell)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder {shown(folder)}: {error.strerror or error}; choose another --out"
        ) from error


def _columns_of_ids(run: Run) -> Iterator[str]:
    """Give what the tables of the run call what is segmented."""
    for table in run.config.tables.values():
        name = table.item if run.config.project.entity == "items" else table.user
        if name:
            yield name


def _listed(seeds: str | Path | Iterable[str], run: Run) -> tuple[str, ...]:
    if isinstance(seeds, str | Path):
        return read_ids(Path(seeds), _columns_of_ids(run))
    return tuple(str(one).strip() for one in seeds)


def _excluded(exclude: Iterable[str | Path], run: Run) -> Iterator[str]:
    for one in exclude:
        if isinstance(one, Path):
            yield from read_ids(one, _columns_of_ids(run))
        else:
            yield str(one).strip()


def _ground(positions: Positions) -> tuple[Ground, Mask]:
    """Give those of the users of whom something is known, and (n,) who they are."""
    width = sum(part.shape[1] for part, _ in positions.parts)
    if width > WIDEST_DENSE:
        raise ConfigError(
            f"{' and '.join(shown(name) for name in positions.names)}: {width:,} columns, and a classifier takes "
            f"up to {WIDEST_DENSE}; take the embedding, which is made of them"
        )
    among = directions(positions.ids, positions.parts)
    rows = [part.toarray() if hasattr(part, "toarray") else part for part, _ in positions.parts]
    columns = tuple(column for block in positions.columns for column in block)
    units = np.asarray(among.rows)
    return _only(Ground(positions.ids, columns, np.hstack(rows), units), among.known), among.known


def _only(ground: Ground, kept: Mask) -> Ground:
    return Ground(ground.ids[kept], ground.columns, ground.rows[kept], ground.units[kept])


def _refused(listed: Sequence[str], ids: Ids, known: Mask) -> tuple[list[Refused], Ids]:
    """Give the ids of the list that are no seeds, in its order, and those that are."""
    names = dict(zip(ids.tolist(), known.tolist(), strict=True))
    rejects: list[Refused] = []
    for one, times in Counter(listed).items():
        if one == "":
            rejects.append(Refused("", f"{BLANK} ({times:,} times)" if times > 1 else BLANK))
        elif one not in names:
            is_looked_up = sum(found.reason == NOT_THERE for found in rejects) < LOOKED_UP
            rejects.append(Refused(one, NOT_THERE, _nearest(one, ids) if is_looked_up else ""))
        elif not names[one]:
            rejects.append(Refused(one, NOT_KNOWN))
        if one and times > 1:
            rejects.append(Refused(one, f"given {times:,} times; counted once"))
    taken = np.array([one for one in dict.fromkeys(listed) if names.get(one)], np.str_)
    return rejects, taken


def _nearest(one: str, ids: Ids) -> str:
    """Give the id that is spelled most alike; "" where none is near."""
    cut = one[:80]
    length = np.char.str_len(ids)
    close = ids[np.abs(length - len(cut)) <= 1][:50_000].tolist()  # what is longer by two is another id
    return next(iter(difflib.get_close_matches(cut, close, n=1, cutoff=0.6)), "")


def _refuse_none(n_seeds: int, n_listed: int, rejects: Sequence[Refused], run: Run) -> None:
    if n_seeds:
        return
    example = next((one for one in rejects if one.id), None)
    told = ""
    if example is not None:
        near = f"; did you mean {shown(example.nearest)}?" if example.nearest else ""
        told = f", for example {shown(example.id)} ({example.reason}){near}"
    raise DataError(
        f"none of the {n_listed:,} seeds is a {run.manifest.entity.one} of the run '{run.id}' of whom something is "
        f"known{told}; expected ids as the run's tables have them"
    )


def _hidden(run: Run, tables: Tables, ground: Ground, is_seed: Mask) -> Hidden | None:
    if is_seed.sum() < FOLDS or (~is_seed).sum() < FOLDS:
        return None
    segments = {segment.id: place for place, segment in enumerate(run.segments)}
    own = segments_of(run)
    places = np.array([segments.get(own.get(one, ""), -1) for one in ground.ids.tolist()], np.int64)
    return look_for_hidden(ground, is_seed, _activity(tables, ground.ids), places, run.config.project.seed)


def _activity(tables: Tables, ids: Ids) -> npt.NDArray[np.float64] | None:
    """Give how many events each has; None where there are no events."""
    if not tables.events:
        return None
    counts = np.zeros(len(ids))
    for table in tables.events:
        events = events_of(table)
        at = np.minimum(np.searchsorted(events.users, ids), max(len(events.users) - 1, 0))
        if len(events.users):
            counts += np.where(events.users[at] == ids, np.diff(events.indptr)[at], 0)
    return counts


def _to_rank(run: Run, places: Places, asked: _Asked, newcomers: Newcomers | None) -> tuple[Ground, list[str]]:
    """Give those who are ranked, and their segments."""
    if newcomers is None:
        ranked = _only(asked.ground, ~asked.is_seed)
        own = segments_of(run)
        segments = [own.get(one, "") for one in ranked.ids.tolist()]
    else:
        everybody, _ = _ground(places.of(newcomers.tables, newcomers.ids))
        gone = np.union1d(asked.ground.ids[asked.is_seed], asked.excluded)
        ranked = _only(everybody, ~np.isin(everybody.ids, gone))
        labels = places.model.apply(newcomers.tables, newcomers.ids).labels
        names = np.array([*places.model.segment_ids, ""], np.str_)[labels]
        segments = names[np.searchsorted(newcomers.ids, ranked.ids)].tolist()
    if not len(ranked.ids):
        raise DataError("nobody is left to rank: all are seeds, excluded, or unknown to the run's model")
    return ranked, segments


def _scored(model: FittedLookalike, ranked: Ground, segments: Sequence[str], ranked_by: str) -> pl.DataFrame:
    scores, similarity = model.scores(ranked.ids, ranked.rows), model.similarity(ranked.units)
    order = np.lexsort((np.arange(len(scores)), -(scores if ranked_by == CLASSIFIER else similarity)))
    frame = pl.DataFrame(
        {
            USER: pl.Series(ranked.ids.tolist(), dtype=pl.String).gather(order),
            RANK: np.arange(1, len(order) + 1, dtype=np.int64),
            SCORE: scores[order],
            SIMILARITY: similarity[order],
            SEGMENT: pl.Series(list(segments), dtype=pl.String).gather(order),
        }
    )
    return frame.with_columns(pl.when(pl.col(SEGMENT) != "").then(pl.col(SEGMENT)).alias(SEGMENT))


def _unknown(excluded: Ids, places: Places, newcomers: Newcomers | None) -> int:
    known = places.ids if newcomers is None else np.concatenate([places.ids, newcomers.ids])
    return int((~np.isin(excluded, known)).sum())
