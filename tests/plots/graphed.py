"""A graph of items to draw: two triangles, as a run keeps it."""

from __future__ import annotations

from coterie.activation.graphs.keeping import KeptGraph, kept
from tests.activation.graphs.graphs import IDS, two_triangles


def kept_graph(labels: tuple[str, ...] = IDS) -> KeptGraph:
    return kept(two_triangles(labels=labels), "ratings")
