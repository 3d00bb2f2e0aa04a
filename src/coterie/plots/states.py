"""The outlines of US states, as the package brings them: no download, and one copy for all maps of a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

DATASET: Final = "us_states"  # what a map's Vega-Lite calls the outlines
FEATURE: Final = "states"


@cache
def outlines() -> Mapping[str, Any]:
    """Give TopoJSON of the 50 states and DC, already projected; ids are two-letter codes.

    Source:
        us-atlas 3.0.1, from the boundary files of the U.S. Census Bureau; ``us_states.LICENSE.txt`` stands beside it.
    """
    found: Mapping[str, Any] = json.loads(files("coterie.plots").joinpath("us_states.json").read_text("utf-8"))
    return found


@cache
def state_names() -> Mapping[str, str]:
    """Give the states' names by code, in the order of the alphabet of codes."""
    return {state["id"]: state["properties"]["name"] for state in outlines()["objects"][FEATURE]["geometries"]}


def without_outlines(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Give a map's Vega-Lite without the outlines, for a page that has them once; others as they are."""
    datasets = {name: rows for name, rows in spec.get("datasets", {}).items() if name != DATASET}
    return {**spec, "datasets": datasets} if "datasets" in spec else dict(spec)
