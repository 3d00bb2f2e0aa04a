"""Every candidate measured: fits, indices, stability and lift for each number of clusters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from coterie import plugins
from coterie.clustering.contract import Clusterer, FittedClusterer, Labels
from coterie.config import Clustering, Config
from coterie.embedding.contract import Points
from coterie.embedding.rows import count_distinct
from coterie.features.contract import Ids
from coterie.model import fit_space
from coterie.parallel import map_in_order
from coterie.randomness import generator
from coterie.selection import heldout, quality, stability
from coterie.selection.lift import hold_out, lift_of, ndcg_by_user, popularity_ranks
from coterie.selection.types import Candidate, LiftResult
from coterie.tables import Tables

T = TypeVar("T")
R = TypeVar("R")
USERS_PER_SEGMENT = 5
REFIT_STARTS = 3  # starts of the many refits for stability; their spread is what is measured


class Progress(Protocol):
    """Told how far a step is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note: ``done`` of ``total`` tasks of ``what`` are done."""


def quiet(what: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Search:
    """What the search works on.

    Args:
        config: of the project. tables: checked and cleaned. ids: (n,) sorted users. points: (n, d) their embedding.
        threads: tasks at once. progress: told how far it is.
    """

    config: Config
    tables: Tables
    ids: Ids
    points: Points
    threads: int
    progress: Progress = quiet

    def each(self, what: str, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Run independent tasks side by side, in order, and tell the progress."""
        listed = list(tasks)
        self.progress(what, 0, len(listed))
        for done, result in enumerate(map_in_order(function, listed, threads=self.threads), 1):
            self.progress(what, done, len(listed))
            yield result


@dataclass(frozen=True, slots=True)
class Trial:
    """One method at one number of clusters, and its fit on all users.

    Args:
        k: asked for; a mixture may leave a component that nobody belongs to, and so find fewer.
    """

    method: str
    k: int
    fitted: FittedClusterer

    @property
    def labels(self) -> Labels:
        """(n,) labels of the fit."""
        return self.fitted.fit_labels


def make_clusterer(clustering: Clustering, method: str, k: int, *, most_starts: int | None = None) -> Clusterer:
    """Give one of the config's algorithms, with its options.

    Args:
        most_starts: at most as many starts, where the config asks for more.
    """
    starts = clustering.starts if most_starts is None else min(clustering.starts, most_starts)
    options = clustering.options.get(method, {})
    clusterer: Clusterer = plugins.find("clusterers", method)(k=k, starts=starts, **options)
    return clusterer


def measure(search: Search) -> tuple[tuple[Trial, ...], tuple[Candidate, ...]]:
    """Fit and measure every candidate of the config.

    Returns:
        The trials and their rows of the decision sheet, in order of k; ``misses`` is still empty.
    """
    trials = fit_all(search)
    silhouettes = quality.silhouettes(
        search.points,
        [trial.labels for trial in trials],
        generator(search.config.project.seed, "silhouette"),
        threads=search.threads,
    )
    jaccards, agreements = _stability(search, trials)
    lifts, explained = _lift(search, trials)
    candidates = []
    for i, trial in enumerate(trials):
        tight = quality.indices(search.points, trial.labels)
        sizes = np.bincount(trial.labels)
        candidates.append(
            Candidate(
                method=trial.method,
                k=trial.fitted.n_clusters,
                inertia=tight.inertia,
                silhouette=silhouettes[i],
                calinski_harabasz=tight.calinski_harabasz,
                davies_bouldin=tight.davies_bouldin,
                jaccard=jaccards[i],
                seed_agreement=agreements[i],
                smallest_share=float(sizes.min() / sizes.sum()),
                sizes=tuple(int(size) for size in sizes),
                activity_explained=explained[i],
                lift=lifts[i],
                misses=(),
            )
        )
    return trials, tuple(candidates)


def fit_all(search: Search) -> tuple[Trial, ...]:
    """Fit every method at every k on all users.

    k ends where segments would have fewer than five users on average, and at the number of distinct points.
    """
    clustering, seed = search.config.clustering, search.config.project.seed
    lowest, highest = clustering.k
    possible = min(len(search.ids) // USERS_PER_SEGMENT, count_distinct(search.points, highest))
    highest = min(highest, max(lowest, possible))
    plan = [(k, method) for k in range(clustering.k[0], highest + 1) for method in clustering.methods]

    def one(task: tuple[int, str]) -> Trial:
        k, method = task
        rng = generator(seed, "cluster", method, k)
        return Trial(method, k, make_clusterer(clustering, method, k).fit(search.points, rng))

    return tuple(sorted(search.each("fitting", one, plan), key=lambda trial: trial.fitted.n_clusters))


def _stability(search: Search, trials: Sequence[Trial]) -> tuple[list[tuple[float, ...]], list[float]]:
    evaluation, seed = search.config.evaluation, search.config.project.seed
    refitters = [
        make_clusterer(search.config.clustering, trial.method, trial.k, most_starts=REFIT_STARTS) for trial in trials
    ]
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
    explained: list[float | None] = [quality.activity_explained(t.labels, n_events) for t in trials]
    splits = [_one_split(search, found, trials, number) for number in range(evaluation.splits)]
    by_segment, by_all = np.stack([s for s, _ in splits]), np.stack([a for _, a in splits])
    lifts = [lift_of(by_segment[:, i], by_all, t.labels) for i, t in enumerate(trials)]
    # Nobody may have an event to spare, as where every user has one.
    return [lift if math.isfinite(lift.lift.value) else None for lift in lifts], explained


Floats = npt.NDArray[np.float64]


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
        rng = generator(seed, "lift-cluster", trial.method, trial.k, number)
        labels = make_clusterer(config.clustering, trial.method, trial.k).fit(points, rng).fit_labels
        return ndcg_by_user(train, test, popularity_ranks(train, labels, pseudo_users), labels)

    what = f"lift on held-out events {number + 1} of {config.evaluation.splits}"
    return np.stack(list(search.each(what, one, trials))), by_all
