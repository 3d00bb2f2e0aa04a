"""Steps on the screen while a run goes: a bar for what takes long, a line for what is done."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from coterie.manifest import StepRecord

SAYS = {
    "sources": "open the sources",
    "tables": "check and clean the tables",
    "explore": "look at what they hold",
    "screening": "look over the recipes",
    "embedding": "features and embedding",
    "clustering": "search, stability and lift",
    "proof": "test against audiences without groups",
    "evidence": "gather the evidence",
    "profile": "profile the segments",
    "model": "freeze the model and ask it again",
    "scoring": "learn how soon a segment is known",
    "report": "write the report",
    "graph": "make the graph",
}


_NUMBERED = re.compile(r" \d+ of \d+$")  # rounds of one phase


class Bars:
    """A listener that draws on stderr, so that stdout stays for answers.

    Where stderr is no terminal (a log file) it prints lines alone: one for each step that is done, and one for each
    phase of a step, and recipe, that begins.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),  # a recipe's name may hold brackets
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,  # else an empty line stands before what comes after
        )
        self._task = self._progress.add_task("", total=None, visible=False)
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def started(self, step: str) -> None:
        """Show the step's bar, of no known length."""
        self._told.clear()
        self._progress.reset(self._task, description=SAYS.get(step, step), total=None, visible=True)

    def advanced(self, what: str, done: int, total: int) -> None:
        """Move the bar, or tell of a phase that begins where there is no bar to move."""
        phase = _NUMBERED.sub("", what)
        if not self._console.is_terminal and phase not in self._told:
            self._told.add(phase)
            self._console.print(f"  {phase} ...", markup=False, highlight=False, soft_wrap=True)
        self._progress.update(self._task, description=what, completed=done, total=total)

    def finished(self, record: StepRecord) -> None:
        """Leave a line with what the step cost."""
        self._progress.update(self._task, visible=False)
        cost = "from the cache" if record.cached else f"{record.seconds:.1f} s"
        rows = (
            "" if record.rows_out is None else f", {record.rows_out:,} {'users' if record.name != 'tables' else 'rows'}"
        )
        self._console.print(f"[green]✓[/green] {SAYS.get(record.name, record.name):<36} [dim]{cost}{rows}[/dim]")
