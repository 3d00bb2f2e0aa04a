"""The registry on the screen: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coterie.cli.summary import print_json
from coterie.segments.registry import Entry, Registry


def now() -> str:
    """Give the time as the registry writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def question(entry: Entry) -> str:
    """Ask what the run could not decide, with the command that answers; "" where nothing is to be asked."""
    if not entry.resembles or entry.status != "active":
        return ""
    name = "coterie segments rename"
    if entry.resembles == entry.id:
        return f"is {entry.id} still what it was? Little of it is left. If so: `{name} {entry.id} NAME`"
    merge = f"coterie segments merge {entry.resembles} {entry.id}"
    return f"is {entry.id} the old {entry.resembles}? If so: `{merge}`; if not: `{name} {entry.id} NAME`"


def show_registry(registry: Registry, *, as_json: bool) -> None:
    """Show every segment in short."""
    if as_json:
        print_json({"segments": registry.entries, "questions": _questions(registry)})
        return
    console = Console()
    if not registry.entries:
        console.print("no segments yet; make a run with `coterie run`", highlight=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    is_mixed = len({entry.entity for entry in registry.entries}) > 1
    for column in ("", *(["of"] if is_mixed else []), "name", "working name", "status", "since", "last run"):
        table.add_column(column, overflow="fold", no_wrap=column in {"since", "last run"})
    for entry in registry.entries:
        since = entry.history[0].at[:10] if entry.history else ""
        of = [entry.entity] if is_mixed else []
        cells = (*of, entry.name or "", entry.working_name, _status(entry), since, entry.last_run)
        table.add_row(entry.id, *(escape(cell) for cell in cells))
    console.print(table)
    for asked in _questions(registry):
        console.print(f"[yellow]?[/yellow] {escape(asked)}", highlight=False, soft_wrap=True)


def show_entry(entry: Entry, *, as_json: bool, more: str = "") -> None:
    """Show one segment's entry after a change, and what else is to be said of it."""
    if as_json:
        print_json({"segment": entry})
        return
    told = _status(entry) if entry.status == "merged" else escape(entry.called)
    Console().print(f"[bold]{entry.id}[/bold] {told}{escape(more)}", highlight=False, soft_wrap=True)


def show_history(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Show what became of segments."""
    if as_json:
        print_json({"segments": entries})
        return
    console = Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("", "when", "run", "what", "score", "detail"):
        table.add_column(column, overflow="fold", no_wrap=column in {"when", "run"})
    for entry in entries:
        for event in entry.history:
            score = "" if event.score is None else f"{event.score:.2f}"
            table.add_row(entry.id, event.at[:10], event.run or "by hand", event.kind, score, escape(event.detail))
    console.print(table)
    for entry in entries:
        for note in entry.notes:
            console.print(f"{entry.id} note: {escape(note)}", highlight=False, soft_wrap=True)


def _status(entry: Entry) -> str:
    if entry.status != "merged":
        return entry.status
    pending = ", from the next run on" if entry.pending else ""
    return f"merged into {entry.merged_into}{pending}"


def _questions(registry: Registry) -> list[str]:
    return [asked for entry in registry.entries if (asked := question(entry))]
