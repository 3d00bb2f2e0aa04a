"""``coterie similar``: who is most like somebody, and why; which items the same users take up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption
from coterie.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.actions.similar import Alike, Similar, SimilarItems, SimilarTable
    from coterie.runs.result import Run


def similar(
    user: Annotated[str | None, typer.Argument(help="The id to find others for.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many.")] = 10,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="'embedding' (the default) or a feature's name; repeat it to compare by several."),
    ] = None,
    items: Annotated[
        str | None, typer.Option("--items", "--item", help="An item: find those that the same users take up.")
    ] = None,
    all_users: Annotated[bool, typer.Option("--all", help="All against all, written to --out.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="With --all: the table, .parquet or .csv.")] = None,
    approximate: Annotated[
        bool, typer.Option("--approximate", help="With --all: by an index where there are very many (extra 'index').")
    ] = False,
    shrinkage: Annotated[
        float | None, typer.Option("--shrinkage", min=0, help="With --items: users by which few in common count less.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option("--events", help="USER is one never seen: a file of their events.")
    ] = None,
    users: Annotated[Path | None, typer.Option("--users", help="USER is one never seen: their attributes.")] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find who is most like a user, and why; with --items which items the same users take up."""
    from coterie.actions.similar import similar as found_similar
    from coterie.actions.similar import similar_items as found_items
    from coterie.activation.cotaken import SHRINKAGE
    from coterie.cli.summary import print_json
    from coterie.project import newcomers
    from coterie.runs.result import open_run

    is_new = events is not None or users is not None
    if is_new and user is None:
        raise ConfigError("'--events' and '--users' are of a USER never seen; name one")
    _refuse_conflicts(user, items, out, all_users=all_users, approximate=approximate)
    if items is None and shrinkage is not None:
        raise ConfigError("'--shrinkage' is for '--items'; leave it out")
    if items is not None and by:
        raise ConfigError("'--items' goes by who takes items up; leave '--by' out")
    run = open_run(project, run_id)
    if all_users:
        assert out is not None
        table = _all(run, out, k, by or ["embedding"], approximate=approximate, quiet=as_json)
        print_json(table) if as_json else _show_table(table, run)
    elif items is not None:
        answer = found_items(run, items, k=k, shrinkage=SHRINKAGE if shrinkage is None else shrinkage)
        print_json(answer) if as_json else _show_items(answer, run)
    else:
        assert user is not None
        new = newcomers(run, events, users=users) if is_new else None
        alike = found_similar(run, user, k=k, by=by or ["embedding"], newcomers=new)
        print_json(alike) if as_json else _show(alike, run)


def _refuse_conflicts(
    user: str | None, items: str | None, out: Path | None, *, all_users: bool, approximate: bool
) -> None:
    asked = [name for name, given in (("USER", user), ("--items", items), ("--all", all_users or None)) if given]
    if len(asked) != 1:
        got = " and ".join(f"'{name}'" for name in asked) or "nothing"
        raise ConfigError(f"{got} is asked about; name one user, or an item with '--items', or take '--all'")
    if all_users and out is None:
        raise ConfigError("'--all' writes a table; name its file with '--out similar.parquet'")
    if not all_users and out is not None:
        raise ConfigError("'--out' is for '--all'; leave it out, and take '--json' for programs")
    if not all_users and approximate:
        raise ConfigError("'--approximate' is for '--all'; one user is always looked up exactly")


def _all(run: Run, out: Path, k: int, by: list[str], *, approximate: bool, quiet: bool) -> SimilarTable:
    from coterie.actions.similar import similar_all
    from coterie.cli.progress import Bars

    if quiet:
        return similar_all(run, out, k=k, by=by, approximately=approximate)
    with Bars() as bars:
        bars.started("similar")
        return similar_all(
            run,
            out,
            k=k,
            by=by,
            approximately=approximate,
            told=lambda done, total: bars.advanced("all against all", done, total),
        )


def _show_table(found: SimilarTable, run: Run) -> None:
    many = run.manifest.entity.many
    typer.echo(f"wrote {found.path}: {found.rows:,} rows, up to {found.k} for each of {found.n:,} {many}")
    if found.unknown:
        typer.echo(f"{found.unknown:,} {many} have none: nothing is known of them by {', '.join(found.by)}")
    if found.recall is not None:
        r = found.recall
        typer.echo(
            f"by an index that finds {r.value:.1%} of the exact answers (95 % interval {r.low:.1%} to {r.high:.1%}, "
            f"measured on {r.n_sample:,})"
        )
    if found.note:
        typer.echo(found.note)


def _show(found: Similar, run: Run) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    if found.unknown:
        console.print(f"[yellow]{escape(found.unknown)}[/yellow]", highlight=False, soft_wrap=True)
        return
    names = {segment.id: segment.name for segment in run.segments}
    own = f"in {found.segment} {names.get(found.segment, '')}" if found.segment else "in no segment"
    console.print(
        f"most like [bold]{escape(found.of)}[/bold]{_named(found.name)}, {escape(own)}: by {', '.join(found.by)}, "
        f"among {found.among:,} other {run.manifest.entity.many}",
        highlight=False,
        soft_wrap=True,
    )
    for one in found.alike:
        same = "the same segment" if one.segment == found.segment and one.segment else one.segment or "no segment"
        console.print(
            f"\n{one.rank:>2}  [bold]{escape(one.id)}[/bold]{_named(one.name)}  {one.similarity:.3f}  "
            f"[dim]{escape(same)}[/dim]",
            highlight=False,
            soft_wrap=True,
        )
        _show_reasons(console, one, run)
    if not found.alike:
        console.print("nobody: no other has a cosine above 0", highlight=False)


def _named(name: str) -> str:
    from rich.markup import escape

    return f" ({escape(name)})" if name else ""


def _show_reasons(console: Console, one: Alike, run: Run) -> None:
    from rich.markup import escape

    why = one.why
    many = run.manifest.counterpart.many

    def say(told: str) -> None:
        console.print(f"    {escape(told)}", highlight=False, soft_wrap=True)

    if why.n_shared:
        named = "; ".join(_item(item.title, item.own, item.other, item.share) for item in why.items)
        say(f"{why.n_shared:,} {many} of both ({why.n_own:,} and {why.n_other:,}); most telling: {named}")
    if why.tags:
        said = "; ".join(f"{t.tag} {t.own:.0%} and {t.other:.0%} (all: {t.overall:.0%})" for t in why.tags)
        say(f"both prefer {said}")
    for found in why.attributes:
        ends = f" ({found.low} to {found.high})" if found.low else ""
        values = f"both {found.own}" if found.own == found.other else f"{found.own} and {found.other}"
        if found.kind == "number":
            of_all = f"mean: {found.overall:.3g}"
        else:
            of_all = "few have it" if found.overall is None else f"all: {found.overall:.0%}"
        say(f"{found.name}{ends}: {values} ({of_all})")


def _item(title: str, own: float | None, other: float | None, share: float | None) -> str:
    values = "" if own is None or other is None else f"{own:g} and {other:g}, "
    return f"{title} ({values}{'few' if share is None else f'{share:.0%}'} have it)"


def _show_items(found: SimilarItems, run: Run) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    many = run.manifest.entity.many if run.config.project.entity == "users" else run.manifest.counterpart.many
    users = "few" if found.users is None else f"{found.users:,}"
    console.print(
        f"taken up by the {users} {many} of [bold]{escape(found.title)}[/bold] ({escape(found.item)})",
        highlight=False,
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "id", "title", "similarity", f"{many} of both", "of it", "times chance", "tags of both"):
        table.add_column(name, justify="left" if name in {"id", "title", "tags of both"} else "right", overflow="fold")
    for one in found.alike:
        table.add_row(
            *(str(one.rank), escape(one.item), escape(one.title), f"{one.similarity:.3f}", f"{one.both:,}"),
            *(f"{one.users:,}", f"{one.times_chance:.1f}", escape(", ".join(one.tags))),
        )
    console.print(table)
    if not found.alike:
        console.print(f"none: no other item has {found.min_cell} {many} or more in common with it", highlight=False)
