"""``coterie explore``: what a project's tables hold, before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from coterie.explore.types import Activity, Column, Exploration, LongTail, TableExplored

COLUMNS_SHOWN = 30
PAIRS_SHOWN = 8
TITLES_SHOWN = 5
VALUES_SHOWN = 4


def explore(
    config: Annotated[Path, typer.Option("--config", "-c", help="The project's coterie.toml, or its folder.")] = Path(
        "coterie.toml"
    ),
    as_json: JsonOption = False,
) -> None:
    """Say what the tables hold: columns, gaps, long tails, what goes together, and what cleaning did. Needs no run."""
    from coterie import project
    from coterie.cli.progress import Bars
    from coterie.cli.summary import print_json

    if as_json:
        print_json(project.explore(config))
        return
    with Bars() as bars:
        found = project.explore(config, listener=bars)
    show_exploration(found)


def show_exploration(found: Exploration) -> None:
    """Show an exploration on the screen."""
    from rich.console import Console

    console = Console()
    for table in found.tables:
        _show_table(console, table)
    for cleaned in found.cleaning:
        console.print(f"\n[bold]{_safe(cleaned.table)} before and after cleaning[/bold]", highlight=False)
        console.print(_rows(("", "before", "after", "change"), _compared(found, cleaned.table)))
    if found.rules:
        console.print("\n[bold]what each rule did[/bold]")
        columns = ("table", "rule", "column", "rows", "users", "items", "outcome")
        console.print(_rows(columns, _rules(found), right=("rows", "users", "items")))


def _show_table(console: Console, table: TableExplored) -> None:
    lost = table.read - table.rows
    of = f" of {table.read:,} read" if lost else ""
    console.print(f"\n[bold]{_safe(table.name)}[/bold] ({table.role}): {table.rows:,} rows{of}", highlight=False)
    shown = table.columns[:COLUMNS_SHOWN]
    names = ("column", "kind", "missing", "different", "spread")
    rows = ((c.name, c.kind, _missing(c, table.rows), _count(c.distinct), _spread(c)) for c in shown)
    console.print(_rows(names, rows, right=("missing", "different")))
    if len(table.columns) > len(shown):
        console.print(f"  and {len(table.columns) - len(shown)} more columns: see --json")
    for line in (*_of_events(table), *_together(table)):
        console.print(f"  {_safe(line)}", highlight=False, soft_wrap=True)


def _of_events(table: TableExplored) -> Iterator[str]:
    if table.events is None:
        return
    for who, tail in (("users", table.events.of_users), ("items", table.events.of_items)):
        if tail is not None:
            yield _tail(who, tail)
    if table.events.activity is not None:
        yield _activity(table.events.activity)
    for top in table.events.top_items:
        titles = "; ".join(f"{item.title} ({item.events:,})" for item in top.items[:TITLES_SHOWN])
        yield f"{'most frequent' if top.value is None else f'most often {top.value:g}'}: {titles}"


def _tail(who: str, tail: LongTail) -> str:
    tenth = "" if tail.top_tenth is None else f"the most active tenth has {tail.top_tenth:.0%} of the events, "
    return f"{tail.n:,} {who}: {tenth}{tail.half:,} have half of the events (Gini {tail.gini:.2f})"


def _activity(activity: Activity) -> str:
    most = max(activity.events)
    peak = activity.starts[activity.events.index(most)]
    return f"from {activity.first} to {activity.last}; most events, {most:,}, in the {activity.unit} from {peak}"


def _together(table: TableExplored) -> Iterator[str]:
    pairs = table.associations.pairs
    if pairs:
        told = (f"{p.left} and {p.right} {p.strength:.2f}".replace("-", "\N{MINUS SIGN}") for p in pairs[:PAIRS_SHOWN])
        yield f"what goes together, 0 not at all, 1 or \N{MINUS SIGN}1 wholly: {', '.join(told)}"
    for pair in table.associations.same:
        yield (
            f"warning: '{pair.left}' and '{pair.right}' carry the same thing ({pair.strength:.2f}); as basis of "
            "segments it would count twice"
        )
    together = [pattern for pattern in table.missing.patterns if len(pattern.columns) > 1]
    for pattern in together[:3]:
        yield f"missing together in {pattern.rows:,} rows: {', '.join(pattern.columns)}"


def _compared(found: Exploration, name: str) -> Iterator[tuple[str, ...]]:
    from coterie.explore.comparing import compared, shown_change, shown_number

    cleaned = found.cleaned(name)
    for line in () if cleaned is None else compared(cleaned):
        before, after = (shown_number(value, is_share=line.is_share) for value in (line.before, line.after))
        yield line.measure, before, after, shown_change(line.change)
    if cleaned is not None:
        after_of = {score.value: score.events for score in cleaned.after.scores}
        for score in cleaned.before.scores:
            now = after_of.get(score.value, 0)
            change = shown_change(now / score.events - 1) if score.events else ""
            yield f"events of value {score.value:g}", f"{score.events:,}", f"{now:,}", change


def _rules(found: Exploration) -> Iterator[tuple[str, ...]]:
    for rule in found.rules:
        yield (
            *(rule.table, rule.rule, rule.column, f"{rule.rows:,}"),
            *(_count(rule.users), _count(rule.items), rule.outcome),
        )


def _spread(column: Column) -> str:
    if column.values is not None:
        each = zip(column.values.values, column.values.counts, strict=True)
        told = ", ".join(f"{value} {n / column.known:.0%}" for value, n in list(each)[:VALUES_SHOWN])
        return told + (" ..." if len(column.values.values) > VALUES_SHOWN else "")
    numbers = column.numbers
    if numbers is None:
        return ""
    ends = (numbers.low, numbers.median, numbers.high)
    low, median, high = ("" if end is None else f"{end:.4g}" for end in ends)
    return f"median {median}, mean {numbers.mean:.4g}" + (f", {low} to {high}" if low and high else "")


def _missing(column: Column, rows: int) -> str:
    return f"{column.missing / rows:.1%}" if column.missing else ""


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _rows(names: tuple[str, ...], rows: Iterator[tuple[str, ...]], right: tuple[str, ...] = ()) -> Table:
    from rich.table import Table

    right = right or names[1:]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_safe, row))
    return table


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)
