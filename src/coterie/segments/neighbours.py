"""How a segment differs from the one that is nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from coterie.segments.marks import Family
from coterie.segments.members import Members, ProfileOptions
from coterie.segments.statistics import (
    Comparison,
    MeanSums,
    RatioSums,
    benjamini_hochberg,
    compare_means,
    compare_ratios,
    compare_shares,
)
from coterie.segments.types import Difference, Neighbour
from coterie.terms import Use

MOST_ITEMS = 2_000  # of a column of items or tags: those of most users, whatever segment these are in
MOST = 8
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Comparisons of each segment with its neighbour: (k, m), of the places in the family."""

    family: Family
    places: npt.NDArray[np.intp]
    compared: Comparison
    p_adjusted: Floats


def nearest(centres: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Give for every segment the one of the nearest centre, the first of level ones, and how far that is."""
    gaps = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(gaps, np.inf)
    of = gaps.argmin(axis=1)
    return of, gaps[np.arange(len(centres)), of]


def neighbours(found: Sequence[Family], members: Members, options: ProfileOptions) -> tuple[Neighbour | None, ...]:
    """Compare every segment with its nearest neighbour; None where there is but one, or centres are not known."""
    if members.centres is None or members.n_segments < 2:
        return (None,) * members.n_segments
    of, gaps = nearest(np.asarray(members.centres, np.float64))
    pairs = _adjusted([_compared(family, of) for family in found if family.labels])
    return tuple(
        Neighbour(members.segment_ids[other], float(gap), _differences(pairs, (label, int(other)), options))
        for label, (other, gap) in enumerate(zip(of.tolist(), gaps, strict=True))
    )


def _compared(family: Family, of: npt.NDArray[np.intp]) -> _Pairs:
    places = np.sort(np.argsort(-family.n_all, kind="stable")[:MOST_ITEMS])
    sums = family.inside
    if isinstance(sums, MeanSums):
        compared = _of_means(sums, of)
        if family.logged is not None:
            tested = _of_means(family.logged, of)
            compared = Comparison(
                compared.inside, compared.overall, compared.index, compared.low, compared.high, tested.effect, tested.p
            )
    else:
        here = _some(sums, places)
        there = _rows(here, of)
        both = RatioSums(*(a + b for a, b in zip(_parts(here), _parts(there), strict=True)))
        if family.kind == "category":
            compared = compare_shares(here.y, here.n, both.y, both.n)
        else:
            compared = compare_ratios(here, both)
    return _Pairs(family, places, compared, compared.p)


def _of_means(sums: MeanSums, of: npt.NDArray[np.intp]) -> Comparison:
    """Compare with the two together, whose sums are put together anew."""
    there = MeanSums(*(part[of] for part in _mean_parts(sums)))
    n = sums.n + there.n
    mean = np.divide(sums.n * sums.mean + there.n * there.mean, n, out=np.zeros(n.shape), where=n > 0)
    squares = sums.squares + there.squares + sums.n * (sums.mean - mean) ** 2 + there.n * (there.mean - mean) ** 2
    return compare_means(sums, MeanSums(n, mean, squares, np.minimum(sums.smallest, there.smallest)))


def _parts(sums: RatioSums) -> list[Floats]:
    return [sums.y, sums.yy, sums.yn, sums.n, sums.nn, sums.users]


def _mean_parts(sums: MeanSums) -> list[Floats]:
    return [sums.n, sums.mean, sums.squares, sums.smallest]


def _some(sums: RatioSums, places: npt.NDArray[np.intp]) -> RatioSums:
    return RatioSums(*(part if part.shape[1] == 1 else part[:, places] for part in _parts(sums)))


def _rows(sums: RatioSums, of: npt.NDArray[np.intp]) -> RatioSums:
    return RatioSums(*(part[of] for part in _parts(sums)))


def _adjusted(pairs: Sequence[_Pairs]) -> list[_Pairs]:
    adjusted = []
    for use in get_args(Use):
        own = [pair for pair in pairs if pair.family.use == use]
        if own:
            p = benjamini_hochberg(np.concatenate([pair.compared.p.ravel() for pair in own]))
            parts = np.split(p, np.cumsum([pair.compared.p.size for pair in own])[:-1])
            adjusted += [
                _Pairs(pair.family, pair.places, pair.compared, part.reshape(pair.compared.p.shape))
                for pair, part in zip(own, parts, strict=True)
            ]
    return adjusted


def _differences(pairs: Sequence[_Pairs], who: tuple[int, int], options: ProfileOptions) -> tuple[Difference, ...]:
    """Give the strongest significant differences whose figures may be shown of both."""
    label, other = who
    found: list[tuple[float, Difference]] = []
    for pair in pairs:
        family, compared, places = pair.family, pair.compared, pair.places
        hidden = family.hidden[label, places] | family.hidden[other, places]
        few = np.minimum(family.n[label, places], family.n[other, places]) < options.min_cell
        shown = np.flatnonzero((pair.p_adjusted[label] < options.fdr) & ~hidden & ~few)
        sure = _surely(compared, label)[shown]
        there = _figures(family)[other]
        found += [
            (
                float(sure[rank]),
                Difference(
                    kind=family.kind,
                    table=family.table,
                    column=family.column,
                    label=family.labels[places[at]],
                    use=family.use,
                    here=float(compared.inside[label, at]),
                    there=float(there[places[at]]),
                    effect=float(compared.effect[label, at]),
                    p_adjusted=float(pair.p_adjusted[label, at]),
                ),
            )
            for rank, at in ((rank, int(shown[rank])) for rank in np.argsort(-sure, kind="stable")[:MOST].tolist())
        ]
    found.sort(key=lambda one: (-one[0], one[1].kind, one[1].table, one[1].column, one[1].label))
    return tuple(difference for _, difference in found[:MOST])


def _surely(compared: Comparison, label: int) -> Floats:
    """Rank by how surely the two differ: by p, which is alike for shares and means, then by size."""
    size = np.minimum(np.abs(compared.effect[label]), 1e3) * 1e-6
    sure: Floats = size - np.log(np.maximum(compared.p[label], 1e-300))
    return sure


def _figures(family: Family) -> Floats:
    """Give (k, m) what is compared of each segment."""
    sums = family.inside
    return sums.mean if isinstance(sums, MeanSums) else family.compared.inside
