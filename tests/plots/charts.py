"""Looking into a chart's Vega-Lite: its layers, their rows, and a picture as proof that it can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coterie import plots


def layers(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for layer in body.get("layer", [body]):
        if "layer" in layer:
            yield from layers(layer)
        else:
            yield layer


def mark_of(layer: dict[str, Any]) -> str:
    mark = layer["mark"]
    return mark if isinstance(mark, str) else mark["type"]


def rows_of(body: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    data = layer.get("data") or body["data"]
    return body["datasets"][data["name"]] if "name" in data else data["values"]


def find(chart: Any, mark: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the first layer of a mark and its rows, and draw the chart to prove that it can be."""
    body = plots.spec(chart)
    assert body["description"]
    assert plots.svg(chart).startswith("<svg")
    layer = next(layer for layer in layers(body) if mark_of(layer) == mark)
    return layer, rows_of(body, layer)
