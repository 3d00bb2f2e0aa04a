"""``coterie classify``: how well a run's segments are told from whatever is known of somebody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption, made_folder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from coterie.activation.classifying.calibrating import Calibration
    from coterie.activation.classifying.coldstart import ColdStart
    from coterie.activation.classifying.fitting import Classification
    from coterie.activation.classifying.measuring import Covered, Measures
    from coterie.selection.types import Interval

FLOORS_SHOWN = (0.0, 0.5, 0.7, 0.9)


def classify(
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    known_from: Annotated[
        float, typer.Option(min=0.01, max=1, help="Share of users whose segment is to be right to count as known.")
    ] = 0.8,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for classification.json and pictures.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how well segments are told from what is known: the classifiers, their confusion, and the cold-start curve.

    The classifier is fitted once a run, on its tables and segments, and kept in the project's cache; `coterie score`
    asks the same one.
    """
    from coterie.actions.classify import classify as classified
    from coterie.cli.summary import print_json, tell_of_classifier
    from coterie.runs.result import open_run

    found = classified(open_run(project, run_id), known_from=known_from, listener=tell_of_classifier)
    files = _write(found, out) if out is not None else ()
    if as_json:
        print_json(found)
        return
    _show(found)
    for file in files:
        typer.echo(f"wrote {file}")


def _write(found: Classification, folder: Path) -> tuple[Path, ...]:
    from coterie import plots, records
    from coterie.activation.classifying.fitting import SCHEMA, VERSION

    made_folder(folder)
    record = folder / "classification.json"
    records.write(record, SCHEMA, VERSION, found)
    with plots.drawing():
        charts = {"calibration": plots.calibration_curve({name: m.calibration for name, m in _by_state(found)})}
        if found.cold_start is not None:
            charts["cold-start"] = plots.cold_start_curve(found.cold_start)
        if found.network is not None:
            charts["training"] = plots.training_curves(found.network)
    for name, chart in charts.items():
        plots.to_svg(chart, folder / f"{name}.svg")
    return record, *(folder / f"{name}.svg" for name in charts)


def _show(found: Classification) -> None:
    from rich.console import Console

    console = Console()
    console.print(
        f"\nsegments of {found.run}, told from what is known; learned from {found.n:,} {found.entity}, "
        f"{found.n_held_out:,} held out",
        highlight=False,
        soft_wrap=True,
    )
    _show_trials(console, found)
    _show_measures(console, found)
    for name, measures in _by_state(found):
        _show_confusion(console, name, measures, found)
    if found.cold_start is not None:
        _show_curve(console, found.cold_start)
    for reason in found.left_out:
        console.print(f"not read: {reason}", style="yellow", markup=False, highlight=False)


def _by_state(found: Classification) -> list[tuple[str, Measures]]:
    from coterie.activation.classifying.fitting import STATES

    return [(state, found.measures[state]) for state in STATES if state in found.measures]


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at == 0 else "right")
    return table


def _show_trials(console: Console, found: Classification) -> None:
    table = _table("classifier", "log loss", "right segment")
    for trial in found.trials:
        name = f"{trial.name} (chosen)" if trial.name == found.chosen else trial.name
        table.add_row(name, _number(trial.log_loss), _percent(trial.accuracy))
    console.print(table)
    console.print(
        f"by five folds over {found.entity}, mean of all that may be known; a temperature by how much is "
        f"known, from nothing to all: {', '.join(f'{t:.2f}' for t in found.temperatures)}\n",
        highlight=False,
    )


def _show_measures(console: Console, found: Classification) -> None:
    table = _table("known", found.entity, "right segment", "guessing", "F1", "log loss", "ECE (chance)")
    for name, m in _by_state(found):
        table.add_row(
            name,
            f"{m.n:,}",
            _percent(m.accuracy),
            f"{m.base_accuracy:.0%}",
            f"{m.macro_f1.value:.2f}",
            f"{m.log_loss.value:.2f} of {m.base_log_loss:.2f}",
            _error(m.calibration),
        )
    console.print(table)
    table = _table("named, and right of these, from", *(f"{floor:g}" for floor in FLOORS_SHOWN))
    for name, m in _by_state(found):
        at = {c.floor: c for c in m.coverage}
        cells = [at[floor] for floor in FLOORS_SHOWN]
        table.add_row(name, *map(_covered, cells))
    console.print()
    console.print(table)


def _show_confusion(console: Console, name: str, measures: Measures, found: Classification) -> None:
    table = _table(f"{name}: is \\ said", *found.segments)
    for segment, row in zip(found.segments, measures.confusion, strict=True):
        table.add_row(segment, *("·" if n is None else f"{n:,}" for n in row))
    console.print()
    console.print(table)
    if any(n is None for row in measures.confusion for n in row):
        console.print(
            f"· fewer than {found.min_cell}, or hidden so that such a cell cannot be worked out", highlight=False
        )


def _show_curve(console: Console, curve: ColdStart) -> None:
    table = _table(f"{curve.events} known", curve.noun, "guessing", "fold-in", "ECE", "classifier", "ECE")
    for p in curve.points:
        folded = ("", "") if p.fold_in is None else (_percent(p.fold_in.accuracy), _error(p.fold_in.calibration))
        name, line = "all" if p.events is None else str(p.events), p.classifier
        told = (_percent(line.accuracy), _error(line.calibration))
        table.add_row(name, f"{p.n:,}", f"{p.base.value:.0%}", *folded, *told)
    console.print("\nthe segment that all of their events give, by how many are known (held out, all else hidden)")
    console.print(table)
    console.print(f"[bold]{curve.sentence}[/bold]", highlight=False)


def _covered(cell: Covered) -> str:
    if cell.accuracy is None:
        return "nobody" if cell.coverage == 0 else "few"
    return f"{cell.coverage:.0%}: {cell.accuracy.value:.0%}"


def _percent(i: Interval) -> str:
    return f"{i.value:.1%} ({100 * i.low:.0f}-{100 * i.high:.0f})"


def _number(i: Interval, digits: int = 2) -> str:
    return f"{i.value:.{digits}f} ({i.low:.{digits}f}-{i.high:.{digits}f})"


def _error(found: Calibration) -> str:
    return f"{found.error.value:.3f} ({found.by_chance:.3f})"
