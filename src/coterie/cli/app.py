"""The commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.classify import classify
from coterie.cli.compare import compare
from coterie.cli.explore import explore
from coterie.cli.fans import fans
from coterie.cli.forget import forget
from coterie.cli.graph import graph
from coterie.cli.lookalike import lookalike
from coterie.cli.match import match
from coterie.cli.options import JsonOption, ProjectOption, RunOption
from coterie.cli.plot import plot
from coterie.cli.profile import profile
from coterie.cli.recommend import recommend
from coterie.cli.report import report
from coterie.cli.segments import segments_app
from coterie.cli.similar import similar
from coterie.cli.tags import tags_app

if TYPE_CHECKING:
    from coterie.runs.result import Run

app = typer.Typer(
    name="coterie",
    help="Turn what people do into groups you can act on.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(segments_app, name="segments")
app.add_typer(tags_app, name="tags")
app.command()(plot)
app.command()(report)
app.command()(profile)
app.command()(classify)
app.command()(compare)
app.command()(fans)
app.command()(forget)
app.command()(similar)
app.command()(lookalike)
app.command()(match)
app.command()(recommend)
app.command()(graph)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The project's coterie.toml, or its folder.")]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Tasks at once; the answer does not depend on it.")
]


def _version(asked: bool) -> None:
    if asked:
        from coterie import __version__

        typer.echo(f"coterie {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Turn what people do into groups you can act on."""


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the sample, its config and its run go.")] = Path("coterie-demo"),
    users: Annotated[int, typer.Option(min=100, help="How many made-up users.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another audience.")] = 7,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a sample audience, run the whole way on it, and show the report's place. Nothing to configure."""
    from coterie.cli.summary import show_run
    from coterie.sources.sample import write_sample

    config = write_sample(folder, n_users=users, seed=seed)
    show_run(_run_with_progress(config, threads, quiet=as_json), as_json=as_json)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    config: Annotated[Path, typer.Option("--config", "-c", help="The config to write.")] = Path("coterie.toml"),
    as_json: JsonOption = False,
) -> None:
    """Look at the tables in a folder and write a commented coterie.toml that runs."""
    from coterie import project
    from coterie.cli.summary import show_init

    show_init(project.init(folder, config), as_json=as_json)


@app.command()
def check(config: ConfigOption = Path("coterie.toml"), as_json: JsonOption = False) -> None:
    """Check config, sources, columns and types; reads little and changes nothing."""
    from coterie.cli.checking import check_project
    from coterie.cli.summary import show_check

    show_check(check_project(config), as_json=as_json)


app.command()(explore)


@app.command()
def run(
    config: ConfigOption = Path("coterie.toml"),
    since: Annotated[
        str | None, typer.Option(help="Only events from then on: a date, or an age (90d) before the newest event.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only events before then: a date, or an age.")] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the whole way: tables to proven and explained segments, with a report."""
    from coterie.cli.summary import show_run

    found = _run_with_progress(config, threads, since=since, until=until, quiet=as_json)
    show_run(found, as_json=as_json)


@app.command()
def score(
    events: Annotated[Path | None, typer.Argument(help="Events of users never seen: user, item, value, time.")] = None,
    users: Annotated[Path | None, typer.Option(help="Attributes of users never seen.")] = None,
    items: Annotated[
        Path | None, typer.Option(help="Items never seen, with their titles, tags and attributes.")
    ] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A CSV file to write; by default the screen.")] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="The classifier names no segment that it is less sure of.")
    ] = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Give users that the model has never seen a segment, from whatever is known of them, and how sure that is.

    By fold-in, with strength and distance, where the tables are given that segments are formed on; else by a
    classifier, fitted once a run.

    Where items or tags are segmented, it is these that are scored: events of items never seen.
    """
    from coterie import project as projects
    from coterie.cli.summary import show_scores, tell_of_classifier
    from coterie.runs.result import open_run

    found = open_run(project, run_id)
    scores = projects.score(
        found, events, users=users, items=items, min_confidence=min_confidence, told=tell_of_classifier
    )
    show_scores(scores, out, found.config, as_json=as_json)


def _run_with_progress(
    config: Path, threads: int | None, *, since: str | None = None, until: str | None = None, quiet: bool
) -> Run:
    from coterie import project
    from coterie.cli.progress import Bars
    from coterie.runs.journal import Silence

    if quiet:
        return project.run(config, since=since, until=until, threads=threads, listener=Silence())
    with Bars() as bars:
        return project.run(config, since=since, until=until, threads=threads, listener=bars)
