"""Every candidate measured: fits, indices, stability and lift for each algorithm and setting on one embedding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.clustering.contract import Labels
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.model import fit_space
from coterie.randomness import generator
from coterie.selection import heldout, quality, stability
from coterie.selection.lift import hold_out, lift_of, ndcg_by_user, popularity_ranks
from coterie.selection.separation import separated_by
from coterie.selection.trials import Search, Trial, fit_all
from coterie.selection.types import Candidate, Interval, LeftOut, LiftResult
from coterie.terms import NOISE

Floats = npt.NDArray[np.float64]
REFIT_STARTS = 3  # starts of the many refits for stability; their spread is what is measured


def measure(search: Search) -> tuple[tuple[Trial, ...], tuple[Candidate, ...], tuple[LeftOut, ...]]:
    """Fit and measure every candidate of one recipe.

    Returns:
        The trials and their rows of the decision sheet, in order of k (``misses`` is still empty), and what found
        nothing to choose from.
    """
    trials, left_out = fit_all(search)
    silhouettes = _silhouettes(search, trials)
    jaccards, agreements = _stability(search, trials)
    lifts, explained = _lift(search, trials)
    rows = map(_Measured, silhouettes, jaccards, agreements, lifts, explained)
    return trials, tuple(_candidate(search, *row) for row in zip(trials, rows, strict=True)), left_out


@dataclass(frozen=True, slots=True)
class _Measured:
    silhouette: Interval
    jaccard: tuple[float, ...]
    agreement: float
    lift: LiftResult | None
    activity_explained: float | None


def _candidate(search: Search, trial: Trial, measured: _Measured) -> Candidate:
    inside = trial.labels != NOISE
    points, labels = search.points[inside], trial.labels[inside]
    tight = quality.indices(points, labels)
    sizes = np.bincount(labels, minlength=trial.fitted.n_clusters)
    agreed = trial.fitted.assign(search.points).labels == trial.labels
    bic: float | None = getattr(trial.fitted, "bic", None)
    return Candidate(
        method=trial.asked.method,
        k=trial.fitted.n_clusters,
        inertia=tight.inertia,
        silhouette=measured.silhouette,
        calinski_harabasz=tight.calinski_harabasz,
        davies_bouldin=tight.davies_bouldin,
        jaccard=measured.jaccard,
        seed_agreement=measured.agreement,
        smallest_share=float(sizes.min() / len(trial.labels)),
        sizes=tuple(int(size) for size in sizes),
        activity_explained=measured.activity_explained,
        lift=measured.lift,
        misses=(),
        recipe=search.recipe,
        settings=dict(trial.asked.settings),
        noise_share=float(1 - inside.mean()),
        bic=None if bic is None else float(bic),
        assign_agreement=float(agreed.mean()),
        separated_by=separated_by(points, labels, search.columns),
    )


def _silhouettes(search: Search, trials: Sequence[Trial]) -> list[Interval]:
    """Give each trial's mean silhouette: those without noise in one pass over the distances."""

    def stream() -> np.random.Generator:
        return generator(search.config.project.seed, "silhouette")

    whole = [trial for trial in trials if (trial.labels != NOISE).all()]
    found = quality.silhouettes(search.points, [t.labels for t in whole], stream(), threads=search.threads)
    of_whole = iter(found)
    values = []
    for trial in trials:
        inside = trial.labels != NOISE
        if inside.all():
            values.append(next(of_whole))
        else:
            values += quality.silhouettes(
                search.points[inside], [trial.labels[inside]], stream(), threads=search.threads
            )
    return values


def _stability(search: Search, trials: Sequence[Trial]) -> tuple[list[tuple[float, ...]], list[float]]:
    evaluation, seed = search.config.evaluation, search.config.project.seed
    refitters = [search.clusterer(trial.asked, most_starts=REFIT_STARTS) for trial in trials]
    resamplings = [
        stability.Resampling(search.points, trial.labels, refitter, seed)
        for trial, refitter in zip(trials, refitters, strict=True)
    ]
    draws = [(resampling, draw) for resampling in resamplings for draw in range(evaluation.bootstraps)]
    found = list(search.each("resampling users", stability.bootstrap_jaccard, draws))
    attempts = [(resampling, attempt) for resampling in resamplings for attempt in range(evaluation.seeds)]
    refits = list(search.each("other seeds", stability.refit, attempts))
    jaccards, agreements = [], []
    for i in range(len(trials)):
        rows = found[i * evaluation.bootstraps : (i + 1) * evaluation.bootstraps]
        jaccards.append(tuple(float(value) for value in np.mean(rows, axis=0)))
        agreements.append(stability.seed_agreement(refits[i * evaluation.seeds : (i + 1) * evaluation.seeds]))
    return jaccards, agreements


def _lift(search: Search, trials: Sequence[Trial]) -> tuple[list[LiftResult | None], list[float | None]]:
    table = heldout.event_table(search.config, search.tables)
    if table is None:
        return [None] * len(trials), [None] * len(trials)
    evaluation = search.config.evaluation
    found = heldout.catalogue(table, search.ids, heldout.positive_floor(search.config, table))
    n_events = np.maximum(found.events, 1).astype(np.float64)
    explained: list[float | None] = [
        quality.activity_explained(t.labels[t.labels != NOISE], n_events[t.labels != NOISE]) for t in trials
    ]
    splits = [_one_split(search, found, trials, number) for number in range(evaluation.splits)]
    by_segment, by_all = np.stack([s for s, _ in splits]), np.stack([a for _, a in splits])
    lifts = [lift_of(by_segment[:, i], by_all, t.labels) for i, t in enumerate(trials)]
    # Nobody may have an event to spare, as where every user has one.
    return [lift if math.isfinite(lift.lift.value) else None for lift in lifts], explained


def _one_split(search: Search, found: heldout.Catalogue, trials: Sequence[Trial], number: int) -> tuple[Floats, Floats]:
    """Hold events out once, refit everything on the rest, and rank.

    Returns:
        NDCG@10 by segment, (trials, n), and by global popularity, (n,).
    """
    config, seed = search.config, search.config.project.seed
    held = hold_out(found.pairs, config.evaluation.holdout, generator(seed, "hold-out", number))
    train, test = found.pairs.take(~held), found.pairs.take(held)
    tables = heldout.without(search.tables, found, held)
    _, points, _ = fit_space(config, tables, search.ids, "lift-space", number)
    pseudo_users = config.evaluation.pseudo_users
    everybody = np.zeros(len(search.ids), np.int32)
    by_all = ndcg_by_user(train, test, popularity_ranks(train, everybody, pseudo_users)[-1:], everybody)

    def one(trial: Trial) -> Floats:
        rng = generator(seed, "lift-cluster", *trial.asked.stream, number)
        labels = _fit_or_nobody(search, trial, points, rng)
        return ndcg_by_user(train, test, popularity_ranks(train, labels, pseudo_users), labels)

    what = f"lift on held-out events {number + 1} of {config.evaluation.splits}"
    return np.stack(list(search.each(what, one, trials))), by_all


def _fit_or_nobody(search: Search, trial: Trial, points: Points, rng: np.random.Generator) -> Labels:
    """Cluster the users anew; where the rest of the events cannot be clustered so, nobody is in a segment."""
    try:
        return search.clusterer(trial.asked).fit(points, rng).fit_labels
    except DataError:
        return np.full(len(points), NOISE, np.int32)
