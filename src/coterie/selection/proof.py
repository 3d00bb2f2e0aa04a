"""What is asked of the chosen candidate alone, since it takes long: is it natural, and where does the gap close."""

from __future__ import annotations

from dataclasses import dataclass

from coterie.clustering.contract import Labels
from coterie.config import Config
from coterie.embedding.contract import Points
from coterie.embedding.rows import count_distinct
from coterie.selection import sls
from coterie.selection.gap import gap_curve, gap_rows
from coterie.selection.null import FEWEST, MOST_ROWS, null_test
from coterie.selection.stability import Resampling
from coterie.selection.trials import (
    USERS_PER_SEGMENT,
    Asked,
    Progress,
    counts_clusters,
    make_clusterer,
    most_drawn,
    reads_categories,
)
from coterie.selection.types import Candidate, GapCurve, NullTest

DENSITY_ROWS = 20_000  # each takes seconds to minutes, and there are no fewer than 19
STARTS = 3  # of the refits on replicates and references
MOST_K = 15  # of the gap curve


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found.

    Args:
        null: is it natural; None for methods that read categories, whose values lie apart with or without groups, and
            for methods that find k themselves on more than ``DENSITY_ROWS`` users, which would take hours.
        gap: over k, on the same points by the same method, or by k-means where the method finds k itself or reads
            categories, which a reference does not have.
        slsw: (k,) lists of each segment's stability within the solution, one value a pair of bootstrap samples.
    """

    null: NullTest | None
    gap: GapCurve
    slsw: tuple[tuple[float, ...], ...] = ()


def prove(
    config: Config,
    points: Points,
    labels: Labels,
    asked: Asked,
    columns: tuple[str | None, ...] = (),
    *,
    threads: int,
    progress: Progress,
) -> Proof:
    """Test a clustering against structureless replicates of its points, and compute the gap curve.

    Args:
        config: of the recipe. points: (n, d). labels: (n,) of the fit. asked: how it was made.
        columns: (d,) names of the points' dimensions; see ``Search.columns``.
    """
    progress("made-up audiences without groups", 0, 3)
    null = nature(config, points, labels, asked, threads=threads)
    progress("gap statistic", 1, 3)
    gap = _gap(config, points, asked, threads=threads)
    progress("stability within the solution", 2, 3)
    clusterer = make_clusterer(
        config.clustering, asked.method, asked.k, asked.settings, columns=columns, most_starts=STARTS
    )
    resampling = Resampling(points, labels, clusterer, config.project.seed, most_drawn(asked.method))
    pairs = sls.within(resampling, pairs=min(sls.PAIRS, config.evaluation.bootstraps), threads=threads)
    progress("stability within the solution", 3, 3)
    return Proof(null, gap, tuple(tuple(float(value) for value in segment) for segment in pairs.T))


def nature(config: Config, points: Points, labels: Labels, asked: Asked, *, threads: int) -> NullTest | None:
    """Test whether a clustering is natural; None where that cannot be asked, or would take hours. Args as ``prove``."""
    if reads_categories(asked.method):
        return None
    evaluation = config.evaluation
    replicates, most_rows = evaluation.replicates, MOST_ROWS
    if not counts_clusters(asked.method):
        if len(points) > DENSITY_ROWS:
            return None
        # Settings that count neighbours mean something else in a sample: all rows, and where they are many, less often.
        replicates, most_rows = replicates if len(points) <= MOST_ROWS else FEWEST, DENSITY_ROWS
    return null_test(
        points,
        labels,
        make_clusterer(config.clustering, asked.method, asked.k, asked.settings, most_starts=STARTS),
        config.project.seed,
        null=evaluation.null,
        replicates=replicates,
        most_rows=most_rows,
        threads=threads,
    )


def asked_of(candidate: Candidate) -> Asked:
    """Give how a candidate was made."""
    return Asked(candidate.method, candidate.k if counts_clusters(candidate.method) else None, candidate.settings)


def _gap(config: Config, points: Points, asked: Asked, *, threads: int) -> GapCurve:
    seed = config.project.seed
    seen = points[gap_rows(len(points), seed)]
    highest = min(config.clustering.k[1], MOST_K, len(points) // USERS_PER_SEGMENT)
    ks = range(2, min(highest, count_distinct(seen, max(highest, 2))) + 1)
    can_refer = counts_clusters(asked.method) and not reads_categories(asked.method)
    method = asked.method if can_refer else "kmeans"
    return gap_curve(
        points,
        lambda k: make_clusterer(config.clustering, method, k, most_starts=STARTS),
        list(ks) or [2],
        seed,
        threads=threads,
    )
