"""No embedding: the feature columns themselves are the dimensions."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from coterie.config import refuse_unknown
from coterie.embedding.contract import Points
from coterie.embedding.rows import check_width
from coterie.errors import DataError
from coterie.features.contract import Matrix
from coterie.frozen import Frozen

MAX_CELLS = 500_000_000  # 2 GB of float32: past that a dense copy of a sparse matrix is a mistake, not a wish


class FittedIdentity:
    """Remembers the width."""

    def __init__(self, width: int) -> None:
        self._width = width

    @property
    def dims(self) -> int:
        """Width of the embedding: the number of columns."""
        return self._width

    def apply(self, matrix: Matrix) -> Points:
        """Give (n, m) rows as they are, dense."""
        check_width(matrix, self._width, "this embedding")
        dense = matrix.toarray() if sp.issparse(matrix) else matrix
        return np.ascontiguousarray(dense, dtype=np.float32)

    def to_arrays(self) -> Frozen:
        """Give the width."""
        return Frozen("none", {"width": self._width})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal map."""
        return cls(frozen.meta["width"])


class Identity:
    """Has no settings."""

    Fitted: ClassVar[type[FittedIdentity]] = FittedIdentity

    def __init__(self, **options: Any) -> None:
        refuse_unknown(options, (), "embedding (none)")

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedIdentity:  # noqa: ARG002
        """Learn the width.

        Raises:
            DataError: the dense matrix would not fit in memory.
        """
        if matrix.shape[0] * matrix.shape[1] > MAX_CELLS:
            raise DataError(
                f"method = 'none' would make a dense matrix of {matrix.shape[0]:,} x {matrix.shape[1]:,}; "
                "use 'svd' or 'pca'"
            )
        return FittedIdentity(int(matrix.shape[1]))
