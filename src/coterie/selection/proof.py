"""What is asked of the chosen candidate alone, since it takes long: is it natural, and where does the gap close."""

from __future__ import annotations

from dataclasses import dataclass

from coterie.clustering.contract import Labels
from coterie.config import Config
from coterie.embedding.contract import Points
from coterie.selection.gap import gap_curve
from coterie.selection.null import null_test
from coterie.selection.trials import Asked, Progress, counts_clusters, make_clusterer
from coterie.selection.types import Candidate, GapCurve, NullTest

STARTS = 3  # of the refits on replicates and references
MOST_K = 15  # of the gap curve


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found.

    Args:
        null: is it natural. gap: over k, on the same points by the same method, or by k-means where it finds k itself.
    """

    null: NullTest
    gap: GapCurve


def prove(
    config: Config,
    points: Points,
    labels: Labels,
    asked: Asked,
    columns: tuple[str | None, ...],
    *,
    threads: int,
    progress: Progress,
) -> Proof:
    """Test a clustering against structureless replicates of its points, and compute the gap curve.

    Args:
        config: of the recipe. points: (n, d). labels: (n,) of the fit. asked: how it was made. columns: of the points.
    """
    clustering, evaluation = config.clustering, config.evaluation
    progress("made-up audiences without groups", 0, 2)
    clusterer = make_clusterer(clustering, asked.method, asked.k, asked.settings, columns=columns, most_starts=STARTS)
    null = null_test(
        points,
        labels,
        clusterer,
        config.project.seed,
        null=evaluation.null,
        replicates=evaluation.replicates,
        threads=threads,
    )
    progress("gap statistic", 1, 2)
    gap = _gap(config, points, asked, columns, threads=threads)
    progress("gap statistic", 2, 2)
    return Proof(null, gap)


def asked_of(candidate: Candidate) -> Asked:
    """Give how a candidate was made."""
    return Asked(candidate.method, candidate.k if counts_clusters(candidate.method) else None, candidate.settings)


def _gap(config: Config, points: Points, asked: Asked, columns: tuple[str | None, ...], *, threads: int) -> GapCurve:
    lowest, highest = config.clustering.k
    ks = range(min(lowest, 2), min(highest, MOST_K, len(points) // 5) + 1)
    method = asked.method if counts_clusters(asked.method) else "kmeans"
    return gap_curve(
        points,
        lambda k: make_clusterer(config.clustering, method, k, columns=columns, most_starts=STARTS),
        list(ks) or [2],
        config.project.seed,
        threads=threads,
    )
