"""``coterie report``: a run's report as a page, as PDF, and its tables as CSV, from the records of the run alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption


def report(
    run_id: Annotated[str | None, typer.Argument(metavar="RUN", help="A run's id; by default the newest.")] = None,
    project: ProjectOption = Path(),
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the page anew, with segments as they are called now.")
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", help="Print it as PDF; needs an installed Chromium, or CHROMIUM to name one."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="A folder for all of its tables as CSV, one file a table.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a run's report as a page, as PDF or as tables, without running again; by default say where it is."""
    from coterie import records
    from coterie.report.printing import find_chromium, write_pdf
    from coterie.report.tables import write_tables
    from coterie.runs.reporting import page_of, write_marks
    from coterie.runs.result import open_run

    found = open_run(project, run_id)
    written: list[Path] = []
    if pdf is not None:
        find_chromium()  # says at once where there is none
    page = page_of(found) if (html, pdf, tables) != (None, None, None) else ""
    if html is not None:
        records.write_whole(html, page.encode())
        written.append(html)
    if pdf is not None:
        write_pdf(pdf, page)
        written.append(pdf)
    if tables is not None:
        written += [*write_tables(tables, page), write_marks(found, tables)]
    if as_json:
        typer.echo(records.dumps({"report": str(found.report), "files": [str(path) for path in written]}), nl=False)
        return
    for line in [f"wrote {path}" for path in written] or [str(found.report)]:
        typer.echo(line)
