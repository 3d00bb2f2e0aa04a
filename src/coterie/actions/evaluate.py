"""Recommenders of a run on held-out events: everything is refitted on the training part, segments too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from coterie._kernels import ranking
from coterie.activation.recommending import choosing, evaluating
from coterie.activation.recommending.evaluating import Told
from coterie.activation.recommending.judged import RecommenderEvaluation, SplitName
from coterie.activation.recommending.tastes import Mask
from coterie.errors import ConfigError, DataError, nearest, shown
from coterie.features.contract import Ids
from coterie.model import fit_space
from coterie.randomness import generator
from coterie.runs.recommending import Ground, ground_of, segments_of
from coterie.runs.result import Run
from coterie.selection import heldout
from coterie.selection.lift import hold_out
from coterie.selection.paying import MOST_CLUSTERED, MOST_EMBEDDED
from coterie.selection.references import sample_rows
from coterie.selection.trials import make_clusterer
from coterie.tables import Tables
from coterie.terms import NOISE, USER

Floats = npt.NDArray[np.float64]
KEPT_CHOICE = (
    "how segments are formed (recipe, method and number) is the run's own choice, which saw all events; embedding and "
    "segments were fitted again without the held-out ones"
)
LOOKS_AHEAD = (
    "each user's latest items are held out, so what others did meanwhile may be in the training part: it tells how "
    "well a user's next items are found, not how well a system would have done on a day"
)


def _silent(_what: str, _done: int, _total: int) -> None:
    return None


def evaluate_recommenders(
    run: Run,
    *,
    split: SplitName = "random",
    by: Sequence[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    told: Told = _silent,
) -> RecommenderEvaluation:
    """Measure recommenders on events that they have not seen.

    A share of each user's items (``[evaluation] holdout``) is held out: at random, or the latest. Settings are
    chosen on a validation part of the rest; embedding and segments are fitted on the rest as well.

    Args:
        run: a finished run that segments users. split: "random" or "temporal".
        by: recommenders; by default all. Popularity is always measured too. options: settings of some of them.
        told: of what is measured, how many are done, and of how many.

    Raises:
        ConfigError: the split is neither, or needs times that events do not have; of an option.
        UnknownNameError: there is no such recommender.
        DataError: the run has no events, or nobody has an item to spare that they like.
    """
    if split not in get_args(SplitName):
        raise ConfigError(f"'split' is {shown(split)}{nearest(split, get_args(SplitName))}")
    names = tuple(dict.fromkeys(("popularity", *(by or _by_default()))))
    given = dict(options or {})
    for name in names:
        choosing.make(name, given.get(name, {}))
    ground = ground_of(run)
    config, tastes = run.config, ground.tastes
    held = _held_out(ground, split, config.evaluation.holdout, config.project.seed)
    left = heldout.without(ground.tables, ground.catalogue, held)
    labels = _segments_without(run, left, ground.catalogue.users) if "segment" in names else None
    train, rest = tastes.only(~held), tastes.only(held)
    if labels is not None:
        train = evaluating.with_segments(train, labels)
    found = evaluating.judge(names, given, train, rest, seed=config.project.seed, told=told)
    of_segments = [(segment.id, segment.name) for segment in run.segments]
    own = segments_of(run, ground.catalogue.users).astype(np.int64)
    notes = [KEPT_CHOICE] if labels is not None else []
    notes += [LOOKS_AHEAD] if split == "temporal" else []
    return RecommenderEvaluation(
        run=run.id,
        split=split,
        share=config.evaluation.holdout,
        liked_from=ground.floor,
        users=len(found.by_user["popularity"].users),
        items=tastes.n_items,
        trained=int((~held).sum()),
        held=int(held.sum()),
        judged=found.judged,
        rated=found.rated,
        compared=evaluating.compare(found, rest),
        paying=evaluating.paying(found, own, of_segments, config.segments.min_cell),
        left_out=found.left_out,
        notes=tuple(notes),
    )


def _by_default() -> tuple[str, ...]:
    first = ("segment", "itemitem", "ease", "als", "ratings")
    return (*first, *(name for name in choosing.names() if name not in {*first, "popularity"}))


def _held_out(ground: Ground, split: SplitName, share: float, seed: int) -> Mask:
    """Choose (p,) the pairs to hold out: a share of each user's, at random or the latest; one always stays."""
    users = ground.tastes.users
    rng = generator(seed, "recommender-hold-out", split)
    if split == "random":
        return hold_out(users, share, rng)
    times = _first_times(ground)
    counts = np.bincount(users, minlength=ground.tastes.n_users)
    quota = np.minimum(np.floor(share * counts + rng.random(len(counts))).astype(np.int64), np.maximum(counts - 1, 0))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return ranking.hold_out(-times, starts, quota)


def _first_times(ground: Ground) -> Floats:
    """Give (p,) when a user first took up each item.

    Raises:
        ConfigError: events have no times.
    """
    found = ground.catalogue
    times = found.source.time
    if times is None:
        raise ConfigError(
            f"a temporal split goes by events' times, and 'tables.{ground.table.name}' names none; give it 'time', or "
            "take split = 'random'"
        )
    when = times.astype(np.float64)
    return when if found.first is None else np.minimum.reduceat(when, np.flatnonzero(found.first))


def _segments_without(run: Run, tables: Tables, users: Ids) -> npt.NDArray[np.int32]:
    """Fit embedding and segments as the run did, on other tables; give (n,) the label of each user, or ``NOISE``."""
    chosen = run.chosen
    config = run.chosen_config
    seed = config.project.seed
    ids = np.array(sorted(run.assignments()[USER].to_list()), dtype=np.str_)
    space, points, known = fit_space(config, tables, ids, "recommender-space", most_rows=MOST_EMBEDDED)
    rows = np.flatnonzero(known)
    labels = np.full(len(ids), NOISE, np.int32)
    among = rows[sample_rows(len(rows), MOST_CLUSTERED, generator(seed, "recommender-rows"))]
    with suppress(DataError):  # as where too few are left: nobody is in a segment then
        clusterer = make_clusterer(config.clustering, chosen.method, chosen.k, chosen.settings, columns=space.columns)
        fitted = clusterer.fit(points[among], generator(seed, "recommender-cluster"))
        labels[rows] = fitted.assign(points[rows]).labels
    at = np.minimum(np.searchsorted(ids, users), len(ids) - 1)
    return np.where(ids[at] == users, labels[at], NOISE).astype(np.int32)
