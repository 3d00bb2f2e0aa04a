"""``coterie lookalike``: an audience that looks like a list of seeds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption
from coterie.errors import ConfigError, shown

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.actions.lookalike import Lookalikes
    from coterie.activation.audience import Audience
    from coterie.runs.result import Run

RANKINGS = ("classifier", "centroid", "segment", "activity")
SHOWN_POINTS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)


def lookalike(
    seeds: Annotated[Path, typer.Argument(help="A file of ids, one a line, or a table with a column of ids.")],
    reach: Annotated[
        str | None, typer.Option("--reach", help="How many: 500, or a share of those ranked: 10% (the default).")
    ] = None,
    floor: Annotated[
        float | None, typer.Option("--floor", help="In place of a reach, the least score (or cosine by centroid).")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="'embedding' (the default) or a feature's name; repeat it to take several."),
    ] = None,
    ranked_by: Annotated[
        str, typer.Option("--ranked-by", help="'classifier', or 'centroid': the cosine to the seeds' centre.")
    ] = "classifier",
    exclude: Annotated[
        list[Path] | None, typer.Option("--exclude", help="A file of ids to leave out; may be repeated.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", help="Rank users never seen instead: a file of their events.")
    ] = None,
    users: Annotated[Path | None, typer.Option("--users", help="Rank users never seen: their attributes.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The audience, .csv or .parquet.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Curves by reach, of seeds found and of similarity: .svg or .png.")
    ] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find those who are most like a list of seeds, say how well hidden seeds are found, and write them."""
    from coterie.actions.lookalike import lookalike as found_alike
    from coterie.actions.lookalike import write_audience
    from coterie.cli.summary import print_json
    from coterie.project import newcomers
    from coterie.runs.result import open_run

    run = open_run(project, run_id)
    asked = _reach(reach)
    new = newcomers(run, events, users=users) if events is not None or users is not None else None
    found = found_alike(
        run,
        seeds,
        by=by or ["embedding"],
        ranked_by=_ranking(ranked_by),
        reach=asked,
        floor=floor,
        exclude=exclude or [],
        newcomers=new,
    )
    files = write_audience(found, out) if out is not None else ()
    files += _draw(found.audience, plot) if plot is not None else ()
    if as_json:
        print_json({**_plain(found.audience), "rejects": found.rejects.to_dicts(), "files": files})
        return
    _show(found, run, wrote=bool(out))
    for file in files:
        typer.echo(f"wrote {file}")


def _plain(audience: Audience) -> dict[str, Any]:
    from coterie import records

    plain: dict[str, Any] = records.plain(audience)
    return plain


def _ranking(text: str) -> Literal["classifier", "centroid"]:
    match text:
        case "classifier" | "centroid":
            return text
    raise ConfigError(f"'--ranked-by' is {shown(text)}; expected 'classifier' or 'centroid'")


def _reach(text: str | None) -> float | None:
    """Give a count as a whole number and a share as a float."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]+", text):
        return int(text)
    number = text.removesuffix("%")
    try:
        value = float(number)
    except ValueError as error:
        raise ConfigError(
            f"'--reach' is {shown(text)}; expected how many users, such as 500, or a share, such as 10% or 0.1"
        ) from error
    return value / 100 if text.endswith("%") else value


def _draw(audience: Audience, path: Path) -> tuple[Path, ...]:
    from coterie import plots

    if path.suffix.lower() not in {".svg", ".png"}:
        raise ConfigError(f"the plot {shown(path)} ends in '{path.suffix}'; expected .svg or .png")
    beside = path.with_name(f"{path.stem}.similarity{path.suffix}")
    with plots.drawing():
        drawn = {path: plots.reach_curve(audience), beside: plots.similarity_curve(audience)}
        for file, chart in drawn.items():
            if chart is not None:
                (plots.to_svg if path.suffix.lower() == ".svg" else plots.to_png)(chart, file)
    return tuple(file for file, chart in drawn.items() if chart is not None)


def _show(found: Lookalikes, run: Run, *, wrote: bool) -> None:
    from rich.console import Console

    console = Console()
    a, noun = found.audience, run.manifest.entity
    many = noun.many

    def say(told: str) -> None:
        console.print(told, highlight=False, soft_wrap=True)

    who = noun.one if a.users == 1 else many
    whom = "newcomers of the files" if a.from_files else f"other {many} of the run"
    say(
        f"[bold]{a.users:,}[/bold] {who} like {a.n_seeds:,} seeds: {a.reach:.1%} of {a.n_ranked:,} {whom}, ranked by "
        f"{a.ranked_by}, down to {a.floor:.3f}"
    )
    _show_refused(console, found)
    if a.n_excluded or a.unknown_excluded:
        nowhere = f"; {a.unknown_excluded:,} ids to exclude are nowhere" if a.unknown_excluded else ""
        say(f"{a.n_excluded:,} {many} are left out as excluded{nowhere}")
    for warning in a.warnings:
        say(f"[yellow]note:[/yellow] {warning}")
    if a.hidden is not None:
        _show_recall(console, a)
    _show_curve(console, a, many)
    _show_parts(console, a, run)
    if not a.users:
        say("nobody comes so near; the reach curve says how near others are: choose another --floor, or a --reach")
    elif not wrote:
        first = ", ".join(found.frame["user_id"].head(5).to_list())
        say(f"first: {first}; write them all with --out audience.csv")


def _show_refused(console: Console, found: Lookalikes) -> None:
    from rich.markup import escape

    a = found.audience
    for one in a.refused:
        near = f"; did you mean '{one.nearest}'?" if one.nearest else ""
        told = f"seed '{one.id}': {one.reason}{near}"
        console.print(f"[yellow]rejected:[/yellow] {escape(told)}", highlight=False, soft_wrap=True)
    if a.n_refused > len(a.refused):
        console.print(f"and {a.n_refused - len(a.refused):,} more; --out keeps them all beside the audience")


def _show_recall(console: Console, a: Audience) -> None:
    from rich.table import Table

    hidden = a.hidden
    assert hidden is not None
    reaches = sorted({one.reach for one in hidden.recalls})
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    among = " among the run's own" if a.from_files else ""
    console.print(f"{hidden.n:,} seeds, hidden a fifth at a time and looked for{among}; found, with 95 % intervals:")
    table.add_column("ranking")
    for reach in reaches:
        table.add_column(f"at {reach:.0%}", justify="right")
    table.add_column("times random", justify="right")
    for by in (name for name in RANKINGS if name in hidden.curve):
        cells = [hidden.at(by, reach) for reach in reaches]
        told = [f"{one.recall.value:.0%} ({100 * one.recall.low:.0f}-{one.recall.high:.0%})" for one in cells]
        table.add_row(f"by {by}", *told, f"{cells[-1].times_random:.1f}")
    table.add_row("at random", *(f"{reach:.0%}" for reach in reaches), "1.0")
    console.print(table)


def _show_curve(console: Console, a: Audience, many: str) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("reach", many, f"floor ({a.ranked_by})", "mean cosine", "hidden seeds found"):
        table.add_column(name, justify="right")
    for point in (one for one in a.curve if one.reach in SHOWN_POINTS):
        recall = point.recall.get(a.ranked_by)
        told = "" if recall is None else f"{recall:.0%}"
        table.add_row(f"{point.reach:.0%}", f"{point.users:,}", f"{point.floor:.3f}", f"{point.similarity:.3f}", told)
    console.print(table)


def _show_parts(console: Console, a: Audience, run: Run) -> None:
    from rich.markup import escape
    from rich.table import Table

    names = {segment.id: segment.name for segment in run.segments}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("segment", "name", run.manifest.entity.many, "share", "of all", "index"):
        table.add_column(name, justify="left" if name in {"segment", "name"} else "right")
    for part in a.parts:
        users = "·" if part.users is None else f"{part.users:,}"
        share = "·" if part.share is None else f"{part.share:.1%}"
        index = "·" if part.index is None else f"{part.index:.0f}"
        name, of_all = names.get(part.segment, ""), "·" if part.of_all is None else f"{part.of_all:.1%}"
        table.add_row(part.segment or "in none", escape(name), users, share, of_all, index)
    console.print(table)
    if any(part.users is None for part in a.parts):
        console.print(
            f"· fewer than {run.config.segments.min_cell}, or hidden so that such a part cannot be worked out"
        )
