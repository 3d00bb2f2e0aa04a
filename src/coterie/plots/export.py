"""Charts as pictures; no browser and no network is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import altair as alt
import vl_convert
from altair.utils import schemapi

from coterie import records
from coterie.plots.theme import Chart, printable

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")  # what takes two UTF-16 units
PICTURE_WIDTH = 640  # pixels, where a chart would otherwise take the width of its box


def spec(chart: Chart) -> dict[str, Any]:
    """Give a chart as Vega-Lite, with nothing in its text that cannot be drawn."""
    body: dict[str, Any] = _drawable(chart.to_dict(validate=schemapi.DEBUG_MODE))
    return body


def sized(chart: Chart, width: int = PICTURE_WIDTH) -> Chart:
    """Give a chart that would take the width of its box a width of its own, as a notebook needs it."""
    if spec(chart).get("width") != "container":
        return chart
    fitted: Chart = chart.properties(width=width, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    return fitted


def svg(chart: Chart, *, width: int = PICTURE_WIDTH) -> str:
    """Draw a chart as SVG text."""
    return str(vl_convert.vegalite_to_svg(_sized(chart, width)))


def to_svg(chart: Chart, path: Path, *, width: int = PICTURE_WIDTH) -> None:
    """Draw a chart into an SVG file.

    Raises:
        StoreError: the file cannot be written.
    """
    records.write_whole(path, svg(chart, width=width).encode())


def to_png(chart: Chart, path: Path, *, width: int = PICTURE_WIDTH, scale: float = 2.0) -> None:
    """Draw a chart into a PNG file on white, with ``scale`` pixels of the file for one of the chart.

    Raises:
        StoreError: the file cannot be written.
    """
    body = _sized(chart, width)
    body["config"] = {**body.get("config", {}), "background": "white"}
    records.write_whole(path, vl_convert.vegalite_to_png(body, scale=scale))


def _sized(chart: Chart, width: int) -> dict[str, Any]:
    body = spec(chart)
    if body.get("width") == "container":
        body["width"] = width
        body["autosize"] = {"type": "fit-x", "contains": "padding"}
    if _ASTRAL.search(json.dumps(body, ensure_ascii=False)) is None:
        return body
    uncut: dict[str, Any] = _uncut(body)
    config = uncut.get("config", {})
    uncut["config"] = {**config, "legend": {**config.get("legend", {}), "labelLimit": 0}}
    return uncut


def _uncut(value: Any) -> Any:
    """Take the limits off labels.

    The renderer cuts by halves of surrogate pairs and fails on the half that is left. Labels are short already.
    """
    if isinstance(value, list):
        return [_uncut(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: 0 if key == "labelLimit" else item if key == "values" else _uncut(item) for key, item in value.items()}


def _drawable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_drawable(item) for item in value]
    return printable(value) if isinstance(value, str) else value
