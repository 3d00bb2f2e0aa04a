"""A self-organising map: units shaded by how far their neighbours are, filled by how many users they hold."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from coterie.plots.panels import by_cluster, shades
from coterie.plots.theme import PAPER, Chart, finish, on
from coterie.selection.evidence.types import SomGrid

LARGEST = 0.8  # of a unit's width that the fullest unit fills
_UNIT_PIXELS = 46
_HIGHEST = 460


def som(record: SomGrid) -> Chart:
    """Draw the grid: dark units are borders; the coloured middle grows with the unit's users and names its segment."""
    fullest = max([1, *record.hits])
    units, middles = [], []
    for unit, (hits, u, cluster) in enumerate(zip(record.hits, record.u, record.clusters, strict=True)):
        row, column = divmod(unit, record.columns)
        place = {"unit": f"row {row + 1}, column {column + 1}", "u": u, "users": hits, "segment": cluster or "none"}
        units.append(_shape(record, row, column, 1.0) | {"properties": place})
        if hits:
            size = LARGEST * math.sqrt(hits / fullest)
            middles.append(_shape(record, row, column, max(size, 0.16)) | {"properties": place})
    tooltip = [
        alt.Tooltip("properties.unit:N", title="unit"),
        alt.Tooltip("properties.users:Q", title="users", format=","),
        alt.Tooltip("properties.segment:N", title="segment"),
        alt.Tooltip("properties.u:Q", title="distance to neighbours", format=".3f"),
    ]
    clusters = sorted({m["properties"]["segment"] for m in middles}, key=lambda name: (len(name), name))
    legend = alt.Legend(
        title="distance to neighbours", orient="bottom", gradientLength=160, gradientThickness=10, tickCount=3
    )
    scale = shades(min(record.u, default=0), max(record.u, default=1), light="#F7F7F5", dark="#6B7280")
    ground = (
        alt.Chart(on(units))
        .mark_geoshape(stroke=PAPER, strokeWidth=1)
        .encode(color=alt.Color("properties.u:Q", scale=scale, legend=legend), tooltip=tooltip)
    )
    filled = (
        alt.Chart(on(middles))
        .mark_geoshape(stroke=PAPER, strokeWidth=1)
        .encode(color=by_cluster(clusters, "properties.segment"), tooltip=tooltip)
    )
    chart = (
        alt.LayerChart(layer=[ground, filled])
        .project(type="identity", reflectY=False)
        .resolve_scale(color="independent")
    )
    users = {c: sum(h for h, own in zip(record.hits, record.clusters, strict=True) if own == c) for c in clusters}
    return finish(
        chart,
        f"Self-organising map of {record.rows} by {record.columns} units; {sum(not h for h in record.hits)} are empty. "
        "Users by segment: " + "; ".join(f"{c} {n:,}" for c, n in users.items()) + ".",
        height=min(_HIGHEST, _UNIT_PIXELS * record.rows),
    )


def _shape(record: SomGrid, row: int, column: int, size: float) -> dict[str, Any]:
    """Give a unit as a GeoJSON polygon, its corners so ordered that a projection fills its inside."""
    if record.hexagonal:
        middle = (column + (row % 2) / 2, row * math.sqrt(3) / 2)
        corners = [(math.sin(a), math.cos(a)) for a in (math.pi / 3 * i for i in range(7))]
        radius = size / math.sqrt(3)
    else:
        middle = (float(column), float(row))
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
        radius = size / 2
    ring = [[round(middle[0] + radius * x, 4), round(middle[1] + radius * y, 4)] for x, y in corners]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
