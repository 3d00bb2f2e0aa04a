"""``coterie plot``: the plots of a run as pictures, without a browser."""

from __future__ import annotations

from collections.abc import Sequence
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
        list[Format] | None,
        typer.Option("--format", help="By default that of the file's name, else png; give it twice for both."),
    ] = None,
    width: Annotated[int, typer.Option("--width", min=200, max=4000, help="Width of the drawing in pixels.")] = 640,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Draw a plot of a run as PNG or SVG, or list the plots that there are."""
    from coterie.runs import reporting
    from coterie.runs.result import open_run

    run = open_run(project, run_id)
    records = reporting.shown_of(run)
    every = name in {None, EVERY}
    wanted = reporting.plots_of(run) if every else (reporting.find_plot(run, str(name)),)
    if name is None:
        _list(records, wanted, as_json=as_json)
        return
    drawn = {p.name: chart for p in wanted if (chart := p.picture(records, width=width)) is not None}
    if not drawn:
        raise DataError(f"this run has nothing to draw for the plot {shown(name)}; `coterie plot` lists what it has")
    places = _places(list(drawn), out, picture or [], to_folder=every)
    for key, place in places:
        _write(drawn[key], place, width)
    _tell([place for _, place in places], as_json=as_json)


def _list(records: Shown, among: Sequence[Plot], *, as_json: bool) -> None:
    from coterie import records as written

    found = [p for p in among if p.draw(records) is not None]
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


def _places(names: list[str], out: Path | None, pictures: list[Format], *, to_folder: bool) -> list[tuple[str, Path]]:
    """Give each plot its files; the slashes in the name of a plot become hyphens.

    Raises:
        ConfigError: the file's ending and the formats asked for disagree, or the ending is of neither format.
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
        endings = dict.fromkeys(picture.value for picture in pictures or [Format.PNG])
        return [(name, target / f"{name.replace('/', '-')}.{ending}") for name in names for ending in endings]
    ending = target.suffix.lower().removeprefix(".")
    known = [form.value for form in Format]
    asked = {picture.value for picture in pictures}
    if ending not in known:
        if not asked or ending:
            raise ConfigError(f"'--out' is {shown(target)}; expected a name that ends in .png or .svg, or a folder")
        return [(names[0], target.with_suffix(f".{form}")) for form in known if form in asked]
    if asked - {ending}:
        raise ConfigError(
            f"'--out' ends in '.{ending}' but '--format' is '{(asked - {ending}).pop()}'; leave out one of the two"
        )
    return [(names[0], target)]


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
