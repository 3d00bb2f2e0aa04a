"""A finished run's report and its figures, made anew from its records: nothing is computed again.

Segments are called and coloured as people call and colour them now.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coterie import plots, records
from coterie.errors import DataError, UnknownNameError, shown
from coterie.report import figures
from coterie.report.contents import ReportContents
from coterie.report.page import render, without_single_users
from coterie.report.printing import write_pdf
from coterie.runs.identity import caught_up, with_names
from coterie.segments.display import marks_frame
from coterie.segments.persona import Persona
from coterie.segments.types import Segment
from coterie.spreadsheet import csv_of_frame
from coterie.terms import A_USER

if TYPE_CHECKING:
    from coterie.plots.theme import Chart
    from coterie.runs.result import Run

_REPORT = "report"  # the step that writes the page, which a page does not show


def contents_of(run: Run) -> ReportContents:
    """Give what a run's report is made from."""
    steps = tuple(step for step in run.manifest.steps if step.name != _REPORT)
    return ReportContents(
        manifest=replace(run.manifest, steps=steps),
        decision=run.decision,
        segments=_called_now(run),
        profiles=run.profiles if run.manifest.entity == A_USER else tuple(map(without_single_users, run.profiles)),
        quality=run.quality,
        user_map=run.user_map,
        evidence=run.evidence,
        personas=_called(run.personas, _called_now(run)),
        evaluations=run.evaluations,
        exploration=run.exploration,
        classification=run.classification,
        graph=run.graph,
    )


def page_of(run: Run) -> str:
    """Give a run's report as HTML text."""
    return render(contents_of(run))


def print_report(run: Run, path: Path) -> None:
    """Write a run's report as PDF (``coterie.report.printing.write_pdf``)."""
    write_pdf(path, page_of(run))


def write_marks(run: Run, folder: Path) -> Path:
    """Write every mark of every segment, of which the page shows the strongest, as CSV and give the file.

    Raises:
        StoreError: the file cannot be written.
    """
    path = folder / "marks.csv"
    records.write_whole(path, csv_of_frame(marks_frame(contents_of(run).profiles)).encode("utf-8-sig"))
    return path


def shown_of(run: Run) -> plots.Shown:
    """Give the records that a run's plots are made from."""
    return plots.Shown(
        run.decision,
        _called_now(run),
        run.profiles,
        run.evidence,
        run.config.segments.min_stability,
        run.manifest.entity,
        run.manifest.counterpart,
        run.evaluations,
        run.exploration,
        run.user_map,
        run.classification,
        run.graph,
    )


def plots_of(run: Run) -> tuple[plots.Plot, ...]:
    """Give every plot that there may be of a run: those of the catalogue, then the report's of columns and segments."""
    return (*plots.ALL, *figures.beyond_catalogue(contents_of(run)))


def find_plot(run: Run, name: str) -> plots.Plot:
    """Give a plot of a run by its name.

    Raises:
        UnknownNameError: there is none of that name; offers the nearest.
    """
    known = {plot.name: plot for plot in plots.ALL}
    if name not in known:  # those of columns and of segments are drawn to be found
        known = {plot.name: plot for plot in plots_of(run)}
    if name not in known:
        raise UnknownNameError("plot", name, list(known))
    return known[name]


def chart_of(run: Run, name: str, width: int) -> Chart:
    """Draw a plot of a run to stand alone.

    Raises:
        UnknownNameError: there is none of that name; offers the nearest.
        DataError: the run has nothing to show in it.
    """
    chart = find_plot(run, name).picture(shown_of(run), width=width)
    if chart is None:
        raise DataError(f"this run has nothing to draw for the plot {shown(name)}; `coterie plot` lists what it has")
    return plots.sized(chart, width)


def _called_now(run: Run) -> tuple[Segment, ...]:
    return with_names(tuple(run.segments), caught_up(run.folder.resolve().parent.parent))


def _called(personas: tuple[Persona, ...], segments: tuple[Segment, ...]) -> tuple[Persona, ...]:
    """Give personas by the names of today; one that a person has given since rests on no figure."""
    names = {segment.id: segment.name for segment in segments}
    return tuple(
        persona
        if persona.name == names[persona.segment_id]
        else replace(persona, name=names[persona.segment_id], is_given=True, resting_on=())
        for persona in personas
    )
