"""How far different methods, and different numbers of clusters, agree on who belongs together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.selection.evidence.solutions import Solution
from coterie.selection.evidence.thinning import brief, drawn
from coterie.selection.evidence.types import AgreementMatrix
from coterie.selection.scores import value_of
from coterie.selection.stability import adjusted_rand

MOST_SOLUTIONS = 30
MOST_ROWS = 10_000


def agreement(found: Sequence[Solution], chosen: Solution, rng: np.random.Generator) -> AgreementMatrix | None:
    """Give the adjusted Rand index of every two solutions; None where there are fewer than two.

    Where there are more than ``MOST_SOLUTIONS``, each method's best is shown, the chosen one always among them. Above
    ``MOST_ROWS`` users a sample is compared. Users left out as noise count as one more cluster.

    Source:
        Hubert & Arabie (1985), "Comparing partitions".
    """
    n_total = len(chosen.labels)
    known = [s for s in found if len(s.labels) == n_total]
    shown = known if len(known) <= MOST_SOLUTIONS else best_of_each(known, chosen)[:MOST_SOLUTIONS]
    if len(shown) < 2:
        return None
    rows = drawn(n_total, MOST_ROWS, rng)
    labelings = [s.labels[rows] for s in shown]
    values = np.ones((len(shown), len(shown)))
    for a in range(len(shown)):
        for b in range(a):
            values[a, b] = values[b, a] = brief(adjusted_rand(labelings[a], labelings[b]))
    return AgreementMatrix(
        tuple(s.name for s in shown),
        next(place for place, s in enumerate(shown) if s.place == chosen.place),
        tuple(tuple(row) for row in values.tolist()),
        len(found) - len(shown),
        len(rows),
        n_total,
    )


def best_of_each(known: Sequence[Solution], chosen: Solution) -> list[Solution]:
    """Give each method's best: the chosen one, else one that misses nothing, of the highest score, then silhouette."""

    def worth(solution: Solution) -> tuple[bool, bool, float, float]:
        candidate = solution.candidate
        return solution.place == chosen.place, not candidate.misses, value_of(candidate), candidate.silhouette.value

    best: dict[str, Solution] = {}
    for solution in known:
        if solution.line not in best or worth(solution) > worth(best[solution.line]):
            best[solution.line] = solution
    return sorted(best.values(), key=lambda s: (s.place != chosen.place, s.place))
