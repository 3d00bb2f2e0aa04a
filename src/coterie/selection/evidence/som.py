"""A self-organising map as a grid: who is in each unit, and how far apart neighbouring units are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coterie.errors import DataError
from coterie.selection.evidence.thinning import Floats, briefly
from coterie.selection.evidence.types import SomGrid

_SQUARE = ((0, 1), (1, 0))
# Odd rows of a hexagonal grid stand half a unit to the right.
_HEXAGON_EVEN = ((0, 1), (1, -1), (1, 0))
_HEXAGON_ODD = ((0, 1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True, eq=False)
class SomUnits:
    """What a fitted map gives.

    Args:
        weights: (rows * columns, d), row by row. hits: (rows * columns,) users of each unit.
        clusters: (rows * columns,) cluster of each unit, in label order of the chosen solution.
    """

    rows: int
    columns: int
    hexagonal: bool
    weights: Floats
    hits: npt.NDArray[np.int64]
    clusters: npt.NDArray[np.int32]


def som_grid(units: SomUnits, names: Sequence[str]) -> SomGrid:
    """Give the map as a record, with its u-matrix.

    Args:
        names: of the clusters, in label order.

    Raises:
        DataError: the arrays are not of rows x columns units.

    Source:
        Ultsch & Siemon (1990), "Kohonen's self organizing feature maps for exploratory data analysis": the u-matrix.
    """
    n = units.rows * units.columns
    lengths = {len(units.weights), len(units.hits), len(units.clusters)}
    if lengths != {n}:
        raise DataError(
            f"a map of {units.rows} x {units.columns} units got arrays of {sorted(lengths)} units; expected {n} each"
        )
    sums, counts = np.zeros(n), np.zeros(n)
    for one, other in _edges(units):
        distance = float(np.linalg.norm(units.weights[one].astype(np.float64) - units.weights[other]))
        for unit in (one, other):
            sums[unit] += distance
            counts[unit] += 1
    clusters = tuple(names[c] if c >= 0 else "" for c in units.clusters.tolist())
    hits = tuple(int(h) for h in units.hits)
    return SomGrid(units.rows, units.columns, units.hexagonal, hits, briefly(sums / np.maximum(counts, 1)), clusters)


def _edges(units: SomUnits) -> Iterator[tuple[int, int]]:
    """Give every two neighbouring units once."""
    for row in range(units.rows):
        steps = (_HEXAGON_ODD if row % 2 else _HEXAGON_EVEN) if units.hexagonal else _SQUARE
        for column in range(units.columns):
            for down, right in steps:
                r, c = row + down, column + right
                if r < units.rows and 0 <= c < units.columns:
                    yield row * units.columns + column, r * units.columns + c
