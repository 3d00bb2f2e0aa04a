"""Answers on the screen: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from coterie import records
from coterie.cli.checking import ProjectCheck
from coterie.cli.personas import show_persona
from coterie.config import Config, load_config
from coterie.errors import StoreError, shown
from coterie.project import Scores
from coterie.runs.identity import is_cut_off
from coterie.runs.result import Run
from coterie.segments.persona import Persona
from coterie.segments.types import Mark, Segment, SegmentProfile
from coterie.selection.types import Interval
from coterie.sources.columns import named_columns
from coterie.spreadsheet import csv_of_frame
from coterie.tables import RuleCount
from coterie.tables.rules import BLANKED
from coterie.tables.window import Span
from coterie.terms import BY, CONFIDENCE, EVENTS, SEGMENT, Noun

MARKS_SHOWN = 12
COLUMNS_SHOWN = frozenset({"user", "item", "value", "title", "time"})
GRADES = {
    "natural": ("green", "the segments are islands, and they hold"),
    "reproducible": ("green", "the segments hold and they pay"),
    "constructive": ("yellow", "a useful cut of a continuum: the segments tell something, but no more is shown"),
    "none": ("red", "no segmentation here that holds and pays"),
}


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(records.plain(value), ensure_ascii=False, indent=2))


def show_run(run: Run, *, as_json: bool) -> None:
    """Show a run's verdict, segments and report."""
    if as_json:
        print_json(
            {
                "run": run.id,
                "grade": run.decision.grade,
                "reason": run.decision.reason,
                "answers": run.decision.answers,
                "warnings": run.decision.warnings,
                "notes": run.manifest.notes,
                "window": run.manifest.window,
                "k": run.chosen.k,
                "lift": None if run.chosen.lift is None else run.chosen.lift.lift,
                "segments": run.segments,
                "agreement": run.manifest.agreement.share,
                "report": str(run.report),
                "folder": str(run.folder),
            }
        )
        return
    console = Console()
    colour, meaning = GRADES[run.decision.grade]
    if run.decision.has_too_few:
        colour, meaning = "yellow", "for a look alone: there are too few to act on"
    console.print(f"\n[bold {colour}]{run.decision.grade}[/bold {colour}]: {meaning}")
    for answer in run.decision.answers:
        mark = "[green]✓[/green]" if answer.passed else "[red]✗[/red]"
        console.print(f"  {mark} {answer.question} [dim]{escape(answer.short)}[/dim]")
    console.print(f"\n{escape(run.decision.reason)}")
    for warning in run.decision.warnings:
        console.print(f"[yellow]note:[/yellow] {escape(warning)}")
    _show_notes(console, run)
    console.print(_segment_table(run.segments, run.manifest.entity))
    if is_cut_off(run.folder):
        console.print(
            f"[yellow]note:[/yellow] no {run.manifest.entity.one} links this run to the one before, so every segment "
            "has a new id"
        )
    for changed in _changes(run.segments):
        console.print(changed, highlight=False, soft_wrap=True)
    if run.classification is not None and run.classification.cold_start is not None:
        console.print(run.classification.cold_start.sentence, highlight=False)
    if run.graph is not None:
        console.print(run.graph.sentence, highlight=False)
    console.print(_what_was_read(run), highlight=False)
    console.print(Text.assemble("report  ", (str(run.report), "bold")), soft_wrap=True)


def _show_notes(console: Console, run: Run) -> None:
    """Say what a reader must know of a run beside its decision."""
    if run.manifest.window is not None:
        found = run.manifest.window
        console.print(f"window: events {Span(found.since_s, found.until_s).told()}", highlight=False)
    for note in run.manifest.notes:
        console.print(f"[yellow]note:[/yellow] {escape(note)}", highlight=False)


def _what_was_read(run: Run) -> str:
    m = run.manifest
    out = ", ".join(f"{i.cleaned:,} of {i.read:,} rows of '{i.table}'" for i in m.inputs if i.cleaned)
    n_left = m.unsegmented_users
    left = f"; {n_left:,} {_of(m.entity, n_left)} in no segment" if n_left else ""
    taken_up = f", {m.n_items:,} {m.counterpart.many}, {m.n_events:,} events" if m.n_events else ""
    return (
        f"{m.n_users:,} {m.entity.many}{taken_up}"
        f"; {_faults(run)}"
        f"{f'; cleaning took out {out}' if out else ''}{left}. "
        f"The frozen model gives {m.agreement.n_agree:,} of {m.agreement.n_users:,} {m.entity.many} "
        "the segment of the fit."
    )


def _faults(run: Run) -> str:
    """Say how many rows were refused, and how many cells were blanked in rows that stayed."""
    inputs = run.manifest.inputs
    lost = ", ".join(f"{i.rejected:,} of {i.read:,} rows of '{i.table}' rejected" for i in inputs if i.rejected)
    cells: Counter[str] = Counter()
    for count in run.quality:
        if count.rule.endswith(BLANKED):
            cells[count.table] += count.rows
    blanked = ", ".join(f"{n:,} bad {'cell' if n == 1 else 'cells'} of '{table}' blanked" for table, n in cells.items())
    if not lost and not blanked:
        return "no row was rejected"
    told = f"{lost or 'no row was rejected'}{', but ' if blanked and not lost else ', ' if blanked else ''}{blanked}"
    return f"{told} (see rejects/ beside the report)"


def _segment_table(segments: Iterable[Segment], noun: Noun) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "name", noun.many, "share", "stability", "lift", "marked by"):
        table.add_column(name, justify="right" if name in {noun.many, "share", "lift"} else "left", overflow="fold")
    for s in segments:
        table.add_row(
            s.id,
            escape(s.name),
            f"{s.size:,}",
            f"{s.share:.1%}",
            f"{s.stability:.2f} {s.band}",
            _lift(s.lift),
            escape(", ".join(s.marks)) or "nothing significant",
        )
    return table


def _changes(segments: Iterable[Segment]) -> Iterator[str]:
    """Say what is not as it was in the run before, and what a person is asked."""
    for s in segments:
        others = ", ".join(parent for parent in s.parents if parent != s.id)
        match s.change:
            case "split":
                yield f"{s.id} is part of {others}, which split" if others else f"{s.id} is what is left after a split"
            case "merged":
                yield f"{s.id} now holds most of {others}, too" if others else f"{s.id} was put together"
            case "born" if s.score is not None:
                yield f"{s.id} is new"
        if s.resembles:
            yield f"[yellow]is {s.id} the old {s.resembles}?[/yellow] see `coterie segments list`"


def _lift(lift: Interval | None) -> str:
    return "" if lift is None or lift.value != lift.value else f"{lift.value:.2f}"


def show_segments(run: Run, *, as_json: bool) -> None:
    """Show the segments of a run in short."""
    if as_json:
        print_json({"run": run.id, "segments": run.segments})
        return
    console = Console()
    console.print(f"run {run.id}: {run.decision.grade}, {len(run.segments)} segments", highlight=False)
    _show_notes(console, run)
    console.print(_segment_table(run.segments, run.manifest.entity))


def show_segment(
    segment: Segment, profile: SegmentProfile, persona: Persona | None, noun: Noun, *, as_json: bool
) -> None:
    """Show one segment in full; without a persona by the sentences of its profile."""
    if as_json:
        print_json({"segment": segment, "profile": profile, "persona": persona})
        return
    console = Console()
    console.print(f"[bold]{segment.id} {escape(segment.name)}[/bold]", highlight=False)
    console.print(
        f"{segment.size:,} {noun.many} ({segment.share:.1%}), stability {segment.stability:.2f} ({segment.band})"
        + (f", lift {_lift(segment.lift)}" if _lift(segment.lift) else ""),
        highlight=False,
    )
    if persona is not None:
        show_persona(persona, console)
    for sentence in profile.sentences if persona is None else ():
        console.print(f"  {escape(sentence)}", highlight=False)
    significant = [mark for mark in profile.marks if mark.significant]
    console.print(_mark_table(significant[:MARKS_SHOWN]) if significant else "nothing marks it significantly")
    for top in profile.top_items:
        value = "most frequent" if top.value is None else f"rated {top.value:g}"
        told = "; ".join(f"{title} ({n})" for title, n in top.items[:5])
        passed = f" ({top.passed} that belong among the first {len(top.items)} may not be told)" if top.passed else ""
        console.print(f"{value}: {escape(told)}{passed}", highlight=False)
    console.print(f"nearest to its centre: {escape(', '.join(profile.exemplars))}", highlight=False)


def _mark_table(marks: Iterable[Mark]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("mark", "kind", "index (95 %)", "inside", "overall", "adjusted p"):
        table.add_column(name, justify="left" if name in {"mark", "kind"} else "right")
    for m in marks:
        index = "" if m.index is None else f"{m.index.value:.0f} ({m.index.low:.0f} to {m.index.high:.0f})"
        numbers = (
            (f"{m.inside:.1f}", f"{m.overall:.1f}") if m.kind == "number" else (f"{m.inside:.1%}", f"{m.overall:.1%}")
        )
        label = m.label if m.kind in {"item", "tag"} or m.label == m.column else f"{m.column} {m.label}"
        table.add_row(escape(label), m.kind, index, *numbers, probability(m.p_adjusted))
    return table


def probability(p: float) -> str:
    """Write a p-value with three digits; smaller ones rest on assumptions that do not hold that far out."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def show_init(config: Path, *, as_json: bool) -> None:
    """Say what was written, what each file is taken for, and what comes next."""
    if as_json:
        print_json({"config": config, "tables": load_config(config).tables})
        return
    console = Console()
    for table in load_config(config).tables.values():
        columns = ", ".join(f"{role} '{column}'" for role, column in named_columns(table) if role in COLUMNS_SHOWN)
        console.print(f"{escape(table.source)}: {table.role} ({escape(columns)})", highlight=False, soft_wrap=True)
    console.print(f"wrote {escape(str(config))}; look through its comments, then", highlight=False, soft_wrap=True)
    console.print(f"  coterie check --config {config}\n  coterie run --config {config}", highlight=False, markup=False)


def show_check(found: ProjectCheck, *, as_json: bool) -> None:
    """Show what ``coterie check`` found."""
    if as_json:
        print_json(asdict(found))
        return
    console = Console()
    for table in found.tables:
        console.print(
            f"[green]✓[/green] {escape(table.name)} ({table.role}): {escape(table.location)}, "
            f"{len(table.columns)} columns",
            highlight=False,
        )
        for fault in table.faults:
            console.print(f"  [yellow]{_fault(fault)}[/yellow] in its first {found.looked_at:,} rows", highlight=False)
    console.print(f"plan: {found.plan}", highlight=False)
    console.print("config, sources, columns and methods are in order", highlight=False)


def _fault(count: RuleCount) -> str:
    column = f" in '{count.column}'" if count.column else ""
    example = f", for example {shown(count.example)}" if count.example else ""
    return escape(f"{count.rows:,} x {count.rule}{column}{example}")


def write_csv(rows: pl.DataFrame, path: Path) -> None:
    """Write rows; a file appears whole or not at all, but for what is no file, such as a pipe."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(csv_of_frame(rows), encoding="utf-8")
        else:
            records.write_whole(path, csv_of_frame(rows).encode())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"cannot write '{path}': {error}; choose another place with --out") from error


def tell_of_classifier(what: str) -> None:
    """Say on stderr what the fit of a run's classifier begins with."""
    Console(stderr=True).print(f"  the run's classifier, once: {what} ...", highlight=False)


def show_scores(scores: Scores, out: Path | None, config: Config, *, as_json: bool) -> None:
    """Write or show newcomers' segments; what was refused is said on stderr, and kept beside the output file."""
    nouns = config.nouns
    has_events = any(f.use == "basis" and config.tables[f.from_].role == EVENTS for f in config.features.values())
    if out is not None:
        for name, rows in scores.rejects.items():
            if rows.height:
                write_csv(rows, out.with_name(f"{out.stem}.rejects.{name}.csv"))
        write_csv(scores.frame, out)
    if as_json:
        print_json({"users": scores.frame.to_dicts(), "checks": [c for c in scores.counts if c.rows]})
    elif out is None:
        typer.echo(csv_of_frame(scores.frame), nl=False)
    console = Console(stderr=True)
    unknown = scores.frame[SEGMENT].null_count()
    told_of = f"none of their {nouns[1].many}" if has_events else "nothing that is told of them"
    by = scores.frame[BY].value_counts()
    ways = ", ".join(f"{n:,} by {way}" for way, n in sorted(by.iter_rows()) if way != "none")
    told = f"{scores.frame.height - unknown:,} of {scores.frame.height:,} {nouns[0].many} have a segment"
    told += f": {ways}" if ways else ""
    unsure = scores.frame.filter(pl.col(SEGMENT).is_null() & pl.col(CONFIDENCE).is_not_null()).height
    told += f"; of {unsure:,} too little is known to be sure" if unsure else ""
    unknown -= unsure
    told += f"; of {unknown:,} the model knows nothing: {told_of} was there when it was fitted" if unknown else ""
    console.print(escape(told), highlight=False)
    for count in scores.counts:
        if count.rows:
            console.print(f"[yellow]{_fault(count)}[/yellow] in '{escape(count.table)}'", highlight=False)


def _of(noun: Noun, n: int) -> str:
    return f"{noun.one} is" if n == 1 else f"{noun.many} are"
