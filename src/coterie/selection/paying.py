"""Does it pay: lift on held-out events, or explained variance of held-out columns where there are no events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.clustering.contract import Clusterer, Labels
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.features.contract import Matrix
from coterie.model import fit_space, make_embedder
from coterie.randomness import generator
from coterie.selection import explained, gains, heldout, quality
from coterie.selection.gains import Gains
from coterie.selection.lift import lift_of, ndcg_by_user
from coterie.selection.references import sample_rows
from coterie.selection.trials import Search, Trial, most_drawn
from coterie.selection.types import Explained, LiftResult
from coterie.terms import NOISE

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MOST_COLUMNS = 2_000  # wider tables are sparse ones, of which a held-out fifth says little about any user
MOST_ROWS = 20_000  # whose standard error is a seventh of a percent of what a user differs by
REFIT_STARTS = 3
MOST_EMBEDDED = 50_000  # users that an embedding is refitted on
MOST_CLUSTERED = 20_000  # users that are clustered anew; the others follow them


@dataclass(frozen=True, slots=True)
class Paid:
    """What a candidate is worth.

    Args:
        lift: None without events. explained: None with them, and where there are too few columns.
        activity_explained: share of the variance of log activity; None without events.
        gains: behind the one that is known; None where neither is.
    """

    lift: LiftResult | None = None
    explained: Explained | None = None
    activity_explained: float | None = None
    gains: Gains | None = None


def pay(search: Search, trials: Sequence[Trial]) -> list[Paid]:
    """Measure what each trial is worth on what it has not seen."""
    table = heldout.event_table(search.config, search.tables)
    if table is None:
        return _by_columns(search, trials)
    found = heldout.catalogue(table, search.ids, heldout.positive_floor(search.config, table))
    n_events = np.maximum(found.events, 1).astype(np.float64)
    splits = np.stack([_one_split(search, found, trials, number) for number in range(search.config.evaluation.splits)])
    by_segment, by_all = splits[:, :-1], splits[:, -1]
    paid = []
    for i, trial in enumerate(trials):
        inside = trial.labels != NOISE
        activity = quality.activity_explained(trial.labels[inside], n_events[inside])
        lift = lift_of(by_segment[:, i], by_all, trial.labels)
        # Nobody may have an event to spare, as where every user has one.
        if math.isfinite(lift.lift.value):
            paid.append(Paid(lift, None, activity, gains.of_lift(by_segment[:, i], by_all)))
        else:
            paid.append(Paid(activity_explained=activity))
    return paid


def _one_split(search: Search, found: heldout.Catalogue, trials: Sequence[Trial], number: int) -> Floats:
    """Hold events out once, refit everything on the rest, and rank for all users.

    Of many users embedding and clusters are refitted on a random sample, and give all of them their place and label.

    Returns:
        (trials + 1, n) NDCG@10 by segment, and in the last row by global popularity.
    """
    config, seed = search.config, search.config.project.seed
    held = found.hold_out(config.evaluation.holdout, generator(seed, "hold-out", number))
    tables = heldout.without(search.tables, found, held)
    _, points, known = fit_space(config, tables, search.ids, "lift-space", number, most_rows=MOST_EMBEDDED)
    rows = np.flatnonzero(known)
    seen = rows[sample_rows(len(rows), MOST_CLUSTERED, generator(seed, "lift-rows", number))]

    def one(trial: Trial) -> Labels:
        rng = generator(seed, "lift-cluster", *trial.asked.stream, number)
        among = rows if most_drawn(trial.asked.method) is None else seen
        starts = REFIT_STARTS if len(among) < len(rows) else None
        return _fit_or_nobody(search.clusterer(trial.asked, most_starts=starts), points, rows, among, rng)

    what = f"lift on held-out events {number + 1} of {config.evaluation.splits}"
    labelings = list(search.each(what, one, trials))
    return ndcg_by_user(found.pairs, held, labelings, config.evaluation.pseudo_users)


def _fit_or_nobody(clusterer: Clusterer, points: Points, rows: Rows, seen: Rows, rng: np.random.Generator) -> Labels:
    """Cluster users anew, but for those of whom the rest of the data knows nothing, who are in no segment.

    Args:
        points: (n, d). rows: (r,) users of whom it knows something. seen: those of them whom clusters are found among.

    Returns:
        (n,) labels; nobody is in a segment where clusters cannot be found.
    """
    labels = np.full(len(points), NOISE, np.int32)
    with suppress(DataError):
        fitted = clusterer.fit(points[seen], rng)
        labels[rows] = fitted.fit_labels if len(seen) == len(rows) else fitted.assign(points[rows]).labels
    return labels


def _by_columns(search: Search, trials: Sequence[Trial]) -> list[Paid]:
    """Measure explained variance; nothing where the basis is too wide, or has too few columns to hold one out.

    Above ``MOST_ROWS`` users a random sample of them is segmented anew, the same for every candidate.
    """
    if search.space is None or search.space.n_columns > MOST_COLUMNS:
        return [Paid()] * len(trials)
    refits, seed, n_users = explained.Refits(), search.config.project.seed, len(search.ids)
    rows = sample_rows(n_users, MOST_ROWS, generator(seed, "held-out-columns"))
    basis = _Basis(search, *search.space.columns_of(search.tables, search.ids[rows]))
    try:
        traits = explained.traits(np.ascontiguousarray(basis.dense[:, basis.measured]), basis.attribute[basis.measured])
    except DataError:
        return [Paid()] * len(trials)

    def one(trial: Trial) -> Paid:
        held = explained.hold_columns_out(traits, basis.fitter(trial), refits, seed, threads=1)
        found = gains.of_explained(held)
        by_user = np.full(n_users, np.nan)
        by_user[rows] = found.by_user
        return Paid(explained=explained.explained_of(held), gains=Gains(by_user, found.by_refit))

    return list(search.each("held-out columns", one, trials))


def answers_behind(names: Sequence[str]) -> list[str]:
    """Name the answer that each column is made of, so that no column tells of another that is held out.

    Args:
        names: "block:column", "block:attribute=category", or "block:trait low" and "block:trait high" for two poles.

    Returns:
        For each the attribute, trait or column, without the block: two blocks may show one answer in two ways.
    """
    columns = [name.split(":", 1)[-1].split("=", 1)[0] for name in names]
    poles = {f"{trait} {pole}": trait for trait in _traits_with_poles(set(columns)) for pole in ("low", "high")}
    return [poles.get(column, column) for column in columns]


def _traits_with_poles(columns: set[str]) -> list[str]:
    low = [column.removesuffix(" low") for column in columns if column.endswith(" low")]
    return [trait for trait in low if f"{trait} high" in columns]


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """The columns that segments are formed on, some of which are held out.

    Args:
        embedded: (n, m) rows that are embedded. joined: (n, j) rows that are joined to the embedding. names: (m + j,).
    """

    search: Search
    embedded: Matrix
    joined: npt.NDArray[np.float32]
    names: tuple[str, ...]

    @property
    def dense(self) -> npt.NDArray[np.float32]:
        embedded = self.embedded.toarray() if sp.issparse(self.embedded) else self.embedded
        return np.hstack([embedded, self.joined])

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """(m + j,) false for the labels of a first clustering, which tell of the columns that they were made of."""
        features = self.search.config.features
        return np.array([features[name.split(":", 1)[0]].kind != "cluster" for name in self.names], np.bool_)

    @property
    def attribute(self) -> npt.NDArray[np.int64]:
        """(m + j,) the same number for all columns that are made of one answer, see ``answers_behind``."""
        found: npt.NDArray[np.int64] = np.unique(answers_behind(self.names), return_inverse=True)[1]
        return found

    def fitter(self, trial: Trial) -> explained.FitLabels:
        """Give how a trial forms segments without some of the columns."""

        measured = self.measured

        def fit(seen: explained.Mask, rng: np.random.Generator) -> Labels:
            shown = np.zeros(len(measured), np.bool_)
            shown[measured] = seen
            try:
                points, columns = self._placed(shown, rng)
                clusterer = self.search.clusterer(trial.asked, most_starts=REFIT_STARTS, columns=columns)
                return clusterer.fit(points, rng).fit_labels
            except DataError:
                return np.full(len(self.joined), NOISE, np.int32)

        return fit

    def _placed(self, seen: explained.Mask, rng: np.random.Generator) -> tuple[Points, tuple[str | None, ...]]:
        """Give the points of the columns that may be seen, and the names of their dimensions."""
        width = self.embedded.shape[1]
        embedded, joined = seen[:width], seen[width:]
        points, names = np.empty((len(self.joined), 0), np.float32), list[str | None]()
        if embedded.any():
            rows = self.embedded[:, np.flatnonzero(embedded)]
            points = make_embedder(self.search.config).fit(rows, rng).apply(rows)
            is_column = self.search.columns[:1] != (None,)  # where nothing is embedded, dimensions are columns
            names = [
                self.names[place] if is_column else None
                for place in (np.flatnonzero(embedded) if is_column else range(points.shape[1]))
            ]
        names += [self.names[width + place] for place in np.flatnonzero(joined)]
        return np.hstack([points, self.joined[:, joined]]).astype(np.float32), tuple(names)
