"""Alternating least squares: users and items as points whose inner products are the cells of the matrix.

In comes an (n, m) matrix, mostly empty; out go n points. With the items' factors held still the best factors of a row
are a ridge regression of their own, and the other way about; each half of an iteration takes one side a few steps of
conjugate gradients further. A training row and a new one get their points in the same way: exactly, from the items.

- implicit: every cell, also an empty one, says whether somebody took an item up; a cell r says so with the confidence
  1 + alpha r, an empty one with confidence 1.
- explicit: only cells that are there count, as ratings, less the means of everything, of the item and of the row.

Source:
    Implicit: Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets", equation 4.
    Explicit: Zhou, Wilkinson, Schreiber & Pan (2008), "Large-scale parallel collaborative filtering for the Netflix
    Prize", section 3.2, where a row's penalty grows with its number of ratings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Self, cast, get_args

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie._kernels import ALS_LANES, Ridges, als_descend, als_solve, turned
from coterie.config import refuse_unknown
from coterie.embedding.cells import present_cells, refuse_empty, refuse_negative
from coterie.embedding.contract import Points
from coterie.embedding.penalty import HELD, RANKED, Split, Tried, best_of, ranking, search, split
from coterie.embedding.rows import check_width, unit_rows
from coterie.errors import ConfigError, DataError
from coterie.features.contract import Matrix
from coterie.features.options import above_zero, flag, one_of, whole
from coterie.frozen import Frozen
from coterie.parallel import single_threaded

Floats = npt.NDArray[np.float64]
Kind = Literal["implicit", "explicit"]
STEPS = 3  # of conjugate gradients, from where a row was an iteration ago; newcomers are solved exactly
DAMPING = 5.0  # ratings at the mean that are added to each item's and row's own: few ratings say little of a bias
FIRST_SPREAD = 0.1  # of the random factors that the first half-iteration starts from
PENALTY = 0.1  # where a matrix has too few rows to choose one by validation
MIDDLES: dict[Kind, float] = {"implicit": 10.0, "explicit": 0.1}  # penalties with which validation starts
GRAM_ROWS = 2048  # whose products are summed in single precision: their factors fit a processor's cache
TRIAL_ITERATIONS = 5  # of a fit by which a penalty is judged


def solve_side(side: Ridges, fixed: Floats, base: Floats) -> Floats:
    """Solve every row of one side exactly, by Cholesky.

    Args:
        side: n regressions. fixed: (m, d) factors y of the other side. base: (d, d).

    Returns:
        (n, d) factors; a row gets the same bits alone, in a batch, and for any number of threads.

    Raises:
        DataError: rounding left a row's equations singular.
    """
    found = als_solve(side, fixed, base)
    if found is None:
        raise DataError(
            "als cannot solve its equations: they are singular but for rounding; raise 'embedding.regularisation'"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Facts:
    kind: Kind
    regularisation: float
    alpha: float
    remove_bias: bool
    mean: float
    unit_rows: bool
    tried: Tried = ()


def _with_values(cells: sp.csr_array, values: Floats) -> sp.csr_array:
    return sp.csr_array((values, cells.indices, cells.indptr), shape=cells.shape)


def _damped_means(which: npt.NDArray[np.integer[Any]], values: Floats, count: int) -> Floats:
    sums, sizes = np.bincount(which, values, count), np.bincount(which, minlength=count)
    means: Floats = sums / (sizes + DAMPING)
    return means


def _row_numbers(cells: sp.csr_array) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(cells.shape[0]), np.diff(cells.indptr))


def _row_bias(cells: sp.csr_array, facts: _Facts, item_bias: Floats) -> Floats:
    return _damped_means(_row_numbers(cells), cells.data - facts.mean - item_bias[cells.indices], cells.shape[0])


def _rows_side(cells: sp.csr_array, facts: _Facts, item_bias: Floats) -> Ridges:
    """Write down the regressions of (n, m) rows."""
    if facts.kind == "implicit":
        extra = (facts.alpha * cells.data).astype(np.float32)
        ridge = np.full(cells.shape[0], facts.regularisation)
        return Ridges(_with_values(cells, 1 + extra), extra, ridge)
    residuals = cells.data
    if facts.remove_bias:
        residuals = residuals - facts.mean - item_bias[cells.indices]
        residuals = residuals - _row_bias(cells, facts, item_bias)[_row_numbers(cells)]
    return Ridges(_with_values(cells, residuals.astype(np.float32)), None, _ridge_by_count(cells.indptr, facts))


def _ridge_by_count(indptr: npt.NDArray[np.integer[Any]], facts: _Facts) -> Floats:
    # A row without cells gets the zero point, as its equations then say.
    return facts.regularisation * np.maximum(np.diff(indptr), 1).astype(np.float64)


def _items_side(rows: Ridges, facts: _Facts) -> Ridges:
    targets = turned(rows.targets)
    if rows.weights is None:
        return Ridges(targets, None, _ridge_by_count(targets.indptr, facts))
    return Ridges(targets, targets.data - 1, np.full(targets.shape[0], facts.regularisation))


def _base(factors: Floats, kind: Kind) -> Floats:
    """Give what empty cells add to every row's equations: nothing where they do not count."""
    if kind == "explicit":
        return np.zeros((factors.shape[1], factors.shape[1]))
    with single_threaded():  # for the same bits whatever the number of threads
        product: Floats = factors.T @ factors
    return product


def _gram(factors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give the (d, d) sums of products of factors, block by block in single precision, added up in double."""
    total = np.zeros((factors.shape[1],) * 2)
    with single_threaded():  # for the same bits whatever the number of threads
        for start in range(0, len(factors), GRAM_ROWS):
            block = factors[start : start + GRAM_ROWS]
            total += block.T @ block
    return total.astype(np.float32)


class FittedALS:
    """Frozen factors of the items.

    Args:
        factors: (m, d). base: (d, d) what empty cells add to a row's equations. item_bias: (m,).
    """

    def __init__(self, factors: Floats, base: Floats, item_bias: Floats, facts: _Facts) -> None:
        self.factors, self.item_bias, self._base, self._facts = factors, item_bias, base, facts

    @property
    def dims(self) -> int:
        """Width of the embedding."""
        return int(self.factors.shape[1])

    @property
    def regularisation(self) -> float:
        """The ridge penalty of the fit, given or found."""
        return self._facts.regularisation

    @property
    def tried(self) -> Tried:
        """Penalties that were tried by validation, each with its score, higher being better: NDCG@10 of held-out cells
        for "implicit", less their root mean squared error for "explicit". Empty where the penalty was given.
        """
        return self._facts.tried

    @property
    def kind(self) -> Kind:
        """How cells are taken."""
        return self._facts.kind

    def folded(self, matrix: Matrix) -> tuple[Floats, Floats]:
        """Fold (n, m) rows in, in double precision and as they are: a cell (u, i) is foretold as level + item_bias +
        point . factors.

        Returns:
            (n, d) points, and (n,) levels: the means of everything and of the row, zero where none are taken off.

        Raises:
            ModelError, DataError: as ``apply``.
        """
        cells = self._checked(matrix)
        level = np.full(cells.shape[0], self._facts.mean)
        if self._facts.remove_bias:
            level += _row_bias(cells, self._facts, self.item_bias)
        return self._solved(cells), level

    def _checked(self, matrix: Matrix) -> sp.csr_array:
        check_width(matrix, len(self.factors), "this ALS")
        cells = present_cells(matrix)
        if self._facts.kind == "implicit":
            refuse_negative(cells, "implicit als")
        return cells

    def apply(self, matrix: Matrix) -> Points:
        """Fold (n, m) rows in, as the last half-iteration did those of the fit; a row of zeros gives the zero point.

        Raises:
            ModelError: the number of columns is not that of the fit.
            DataError: a cell of implicit als is negative.
        """
        points = self._solved(self._checked(matrix))
        return np.asarray(unit_rows(points) if self._facts.unit_rows else points, dtype=np.float32)

    def _solved(self, cells: sp.csr_array) -> Floats:
        return solve_side(_rows_side(cells, self._facts, self.item_bias), self.factors, self._base)

    def score(self, given: Split) -> float:
        """Say how well held-out cells are foretold from the others of their rows; higher is better, see ``tried``."""
        if self._facts.kind == "implicit":
            train, held = given.train[:RANKED], given.held[:RANKED]
            return ranking(self._solved(train), self.factors, train, held)
        held, rows = given.held, _row_numbers(given.held)
        said = self._facts.mean + self.item_bias[held.indices]
        if self._facts.remove_bias:
            said += _row_bias(given.train, self._facts, self.item_bias)[rows]
        said += np.einsum("ij,ij->i", self._solved(given.train)[rows], self.factors[held.indices])
        return -float(np.sqrt(np.square(said - held.data).mean()))

    def to_arrays(self) -> Frozen:
        """Give factors, biases and settings."""
        arrays = {"factors": self.factors, "base": self._base, "item_bias": self.item_bias}
        return Frozen("als", asdict(self._facts), arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted ALS."""
        arrays = frozen.arrays
        tried = tuple((float(penalty), float(score)) for penalty, score in frozen.meta.get("tried", ()))
        facts = _Facts(**{**frozen.meta, "tried": tried})
        return cls(arrays["factors"], arrays["base"], arrays["item_bias"], facts)


class ALS:
    """Settings of alternating least squares.

    Args:
        kind: "implicit" takes cells as how sure it is that somebody took an item up, "explicit" as ratings.
        dims: width of the embedding.
        iterations: times both sides are solved, >= 1.
        regularisation: ridge penalty, > 0; for "explicit" times the number of a row's ratings. None chooses it by what
            foretells held-out cells best; matrices of few rows get ``PENALTY``.
        alpha: confidence that a cell of 1 adds, > 0; only for "implicit".
        remove_bias: take off the means of everything, of the item and of the row first; only for "explicit".
        unit_rows: bring embedded rows to length one.

    Raises:
        ConfigError: an option is unknown, out of its range, or of the other kind.
    """

    Fitted: ClassVar[type[FittedALS]] = FittedALS

    def __init__(self, **options: Any) -> None:
        known = ("kind", "dims", "iterations", "regularisation", "alpha", "remove_bias", "unit_rows")
        refuse_unknown(options, known, "embedding (als)")
        self.kind = cast(Kind, one_of(options.get("kind", "implicit"), get_args(Kind), "embedding.kind"))
        self.dims = whole(options.get("dims", 16), "embedding.dims", low=1)
        self.iterations = whole(options.get("iterations", 15), "embedding.iterations", low=1)
        penalty = options.get("regularisation")
        self.regularisation = None if penalty is None else above_zero(penalty, "embedding.regularisation")
        self.alpha = above_zero(options.get("alpha", 1.0), "embedding.alpha")
        self.remove_bias = flag(options.get("remove_bias", True), "embedding.remove_bias")
        self.unit_rows = flag(options.get("unit_rows", True), "embedding.unit_rows")
        for option, only in (("alpha", "implicit"), ("remove_bias", "explicit")):
            if option in options and self.kind != only:
                raise ConfigError(
                    f"'embedding.{option}' is only for kind = '{only}', got kind = '{self.kind}'; leave one out"
                )

    def fit(self, matrix: Matrix, rng: np.random.Generator) -> FittedALS:
        """Find the items' factors.

        Raises:
            DataError: the matrix is empty, implicit cells are negative, or explicit ones do not differ beyond their
                biases.
        """
        cells = present_cells(matrix)
        refuse_empty(cells, "als")
        if self.kind == "implicit":
            refuse_negative(cells, "implicit als")
        if self.regularisation is not None:
            return self._fitted(cells, self.regularisation, self.iterations, rng)
        tried = self._tried(cells, rng.spawn(1)[0])
        return self._fitted(cells, best_of(tried) or PENALTY, self.iterations, rng, tried)

    def penalty_for(self, matrix: Matrix, rng: np.random.Generator) -> float:
        """Give the penalty that ``fit`` would take of a matrix: that which was given, or the best by validation."""
        if self.regularisation is not None:
            return self.regularisation
        return best_of(self._tried(present_cells(matrix), rng.spawn(1)[0])) or PENALTY

    def _tried(self, cells: sp.csr_array, rng: np.random.Generator) -> Tried:
        """Try penalties on a part of the cells; none where there are too few rows.

        An implicit penalty shrinks the singular values of the matrix by as much as it is high. They grow with the share
        of its cells that is there, and with the root of the number of rows: a part is fitted with so much less.

        Source:
            Srebro, Rennie & Jaakkola (2005), "Maximum-margin matrix factorization", lemma 1.
        """
        part, iterations = split(cells, rng), min(self.iterations, TRIAL_ITERATIONS)
        if part is None:
            return ()
        scale = (1 - HELD) * part.share**0.5 if self.kind == "implicit" else 1.0
        seed = int(rng.integers(2**63))

        def score(penalty: float) -> float:
            try:
                return self._fitted(part.train, penalty * scale, iterations, np.random.default_rng(seed)).score(part)
            except DataError:  # singular but for rounding
                return float("-inf")

        return search(score, MIDDLES[self.kind])

    def _fitted(
        self, cells: sp.csr_array, penalty: float, iterations: int, rng: np.random.Generator, tried: Tried = ()
    ) -> FittedALS:
        facts, item_bias = self._biases(cells, penalty, tried)
        rows = _rows_side(cells, facts, item_bias)
        _refuse_flat(cells, rows.targets.data)
        factors = self._descended(rows, _items_side(rows, facts), iterations, rng)
        return FittedALS(factors, _base(factors, facts.kind), item_bias, facts)

    def _descended(self, rows: Ridges, items: Ridges, iterations: int, rng: np.random.Generator) -> Floats:
        """Give the (m, d) factors of the items: sides taken further in turn, each from where it was."""
        width = -(-self.dims // ALS_LANES) * ALS_LANES  # dimensions beyond ``dims`` are zero, and stay so
        item_factors = np.zeros((len(items.ridge), width), np.float32)
        item_factors[:, : self.dims] = FIRST_SPREAD * rng.standard_normal((len(item_factors), self.dims))
        row_factors = np.zeros((len(rows.ridge), width), np.float32)
        for _ in range(iterations):
            for side, fixed, moved in ((rows, item_factors, row_factors), (items, row_factors, item_factors)):
                base = _gram(fixed) if self.kind == "implicit" else None
                als_descend(side, fixed, base, moved, STEPS)
        return item_factors[:, : self.dims].astype(np.float64)

    def _biases(self, cells: sp.csr_array, penalty: float, tried: Tried) -> tuple[_Facts, Floats]:
        takes_off = self.remove_bias and self.kind == "explicit"
        mean = float(cells.data.mean()) if takes_off else 0.0
        count = cells.shape[1]
        bias = _damped_means(cells.indices, cells.data - mean, count) if takes_off else np.zeros(count)
        return _Facts(self.kind, penalty, self.alpha, takes_off, mean, self.unit_rows, tried), bias


def _refuse_flat(cells: sp.csr_array, targets: Floats) -> None:
    if np.abs(targets).max() <= 1e-9 * np.abs(cells.data).max():
        raise DataError(
            "explicit als needs ratings that differ beyond the means of items and users, and these do not; "
            "use kind = 'implicit' for who took up what"
        )
