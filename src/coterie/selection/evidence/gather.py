"""All evidence that arrays give, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from coterie.clustering.contract import Labels
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.parallel import single_threaded
from coterie.selection.evidence.agreement import agreement
from coterie.selection.evidence.flow import flow
from coterie.selection.evidence.kdistance import k_distance
from coterie.selection.evidence.parallel_lines import Columns, parallel
from coterie.selection.evidence.plane import gorge, separation
from coterie.selection.evidence.silhouettes import silhouette_profiles
from coterie.selection.evidence.solutions import Solution, solutions
from coterie.selection.evidence.som import SomUnits, som_grid
from coterie.selection.evidence.thinning import brief, briefly
from coterie.selection.evidence.tree import Merged, dendrogram, ward_tree
from coterie.selection.evidence.types import (
    Elbow,
    ElbowLine,
    Evidence,
    StabilityBar,
    StabilityBars,
    WithinStability,
)
from coterie.selection.types import Candidate, GapCurve, NullTest, stability_band

NEIGHBOUR = 10  # where no density method says by which it measures
MOST_PROFILES = 30


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What was found elsewhere, or cannot be told from points and labels.

    Args:
        segment_ids: of the chosen solution's clusters, in label order; "s-1", "s-2" ... where there are none.
        columns: that users are compared on; by default the dimensions of the embedding.
        gap, null: of the chosen solution's points. som: the map, where the chosen solution is one.
        tree: of the chosen solution, where it is one; by default users are merged by Ward's criterion.
        slsw: (k,) lists of segment level stability within the chosen solution; by default the candidate's means.
        neighbour: that density methods measured by, oneself not counted; None where there are none.
    """

    segment_ids: Sequence[str] = ()
    columns: Columns | None = None
    gap: GapCurve | None = None
    null: NullTest | None = None
    som: SomUnits | None = None
    tree: Merged | None = None
    slsw: Sequence[Sequence[float]] = ()
    neighbour: int | None = None


def gather(
    points: Points,
    labels: Sequence[Labels | None],
    candidates: Sequence[Candidate],
    chosen: int,
    *,
    rng: np.random.Generator,
    threads: int = 1,
    given: Given | None = None,
) -> Evidence:
    """Compute the evidence for one choice.

    Args:
        points: (n, d) embedding of the chosen candidate, by sorted user. candidates: the decision sheet.
        labels: (n,) of each candidate, or None where a candidate's users are not these. chosen: place in the sheet.
        rng: draws the samples. threads: tasks at once; the answer does not depend on it.

    Raises:
        DataError: there is not one labelling a candidate, or the chosen one's do not fit the points.
    """
    given = given or Given()
    found = solutions(candidates, _checked(points, labels, candidates, chosen), chosen)
    own = found[chosen]
    names = tuple(given.segment_ids) or tuple(f"s-{c + 1}" for c in range(own.n_clusters))
    here = [s for s in found if s.n_clusters and s.candidate.recipe == own.candidate.recipe]
    with single_threaded():
        return Evidence(
            solution=own.name,
            n_users=len(points),
            elbow=elbow(found, own),
            silhouettes=silhouette_profiles(points, _nearest(here, own), names, chosen, rng, threads=threads),
            k_distance=k_distance(points, given.neighbour or NEIGHBOUR, _tried(here), rng),
            dendrogram=dendrogram(given.tree or ward_tree(points, own.labels, rng), names, len(points)),
            gap=given.gap,
            null=given.null,
            stability=_bars(own, names),
            flow=flow([s for s in here if s.line == own.line], own, names),
            within=_within(own, names, given.slsw),
            agreement=agreement(found, own, rng),
            som=som_grid(given.som, names) if given.som is not None else None,
            parallel=parallel(given.columns or _dimensions(points), own.labels, names, rng),
            gorge=gorge(points, own.labels, names, rng),
            separation=separation(points, own.labels, names, rng),
        )


def _checked(
    points: Points, labels: Sequence[Labels | None], candidates: Sequence[Candidate], chosen: int
) -> Sequence[Labels | None]:
    if len(labels) != len(candidates) or not 0 <= chosen < len(candidates):
        raise DataError(
            f"evidence got {len(labels)} labellings of {len(candidates)} candidates, of which number {chosen} "
            "is chosen; expected one a candidate, and a place among them"
        )
    own = labels[chosen]
    if own is None or len(own) != len(points):
        got = "none" if own is None else f"{len(own):,}"
        raise DataError(f"evidence got {got} labels of the chosen candidate for {len(points):,} points")
    return [one if one is not None and len(one) == len(points) else None for one in labels]


def elbow(found: Sequence[Solution], chosen: Solution) -> Elbow | None:
    """Give inertia over k, and for each method the k where it bends most: the largest second difference.

    Inertia of another embedding has another unit, so other recipes are left out.

    Source:
        Thorndike (1953), "Who belongs in the family?". It shows an elbow also where there are no clusters.
    """
    alike = (s for s in found if s.candidate.recipe == chosen.candidate.recipe)
    by_line = sorted(alike, key=lambda s: (s.line, s.candidate.k, s.place))
    lines = []
    for line, group in groupby(by_line, key=lambda s: s.line):
        by_k = {s.candidate.k: s.candidate.inertia for s in group if np.isfinite(s.candidate.inertia)}
        lines.append(ElbowLine(line, tuple(by_k), briefly(list(by_k.values())), bend(by_k)))
    return Elbow(tuple(lines), chosen.candidate.k) if any(len(line.k) > 1 for line in lines) else None


def bend(inertia: dict[int, float]) -> int:
    """Give the k of the largest second difference, of those with both neighbours; 0 where there is none."""
    bends = {
        k: inertia[k - 1] - 2 * inertia[k] + inertia[k + 1] for k in inertia if k - 1 in inertia and k + 1 in inertia
    }
    return max(bends, key=lambda k: (bends[k], -k)) if bends else 0


def _nearest(here: Sequence[Solution], own: Solution) -> list[Solution]:
    """Keep the solutions of the chosen one's method first, then others, in the order of the sheet."""
    wanted = sorted(here, key=lambda s: (s.place != own.place, s.line != own.line, s.place))[:MOST_PROFILES]
    return sorted(wanted, key=lambda s: s.place)


def _tried(here: Sequence[Solution]) -> list[float]:
    found = (s.candidate.settings.get("eps") for s in here)
    return [float(eps) for eps in found if isinstance(eps, int | float) and not isinstance(eps, bool)]


def _bars(own: Solution, names: Sequence[str]) -> StabilityBars | None:
    pairs = zip(names, own.candidate.jaccard, strict=False)
    bars = tuple(StabilityBar(name, brief(value), stability_band(value)) for name, value in pairs)
    return StabilityBars(own.name, bars) if bars else None


def _within(own: Solution, names: Sequence[str], slsw: Sequence[Sequence[float]]) -> WithinStability | None:
    lists = list(slsw) or [[value] for value in own.candidate.slsw]
    if len(lists) != len(names):
        return None
    return WithinStability(own.name, tuple(names), tuple(briefly(values) for values in lists))


def _dimensions(points: Points) -> Columns:
    return Columns([f"dimension {d + 1}" for d in range(points.shape[1])], points)
