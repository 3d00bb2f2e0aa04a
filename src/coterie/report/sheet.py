"""The decision sheet as a table: every candidate and every index side by side, to see where they disagree."""

from __future__ import annotations

from dataclasses import dataclass

from coterie.report.words import MISSING, decimal, percent, span
from coterie.selection.types import Candidate, Decision


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sheet: its heading and what good looks like, in a word or two."""

    title: str
    good: str


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate: its cells as text in the order of the columns, and whether it was chosen."""

    method: str
    k: int
    is_chosen: bool
    cells: tuple[str, ...]
    misses: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole table."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


COLUMNS = (
    Column("Lift", "above 1"),
    Column("95% interval", ""),
    Column("NDCG@10 by group", "higher"),
    Column("NDCG@10 by all", ""),
    Column("Stability, lowest", "0.75 or more"),
    Column("Stability, highest", ""),
    Column("Agreement of seeds", "near 1"),
    Column("Smallest group", "not tiny"),
    Column("Silhouette", "higher"),
    Column("Calinski–Harabasz", "higher"),
    Column("Davies–Bouldin", "lower"),
    Column("Inertia", "falls with k"),
    Column("Activity explained", "low"),
)


def sheet(decision: Decision) -> Sheet:
    """Lay out the decision's candidates in their order."""
    rows = tuple(
        Row(c.method, c.k, place == decision.chosen, _cells(c), "; ".join(c.misses))
        for place, c in enumerate(decision.candidates)
    )
    return Sheet(COLUMNS, rows)


def _cells(candidate: Candidate) -> tuple[str, ...]:
    lift = candidate.lift
    silhouette = decimal(candidate.silhouette.value, 3)
    width = span(candidate.silhouette, 3)
    return (
        decimal(lift.lift.value if lift else None),
        (span(lift.lift) if lift else "") or MISSING,
        decimal(lift.ndcg_segment if lift else None, 3),
        decimal(lift.ndcg_global if lift else None, 3),
        decimal(min(candidate.jaccard, default=None)),
        decimal(max(candidate.jaccard, default=None)),
        decimal(candidate.seed_agreement),
        percent(candidate.smallest_share, 1),
        f"{silhouette} ({width})" if width else silhouette,
        decimal(candidate.calinski_harabasz, 1),
        decimal(candidate.davies_bouldin),
        f"{candidate.inertia:,.4g}" if abs(candidate.inertia) < 1e4 else f"{candidate.inertia:,.0f}",
        percent(candidate.activity_explained),
    )
