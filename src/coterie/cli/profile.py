"""``coterie profile``: what is known of segments, the rules that pick them, and the table that the rules speak of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption

if TYPE_CHECKING:
    from coterie.runs.result import Run
    from coterie.segments.types import Difference, Segment, SegmentProfile

SHOWN = 5


def profile(
    segment: Annotated[str | None, typer.Argument(help="A segment's id, such as s-2; by default all.")] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the rules alone, as queries of the table that --columns writes.")
    ] = False,
    columns: Annotated[
        Path | None,
        typer.Option("--columns", help="Write the readable columns of all users to this CSV or Parquet file."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what marks segments, which columns and items tell them, and a rule that picks their users."""
    from dataclasses import replace

    from coterie.runs.identity import caught_up, with_names
    from coterie.runs.result import open_run
    from coterie.runs.views import Segments

    run = open_run(project, run_id)
    run = replace(run, segments=Segments(with_names(run.segments, caught_up(run.folder.resolve().parent.parent))))
    asked = [run.segment(segment)] if segment is not None else list(zip(run.segments, run.profiles, strict=True))
    if columns is not None:
        _write_columns(run, columns)
    if sql:
        _show_rules(asked, run, as_json=as_json)
    elif as_json:
        from coterie.cli.summary import print_json

        print_json({"run": run.id, "profiles": [{"segment": its, "profile": profile} for its, profile in asked]})
    elif columns is None or segment is not None:
        for its, known in asked:
            _show(its, known, run)
    if columns is not None and not as_json and not sql:
        typer.echo(f"wrote {columns}")


def _write_columns(run: Run, path: Path) -> None:
    import io

    from coterie import records
    from coterie.errors import ConfigError, shown
    from coterie.runs.columns import user_columns
    from coterie.spreadsheet import csv_of_frame

    ending = path.suffix.lower()
    if ending not in {".csv", ".parquet"}:
        raise ConfigError(f"'--columns' is {shown(str(path))}; expected a name that ends in .csv or .parquet")
    table = user_columns(run)
    written = io.BytesIO()
    if ending == ".csv":
        written.write(csv_of_frame(table).encode())
    else:
        table.write_parquet(written)
    records.write_whole(path, written.getvalue())


def _show_rules(asked: Sequence[tuple[Segment, SegmentProfile]], run: Run, *, as_json: bool) -> None:
    from coterie.cli.summary import print_json

    if as_json:
        rules = [{"segment": its.id, "name": its.name, "rule": known.rule} for its, known in asked]
        print_json({"run": run.id, "rules": rules})
        return
    for its, known in asked:
        name = " ".join(its.name.split())
        if known.rule is None:
            typer.echo(f"-- {its.id} {name}: no rule was found")
            continue
        rule = known.rule
        typer.echo(
            f"-- {its.id} {name}: {rule.precision:.0%} of whom it picks are of the segment (blindly {rule.base:.0%}), "
            f"and it picks {rule.recall:.0%} of the segment"
        )
        typer.echo(f'SELECT "user_id" FROM "columns" WHERE {rule.sql};')


def _show(segment: Segment, known: SegmentProfile, run: Run) -> None:
    from rich.console import Console
    from rich.markup import escape

    from coterie.cli.summary import show_segment

    console = Console()
    show_segment(segment, known, run.persona(segment.id), run.manifest.entity, as_json=False)
    _table("distinctive", ("", "index", "shrunk", run.manifest.entity.many), _distinct(known))
    _table("told best by", ("", "kind", "", "share of what there is to know"), _markers(known))
    _table("stands among all at", ("", "kind", "percentile"), _percentiles(known))
    if known.neighbour is not None:
        differs = f"differs from {known.neighbour.segment_id}, which is nearest"
        _table(differs, ("", "here", "there", "adjusted p"), map(_difference, known.neighbour.differences))
    if known.rule is not None:
        rule = known.rule
        console.print(f"[bold]rule[/bold] {escape(rule.sentence)}", highlight=False)
        console.print(
            f"  {rule.precision:.0%} of whom it picks are of the segment (blindly {rule.base:.0%}), and it picks "
            f"{rule.recall:.0%} of the segment, on {rule.n_measured:,} that it was not made on",
            highlight=False,
        )
    console.print()


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = list(rows)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(title, overflow="fold")
    for column in columns[1:]:
        table.add_column(column, justify="left" if column in {"kind", ""} else "right")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    Console().print(table)


def _distinct(known: SegmentProfile) -> Iterable[Sequence[Any]]:
    return [(one.label, f"{one.index:.0f}", f"{one.shrunk:.0f}", f"{one.n:,}") for one in known.distinctive[:SHOWN]]


def _markers(known: SegmentProfile) -> Iterable[Sequence[Any]]:
    return [(one.column, one.kind, "more" if one.over else "less", f"{one.share:.0%}") for one in known.markers[:SHOWN]]


def _percentiles(known: SegmentProfile) -> Iterable[Sequence[Any]]:
    return [(one.column, one.kind, f"{one.percentile:.0f}") for one in known.percentiles[:SHOWN]]


def _difference(one: Difference) -> Sequence[Any]:
    from coterie.cli.summary import probability

    label = one.label if one.kind in {"item", "tag"} or one.label == one.column else f"{one.column} {one.label}"
    here, there = (f"{v:.1f}" if one.kind == "number" else f"{v:.1%}" for v in (one.here, one.there))
    return label, here, there, probability(one.p_adjusted)
