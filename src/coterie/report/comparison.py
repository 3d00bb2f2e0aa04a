"""The page of a comparison, in the report's style: self-contained, opens from a disk without a network."""

from __future__ import annotations

from pathlib import Path

from coterie import plots, records
from coterie.activation.comparison import Comparison
from coterie.activation.drift import MAJOR, MODERATE, Drift
from coterie.plots.theme import Chart
from coterie.report.figures import Figure, figure_of
from coterie.report.lone import lone_page


def write_comparison(path: Path, found: Comparison) -> None:
    """Write the page; its file appears whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    records.write_whole(path, render(found).encode())


def charts(found: Comparison) -> dict[str, tuple[str, str, Chart]]:
    """Give the figures by name: title, how to read it, chart."""
    with plots.drawing():
        drawn: dict[str, tuple[str, str, Chart]] = {
            "migration": (
                "Who went where",
                "Left: the segments before. Right: after. Bands: those who are in both. Groups that are too small to "
                "be told of have no band.",
                plots.migration_flow(found.migration),
            )
        }
        columns = shown_columns(found)
        if columns:
            drawn["drift"] = (
                "What has moved most",
                f"Broken lines: {MODERATE:.2f}, moderate, and {MAJOR:.2f}, major. Pale: no more than chance gives.",
                plots.drift_bars(columns),
            )
    return drawn


def shown_columns(found: Comparison, most: int = 20) -> tuple[Drift, ...]:
    """Give the measures that a reader sees first: mix, confidence, activity, then the columns that moved most."""
    if found.drift is None:
        return ()
    drift = found.drift
    columns = sorted((*drift.basis.columns, *drift.descriptors.columns), key=lambda one: (not one.has_moved, -one.psi))
    first = (drift.mix.drift, drift.confidence, *drift.activity)
    return (*first, *columns[: max(most - len(first), 0)])


def render(found: Comparison) -> str:
    """Give the page as HTML text."""
    with plots.drawing():
        figures: dict[str, Figure] = {
            name: figure_of(f"fig-{name}", title, note, chart) for name, (title, note, chart) in charts(found).items()
        }
    facts = {
        "found": found,
        "migration": found.migration,
        "drift": found.drift,
        "columns": shown_columns(found),
        "figures": figures,
    }
    return lone_page("comparison.html", facts, {"users": _users})


def _users(count: int | None) -> str:
    return "·" if count is None else f"{count:,}"
