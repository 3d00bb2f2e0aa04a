"""The commands on segments: those of a run, and those of the registry, which go through all runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.options import JsonOption, ProjectOption, RunOption

segments_app = typer.Typer(
    help="Look at segments, name them, merge them and take that back, and see what became of them.",
    no_args_is_help=True,
)

NoteOption = Annotated[str, typer.Option("--note", help="A note to keep with it.")]


@segments_app.command("list")
def segments_list(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """List every segment that there ever was, with its name, and what you are asked about."""
    from coterie.cli.registry import show_registry
    from coterie.runs.identity import caught_up, project_folder

    show_registry(caught_up(project_folder(project)), as_json=as_json)


@segments_app.command("show")
def segments_show(
    segment: Annotated[
        str | None, typer.Argument(help="A segment's id, such as s-2; by default all, in short.")
    ] = None,
    project: ProjectOption = Path(),
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the segments of a run, or one of them in full."""
    from dataclasses import replace

    from coterie.cli.personas import named_now
    from coterie.cli.summary import show_segment, show_segments
    from coterie.runs.identity import caught_up, with_names
    from coterie.runs.result import open_run

    found = open_run(project, run_id)
    registry = caught_up(found.folder.resolve().parent.parent)
    found = replace(found, segments=with_names(found.segments, registry))
    if segment is None:
        show_segments(found, as_json=as_json)
    else:
        segment_found, profile = found.segment(segment)
        persona = named_now(found.persona(segment), segment_found)
        show_segment(segment_found, profile, persona, found.manifest.entity, as_json=as_json)


@segments_app.command("rename")
def segments_rename(
    segment: Annotated[str, typer.Argument(help="A segment's id, such as s-2.")],
    name: Annotated[str | None, typer.Argument(help='Its name from now on; "" takes the name back.')] = None,
    colour: Annotated[
        str | None, typer.Option(help="Its colour from now on, as in '#0072B2'; \"\" takes it back.")
    ] = None,
    note: NoteOption = "",
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Give a segment a name, a colour or a note; they stay with it through every run."""
    from coterie.cli.registry import now, show_entry
    from coterie.runs.identity import editing, project_folder
    from coterie.segments.registry import renamed

    with editing(project_folder(project)) as opened:
        opened.registry = renamed(opened.registry, segment, at=now(), name=name, colour=colour, note=note)
    show_entry(opened.registry.entry(segment), as_json=as_json)


@segments_app.command("merge")
def segments_merge(
    one: Annotated[str, typer.Argument(help="A segment's id, which stays.")],
    other: Annotated[str, typer.Argument(help="The id of another, which becomes part of it.")],
    into: Annotated[str | None, typer.Option(help="Which of the two stays, where it is not the first.")] = None,
    note: NoteOption = "",
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Make two segments one from the next run on; runs that are there stay as they are."""
    from coterie.cli.registry import now, show_entry
    from coterie.runs.identity import editing, project_folder
    from coterie.segments.registry import merged

    with editing(project_folder(project)) as opened:
        opened.registry = merged(opened.registry, one, other, at=now(), into=into, note=note)
    gone = opened.registry.entry(other if into in {None, one} else one)
    show_entry(gone, as_json=as_json, more=f"; to take it back: `coterie segments unmerge {gone.id}`")


@segments_app.command("unmerge")
def segments_unmerge(
    segment: Annotated[str, typer.Argument(help="The id of a segment that was merged into another by hand.")],
    note: NoteOption = "",
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Take a merge back: the segment has its own id again, at once or, where a run has merged it, from the next on."""
    from coterie.cli.registry import now, show_entry
    from coterie.runs.identity import editing, project_folder
    from coterie.segments.registry import unmerged

    with editing(project_folder(project)) as opened:
        opened.registry = unmerged(opened.registry, segment, at=now(), note=note)
    own = opened.registry.entry(segment)
    when = " again" if own.status == "active" else " again from the next run on"
    show_entry(own, as_json=as_json, more=f": a segment of its own{when}")


@segments_app.command("history")
def segments_history(
    segment: Annotated[str | None, typer.Argument(help="A segment's id, such as s-2; by default all.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Show what became of a segment in every run: born, kept, split, merged, retired, renamed."""
    from coterie.cli.registry import show_history
    from coterie.runs.identity import caught_up, project_folder

    registry = caught_up(project_folder(project))
    show_history(registry.entries if segment is None else (registry.entry(segment),), as_json=as_json)
