"""``coterie plot``: the plots of a run as pictures, without a browser."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.errors import ConfigError, DataError, StoreError, shown

if TYPE_CHECKING:
    from coterie.plots import Plot, Shown
    from coterie.plots.theme import Chart

EVERY = "all"


class Format(StrEnum):
    """What a picture is written as."""

    PNG = "png"
    SVG = "svg"


def plot(
    name: Annotated[str | None, typer.Argument(help="A plot, or 'all'; by default they are listed.")] = None,
    project: Annotated[
        Path, typer.Option("--project", "-p", help="The project's folder, with its runs, or its coterie.toml.")
    ] = Path(),
    run_id: Annotated[str | None, typer.Option("--run", help="A run's id; by default the newest.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file to write, or a folder; by default the current folder."),
    ] = None,
    picture: Annotated[
        Format | None, typer.Option("--format", help="By default that of the file's name, else png.")
    ] = None,
    width: Annotated[int, typer.Option("--width", min=200, max=4000, help="Width of the drawing in pixels.")] = 640,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Draw a plot of a run as PNG or SVG, or list the plots that there are."""
    from coterie import plots

    asked = None if name in {None, EVERY} else plots.find_plot(str(name))
    records = _shown(project, run_id)
    if name is None:
        _list(records, as_json=as_json)
        return
    wanted = [p for p in plots.ALL if asked in {None, p}]
    drawn = {p.name: chart for p in wanted if (chart := p.picture(records, width=width)) is not None}
    if asked is not None and asked.name not in drawn:
        raise DataError(
            f"this run has nothing to draw for the plot {shown(asked.name)}; `coterie plot` lists what it has"
        )
    places = _places(list(drawn), out, picture, to_folder=name == EVERY)
    for key, place in places.items():
        _write(drawn[key], place, width)
    _tell(list(places.values()), as_json=as_json)


def _shown(project: Path, run_id: str | None) -> Shown:
    """Give the records of a run, its segments as people call and colour them now."""
    from coterie import plots
    from coterie.runs.identity import caught_up, with_names
    from coterie.runs.result import open_run

    run = open_run(project, run_id)
    segments = with_names(run.segments, caught_up(run.folder.resolve().parent.parent))
    return plots.Shown(
        run.decision,
        segments,
        run.profiles,
        run.evidence,
        run.config.segments.min_stability,
        *(run.manifest.entity, run.manifest.counterpart),
        run.evaluations,
        run.exploration,
    )


def _list(records: Shown, *, as_json: bool) -> None:
    from coterie import plots
    from coterie import records as written

    found = [p for p in plots.ALL if p.draw(records) is not None]
    if as_json:
        rows = [
            {"name": p.name, "title": records.said(p.title), "question": p.group, "note": records.said(p.note)}
            for p in found
        ]
        typer.echo(written.dumps({"plots": rows}), nl=False)
        return
    wide = max(len(p.name) for p in found)
    group = ""
    for p in found:
        if p.group != group:
            group = p.group
            typer.echo(group)
        typer.echo(f"  {p.name:<{wide}}  {records.said(_told(p))}")


def _told(found: Plot) -> str:
    return f"{found.title}. {found.note}".rstrip(". ") + "."


def _places(names: list[str], out: Path | None, picture: Format | None, *, to_folder: bool) -> dict[str, Path]:
    """Give each plot its file.

    Raises:
        ConfigError: the file's ending and the format asked for disagree, or the ending is of neither format.
        StoreError: a folder cannot be made.
    """
    target = out or Path()
    if to_folder or target.is_dir():
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the folder '{target}': {error.strerror or error}; choose another --out"
            ) from error
        ending = (picture or Format.PNG).value
        return {name: target / f"{name}.{ending}" for name in names}
    ending = target.suffix.lower().removeprefix(".")
    known = [form.value for form in Format]
    if ending not in known:
        if picture is None or ending:
            raise ConfigError(f"'--out' is {shown(target)}; expected a name that ends in .png or .svg, or a folder")
        target = target.with_suffix(f".{picture.value}")
    elif picture is not None and picture.value != ending:
        raise ConfigError(f"'--out' ends in '.{ending}' but '--format' is '{picture.value}'; leave out one of the two")
    return {names[0]: target}


def _write(chart: Chart, place: Path, width: int) -> None:
    from coterie import plots

    if place.suffix.lower() == ".svg":
        plots.to_svg(chart, place, width=width)
    else:
        plots.to_png(chart, place, width=width)


def _tell(places: list[Path], *, as_json: bool) -> None:
    from coterie import records as written

    if as_json:
        typer.echo(written.dumps({"files": [str(place) for place in places]}), nl=False)
        return
    for place in places:
        typer.echo(f"wrote {place}")
