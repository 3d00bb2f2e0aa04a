"""Principal components of a feature matrix: for dense blocks such as attributes, traits and activity.

Source:
    Jolliffe (2002), "Principal Component Analysis", chapter 3.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn import decomposition

from coterie.config import refuse_unknown
from coterie.embedding.contract import Points
from coterie.embedding.rows import as_csr, check_width, unit_rows
from coterie.errors import ConfigError, DataError, shown
from coterie.features.contract import Matrix
from coterie.frozen import Frozen
from coterie.randomness import legacy_seed


class FittedPCA:
    """Column means and principal axes."""

    def __init__(
        self,
        mean: npt.NDArray[np.float64],
        axes: npt.NDArray[np.float64],
        explained: npt.NDArray[np.float64],
        unit: bool,
    ) -> None:
        self.mean, self.axes, self.explained, self._unit = mean, axes, explained, unit
        self._offset = mean @ axes

    @property
    def dims(self) -> int:
        """Width of the embedding."""
        return int(self.axes.shape[1])

    def apply(self, matrix: Matrix) -> Points:
        """Centre (n, m) rows by the means of the fit and project them."""
        check_width(matrix, len(self.axes), "this PCA")
        points = as_csr(matrix) @ self.axes - self._offset
        return np.asarray(unit_rows(points) if self._unit else points, dtype=np.float32)

    def to_arrays(self) -> Frozen:
        """Give means and axes."""
        return Frozen(
            "pca", {"unit_rows": self._unit}, {"mean": self.mean, "axes": self.axes, "explained": self.explained}
        )

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted PCA."""
        arrays = frozen.arrays
        return cls(arrays["mean"], arrays["axes"], arrays["explained"], frozen.meta["unit_rows"])


class PCA:
    """Settings of the principal components.

    Args:
        dims: width of the embedding, at most; a matrix of lower rank gives as many as it has.
        unit_rows: bring embedded rows to length one.
    """

    Fitted: ClassVar[type[FittedPCA]] = FittedPCA

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, ("dims", "unit_rows"), "embedding (pca)")
        self.dims: int = options.get("dims", 16)
        self.unit_rows: bool = options.get("unit_rows", False)
        if isinstance(self.dims, bool) or not isinstance(self.dims, int) or self.dims < 1:
            raise ConfigError(f"'embedding.dims' is a whole number >= 1, got {shown(self.dims)}")
        if not isinstance(self.unit_rows, bool):
            raise ConfigError(f"'embedding.unit_rows' is true or false, got {shown(self.unit_rows)}")

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedPCA:
        """Find the leading principal axes of (n, m) rows.

        Raises:
            DataError: all rows are equal, or there is only one.
        """
        # ARPACK, the solver for sparse rows, needs one dimension fewer than the smaller side.
        rank = min(min(matrix.shape) - (1 if sp.issparse(matrix) else 0), self.dims)
        rows = as_csr(matrix) if sp.issparse(matrix) else np.asarray(matrix, dtype=np.float64)
        if rank < 1 or matrix.shape[0] < 2:
            raise DataError(f"a PCA needs at least two rows and columns, got {matrix.shape[0]} x {matrix.shape[1]}")
        if _is_constant(rows):
            raise DataError("every row of the feature matrix is the same; there is nothing to tell users apart by")
        solver = "arpack" if sp.issparse(matrix) else "full"
        model = decomposition.PCA(rank, svd_solver=solver, random_state=legacy_seed(rng)).fit(rows)
        kept = model.explained_variance_ > np.finfo(np.float32).eps * model.explained_variance_[0]
        axes = np.ascontiguousarray(model.components_[kept].T)
        return FittedPCA(model.mean_, axes, model.explained_variance_ratio_[kept], self.unit_rows)


def _is_constant(rows: Any) -> bool:
    first = rows[[0]]
    if sp.issparse(rows):
        return bool((rows - sp.vstack([first] * rows.shape[0], format="csr")).count_nonzero() == 0)
    return bool((rows == first).all())
