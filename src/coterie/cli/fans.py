"""``coterie fans``: which tags users will become fans of, and how well that is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.activation.fans import FanReport
    from coterie.selection.types import Interval


def fans(
    users: Annotated[
        list[str] | None, typer.Argument(help="Users of the run to tell of; by default how well fans are told.")
    ] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    min_likes: Annotated[int, typer.Option(min=1, help="Likes with a tag that make a fan of it.")] = 3,
    min_index: Annotated[
        float, typer.Option(min=0, help="Index of its share in the likes that makes a fan; 100 is average.")
    ] = 120.0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A CSV file with every user and tag.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say which tags users will become fans of, from their other tags and what describes them.

    Learned from the earlier half of what each user likes, for the later half; measured on users held out.
    """
    from coterie.actions.fans import fans as told
    from coterie.cli.summary import print_json, write_csv
    from coterie.runs.result import open_run

    found = told(open_run(project, run_id), min_likes=min_likes, min_index=min_index)
    rows = found.predict(users or None) if users or out is not None else None
    if out is not None and rows is not None:
        write_csv(rows, out)
    if as_json:
        print_json({"report": found.report, "users": rows.to_dicts() if rows is not None and users else None})
    elif users and rows is not None:
        from coterie.spreadsheet import csv_of_frame

        typer.echo(csv_of_frame(rows), nl=False)
    else:
        _show(found.report)
        if out is not None:
            typer.echo(f"wrote {out}")


def _show(report: FanReport) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    halves = "the earlier half of what each likes" if report.cut == "time" else "a random half of what each likes"
    console.print(
        f"\nlearned from {halves}, for the other half; {report.n:,} users to learn from, {report.n_held_out:,} held out"
        f", {report.n_left_out:,} like too little",
        highlight=False,
    )
    _show_methods(console, report)
    told = (
        f"{name} by {i.value:+.3f} ({i.low:+.3f} to {i.high:+.3f})"
        for name, i in sorted(report.gains.items(), key=lambda one: -one[1].value)
    )
    console.print(f"{report.chosen} is taken; its F1 is apart from {', '.join(told)}", highlight=False)
    shown = ", ".join(
        f"{escape(t.tag)} {t.f1:.2f} ({t.fans})" for t in sorted(report.tags, key=_by_f1) if t.f1 is not None
    )
    console.print(f"\nF1 of each tag, with its fans among those held out: {shown}", highlight=False)


def _by_f1(one: object) -> float:
    return -(getattr(one, "f1", None) or 0.0)


def _show_methods(console: Console, report: FanReport) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, name in enumerate(("", "F1 micro", "F1 macro", "F1 samples", "Hamming", "Jaccard", "F1 of new fans")):
        table.add_column(name, justify="right" if at else "left", overflow="fold")
    for method in report.methods:
        m = method.measures
        cells = (m.f1_micro, m.f1_macro, m.f1_samples, m.hamming, m.jaccard, method.becoming.f1_micro)
        table.add_row(method.name, *map(_number, cells))
    console.print(table)


def _number(i: Interval) -> str:
    return f"{i.value:.2f} ({i.low:.2f}-{i.high:.2f})"
