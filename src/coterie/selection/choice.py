"""Which candidate is taken and why: the rule of the design, in words a reader can check.

Among the candidates that meet the floors on stability and smallest share, the highest lift sets the mark; the smallest
k whose lift lies within one standard error of it is taken (the one-standard-error rule of Breiman, Friedman, Olshen &
Stone 1984, section 3.4.3, with the error of the difference, paired over users), or within half a percent of what the
best gains: among many users a difference may be certain and of no use. Where there are no events to hold out,
the variance that segments explain in columns they were not formed on takes lift's place, and the highest mean
silhouette where that cannot be measured either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from coterie.config import Clustering, Config, Floors
from coterie.selection.scores import MEASURES, Measure
from coterie.selection.trials import counts_clusters, settings_told
from coterie.selection.types import Candidate

SLIGHT = (
    0.005  # of what the best gains: with ten thousand users the standard error would part what nobody can tell apart
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which candidate is taken.

    Args:
        candidates: the sheet, each with the floors that it misses. chosen: index into it. reason: in sentences.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    reason: str

    @property
    def candidate(self) -> Candidate:
        """The candidate that is taken."""
        return self.candidates[self.chosen]


PairedError = Callable[[int, int], float]


class Scored(NamedTuple):
    """A candidate with what is compared and its standard error."""

    place: int
    candidate: Candidate
    value: float
    error: float


def misses(candidate: Candidate, floors: Floors) -> tuple[str, ...]:
    """Name the floors that a candidate misses, with the figures."""
    found = []
    weakest = min(candidate.jaccard)
    if weakest < floors.min_stability:
        told = _just_below(weakest, floors.min_stability)
        found.append(f"its least stable segment has {told}, below {floors.min_stability:.2f}")
    if candidate.smallest_share < floors.min_share:
        found.append(f"its smallest segment holds {candidate.smallest_share:.1%}, below {floors.min_share:.1%}")
    if candidate.out_share > floors.max_noise:
        how = "as noise or by its recipe's floors" if candidate.dropped_share else "as noise"
        found.append(f"it leaves out {candidate.out_share:.0%} of users {how}, above {floors.max_noise:.0%}")
    return tuple(found)


def choose(candidates: Sequence[Candidate], config: Config, paired_error: PairedError | None = None) -> Choice:
    """Choose a candidate.

    Args:
        candidates: at least one, those of a recipe in order of k. config: for its floors.
        paired_error: gives the standard error of the difference in score of two candidates, by their places; without
            it that of the better one's own score is taken, which is wider.
    """
    judged = tuple(replace(candidate, misses=misses(candidate, config.segments)) for candidate in candidates)
    return Choice(judged, *_choose(judged, config.clustering, paired_error))


def _choose(candidates: tuple[Candidate, ...], asked: Clustering, paired_error: PairedError | None) -> tuple[int, str]:
    if len(candidates) == 1:
        return 0, _only(candidates[0], asked)
    numbered = list(enumerate(candidates))
    eligible = [(i, c) for i, c in numbered if not c.misses]
    called = caller(candidates)
    tried = _tried(candidates)
    if not eligible:
        index, best = max(numbered, key=lambda pair: (min(pair[1].jaccard), -pair[1].k))
        return index, (
            f"{tried}, and none meets the floors. {called(best)} is shown because its least stable segment holds best "
            f"({min(best.jaccard):.2f}); {' and '.join(best.misses) or 'it meets them alone'}."
        )
    for measure in MEASURES[:-1]:
        scored = [Scored(i, c, *found) for i, c in eligible if (found := measure.of(c)) is not None]
        if scored:
            index, reason = _by_score(scored, called, measure, paired_error)
            return index, f"{tried}; {len(scored)} {_meet(scored)} the floors on stability and size. {reason}"
    index, best = max(eligible, key=lambda pair: (pair[1].silhouette.value, -pair[1].k))
    return index, (
        f"{tried}; {len(eligible)} {_meet(eligible)} the floors. There are no events to hold out, and not enough "
        "columns or too many, so neither lift nor explained variance can be measured; "
        f"{called(best)} has the highest mean silhouette among them ({best.silhouette.value:.3f})."
    )


def _only(candidate: Candidate, asked: Clustering) -> str:
    told = f" It misses a floor: {' and '.join(candidate.misses)}." if candidate.misses else ""
    if not counts_clusters(candidate.method):
        with_settings = f" with {settings_told(candidate.settings)}" if candidate.settings else ""
        found = f"{candidate.method}{with_settings} found {candidate.k} segments"
        return f"Only {found}; there is nothing else to choose from.{told}"
    if asked.k[0] == asked.k[1]:
        return f"k = {candidate.k} is fixed in the configuration, so nothing was chosen.{told}"
    return f"Only k = {candidate.k} could be tried with so few different users, so nothing was chosen.{told}"


def _tried(candidates: tuple[Candidate, ...]) -> str:
    methods = list(dict.fromkeys(candidate.method for candidate in candidates))
    recipes = {candidate.recipe for candidate in candidates}
    numbers = sorted({candidate.k for candidate in candidates})
    span = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"
    from_recipes = f" from {len(recipes)} recipes" if len(recipes) > 1 else ""
    if len(methods) == 1 and not from_recipes and len(numbers) == len(candidates):
        return f"{len(candidates)} numbers of segments were tried, {span}"
    named = f"{', '.join(methods[:-1])} and {methods[-1]}" if len(methods) > 1 else methods[0]
    return f"{len(candidates)} candidates{from_recipes} were tried, {named} with k {span}"


def caller(candidates: Sequence[Candidate]) -> Callable[[Candidate], str]:
    """Give how a candidate is called: by its k, and by its method, settings and recipe where there are several."""
    several_methods = len({candidate.method for candidate in candidates}) > 1
    several_recipes = len({candidate.recipe for candidate in candidates}) > 1

    def called(candidate: Candidate) -> str:
        settings = settings_told(candidate.settings)
        with_settings = f"{candidate.method} ({settings})" if settings else candidate.method
        by_method = f"{with_settings} with k = {candidate.k}" if several_methods or settings else f"k = {candidate.k}"
        recipe = candidate.recipe or "the config as it stands"
        return f"{by_method} of the recipe '{recipe}'" if several_recipes else by_method

    return called


def _by_score(
    scored: list[Scored], called: Callable[[Candidate], str], measure: Measure, paired_error: PairedError | None
) -> tuple[int, str]:
    best = max(scored, key=lambda row: (row.value, -row.candidate.k))
    told, slight = measure.name, SLIGHT * (best.value - measure.of_useless)

    def error(row: Scored) -> float:
        return best.error if paired_error is None else paired_error(row.place, best.place)

    near = [row for row in scored if row is best or row.value >= best.value - max(error(row), slight)]
    taken = min(near, key=lambda row: (row.candidate.k, -row.value))
    name = called(taken.candidate)
    if taken is best:
        is_smallest = taken.candidate.k == min(row.candidate.k for row in scored)
        smaller = "none of these is smaller" if is_smallest else "no smaller k comes within one standard error of it"
        return taken.place, f"{name} has the highest {told} of these ({taken.value:.2f}), and {smaller}."
    fewer = f": fewer segments with as much {told}" if taken.candidate.k < best.candidate.k else ""
    highest = f"The highest {told} of these is {best.value:.2f}, at {called(best.candidate)}."
    if best.value - taken.value > error(taken):
        return taken.place, (
            f"{highest} {name} is the smallest that gains all but {SLIGHT:.1%} of what it gains ({taken.value:.2f})"
            f"{fewer}."
        )
    return taken.place, (
        f"{highest} {name} is the smallest within one standard error of it ({taken.value:.2f}; the difference is known "
        f"to {error(taken):.3f}){fewer}."
    )


def _meet(some: Sequence[object]) -> str:
    return "meets" if len(some) == 1 else "meet"


def _just_below(value: float, floor: float) -> str:
    """Write a value with as many decimals, two at least, as it takes to be seen to be below the floor."""
    decimals = next((d for d in range(2, 6) if f"{value:.{d}f}" != f"{floor:.{d}f}"), 6)
    return f"{value:.{decimals}f}"
