"""The evidence behind a run's decision, gathered once and kept beside the other answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, cast

import numpy as np

from coterie import records
from coterie.clustering.contract import FittedClusterer, Labels
from coterie.clustering.hierarchy import FittedHierarchy
from coterie.clustering.som import FittedMap
from coterie.randomness import generator
from coterie.runs.result import EVIDENCE, read_record
from coterie.runs.searching import Searched, Tried, Winner
from coterie.selection.evidence import SCHEMA, VERSION, Evidence, Given, gather
from coterie.selection.evidence.parallel_lines import Columns
from coterie.selection.evidence.som import SomUnits
from coterie.selection.evidence.tree import Merged, own_tree
from coterie.selection.proof import Proof
from coterie.selection.trials import make_clusterer

if TYPE_CHECKING:
    from coterie.clustering.dbscan import DBSCAN


def write_evidence(
    winner: Winner, searched: Searched, proof: Proof, segment_ids: Sequence[str], folder: Path, *, threads: int
) -> None:
    """Gather the evidence for the winner.

    Args:
        segment_ids: of the winner's clusters, in label order; clusters that were merged share one.
    """
    tried = winner.tried
    clusterer = tried.clusterer(winner.number)
    given = Given(
        segment_ids=_told_apart(segment_ids),
        columns=_columns(tried),
        gap=proof.gap,
        null=proof.null,
        slsw=proof.slsw,
        neighbour=_neighbour(tried),
        som=_map(clusterer),
        tree=_tree(clusterer),
    )
    found = gather(
        tried.placed.points,
        _labels(winner, searched),
        winner.choice.candidates,
        winner.choice.chosen,
        rng=generator(tried.recipe.config.project.seed, "evidence"),
        threads=threads,
        given=given,
    )
    records.write(folder / EVIDENCE, SCHEMA, VERSION, found)


def load_evidence(folder: Path) -> Evidence:
    """Read what ``write_evidence`` wrote."""
    evidence: Evidence = read_record(folder / EVIDENCE, Evidence, SCHEMA, VERSION)
    return evidence


def _labels(winner: Winner, searched: Searched) -> list[Labels | None]:
    """Give the labels of every candidate in the order of the sheet, None where a recipe has other users."""
    ids = winner.tried.placed.ids
    return [
        tried.labels(number) if np.array_equal(tried.placed.ids, ids) else None
        for tried in searched.tried
        for number in range(len(tried.sheet.candidates))
    ]


def _told_apart(segment_ids: Sequence[str]) -> tuple[str, ...]:
    """Add a letter to clusters that share a segment: "s-3 a", "s-3 b"."""
    shared, used = Counter(segment_ids), Counter[str]()
    names = []
    for segment_id in segment_ids:
        letter = ascii_lowercase[used[segment_id] % len(ascii_lowercase)]
        names.append(f"{segment_id} {letter}" if shared[segment_id] > 1 else segment_id)
        used[segment_id] += 1
    return tuple(names)


def _columns(tried: Tried) -> Columns:
    """Name the dimensions of the points: by their column, or by number where an embedding made them."""
    known = tried.placed.space.columns
    names = [name if name is not None else f"dimension {place + 1}" for place, name in enumerate(known)]
    return Columns(names, tried.placed.points)


def _neighbour(tried: Tried) -> int | None:
    """Give the neighbour whose distance dbscan measures by on these points; None where it is not among the methods."""
    clustering = tried.recipe.config.clustering
    if "dbscan" not in clustering.methods:
        return None
    asked = cast("DBSCAN", make_clusterer(clustering, "dbscan"))
    return max(asked.neighbours(tried.placed.points) - 1, 1)  # a core counts itself


def _map(clusterer: FittedClusterer) -> SomUnits | None:
    if not isinstance(clusterer, FittedMap):
        return None
    grid = clusterer.grid
    return SomUnits(grid.rows, grid.columns, False, grid.codebook, grid.hits, grid.labels)


def _tree(clusterer: FittedClusterer) -> Merged | None:
    if isinstance(clusterer, FittedHierarchy):
        return own_tree(clusterer.dendrogram, "")
    return own_tree(clusterer.dendrogram, "ward") if isinstance(clusterer, FittedMap) else None
