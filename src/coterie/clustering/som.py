"""A self-organising map: users laid out on a grid of cells where neighbours are alike, and the cells then clustered.

The map is fitted in batches from a deterministic start, so nothing in it is random. Its inhabited cells are merged by
Ward's method, each weighed by its users, and the tree is cut into k. Everybody, in the fit and after it, belongs to the
nearest inhabited cell and to the cell's cluster; a cell that nobody was in gets no newcomers either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

from coterie.clustering.centres import FittedCentres
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import BLOCK_CELLS, Floats, check_width, cluster_means
from coterie.clustering.hierarchy import Dendrogram, FittedHierarchy
from coterie.clustering.labels import inhabited_order
from coterie.clustering.merging import cut, merge_weighted
from coterie.embedding.contract import Points
from coterie.errors import ConfigError
from coterie.features.options import whole
from coterie.frozen import Frozen
from coterie.parallel import single_threaded
from coterie.terms import NOISE

KIND: Final = "som"
MAX_CELLS: Final = 1_000  # a picture shows no more, and the distances between them take 8 MB
LAST_RADIUS: Final = 0.5  # in cells: a direct neighbour then moves a cell by e ** -2 of what its own users do

Size = int | Literal["auto"]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The map as a record to draw. Cells run row by row: cell i is at row i // columns, column i % columns.

    Args:
        rows, columns: cells a side.
        codebook: (c, d) where each cell is in the embedding.
        hits: (c,) users of the fit whose nearest cell it is.
        heights: (c,) the U-matrix: mean Euclidean distance to the two to four cells beside it; ridges of high
            cells part valleys of similar ones (Ultsch & Siemon 1990).
        labels: (c,) cluster of each cell, NOISE where nobody is in it.
    """

    rows: int
    columns: int
    codebook: Floats
    hits: npt.NDArray[np.int64]
    heights: Floats
    labels: Labels


class FittedMap(FittedCentres):
    """The grid, the tree over its inhabited cells, and the means of the clusters.

    Args:
        grid: the map. tree: (m - 1, 4) merges of the m inhabited cells, in SciPy's form.
        centres: (k, d) means of the clusters' users.
    """

    def __init__(self, grid: Grid, tree: Floats, centres: Floats, fit_labels: Labels | None = None) -> None:
        super().__init__(centres, fit_labels)
        self.grid = grid
        inhabited = grid.hits > 0
        cells = Dendrogram(grid.codebook[inhabited], grid.hits[inhabited], grid.labels[inhabited], tree)
        self._rule = FittedHierarchy(cells, centres)

    @property
    def dendrogram(self) -> Dendrogram:
        """The inhabited cells, and how they were merged."""
        return self._rule.dendrogram

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points the cluster of its nearest inhabited cell; a tie goes to the first cell.

        Strength is 1 - d1 / d2 with d1 the distance to that cell and d2 to the nearest cell of another cluster.
        Distance is to the mean of the cluster's users.
        """
        check_width(points, self.centres.shape[1], "map")
        return self._rule.assign(points)

    def to_arrays(self) -> Frozen:
        """Give the grid, the tree and the centres."""
        g = self.grid
        arrays: dict[str, npt.NDArray[Any]] = {
            "codebook": g.codebook,
            "hits": g.hits,
            "heights": g.heights,
            "labels": g.labels,
            "tree": self.dendrogram.tree,
            "centres": self.centres,
        }
        return Frozen(KIND, {"rows": g.rows, "columns": g.columns}, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal map."""
        arrays, meta = frozen.arrays, frozen.meta
        grid = Grid(
            meta["rows"], meta["columns"], arrays["codebook"], arrays["hits"], arrays["heights"], arrays["labels"]
        )
        return cls(grid, arrays["tree"], arrays["centres"])


class SelfOrganisingMap:
    """Settings of a self-organising map.

    Args:
        k: number of clusters that the cells are merged into, >= 2; fewer where fewer cells are inhabited.
        starts: of no effect: the map has no random start.
        rows, columns: cells a side, >= 1; at least k cells and at most 1,000 in all. "auto" gives about 5 sqrt(n)
            cells, as many more columns than rows as the points are longer than wide.
        epochs: passes over all users, >= 1.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Kohonen (2001), "Self-organizing maps", section 3.6 (batch map); Vesanto, Himberg, Alhoniemi & Parhankangas
        (2000), "SOM Toolbox for Matlab 5" (5 sqrt(n), sides, linear start); Vesanto & Alhoniemi (2000), "Clustering
        of the self-organizing map".
    """

    Fitted: ClassVar[type[FittedMap]] = FittedMap
    counts_clusters: ClassVar[bool] = True
    starts_at_random: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("rows", "columns", "epochs"), KIND)
        where = f"clustering.options.{KIND}"
        self.rows = _size(options.get("rows", "auto"), f"{where}.rows")
        self.columns = _size(options.get("columns", "auto"), f"{where}.columns")
        self.epochs = whole(options.get("epochs", 20), f"{where}.epochs", low=1)
        sides = [side for side in (self.rows, self.columns) if side != "auto"]
        cells = int(np.prod(sides, dtype=np.int64))
        if cells > MAX_CELLS or (len(sides) == 2 and cells < self.k):
            raise ConfigError(
                f"'{where}' asks for a map of {cells:,} cells; expected k = {self.k} to {MAX_CELLS:,}: change 'rows' "
                "or 'columns'"
            )

    def fit(self, points: Points, rng: np.random.Generator) -> FittedMap:  # noqa: ARG002
        """Lay a map through (n, d) points and merge its cells."""
        check_points(points, self.k)
        exact = points.astype(np.float64)
        with single_threaded():  # matrix products, whose sums are to be made in one order
            mean, axes = _two_axes(exact)
            rows, columns = self._shape(len(exact), axes)
            codebook = _trained(exact, _start(mean, axes, rows, columns), (rows, columns), self.epochs)
        cells = _nearest_cells(exact, codebook)
        hits = np.bincount(cells, minlength=len(codebook))
        inhabited = hits > 0
        tree = merge_weighted(codebook[inhabited], hits[inhabited].astype(np.float64), "ward")
        of_cell = np.full(len(codebook), NOISE, np.int32)
        of_cell[inhabited] = cut(tree, min(self.k, int(inhabited.sum())))
        labels, order = inhabited_order(of_cell[cells], int(of_cell.max()) + 1)
        new_number = np.append(np.argsort(order), NOISE).astype(np.int32)  # NOISE, -1, reads the last
        grid = Grid(rows, columns, codebook, hits, _heights(codebook, rows, columns), new_number[of_cell])
        return FittedMap(grid, tree, cluster_means(exact, labels, len(order)), labels)

    def _shape(self, n_rows: int, axes: Floats) -> tuple[int, int]:
        """Give rows and columns."""
        wanted = int(np.clip(round(5 * n_rows**0.5), self.k, MAX_CELLS))
        if self.rows != "auto" and self.columns != "auto":
            return self.rows, self.columns
        if self.rows != "auto":
            return self.rows, max(round(wanted / self.rows), -(-self.k // self.rows))
        if self.columns != "auto":
            return max(round(wanted / self.columns), -(-self.k // self.columns)), self.columns
        long, wide = np.sqrt((axes**2).sum(axis=1))
        rows = max(1, round((wanted * wide / long) ** 0.5))
        return rows, min(-(-wanted // rows), MAX_CELLS // rows)


def _size(value: object, where: str) -> Size:
    return "auto" if value == "auto" else whole(value, where, low=1)


def _two_axes(points: Floats) -> tuple[Floats, Floats]:
    """Give the (d,) mean and the (2, d) first principal axes of (n, d) points, each as long as a standard deviation.

    The greatest entry of an axis is positive, so that a map does not flip; in one dimension the second axis is 0.
    """
    mean = points.mean(axis=0)
    n_dims = len(mean)
    moments = (points - mean).T @ (points - mean) / len(points)
    variances, vectors = eigh(moments, subset_by_index=[max(n_dims - 2, 0), n_dims - 1])
    axes = np.zeros((2, n_dims))
    for axis, variance, vector in zip(axes, variances[::-1], vectors.T[::-1], strict=False):
        sign = np.sign(vector[np.abs(vector).argmax()])
        axis[:] = sign * np.sqrt(max(variance, 0.0)) * vector
    return mean, axes


def _start(mean: Floats, axes: Floats, rows: int, columns: int) -> Floats:
    """Give (c, d) cells spread evenly from -1 to 1 along both axes, the first along the longer side."""
    across, down = (axes[0], axes[1]) if columns >= rows else (axes[1], axes[0])
    vertical, horizontal = _even(rows), _even(columns)
    cells: Floats = mean + vertical[:, None, None] * down + horizontal[None, :, None] * across
    return cells.reshape(rows * columns, len(mean))


def _even(n: int) -> Floats:
    return np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1)


def _trained(points: Floats, codebook: Floats, shape: tuple[int, int], epochs: int) -> Floats:
    """Move all cells at once, ``epochs`` times, each to the mean of the points in it and around it.

    The neighbourhood is Gaussian; its radius falls evenly from a quarter of the longer side to half a cell.
    """
    first = max(1.0, max(shape) / 4)
    for radius in np.linspace(first, LAST_RADIUS, epochs):
        cells = _about_nearest(points, codebook)
        members = sp.csr_array((np.ones(len(cells)), (cells, np.arange(len(cells)))), (len(codebook), len(cells)))
        sums = _blurred(members @ points, shape, radius)
        weights = _blurred(np.bincount(cells, minlength=len(codebook)).astype(np.float64)[:, None], shape, radius)
        reached = weights > 0  # a cell far from everybody stays where it was
        codebook = np.where(reached, sums / np.where(reached, weights, 1.0), codebook)
    return codebook


def _blurred(values: Floats, shape: tuple[int, int], radius: float) -> Floats:
    """Give (c, d) sums over all cells, weighed by exp(-distance ** 2 / (2 radius ** 2)) in the grid, side by side."""
    on_grid = values.reshape(*shape, -1)
    down, across = (np.exp(-(np.subtract.outer(np.arange(n), np.arange(n)) ** 2) / (2 * radius**2)) for n in shape)
    summed = np.einsum("jc,icd->ijd", across, np.einsum("ir,rcd->icd", down, on_grid))
    return np.ascontiguousarray(summed.reshape(values.shape))


def _about_nearest(points: Floats, codebook: Floats) -> npt.NDArray[np.int64]:
    """Give (n,) the nearest cells by a matrix product: but for rounding ``_nearest_cells``, in a fifth of its time."""
    half = 0.5 * (codebook**2).sum(axis=1)
    step = max(1, BLOCK_CELLS // len(codebook))
    return np.concatenate(
        [(half - points[i : i + step] @ codebook.T).argmin(axis=1) for i in range(0, len(points), step)]
    )


def _nearest_cells(points: Floats, codebook: Floats) -> npt.NDArray[np.int64]:
    """Give (n,) the nearest cell of each point, some rows at a time; ties to the first."""
    step = max(1, BLOCK_CELLS // len(codebook))
    return np.concatenate(
        [cdist(points[start : start + step], codebook).argmin(axis=1) for start in range(0, len(points), step)]
    )


def _heights(codebook: Floats, rows: int, columns: int) -> Floats:
    """Give (c,) each cell's mean distance to the cells beside it, above it and below it."""
    cells = codebook.reshape(rows, columns, -1)
    sums, counts = np.zeros((rows, columns)), np.zeros((rows, columns))
    for axis in (0, 1):
        gaps = np.sqrt((np.diff(cells, axis=axis) ** 2).sum(axis=2))
        for side in _both_sides(axis):
            sums[side] += gaps
            counts[side] += 1
    return (sums / np.maximum(counts, 1)).ravel()


def _both_sides(axis: int) -> Sequence[tuple[slice, ...]]:
    """Give the cells before and behind each gap along an axis."""
    whole_axis = (slice(None),) * axis
    return (*whole_axis, slice(None, -1)), (*whole_axis, slice(1, None))
