"""Which features mark a segment: every comparison of a profile, adjusted together, and the choice of those to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from coterie.segments.attributes import CategoryColumn, NumberColumn, mean_sums
from coterie.segments.events import EventCounts, KeyCounts
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
from coterie.segments.suppression import Mask, hidden_in_columns
from coterie.segments.types import Mark, MarkKind
from coterie.selection.types import Interval
from coterie.terms import Use

KIND_ORDER: tuple[MarkKind, ...] = ("tag", "item", "category", "number")
ACTIVITY_COLUMN = "events"
_DEFAULT = ProfileOptions()
ACTIVITY_LABEL = "events per user"


@dataclass(frozen=True, slots=True)
class Family:
    """Comparisons of one kind from one column: k segments by m labels.

    Args:
        n: (k, m) users of the segment behind a figure. n_all: (m,) of all users.
        hidden: (k, m) whether a figure is withheld (``coterie.segments.suppression``).
        inside: sums over the users of each segment. logged: those of the logarithm, where that is what is tested.
        p_adjusted: (k, m), over all families of the same use. n_users: with any positive event.
    """

    kind: MarkKind
    table: str
    column: str
    use: Use
    labels: tuple[str, ...]
    n: npt.NDArray[np.int64]
    n_all: npt.NDArray[np.int64]
    hidden: Mask
    inside: RatioSums | MeanSums
    logged: MeanSums | None
    compared: Comparison
    p_adjusted: npt.NDArray[np.float64]
    n_users: int = 0


def families(
    events: Iterable[EventCounts],
    numbers: Iterable[NumberColumn],
    categories: Iterable[CategoryColumn],
    members: Members,
    options: ProfileOptions = _DEFAULT,
) -> tuple[Family, ...]:
    """Make every comparison of a profile and adjust them for their number."""
    least = options.min_cell
    found: list[Family] = []
    events = tuple(events)
    for counts in events:
        use = members.use_of(counts.table)
        found.append(_of_keys("item", counts.items, counts.table, use, least))
        if counts.tags is not None:
            found.append(_of_keys("tag", counts.tags, counts.table, use, least))
        label = ACTIVITY_LABEL if len(events) == 1 else f"{ACTIVITY_LABEL} in {counts.table}"
        found.append(_of_activity(counts, members, (use, label), least))
    found += [_of_category(column, members, least) for column in categories]
    found += [_of_number(column, members, least) for column in numbers]
    return _adjusted(found)


def is_activity(mark: Mark) -> bool:
    """Say whether a mark is about how much users do, and not about an attribute of theirs."""
    return mark.kind == "number" and mark.column == ACTIVITY_COLUMN and mark.label.startswith(ACTIVITY_LABEL)


def is_over(mark: Mark) -> bool:
    """Say whether the segment has more of it than the rest."""
    return mark.effect > 0


def strength(mark: Mark) -> float:
    """Say how surely and how far a mark is from the average; higher is stronger.

    For shares it is the log distance from index 100 to the near end of the index's interval, so that a rare item with a
    wild index does not come before a frequent one that is surely above average; for numbers the size of Cohen's d.
    """
    if mark.kind == "number" or mark.index is None:
        return abs(mark.effect)
    if is_over(mark):
        return float(np.log(max(mark.index.low, 1e-9) / 100))
    return float(np.log(100 / max(mark.index.high, 1e-9)))


def marks_of(found: Sequence[Family], label: int, options: ProfileOptions) -> tuple[Mark, ...]:
    """Give the marks of one segment.

    All values and numbers are kept, of items and tags only significant ones, by table the strongest ``max_over`` and
    ``max_under``. What fewer than ``min_cell`` users of the segment are behind is left out, and what would tell of so
    few by subtraction. Order: kind; significant ones first; over-indexed ones first; strongest first.
    """
    kept: list[Mark] = []
    for family in found:
        shown = _shown(family, label, options)
        marks = sorted((_mark(family, label, int(place), options) for place in shown), key=_order)
        if family.kind in {"item", "tag"}:
            over = [mark for mark in marks if is_over(mark)]
            under = [mark for mark in marks if not is_over(mark)]
            marks = over[: options.max_over] + under[: options.max_under]
        kept += marks
    return tuple(sorted(kept, key=_order))


def _of_keys(kind: MarkKind, counts: KeyCounts, table: str, use: Use, least: int) -> Family:
    compared = compare_ratios(counts.inside, counts.overall)
    hidden = hidden_in_columns(_with_others(counts.users, counts.users_all), least)[:-1]
    if kind == "tag":
        hidden = _without_small_rest(hidden, counts, least)
    return Family(
        kind, table, kind, use, counts.labels, counts.users, counts.users_all, hidden, counts.inside, None, compared,
        compared.p, int(counts.overall.users.item()),
    )  # fmt: skip


def _with_others(counts: npt.NDArray[np.int64], counts_all: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give counts of segments and, last, of users in no segment."""
    return np.vstack([counts, counts_all - counts.sum(axis=0)])


def _without_small_rest(hidden: Mask, counts: KeyCounts, least: int) -> Mask:
    """Withhold more where each event has one tag: then what is shown and what is not add up to all events."""
    y, n = counts.inside.y, counts.inside.n[:, 0]
    if not len(counts.labels) or (y.sum(axis=1) > n).any():
        return hidden
    hidden = hidden.copy()
    for _ in range(len(counts.labels)):
        rest = n - np.where(hidden, 0, y).sum(axis=1)
        short = np.flatnonzero((rest > 0) & (rest < least) & ~hidden.all(axis=1))
        if not len(short):
            break
        hidden[short, np.where(hidden[short], np.inf, y[short]).argmin(axis=1)] = True
        everybody = _with_others(np.where(hidden, least - 1, counts.users), counts.users_all)
        hidden |= hidden_in_columns(np.maximum(everybody, 0), least)[:-1]
    return hidden


def _of_category(column: CategoryColumn, members: Members, least: int) -> Family:
    counts, counts_all = column.counts.astype(np.float64), column.counts_all.astype(np.float64)[None, :]
    known, known_all = column.known.astype(np.float64)[:, None], np.full((1, 1), float(column.known_all))
    compared = compare_shares(counts, known, counts_all, known_all)
    use = members.use_of(column.table, column.column)
    inside = RatioSums(counts, counts, counts, known, known, known)
    return Family(
        "category", column.table, column.column, use, column.values, column.counts, column.counts_all,
        column.hidden(least), inside, None, compared, compared.p,
    )  # fmt: skip


def _of_number(column: NumberColumn, members: Members, least: int) -> Family:
    inside, overall = mean_sums(column.values, members)
    compared = compare_means(inside, overall)
    use = members.use_of(column.table, column.attribute or column.column)
    return Family(
        "number", column.table, column.column, use, (column.column,), *_known(inside, overall, least), inside, None,
        compared, compared.p,
    )  # fmt: skip


def _known(
    inside: MeanSums, overall: MeanSums, least: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Mask]:
    """Give users of whom a number is known, by segment and of all, and which of its means are withheld."""
    n, n_all = inside.n.astype(np.int64), overall.n[0].astype(np.int64)
    return n, n_all, hidden_in_columns(_with_others(n, n_all), least)[:-1]


def _of_activity(counts: EventCounts, members: Members, said: tuple[Use, str], least: int) -> Family:
    """Compare events per user: means as they are, tested on a log scale, since a few users do a great deal."""
    sums, sums_all = mean_sums(counts.events.astype(np.float64), members)
    raw = compare_means(sums, sums_all)
    inside, overall = mean_sums(np.log1p(counts.events.astype(np.float64)), members)
    logged = compare_means(inside, overall)
    compared = replace(raw, p=logged.p, effect=logged.effect)
    use, label = said
    return Family(
        "number", counts.table, ACTIVITY_COLUMN, use, (label,), *_known(sums, sums_all, least), sums, inside, compared,
        compared.p,
    )  # fmt: skip


def _adjusted(found: Sequence[Family]) -> tuple[Family, ...]:
    """Adjust what segments were formed on and what only describes them each by itself.

    Differences in the basis are there by construction. Thrown together with the descriptors they would raise the number
    of discoveries, and with it the p-values that Benjamini-Hochberg lets pass among the descriptors.
    """
    by_use = {use: _adjusted_together([family for family in found if family.use == use]) for use in get_args(Use)}
    in_order = {use: iter(families) for use, families in by_use.items()}
    return tuple(next(in_order[family.use]) for family in found)


def _adjusted_together(found: Sequence[Family]) -> tuple[Family, ...]:
    if not found:
        return ()
    adjusted = benjamini_hochberg(np.concatenate([family.compared.p.ravel() for family in found]))
    ends = np.cumsum([family.compared.p.size for family in found])
    parts = np.split(adjusted, ends[:-1])
    return tuple(
        replace(family, p_adjusted=part.reshape(family.compared.p.shape))
        for family, part in zip(found, parts, strict=True)
    )


def _shown(family: Family, label: int, options: ProfileOptions) -> npt.NDArray[np.intp]:
    shown = (family.n[label] >= options.min_cell) & ~family.hidden[label]
    if family.kind in {"item", "tag"}:
        shown = shown & (family.p_adjusted[label] < options.fdr)
    return np.flatnonzero(shown)


def _mark(family: Family, label: int, place: int, options: ProfileOptions) -> Mark:
    at = (label, place)
    compared = family.compared
    index = None
    if np.isfinite(compared.index[at]):
        index = Interval(float(compared.index[at]), float(compared.low[at]), float(compared.high[at]))
    poles = options.poles.get((family.table, family.column)) if family.kind == "number" else None
    return Mark(
        kind=family.kind,
        table=family.table,
        column=family.column,
        label=family.labels[place] if poles is None else " to ".join(poles),
        use=family.use,
        n=int(family.n[at]),
        n_all=int(family.n_all[place]),
        inside=float(compared.inside[at]),
        overall=float(compared.overall[at]),
        index=index,
        effect=float(compared.effect[at]),
        p=float(compared.p[at]),
        p_adjusted=float(family.p_adjusted[at]),
        significant=bool(family.p_adjusted[at] < options.fdr),
        poles=poles,
    )


def _order(mark: Mark) -> tuple[int, bool, bool, float, str, str, str]:
    kind = KIND_ORDER.index(mark.kind)
    return kind, not mark.significant, not is_over(mark), -strength(mark), mark.table, mark.column, mark.label
