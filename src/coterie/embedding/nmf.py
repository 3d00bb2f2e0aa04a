"""Nonnegative matrix factorisation: every row as a sum of parts, none of which is ever taken away.

In comes an (n, m) matrix without negative cells; out go n points whose coordinates say how much of each component is in
a row. Fitting finds the components H (scikit-learn). They are then frozen, and the point of any row x, of the training
set too, is its nonnegative least squares solution

    w = argmin 1/2 |x - w H|^2 + l1 sum(w) + l2/2 |w|^2,  w >= 0

which is solved by coordinate descent, each row by itself. As H may be long or short, coordinates are multiplied by
the lengths of their components, so that they compare.

Source:
    Lee & Seung (1999), "Learning the parts of objects by non-negative matrix factorization"; coordinate descent:
    Cichocki & Phan (2009), "Fast local algorithms for large scale nonnegative matrix and tensor factorizations".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn import decomposition

from coterie.config import refuse_unknown
from coterie.embedding.cells import present_cells, refuse_empty, refuse_negative
from coterie.embedding.contract import Points
from coterie.embedding.rows import check_width, row_norms, scale_rows, unit_rows
from coterie.errors import DataError
from coterie.features.contract import Matrix
from coterie.features.options import flag, number, one_of, whole
from coterie.frozen import Frozen
from coterie.randomness import legacy_seed

Floats = npt.NDArray[np.float64]
Normalisation = Literal["row", "none"]
TOLERANCE = 1e-8  # of the greatest projected gradient, against the greatest product of a row and a component
MAX_SWEEPS = 20_000  # rows of almost parallel components; they end this close instead


def nonnegative_solutions(gram: Floats, products: Floats) -> Floats:
    """Minimise w G w' / 2 - c w' over w >= 0 for each row c of ``products``, by coordinate descent.

    Args:
        gram: (d, d) G, symmetric, positive semidefinite, with a positive diagonal.
        products: (n, d).

    Returns:
        (n, d), each within ``TOLERANCE`` of satisfying the conditions of the minimum, or after ``MAX_SWEEPS``. All
        arithmetic is cell by cell, so a row gets the same bits alone and in a batch.
    """
    solutions = np.zeros_like(products)
    enough = TOLERANCE * np.abs(products).max(axis=1, initial=0.0)
    busy = np.flatnonzero(enough > 0)
    w, gradient = solutions[busy], -products[busy]
    for _ in range(MAX_SWEEPS):
        if not busy.size:
            break
        for j in range(len(gram)):
            step = np.maximum(w[:, j] - gradient[:, j] / gram[j, j], 0.0) - w[:, j]
            w[:, j] += step
            gradient += step[:, None] * gram[j]
        solutions[busy] = w
        # At the minimum the gradient is zero where w > 0, and not negative where w = 0.
        missing = np.where(w > 0, np.abs(gradient), np.maximum(-gradient, 0.0)).max(axis=1)
        on = missing > enough[busy]
        busy, w, gradient = busy[on], w[on], gradient[on]
    return solutions


@dataclass(frozen=True, slots=True)
class _Facts:
    normalise: Normalisation
    unit_rows: bool
    l1: float
    l2: float


def _normalised(cells: sp.csr_array, how: Normalisation) -> sp.csr_array:
    return scale_rows(cells, row_norms(cells)) if how == "row" else cells


class FittedNMF:
    """Frozen components; the point of a row is its nonnegative least squares solution.

    Args:
        components: (m, d). gram: (d, d) their products with each other, with l2 added to the diagonal.
    """

    def __init__(self, components: Floats, gram: Floats, facts: _Facts) -> None:
        self.components, self._gram, self._facts = components, gram, facts
        self._lengths = np.sqrt(np.square(components).sum(axis=0))

    @property
    def dims(self) -> int:
        """Width of the embedding."""
        return int(self.components.shape[1])

    def apply(self, matrix: Matrix) -> Points:
        """Fold (n, m) rows in; a row of zeros gives the zero point.

        Raises:
            ModelError: the number of columns is not that of the fit.
            DataError: a cell is negative.
        """
        check_width(matrix, len(self.components), "this NMF")
        cells = present_cells(matrix)
        refuse_negative(cells, "nmf")
        products = _normalised(cells, self._facts.normalise) @ self.components
        weights = nonnegative_solutions(self._gram, products - self._facts.l1)
        points = weights * self._lengths
        return np.asarray(unit_rows(points) if self._facts.unit_rows else points, dtype=np.float32)

    def to_arrays(self) -> Frozen:
        """Give the components and settings."""
        return Frozen("nmf", asdict(self._facts), {"components": self.components, "gram": self._gram})

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted NMF."""
        return cls(frozen.arrays["components"], frozen.arrays["gram"], _Facts(**frozen.meta))


class NMF:
    """Settings of the nonnegative matrix factorisation.

    Args:
        dims: width of the embedding, at most; a small matrix gives as many as its shorter side.
        normalise: "row" brings every row to length one first, "none" leaves the matrix as it is.
        l1: weight of the sum of a row's coordinates beside its squared error, >= 0; more gives more zeros.
        l2: weight of half the sum of their squares, >= 0.
        iterations: sweeps of the fit over both factors, >= 1.
        unit_rows: bring embedded rows to length one.

    Raises:
        ConfigError: an option is unknown or out of its range.
    """

    Fitted: ClassVar[type[FittedNMF]] = FittedNMF

    def __init__(self, **options: Any) -> None:
        known = ("dims", "normalise", "l1", "l2", "iterations", "unit_rows")
        refuse_unknown(options, known, "embedding (nmf)")
        self.dims = whole(options.get("dims", 16), "embedding.dims", low=1)
        self.normalise = one_of(options.get("normalise", "row"), get_args(Normalisation), "embedding.normalise")
        self.l1 = number(options.get("l1", 0.0), "embedding.l1", low=0.0)
        self.l2 = number(options.get("l2", 0.0), "embedding.l2", low=0.0)
        self.iterations = whole(options.get("iterations", 200), "embedding.iterations", low=1)
        self.unit_rows = flag(options.get("unit_rows", True), "embedding.unit_rows")

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedNMF:
        """Find components of the (n, m) matrix.

        Raises:
            DataError: a cell is negative, none is above zero, or the penalties leave no component.
        """
        cells = present_cells(matrix)
        refuse_negative(cells, "nmf")
        refuse_empty(cells, "nmf")
        facts = _Facts("row" if self.normalise == "row" else "none", self.unit_rows, self.l1, self.l2)
        components = self._components(_normalised(cells, facts.normalise), legacy_seed(rng))
        if not components.size:
            raise DataError(
                f"nmf's penalties l1 = {self.l1:g} and l2 = {self.l2:g} are so high that every component is zero; "
                "lower 'embedding.l1' and 'embedding.l2'"
            )
        gram = components.T @ components + self.l2 * np.eye(components.shape[1])
        return FittedNMF(components, gram, facts)

    def _components(self, cells: sp.csr_array, seed: int) -> Floats:
        """Give (m, d) components, those left out of which no row has anything."""
        penalty = self.l1 + self.l2
        model = decomposition.NMF(
            min(self.dims, *cells.shape),
            init="nndsvda",
            alpha_W=penalty / cells.shape[1],  # scikit-learn multiplies it by the columns, for H by the rows
            l1_ratio=self.l1 / penalty if penalty else 0.0,
            max_iter=self.iterations,
            tol=0.0,  # all iterations are made, so nothing has to warn of those that were not enough
            random_state=seed,
        )
        weights = model.fit_transform(cells)
        used = weights.any(axis=0) & model.components_.any(axis=1)
        return np.ascontiguousarray(model.components_[used].T, dtype=np.float64)
