"""Every candidate measured: fits, indices, stability and lift for each algorithm and setting on one embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coterie.randomness import generator
from coterie.selection import quality, sls, stability
from coterie.selection.gains import Gains
from coterie.selection.paying import Paid, pay
from coterie.selection.separation import separated_by
from coterie.selection.trials import Search, Trial, fit_all, most_drawn
from coterie.selection.types import Candidate, Interval, LeftOut
from coterie.terms import NOISE

REFIT_STARTS = 3  # starts of the many refits for stability; their spread is what is measured


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recipe, measured.

    Args:
        trials, candidates: the fits and their rows of the decision sheet, in order of k; ``misses`` is still empty.
        gains: of each candidate, user by user; None where nothing pays. left_out: what gave nothing to choose from.
    """

    trials: tuple[Trial, ...]
    candidates: tuple[Candidate, ...]
    gains: tuple[Gains | None, ...]
    left_out: tuple[LeftOut, ...]


def measure(search: Search) -> Outcome:
    """Fit and measure every candidate of one recipe."""
    trials, left_out = fit_all(search)
    rows = zip(
        _silhouettes(search, trials), *_stability(search, trials), _slsa(trials), pay(search, trials), strict=True
    )
    measured = [_Measured(*row) for row in rows]
    pairs = zip(trials, measured, strict=True)
    candidates = tuple(search.each("other indices", lambda pair: _candidate(search, *pair), pairs))
    return Outcome(trials, candidates, tuple(row.paid.gains for row in measured), left_out)


@dataclass(frozen=True, slots=True)
class _Measured:
    silhouette: Interval
    jaccard: tuple[float, ...]
    agreement: float
    slsa: tuple[float, ...]
    paid: Paid


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
        activity_explained=measured.paid.activity_explained,
        lift=measured.paid.lift,
        explained=measured.paid.explained,
        slsa=measured.slsa,
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
        stability.Resampling(search.points, trial.labels, refitter, seed, most_drawn(trial.asked.method))
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


def _slsa(trials: Sequence[Trial]) -> list[tuple[float, ...]]:
    """Give each trial's stability across the solutions of its method; nothing where the method has one alone."""
    found: list[tuple[float, ...]] = [()] * len(trials)
    for method in dict.fromkeys(trial.asked.method for trial in trials):
        places = [place for place, trial in enumerate(trials) if trial.asked.method == method]
        if len(places) > 1:
            for place, values in zip(places, sls.across([trials[place].labels for place in places]), strict=True):
                found[place] = tuple(float(value) for value in values)
    return found
