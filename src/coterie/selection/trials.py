"""Trials: each algorithm with each of its settings, fitted on all users of one embedding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from coterie import plugins
from coterie.clustering.contract import Clusterer, FittedClusterer, Labels, Setting
from coterie.config import Clustering, Config
from coterie.embedding.contract import Points
from coterie.embedding.rows import count_distinct
from coterie.errors import ConfigError, DataError
from coterie.features.contract import Ids
from coterie.model import Space
from coterie.parallel import map_in_order
from coterie.randomness import generator
from coterie.selection.stability import MOST_DRAWN
from coterie.selection.types import LeftOut
from coterie.tables import Tables
from coterie.terms import NOISE

T = TypeVar("T")
R = TypeVar("R")
USERS_PER_SEGMENT = 5
MOST_FOUND = 200  # clusters of a method that finds their number itself; nobody acts on so many


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
        config: of the recipe. tables: checked and cleaned. ids: (n,) sorted users. points: (n, d) their embedding.
        threads: tasks at once. progress: told how far it is.
        space: that placed them; None where it is not known, as in tests of a clustering alone.
        recipe: its name, which candidates carry. only_ks: numbers of clusters to try; None for all of the config.
    """

    config: Config
    tables: Tables
    ids: Ids
    points: Points
    threads: int
    progress: Progress = quiet
    space: Space | None = None
    recipe: str = ""
    only_ks: frozenset[int] | None = None

    def each(self, what: str, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Run independent tasks side by side, in order, and tell the progress."""
        listed = list(tasks)
        what = f"{self.recipe}: {what}" if self.recipe else what
        self.progress(what, 0, len(listed))
        for done, result in enumerate(map_in_order(function, listed, threads=self.threads), 1):
            self.progress(what, done, len(listed))
            yield result

    @property
    def columns(self) -> tuple[str | None, ...]:
        """(d,) name of each dimension that is a column, None for one that an embedding made; () if not known."""
        return () if self.space is None else self.space.columns

    def clusterer(
        self, asked: Asked, *, most_starts: int | None = None, columns: tuple[str | None, ...] | None = None
    ) -> Clusterer:
        """Give the algorithm that was asked for; ``columns`` where the points are only some of the space's."""
        return make_clusterer(
            self.config.clustering,
            asked.method,
            asked.k,
            asked.settings,
            columns=self.columns if columns is None else columns,
            most_starts=most_starts,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A method with its settings.

    Args:
        k: None for a method that finds the number of clusters itself. settings: what the search sets beside k.
    """

    method: str
    k: int | None
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def stream(self) -> tuple[str | int, ...]:
        """Name of its random stream, the same for every k: what a method does before it looks at k is done once."""
        return (self.method, *(f"{name}={value}" for name, value in sorted(self.settings.items())))


@dataclass(frozen=True, slots=True)
class Trial:
    """One method with its settings, and its fit on all users.

    ``fitted`` may have fewer clusters than were asked for: a mixture may leave a component that nobody belongs to.
    """

    asked: Asked
    fitted: FittedClusterer

    @property
    def labels(self) -> Labels:
        """(n,) labels of the fit."""
        return self.fitted.fit_labels


def make_clusterer(
    clustering: Clustering,
    method: str,
    k: int | None = None,
    settings: Mapping[str, Setting] | None = None,
    *,
    columns: tuple[str | None, ...] = (),
    most_starts: int | None = None,
) -> Clusterer:
    """Give one of the config's algorithms, with its options.

    Args:
        k: None for a method that finds the number of clusters itself.
        settings: of the search, over those of the config.
        columns: names of the points' dimensions, for methods that treat columns apart.
        most_starts: at most as many starts, where the config asks for more.

    Raises:
        ConfigError: a method that reads columns is asked to read an embedding.
    """
    kind = plugins.find("clusterers", method)
    starts = clustering.starts if most_starts is None else min(clustering.starts, most_starts)
    options: dict[str, Any] = {**clustering.options.get(method, {}), **(settings or {})}
    if reads_categories(method) and columns:
        named = [name for name in columns if name is not None]
        if len(named) < len(columns):
            raise ConfigError(
                f"the clustering method '{method}' reads columns, but the embedding makes dimensions of its own of "
                "them; set embedding.method = 'none', or take the method out of clustering.methods"
            )
        options["columns"] = tuple(named)
    clusterer: Clusterer = kind(k=k if k is not None else clustering.k[0], starts=starts, **options)
    return clusterer


def fit_all(search: Search) -> tuple[tuple[Trial, ...], tuple[LeftOut, ...]]:
    """Fit every method with every setting on all users.

    Returns:
        The trials that found clusters to choose from, in order of their number, and those that did not, with the
        reason: fewer than two, too many to act on, or a method that cannot be run on these users.

    Raises:
        DataError: nothing was found at all.
    """
    seed = search.config.project.seed
    asked, left_out = plan(search)

    def one(task: Asked) -> Trial | LeftOut:
        try:
            fitted = search.clusterer(task).fit(search.points, generator(seed, "cluster", *task.stream))
        except DataError as error:
            return _left_out(search, task, str(error))
        reason = _useless(task, fitted)
        return _left_out(search, task, reason) if reason else Trial(task, fitted)

    found = list(search.each("fitting", one, asked))
    trials = sorted((one for one in found if isinstance(one, Trial)), key=lambda trial: trial.fitted.n_clusters)
    left_out += tuple(one for one in found if isinstance(one, LeftOut))
    if not trials:
        raise DataError(_nothing_found(left_out))
    return _distinct(trials), left_out


def _useless(task: Asked, fitted: FittedClusterer) -> str:
    """Say why there is nothing to choose from in a fit, or ""."""
    labels = fitted.fit_labels
    inside = int(np.count_nonzero(labels != NOISE))
    if fitted.n_clusters < 2:
        found = "one cluster" if fitted.n_clusters else "no cluster"
        return f"found {found}; {1 - inside / len(labels):.0%} of users are noise"
    crumbs = fitted.n_clusters > MOST_FOUND or fitted.n_clusters * 2 > inside
    if task.k is None and crumbs:
        return f"found {fitted.n_clusters:,} clusters of {inside / fitted.n_clusters:.1f} users on average: crumbs"
    return ""


def _left_out(search: Search, task: Asked, reason: str) -> LeftOut:
    settings = task.settings if task.k is None else {"k": task.k, **task.settings}
    return LeftOut(search.recipe, task.method, settings, reason)


def _nothing_found(left_out: Sequence[LeftOut]) -> str:
    """Say why nothing was found: each reason of a method once."""
    told = dict.fromkeys(
        f"{one.method}: {one.reason}" if "k" in one.settings else f"{one.method} ({_settings(one)}): {one.reason}"
        for one in left_out
    )
    # k-means fails where users are too few or all alike, and then no other method helps.
    has_kmeans = any(one.method == "kmeans" for one in left_out)
    todo = "bring more users, or features in which they differ" if has_kmeans else "add 'kmeans' to clustering.methods"
    return f"no algorithm found two clusters or more to choose from: {'; '.join(told)}; {todo}"


def _settings(one: LeftOut) -> str:
    return settings_told(one.settings) or "its defaults"


def plan(search: Search) -> tuple[tuple[Asked, ...], tuple[LeftOut, ...]]:
    """List what is to be tried, and the methods that cannot be tried on these users.

    k ends where segments would have fewer than five users on average, and at the number of distinct points. A method
    that finds the number of clusters itself says which settings to try.
    """
    clustering = search.config.clustering
    lowest, highest = clustering.k
    possible = min(len(search.ids) // USERS_PER_SEGMENT, count_distinct(search.points, highest))
    highest = min(highest, max(lowest, possible))
    few = search.only_ks
    ks = [k for k in range(lowest, highest + 1) if few is None or k in few or k == highest]
    tasks = [Asked(method, k) for k in ks for method in clustering.methods if counts_clusters(method)]
    left_out = []
    for method in clustering.methods:
        if not counts_clusters(method):
            rng = generator(search.config.project.seed, "grid", method)
            options = clustering.options.get(method, {})
            try:
                grid: Sequence[Mapping[str, Setting]] = plugins.find("clusterers", method).grid(
                    search.points, options, rng
                )
            except DataError as error:
                left_out.append(_left_out(search, Asked(method, None), str(error)))
                continue
            tasks += [Asked(method, None, settings) for settings in grid]
    return tuple(tasks), tuple(left_out)


def counts_clusters(method: str) -> bool:
    """Say whether a method is told the number of clusters; one that is not has ``grid`` (see the contract)."""
    return bool(getattr(plugins.find("clusterers", method), "counts_clusters", True))


def most_drawn(method: str) -> int | None:
    """Give how many users a resample has at most; None for all, where settings count users."""
    return MOST_DRAWN if counts_clusters(method) else None


def starts_at_random(method: str) -> bool:
    """Say whether a method starts from something drawn at random, so that another start may end elsewhere."""
    return bool(getattr(plugins.find("clusterers", method), "starts_at_random", True))


def reads_categories(method: str) -> bool:
    """Say whether a method treats the categories of an attribute apart from numbers."""
    return bool(getattr(plugins.find("clusterers", method), "takes_columns", False))


def settings_told(settings: Mapping[str, Setting]) -> str:
    """Write settings for people: "eps 0.31"."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in settings.items()
    )


def _distinct(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Leave out a trial whose clusters another trial of the same method found already, as neighbouring eps do."""
    kept: dict[tuple[str, bytes], Trial] = {}
    for trial in trials:
        kept.setdefault((trial.asked.method, trial.labels.tobytes()), trial)
    return tuple(kept.values())
