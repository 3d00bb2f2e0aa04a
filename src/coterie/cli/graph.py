"""``coterie graph``: who goes with whom, beyond chance, in communities; on the screen and in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption, made_folder

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.activation.graphs.types import Graph

SHOWN_COMMUNITIES = 12


def graph(
    kind: Annotated[
        str, typer.Argument(help="items (liked by the same users), users (alike) or browsing (page to page).")
    ],
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A folder for GraphML, GEXF, CSV for graph databases, a page and pictures."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=50, help="Nodes shown of each community, and edges shown.")] = 5,
    min_users: Annotated[
        int | None,
        typer.Option(min=1, help="Users of an item (by default 10) or a page (min_cell); fewer leave it out."),
    ] = None,
    all_edges: Annotated[bool, typer.Option("--all-edges", help="Keep edges that chance explains too.")] = False,
    neighbours: Annotated[int, typer.Option("--neighbours", "-k", min=1, help="Nearest users of each user.")] = 10,
    mutual: Annotated[
        bool, typer.Option("--mutual", help="Link users only where each is among the other's nearest.")
    ] = False,
    table: Annotated[str | None, typer.Option(help="The table of events, where there are several.")] = None,
    page: Annotated[str | None, typer.Option(help="The category that is a page; by default the item.")] = None,
    referrer: Annotated[
        str | None, typer.Option(help="The category that an event came from; by default the event before.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="The category that says which events go together.")] = None,
    gap: Annotated[float, typer.Option(help="Minutes without an event that end a session.")] = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Link items, users or pages where chance does not explain it, find communities, and export the graph."""
    from typing import cast

    from coterie.actions.graph import GraphOptions
    from coterie.actions.graph import graph as made
    from coterie.activation.graphs.types import Kind
    from coterie.cli.progress import Bars
    from coterie.runs.result import open_run

    options = GraphOptions(
        min_users=min_users, all_edges=all_edges, neighbours=neighbours, mutual=mutual, table=table, page=page,
        referrer=referrer, session=session, gap_min=gap,
    )  # fmt: skip
    run = open_run(project, run_id)
    if as_json:
        found = made(run, cast(Kind, kind), options)
    else:
        with Bars() as bars:
            bars.started("graph")
            found = made(run, cast(Kind, kind), options, step=bars.advanced)
    files = _write(found, out) if out is not None else ()
    _show(found, top, as_json=as_json)
    if not as_json:
        for file in files:
            typer.echo(f"wrote {file}")


def _write(found: Graph, folder: Path) -> tuple[Path, ...]:
    from coterie import plots
    from coterie.activation.graphs.drawing import drawn
    from coterie.activation.graphs.export import write_graph
    from coterie.report.graph import write_page

    made_folder(folder)
    files = write_graph(folder, found)
    with plots.drawing():
        chart = plots.community_graph(drawn(found))
    write_page(folder / "graph.html", found)
    pictures = folder / "graph.svg", folder / "graph.png"
    plots.to_svg(chart, pictures[0], width=760)
    plots.to_png(chart, pictures[1], width=760)
    return (*files, folder / "graph.html", *pictures)


def _show(found: Graph, top: int, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    from coterie.activation.graphs.telling import NOUNS, as_record, told
    from coterie.cli.summary import print_json

    if as_json:
        print_json(as_record(found))
        return
    console = Console()
    noun = NOUNS[found.kind]
    console.print(
        f"\n[bold]{len(found.ids):,} {noun.many}, {len(found.links):,} edges[/bold] ({escape(found.weight)}) of run "
        f"{found.run_id}",
        highlight=False,
    )
    console.print("\n".join(escape(line) for line in told(found)), highlight=False)
    if found.is_more_than_chance:
        _show_communities(console, found, top)
    else:
        _show_leading(console, found, top)
    _show_edges(console, found, top)


def _show_communities(console: Console, found: Graph, top: int) -> None:
    from rich.table import Table

    from coterie.activation.graphs.telling import NOUNS, listed
    from coterie.plots.theme import printable

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("community")
    for name in (NOUNS[found.kind].many, "inside"):
        table.add_column(name, justify="right")
    table.add_column("of the highest PageRank", overflow="fold")
    shown = listed(found)[:SHOWN_COMMUNITIES]
    for one in shown:
        leading = "; ".join(printable(found.labels[at]) for at in one.leading[:top])
        table.add_row(str(one.number), f"{one.size:,}", f"{one.inside:.0%}", _escaped(leading))
    console.print(table)
    if len(shown) < len(found.communities):
        console.print(f"and {len(found.communities) - len(shown):,} more, smaller ones", highlight=False)


def _show_leading(console: Console, found: Graph, top: int) -> None:
    leading = sorted(range(len(found.ids)), key=lambda at: (-found.pagerank[at], at))[:top]
    told = "; ".join(f"{found.labels[at]} {found.pagerank[at]:.1%}" for at in leading)
    console.print(f"of the highest PageRank: {_escaped(told)}", highlight=False)


def _show_edges(console: Console, found: Graph, top: int) -> None:
    from rich.table import Table

    from coterie.activation.graphs.telling import strongest

    links = found.links
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("strongest edges", overflow="fold")
    table.add_column(found.weight, justify="right")
    if links.expected is not None and links.q is not None:
        table.add_column("by chance", justify="right")
        table.add_column("FDR at most", justify="right")
    for at in strongest(found, top):
        ends = (" → " if found.is_directed else " — ").join(found.labels[side[at]] for side in (links.start, links.end))
        cells = [f"{links.weight[at]:,.3g}" if found.kind == "users" else f"{links.weight[at]:,.0f}"]
        if links.expected is not None and links.q is not None:
            cells += [f"{links.expected[at]:,.1f}", f"{links.q[at]:.0e}" if links.q[at] < 0.01 else f"{links.q[at]:g}"]
        table.add_row(_escaped(ends), *cells)
    console.print(table)
    if links.users is not None:
        console.print(f"users are told in multiples of {found.min_cell}, rounded down", highlight=False)


def _escaped(text: str) -> str:
    from rich.markup import escape

    from coterie.plots.theme import printable

    return escape(printable(text))
