"""``coterie match``: users matched to items by the cosine, judged by likes that were held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption
from coterie.errors import ConfigError, shown

if TYPE_CHECKING:
    from coterie.actions.match import Match
    from coterie.selection.types import Interval


def match(
    by: Annotated[
        str, typer.Option("--by", help="'traits': numbers that users and items both have; or 'embedding'.")
    ] = "traits",
    n: Annotated[list[int] | None, typer.Option("--n", help="Items that are judged; repeat it for several.")] = None,
    likes: Annotated[
        str | None, typer.Option("--likes", help="The table of events that holds what users like.")
    ] = None,
    held_out: Annotated[float, typer.Option("--held-out", help="Share of each user's events that is held out.")] = 0.2,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write each user's best matches too, .csv or .parquet.")
    ] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Match users to items by the cosine, and say how good that is beside random and popular items."""
    from coterie.actions.match import match as judged
    from coterie.actions.match import matches, write_matches
    from coterie.activation.matching import TOP
    from coterie.cli.summary import print_json
    from coterie.runs.result import open_run

    run = open_run(project, run_id)
    how, tops = _by(by), tuple(n or TOP)
    found = judged(run, by=how, ns=tops, likes=likes, held_out=held_out)
    if out is not None:
        write_matches(matches(run, by=how, n=max(tops), likes=likes), out)
    if as_json:
        print_json(found)
        return
    _show(found)
    if out is not None:
        typer.echo(f"wrote {out}")


def _by(text: str) -> Literal["traits", "embedding"]:
    match text:
        case "traits" | "embedding":
            return text
    raise ConfigError(f"'--by' is {shown(text)}; expected 'traits' or 'embedding'")


def _show(found: Match) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    e = found.evaluation

    def say(told: str) -> None:
        console.print(told, highlight=False, soft_wrap=True)

    columns = f" over {len(found.columns)} columns of both" if found.columns else ""
    say(
        f"{e.n_users:,} users matched to {e.n_items:,} items by {found.by}{columns}; judged by {e.n_held:,} likes of "
        f"'{escape(found.likes)}' that were held out ({found.held_out:.0%} of events)"
    )
    if found.unmatched_users or found.unmatched_items:
        say(f"of {found.unmatched_users:,} users and {found.unmatched_items:,} items nothing is known that both have")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("first", "by", "F1", "F1 micro", "Jaccard", "Hamming loss"):
        table.add_column(name, justify="left" if name == "by" else "right")
    for n in sorted({one.n for one in e.scores}):
        for by in ("match", "popularity", "random"):
            s = e.score(by, n)
            table.add_row(
                *(f"{n}" if by == "match" else "", by, _around(s.f1), f"{s.f1_micro:.3f}", _around(s.jaccard)),
                _around(s.hamming),
            )
    console.print(table)
    where = ", ".join(f"{one.by} {_told(one.mean, 1)}" for one in e.percentiles)
    say(f"percentile of liked items (100 = first): {where}")
    for gain in (one for one in e.gains if one.of == "percentile" or one.n == max(s.n for s in e.scores)):
        what = "the percentile" if gain.n is None else f"F1 at {gain.n}"
        sign = "better" if gain.is_better else "worse" if gain.difference.high < 0 else "no different"
        say(f"{what}: {sign} than {gain.against}, by {_told(gain.difference, 1 if gain.n is None else 3)}")


def _around(found: Interval) -> str:
    return f"{found.value:.3f} ± {found.high - found.value:.3f}"


def _told(found: Interval, digits: int = 3) -> str:
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"
