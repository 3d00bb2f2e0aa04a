"""Truncated singular value decomposition of a normalised feature matrix.

In comes an (n, m) matrix, mostly zeros; out go n points on the unit sphere. Activity is not taste: rows are brought to
one length, or rows and columns are divided by the roots of their degrees, before anything is decomposed, so that the
first direction is not simply how much somebody does.

Source:
    Degree normalisation: Qin & Rohe (2013), "Regularized spectral clustering under the degree-corrected stochastic
    blockmodel".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import times
from coterie.config import refuse_unknown
from coterie.embedding.contract import Points
from coterie.embedding.decomposing import leading
from coterie.embedding.rows import check_width, in_single, row_norms, scale_rows, unit_rows
from coterie.errors import ConfigError, DataError, shown
from coterie.features.contract import Matrix
from coterie.frozen import Frozen

Normalisation = Literal["row", "degree", "none"]


@dataclass(frozen=True, slots=True)
class _Facts:
    normalise: Normalisation
    unit_rows: bool
    row_degree: float
    energy: float

    def scaled(self, matrix: Matrix, column_scale: npt.NDArray[np.float64]) -> sp.csr_array:
        """Give the normalised (n, m) rows in single precision, what multiplies them being summed in double."""
        return in_single(matrix, lambda part: _normalised(part, self.normalise, self.row_degree, column_scale))


def _normalised(
    cells: sp.csr_array, how: Normalisation, row_degree: float, column_scale: npt.NDArray[np.float64]
) -> sp.csr_array:
    if how == "row":
        return scale_rows(cells, row_norms(cells))
    if how == "degree":
        scaled = cells.copy()
        scaled.data = cells.data * column_scale[cells.indices]
        return scale_rows(scaled, np.sqrt(np.asarray(abs(cells).sum(axis=1)).ravel() + row_degree))
    return cells


class FittedSVD:
    """Right singular vectors and column scales; a new row is normalised like those of the fit and projected."""

    def __init__(
        self,
        components: npt.NDArray[np.float64],
        singular: npt.NDArray[np.float64],
        column_scale: npt.NDArray[np.float64],
        facts: _Facts,
    ) -> None:
        self.components, self.singular, self.column_scale, self._facts = components, singular, column_scale, facts

    @property
    def dims(self) -> int:
        """Width of the embedding."""
        return int(self.components.shape[1])

    @property
    def energy(self) -> float:
        """Share of the normalised matrix' squared norm that the kept components carry, in [0, 1]."""
        return self._facts.energy

    def apply(self, matrix: Matrix) -> Points:
        """Fold (n, m) rows in; a row of zeros gives the zero point."""
        check_width(matrix, len(self.components), "this SVD")
        if self._facts.unit_rows:  # how long a row is makes no difference to its direction
            scaled = (self.column_scale[:, None] * self.components).astype(self.components.dtype, copy=False)
            points = times(sp.csr_array(matrix, dtype=np.float32), scaled)
            return unit_rows(points.astype(np.float64, copy=False)).astype(np.float32)
        points = times(self._facts.scaled(matrix, self.column_scale), self.components)
        return points.astype(np.float32, copy=False)

    def to_arrays(self) -> Frozen:
        """Give the vectors and settings."""
        facts = self._facts
        meta = {
            "normalise": facts.normalise,
            "unit_rows": facts.unit_rows,
            "row_degree": facts.row_degree,
            "energy": facts.energy,
        }
        arrays = {"components": self.components, "singular": self.singular, "column_scale": self.column_scale}
        return Frozen("svd", meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted SVD."""
        arrays = frozen.arrays
        return cls(arrays["components"], arrays["singular"], arrays["column_scale"], _Facts(**frozen.meta))


class SVD:
    """Settings of the truncated SVD.

    Args:
        dims: width of the embedding, at most; a matrix of lower rank gives as many as it has.
        normalise: "row" brings every row to length one, "degree" divides each cell by the roots of its row's and its
            column's sum of absolute values plus ``regulariser``, "none" leaves the matrix as it is.
        regulariser: added to the degrees, in units of the mean degree, >= 0; only for "degree".
        drop_leading: leading components left out, >= 0; the first is often activity or overall popularity.
        unit_rows: bring embedded rows to length one.

    Raises:
        ConfigError: an option is unknown or out of its range.
    """

    Fitted: ClassVar[type[FittedSVD]] = FittedSVD

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, ("dims", "normalise", "regulariser", "drop_leading", "unit_rows"), "embedding (svd)")
        self.dims: int = options.get("dims", 16)
        self.normalise: Normalisation = options.get("normalise", "row")
        self.regulariser: float = options.get("regulariser", 1.0)
        self.drop_leading: int = options.get("drop_leading", 0)
        self.unit_rows: bool = options.get("unit_rows", True)
        if self.normalise not in get_args(Normalisation):
            raise ConfigError(f"'embedding.normalise' is row, degree or none, got {shown(self.normalise)}")
        for name, lowest in (("dims", 1), ("drop_leading", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise ConfigError(f"'embedding.{name}' is a whole number >= {lowest}, got {shown(value)}")
        damping = self.regulariser
        if isinstance(damping, bool) or not isinstance(damping, int | float) or not 0 <= damping < np.inf:
            raise ConfigError(f"'embedding.regulariser' is a number >= 0, got {shown(damping)}")
        if "regulariser" in options and self.normalise != "degree":
            raise ConfigError(
                f"'embedding.regulariser' damps degrees and has no effect with normalise = '{self.normalise}'; "
                "take it out, or set normalise = 'degree'"
            )
        if not isinstance(self.unit_rows, bool):
            raise ConfigError(f"'embedding.unit_rows' is true or false, got {shown(self.unit_rows)}")

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedSVD:
        """Find the leading right singular vectors of the normalised (n, m) matrix.

        Raises:
            DataError: the matrix has too few rows, columns or non-zero cells for even one dimension.
        """
        cells = sp.csr_array(matrix)
        rank = min(min(cells.shape), self.drop_leading + self.dims)
        if rank <= self.drop_leading or cells.nnz == 0:
            raise DataError(
                f"the feature matrix of {cells.shape[0]} rows, {cells.shape[1]} columns and {cells.nnz} non-zero cells "
                f"is too small for an SVD that drops {self.drop_leading} leading components; give it more data"
            )
        row_degree, column_scale = self._degrees(cells)
        facts = _Facts(self.normalise, self.unit_rows, row_degree, 0.0)
        scaled = facts.scaled(cells, column_scale)
        singular, components = leading(scaled, rank, rng)
        # Directions beyond the rank are rounding, which rows of length one would blow up to differences between users.
        held = int((singular > np.finfo(np.float32).eps * singular[0]).sum())
        if held <= self.drop_leading:
            raise DataError(
                f"the feature matrix has rank {held}, and an SVD that drops {self.drop_leading} leading components "
                "leaves nothing of it to tell users apart; lower 'embedding.drop_leading' or give it more data"
            )
        kept = slice(self.drop_leading, held)
        energy = float(np.square(singular[kept]).sum() / np.square(scaled.data).sum(dtype=np.float64))
        facts = replace(facts, energy=energy)
        return FittedSVD(np.ascontiguousarray(components[:, kept]), singular[kept], column_scale, facts)

    def _degrees(self, cells: sp.csr_array) -> tuple[float, npt.NDArray[np.float64]]:
        if self.normalise != "degree":
            return 0.0, np.ones(cells.shape[1])
        size = abs(cells.astype(np.float64))
        rows, columns = np.asarray(size.sum(axis=1)).ravel(), np.asarray(size.sum(axis=0)).ravel()
        damped = columns + self.regulariser * columns.mean()
        return float(self.regulariser * rows.mean()), 1.0 / np.sqrt(np.where(damped > 0, damped, 1.0))
