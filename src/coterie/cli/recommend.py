"""``coterie recommend``: what to recommend to whom, and why; how well recommenders do on what they have not seen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption
from coterie.errors import ConfigError, SourceError, shown

if TYPE_CHECKING:
    from coterie.activation.recommending.answers import Item, Recommendations, Written
    from coterie.runs.result import Run


def recommend(
    user: Annotated[str | None, typer.Argument(help="The user's id.")] = None,
    segment: Annotated[str | None, typer.Option(help="What a segment likes; with --all, everybody in it.")] = None,
    like: Annotated[str | None, typer.Option("--like", help="An item: list those that are like it.")] = None,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many items.")] = 10,
    by: Annotated[
        str | None, typer.Option(help="popularity, segment, als, ratings, ease, itemitem, or a plug-in's name.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the recommender, such as penalty=300; repeat it.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Events of users never seen, who are folded in; USER is one of them.")
    ] = None,
    available: Annotated[
        Path | None, typer.Option(help="A file of the items that may be recommended: ids, one a line.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(help='Only items for which this is true of the table of items: "in_stock == 1".')
    ] = None,
    with_seen: Annotated[bool, typer.Option("--with-seen", help="Also what a user took up before.")] = False,
    everybody: Annotated[bool, typer.Option("--all", help="A list for everybody, written to --out.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="With --all: the table, .csv or .parquet.")] = None,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Measure all recommenders, or --by, on events that they have not seen.")
    ] = False,
    split: Annotated[
        str | None,
        typer.Option(help="With --evaluate: hold out items at random ('random') or the latest ('temporal')."),
    ] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend items to a user, a segment or everybody, with why; or list items that are like one."""
    from coterie.cli.summary import print_json
    from coterie.runs.result import open_run

    if evaluate:
        others = {
            "USER": user, "--segment": segment, "--like": like, "--events": events, "--available": available,
            "--where": where, "--with-seen": with_seen or None, "--all": everybody or None, "--out": out,
        }  # fmt: skip
        _refuse_beside_evaluation(others)
        _evaluate(open_run(project, run_id), split or "random", by, _settings(setting or ()), as_json=as_json)
        return
    if split is not None:
        raise ConfigError("'--split' is for '--evaluate'; leave it out")
    _refuse_conflicts(user, segment, like, everybody=everybody, out=out)
    _refuse_ignored(segment, like, by, setting, events, everybody=everybody, with_seen=with_seen)
    run = open_run(project, run_id)
    filters = {"n": n, "available": None if available is None else _ids(available), "where": where}
    how = {"by": by, "options": _settings(setting or ())}
    if everybody:
        assert out is not None
        written = _all(run, out, events, quiet=as_json, segment=segment, with_seen=with_seen, **how, **filters)
        print_json(written) if as_json else _show_written(written)
        return
    found = _asked(run, user, segment, like, events, with_seen=with_seen, how=how, filters=filters)
    print_json(found) if as_json else _show(found, run)


def _refuse_beside_evaluation(others: Mapping[str, Any]) -> None:
    for name, given in others.items():
        if given is not None:
            raise ConfigError(f"'--evaluate' measures recommenders on all users; leave '{name}' out")


def _evaluate(run: Run, split: str, by: str | None, options: dict[str, Any], *, as_json: bool) -> None:
    from typing import cast

    from coterie.actions.evaluate import evaluate_recommenders
    from coterie.activation.recommending.judged import SplitName
    from coterie.cli.evaluating import show_evaluation
    from coterie.cli.progress import Bars
    from coterie.cli.summary import print_json

    if options and by is None:
        raise ConfigError("'--set' is of one recommender; name it with '--by'")
    how = cast(SplitName, split), (by,) if by else (), {by: options} if by else {}
    if as_json:
        print_json(evaluate_recommenders(run, split=how[0], by=how[1], options=how[2]))
        return
    with Bars() as bars:
        bars.started("evaluate recommenders")
        found = evaluate_recommenders(run, split=how[0], by=how[1], options=how[2], told=bars.advanced)
    show_evaluation(found)


def _asked(
    run: Run,
    user: str | None,
    segment: str | None,
    like: str | None,
    events: Path | None,
    *,
    with_seen: bool,
    how: dict[str, Any],
    filters: dict[str, Any],
) -> Recommendations:
    from coterie.actions.recommend import recommend as recommended
    from coterie.actions.recommend import recommend_like, recommend_to_segment

    if like is not None:
        return recommend_like(run, like, **how, **filters)
    if segment is not None:
        return recommend_to_segment(run, segment, **filters)
    assert user is not None
    return recommended(run, user, events=_tables(run, events), with_seen=with_seen, **how, **filters)


def _refuse_conflicts(
    user: str | None, segment: str | None, like: str | None, *, everybody: bool, out: Path | None
) -> None:
    asked = [
        name
        for name, given in (
            ("USER", user),
            ("--segment", None if everybody else segment),
            ("--like", like),
            ("--all", everybody or None),
        )
        if given
    ]
    if len(asked) != 1:
        got = " and ".join(f"'{name}'" for name in asked) or "nothing"
        raise ConfigError(f"{got} is asked about; name one user, '--segment', '--like' an item, or take '--all'")
    if everybody and out is None:
        raise ConfigError("'--all' writes a table; name its file with '--out recommendations.csv'")
    if not everybody and out is not None:
        raise ConfigError("'--out' is for '--all'; leave it out, and take '--json' for programs")


def _refuse_ignored(
    segment: str | None,
    like: str | None,
    by: str | None,
    setting: Sequence[str] | None,
    events: Path | None,
    *,
    everybody: bool,
    with_seen: bool,
) -> None:
    if segment is not None and not everybody and (by or setting):
        raise ConfigError("a segment's list goes by its own popularity; leave '--by' and '--set' out")
    if (segment is not None and not everybody) or like is not None:
        for name, given in (("--events", events), ("--with-seen", with_seen or None)):
            if given is not None:
                raise ConfigError(f"'{name}' is for users; leave it out, or name a user or '--all'")


def _ids(file: Path) -> tuple[str, ...]:
    """Give the ids of a file, one a line; a first line "item_id" is its header."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"the items in {shown(file)} cannot be read: {error}; expected text in UTF-8") from error
    ids = tuple(line for line in lines if line)
    ids = ids[1:] if ids[:1] in (("item_id",), ("item",), ("id",)) else ids
    if not ids:
        raise SourceError(f"the file {shown(file)} holds no id; expected one a line")
    return ids


def _settings(given: Sequence[str]) -> dict[str, Any]:
    """Read NAME=VALUE, the value as JSON where it is, else as text."""
    found: dict[str, Any] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise ConfigError(f"'--set' is {shown(one)}; expected NAME=VALUE, such as penalty=300")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value
    return found


def _tables(run: Run, events: Path | None) -> Any:
    from coterie import project as projects

    return None if events is None else projects.read_events(run, events)


def _all(run: Run, out: Path, events: Path | None, *, quiet: bool, **how: Any) -> Written:
    from coterie.actions.recommend import recommend_all
    from coterie.cli.progress import Bars

    tables = _tables(run, events)
    if quiet:
        return recommend_all(run, out, events=tables, **how)
    with Bars() as bars:
        bars.started("recommend")
        return recommend_all(
            run, out, events=tables, told=lambda done, total: bars.advanced("lists for everybody", done, total), **how
        )


def _show_written(found: Written) -> None:
    typer.echo(f"wrote {found.path}: {found.rows:,} rows for {found.n:,} users, by {found.by}")
    if found.popular:
        typer.echo(f"{found.popular:,} of them got what is popular: nothing that they like is known")


def _show(found: Recommendations, run: Run) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    names = {segment.id: segment.name for segment in run.segments}
    for_whom = {"user": "for", "segment": "liked in", "item": "like"}[found.kind]
    what = found.of if found.name == found.of else f"{found.of} {found.name}"
    known = "" if found.known is None else f", {found.known:,} of whose items are known"
    inside = f", in {found.segment} {names.get(found.segment, '')}" if found.kind == "user" and found.segment else ""
    console.print(
        f"{for_whom} [bold]{escape(what)}[/bold]{escape(known + inside)}: by {escape(found.by)}",
        highlight=False,
        soft_wrap=True,
    )
    if found.note:
        console.print(f"[yellow]{escape(found.note)}[/yellow]", highlight=False, soft_wrap=True)
    if not found.items:
        return
    columns = ["", "id", "title", "score", "users", *_more_columns(found)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(
            name, justify="left" if name in {"id", "title", "since they like"} else "right", overflow="fold"
        )
    for one in found.items:
        users = "few" if one.users is None else f"{one.users:,}"
        cells = (str(one.rank), escape(one.item), escape(one.title), f"{one.score:.3f}", users)
        table.add_row(*cells, *map(escape, _more_cells(found, one)))
    console.print(table)


def _more_columns(found: Recommendations) -> list[str]:
    if found.kind == "segment":
        return ["of it", "times all"]
    return ["since they like"] if any(one.why for one in found.items) else []


def _more_cells(found: Recommendations, one: Item) -> list[str]:
    if found.kind == "segment":
        return [f"{one.share:.0%}", f"{one.times_all:.2f}"]
    if not _more_columns(found):
        return []
    return ["; ".join(f"{why.title} {why.share:.0%}" for why in one.why)]
