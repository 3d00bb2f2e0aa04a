"""The page of a comparison, in the report's style: self-contained, opens from a disk without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from coterie import plots, records
from coterie.activation.comparison import Comparison
from coterie.activation.drift import MAJOR, MODERATE, Drift
from coterie.plots.theme import ON_DARK, Chart, printable
from coterie.report import embed
from coterie.report.figures import Figure, figure_of
from coterie.report.page import text_of
from coterie.report.words import decimal, percent


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
    vega, draw = embed.script(plots.drawing_scripts()), embed.script(text_of("page.js"))
    with plots.drawing():
        figures: dict[str, Figure] = {
            name: figure_of(f"fig-{name}", title, note, chart) for name, (title, note, chart) in charts(found).items()
        }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("coterie.report", "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"percent": percent, "decimal": decimal, "json_in_script": embed.json_in_script})
    environment.filters["told"] = str
    environment.filters["users"] = _users
    return environment.get_template("comparison.html").render(
        found=found,
        migration=found.migration,
        drift=found.drift,
        columns=shown_columns(found),
        figures=figures,
        colour=plots.colour,
        shape=plots.shape,
        style=Markup(text_of("page.css")),  # noqa: S704  # our own style sheet
        scripts=(vega, draw),
        on_dark=ON_DARK,
        policy=embed.security_policy(vega, draw),
    )


def _users(count: int | None) -> str:
    return "·" if count is None else f"{count:,}"


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
