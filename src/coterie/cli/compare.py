"""``coterie compare``: a run against a later one, or against the tables as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption, made_folder
from coterie.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.activation.comparison import Comparison
    from coterie.activation.drift import Drift
    from coterie.activation.migration import Cells, Migration

RETRAIN = 3  # exit code
COLOURS = {"nothing to do": "green", "look": "yellow", "retrain": "red"}
LEVELS = {"none": "dim", "within chance": "dim", "moderate": "yellow", "major": "red"}
SHOWN = 12


def compare(
    before: Annotated[
        str | None, typer.Argument(help="The earlier run: its id or folder; by default the last but one.")
    ] = None,
    after: Annotated[str | None, typer.Argument(help="The later run; by default the newest.")] = None,
    data: Annotated[
        bool, typer.Option("--data", help="Compare one run with its tables as they are now; nothing is fitted.")
    ] = False,
    project: ProjectOption = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for comparison.json, comparison.html and pictures.")
    ] = None,
    fail_on_drift: Annotated[
        bool, typer.Option("--fail-on-drift", help="Exit with 3 where the verdict is to retrain, for schedulers.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare a run with a later one, or with new data: who went where, what has moved, and whether to retrain."""
    from coterie.actions.compare import compare as compared
    from coterie.actions.compare import compare_with_tables, open_named, open_pair

    if data and after is not None:
        raise ConfigError("'--data' compares one run with the tables as they are now; leave out the second run")
    found = compare_with_tables(open_named(project, before)) if data else compared(*open_pair(project, before, after))
    files = _write(found, out) if out is not None else ()
    _show(found, as_json=as_json)
    if not as_json:
        for file in files:
            typer.echo(f"wrote {file}")
    if fail_on_drift and found.verdict == "retrain":
        raise typer.Exit(RETRAIN)


def _write(found: Comparison, folder: Path) -> tuple[Path, ...]:
    from coterie import plots, records
    from coterie.activation import comparison
    from coterie.report.comparison import charts, write_comparison

    made_folder(folder)
    record, page = folder / "comparison.json", folder / "comparison.html"
    records.write(record, comparison.SCHEMA, comparison.VERSION, found)
    write_comparison(page, found)
    pictures = []
    for name, (_, _, chart) in charts(found).items():
        pictures.append(folder / f"{name}.svg")
        plots.to_svg(chart, pictures[-1])
    return record, page, *pictures


def _show(found: Comparison, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    from coterie.cli.summary import print_json

    if as_json:
        print_json(found)
        return
    console = Console()
    colour = COLOURS[found.verdict]
    console.print(
        f"\n[bold {colour}]{found.verdict}[/bold {colour}]: {found.before} against {found.after}", highlight=False
    )
    for reason in found.reasons:
        hue = COLOURS[reason.asks_for]
        console.print(f"  [{hue}]{reason.asks_for}[/{hue}]  {escape(reason.told)}", highlight=False)
    if not found.reasons:
        console.print("  nothing has moved further than chance moves it")
    for reason_out in found.left_out:
        console.print(f"[yellow]not measured:[/yellow] {escape(reason_out)}", highlight=False)
    _show_migration(console, found)
    if found.drift is not None:
        _show_drift(console, found)


def _show_migration(console: Console, found: Comparison) -> None:
    from rich.table import Table

    m = found.migration
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("from \\ to")
    for name in (*m.after, "in none", "left", "all"):
        table.add_column(name, justify="right")
    for name, row, total in zip((*m.before, "in none", "came"), m.users, m.row_totals, strict=True):
        if total != 0:
            table.add_row(name, *_cells(row, total), _cell(total))
    table.add_row("all", *(_cell(total) for total in m.column_totals), f"{m.n_users:,}")
    console.print(table)
    console.print("\n".join(_of_migration(m, found.entity.many)), highlight=False)


def _cells(row: Cells, total: int | None) -> Iterator[str]:
    for count in row:
        share = f" {count / total:.0%}" if count and total else ""
        yield f"{_cell(count)}{share}"


def _cell(count: int | None) -> str:
    return "·" if count is None else f"{count:,}"


def _of_migration(m: Migration, many: str) -> Iterator[str]:
    if any(count is None for row in m.users for count in row):
        yield f"· fewer than {m.least} {many}, or hidden so that such a cell cannot be worked out"
    told = [f"{m.n_both:,} {many} are in both"] if m.n_both is not None else []
    if m.stayed is not None and not (m.is_least and m.stayed == 0):
        least = "at least " if m.is_least else ""
        told.append(f"{least}{m.stayed:.0%} of them are where their segment is now")
    if m.adjusted_rand is not None:
        told.append(f"adjusted Rand index {m.adjusted_rand:.2f}")
    if told:
        yield "; ".join(told)
    for change in m.changed:
        of = f" ({', '.join(change.of)})" if change.of else ""
        yield f"{change.segment}: {change.change}{of}"


def _show_drift(console: Console, found: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    from coterie.report.comparison import shown_columns

    drift = found.drift
    assert drift is not None
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("what", "kind", "PSI", "chance", "JS", "level", "before", "after"):
        table.add_column(name, justify="left" if name in {"what", "kind", "level"} else "right", overflow="fold")
    for one in shown_columns(found, SHOWN):
        hue = LEVELS[one.level]
        table.add_row(escape(one.called), one.kind, *_numbers(one), f"[{hue}]{one.level}[/{hue}]", *_ends(one))
    console.print(table)
    known = f"of {drift.unknown_after:.1%} of {found.entity.many} the model knows nothing"
    known += f" ({drift.unknown_before:.1%} at its fit)"
    if drift.new_items is not None:
        known += f"; {drift.new_items:.1%} of the later events are of items that it does not know"
    console.print(known, highlight=False)
    for moved, what in ((drift.basis, "formed on"), (drift.descriptors, "described by")):
        if moved.n_columns:
            rare = f"; {moved.n_rare:,} more are too rare to tell" if moved.n_rare else ""
            console.print(
                f"{moved.n_moved:,} of {moved.n_columns:,} columns that segments are {what} have moved{rare}",
                highlight=False,
            )
    for reason in drift.left_out:
        console.print(f"[yellow]not measured:[/yellow] {escape(reason)}", highlight=False)


def _numbers(one: Drift) -> tuple[str, str, str]:
    return f"{one.psi:.3f}", f"{one.chance:.3f}", f"{one.js:.4f}"


def _ends(one: Drift) -> tuple[str, str]:
    before, after = (("" if end is None else f"{end:.2f}") for end in (one.before, one.after))
    return before, after
