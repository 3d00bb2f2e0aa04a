"""``coterie forget``: users out of every run kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption
from coterie.errors import FAILURE, ConfigError, SourceError, shown

if TYPE_CHECKING:
    from coterie.actions.forget import Forgot


def forget(
    users: Annotated[list[str] | None, typer.Argument(help="Ids of the users to forget.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A file of ids, one a line; of CSV its first column.")
    ] = None,
    project: ProjectOption = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be touched; change nothing.")] = False,
    missing_ok: Annotated[bool, typer.Option("--missing-ok", help="Pass over ids that are nowhere.")] = False,
    keep_out: Annotated[
        bool,
        typer.Option("--keep-out", help="Keep salted hashes of the ids, so that later runs leave these users out."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take users out of every run kept, the cache, and the tables and graphs that commands wrote; your own source files
    are never changed."""
    from coterie.actions.forget import forget as forgotten

    asked = [*(users or ()), *(_read(file) if file is not None else ())]
    if not asked:
        raise ConfigError("there is nobody to forget; name a user's id, or a file of ids with --file")
    found = forgotten(project, asked, missing_ok=missing_ok, keep_out=keep_out, dry_run=dry_run)
    _show(found, as_json=as_json)
    if found.left:
        raise typer.Exit(FAILURE)


def _read(file: Path) -> list[str]:
    """Give the ids of a file; a first line "user_id" is its header."""
    import csv

    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            ids = [row[0].strip() for row in csv.reader(opened) if row and row[0].strip()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"the ids in {shown(file)} cannot be read: {error}; expected text in UTF-8") from error
    return ids[1:] if ids[:1] in (["user_id"], ["user"], ["id"]) else ids


def _show(found: Forgot, *, as_json: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    from coterie.cli.summary import print_json

    if as_json:
        print_json(found)
        return
    console = Console()

    def say(told: str) -> None:
        console.print(told, highlight=False, soft_wrap=True)

    verb = "would be forgotten" if found.is_dry else "forgotten"
    say(f"{found.users:,} user{'' if found.users == 1 else 's'} {verb}; {found.unknown:,} of those named are nowhere")
    for run in found.runs:
        say(f"  run {run}")
    for file in found.files:
        whole = ", removed: a graph cannot be had without one of its users" if file in found.removed else ""
        say(f"  {escape(file)}{whole}")
    if found.cache:
        say("  the cache, whole: it is made again")
    for told in found.given_up:
        say(f"[yellow]note:[/yellow] {escape(told)}")
    if found.runs and not found.is_dry:
        say("what was counted and fitted with them is as it was, and the runs say so; run again for numbers without")
    for held in found.sources:
        say(
            f"[yellow]still there:[/yellow] {held.users:,} in table '{escape(held.table)}' at "
            f"'{escape(held.location)}', which is yours: Coterie changes no source. Take the rows out there"
            + ("" if found.kept_out else ", or the next run reads them again (--keep-out leaves them out)")
        )
    for told in found.unread:
        say(f"[yellow]not looked at:[/yellow] {escape(told)}")
    for trace in found.left:
        say(f"[red]left:[/red] '{escape(str(trace.file))}' still holds {trace.users:,} of these ids")
    if found.not_looked_for and not found.is_dry:
        say(
            f"{found.not_looked_for:,} of the ids are too short to be told from other words and numbers, or are ids of "
            "items too: they are gone from where Coterie keeps users, and texts were not searched for them"
        )
