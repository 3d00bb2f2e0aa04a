"""The decision sheet as a table: every candidate and every index side by side, to see where they disagree."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from coterie.report.words import MISSING, decimal, percent, span
from coterie.selection.trials import settings_told
from coterie.selection.types import Candidate, Decision


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sheet: its heading, what good looks like in a word or two, and how its cells are written."""

    title: str
    good: str
    cell: Callable[[Candidate], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate: its cells as text in the order of the columns, and whether it was chosen.

    Args:
        method: with its settings beside k. recipe: "" where there is only one.
    """

    method: str
    k: int
    is_chosen: bool
    cells: tuple[str, ...]
    misses: str
    recipe: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole table; a column that no candidate has anything for is left out."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def _lift(candidate: Candidate) -> str:
    return decimal(candidate.lift.lift.value if candidate.lift else None)


def _lift_span(candidate: Candidate) -> str:
    return (span(candidate.lift.lift) if candidate.lift else "") or MISSING


def _explained(candidate: Candidate) -> str:
    found = candidate.explained
    return MISSING if found is None else f"{percent(found.value.value, 1)} ± {percent(found.standard_error, 1)}"


def _silhouette(candidate: Candidate) -> str:
    value, width = decimal(candidate.silhouette.value, 3), span(candidate.silhouette, 3)
    return f"{value} ({width})" if width else value


def _inertia(candidate: Candidate) -> str:
    return f"{candidate.inertia:,.4g}" if abs(candidate.inertia) < 1e4 else f"{candidate.inertia:,.0f}"


def _lowest(values: tuple[float, ...]) -> str:
    return decimal(min((value for value in values if math.isfinite(value)), default=None))


COLUMNS = (
    Column("Lift", "above 1", _lift),
    Column("95% interval", "", _lift_span),
    Column("NDCG@10 by group", "higher", lambda c: decimal(c.lift.ndcg_segment if c.lift else None, 3)),
    Column("NDCG@10 by all", "", lambda c: decimal(c.lift.ndcg_global if c.lift else None, 3)),
    Column("Held-out columns explained", "above 0", _explained),
    Column("Stability, lowest", "0.75 or more", lambda c: _lowest(c.jaccard)),
    Column("Stability, highest", "", lambda c: decimal(max(c.jaccard, default=None))),
    Column("SLSw, lowest", "near 1", lambda c: _lowest(c.slsw)),
    Column("SLSa, lowest", "near 1", lambda c: _lowest(c.slsa)),
    Column("Agreement of seeds", "near 1", lambda c: decimal(c.seed_agreement)),
    Column("Smallest group", "not tiny", lambda c: percent(c.smallest_share, 1)),
    Column("In no group", "few", lambda c: percent(c.noise_share, 1) if c.noise_share > 0 else MISSING),
    Column("Newcomers' rule agrees", "100%", lambda c: percent(c.assign_agreement, 1)),
    Column("Silhouette", "higher", _silhouette),
    Column("Calinski–Harabasz", "higher", lambda c: decimal(c.calinski_harabasz, 1)),
    Column("Davies–Bouldin", "lower", lambda c: decimal(c.davies_bouldin)),
    Column("BIC", "lower", lambda c: decimal(c.bic, 0)),
    Column("Inertia", "falls with k", _inertia),
    Column("Activity explained", "low", lambda c: percent(c.activity_explained)),
)


def sheet(decision: Decision) -> Sheet:
    """Lay out the decision's candidates in their order."""
    candidates = decision.candidates
    columns = tuple(column for column in COLUMNS if any(column.cell(c) != MISSING for c in candidates))
    several = len({candidate.recipe for candidate in candidates}) > 1
    rows = tuple(
        Row(
            method=_method(candidate),
            k=candidate.k,
            is_chosen=place == decision.chosen,
            cells=tuple(column.cell(candidate) for column in columns),
            misses="; ".join(candidate.misses),
            recipe=(candidate.recipe or "as configured") if several else "",
        )
        for place, candidate in enumerate(candidates)
    )
    return Sheet(columns, rows)


def _method(candidate: Candidate) -> str:
    settings = settings_told(candidate.settings)
    return f"{candidate.method} ({settings})" if settings else candidate.method
