"""K-prototypes: clusters around a mean of the numbers and the commonest of each category, for mixed columns.

Points come in with one column a category, as the embedding ``none`` leaves them; they are read back into answers, so
that an attribute of twenty categories counts as one disagreement and not as twenty dimensions. Everybody, in the fit
and after it, belongs to the nearest prototype.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from coterie.clustering.answers import NO_ANSWER, Codes, Layout, checked_names
from coterie.clustering.checks import check_points, common_options
from coterie.clustering.contract import Assignment, Labels
from coterie.clustering.distances import Floats, check_width, in_blocks, own_and_other, relative_strength
from coterie.clustering.labels import inhabited_order
from coterie.embedding.contract import Points
from coterie.errors import DataError
from coterie.features.options import number
from coterie.frozen import Frozen

KIND: Final = "kprototypes"
MAX_PASSES = 300  # the cost falls in every pass but where ties alternate


@dataclass(frozen=True, slots=True, eq=False)
class MixedRows:
    """Points read as numbers and answers.

    Args:
        numbers: (n, p). codes: (n, a) category of each attribute, or NO_ANSWER.
    """

    numbers: Floats
    codes: Codes

    @classmethod
    def of(cls, points: Points | Floats, layout: Layout) -> Self:
        """Read (n, d) points."""
        return cls(points[:, list(layout.numbers)].astype(np.float64), layout.codes(points))

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """The centres of mixed clusters.

    Args:
        numbers: (k, p) means. modes: (k, a) commonest category of each attribute; NO_ANSWER where nobody at all
            answered. gamma: what one disagreement weighs, in squared units of the numbers, >= 0.
    """

    numbers: Floats
    modes: Codes
    gamma: float

    def dissimilarities(self, rows: MixedRows) -> Floats:
        """Give (n, k) squared distances of the numbers plus gamma for each answer that is not the prototype's."""
        total = np.zeros((len(rows), len(self.modes)))
        if self.numbers.shape[1]:
            total += cdist(rows.numbers, self.numbers, "sqeuclidean")
        for codes, modes in zip(rows.codes.T, self.modes.T, strict=True):
            answered = (codes != NO_ANSWER)[:, None] & (modes != NO_ANSWER)
            total += self.gamma * (answered & (codes[:, None] != modes))
        return total

    def take(self, chosen: npt.NDArray[np.int64]) -> Prototypes:
        """Give some of the prototypes, in the order asked."""
        return Prototypes(self.numbers[chosen], self.modes[chosen], self.gamma)


class FittedKPrototypes:
    """Prototypes, largest cluster first, and the nearest one as the rule.

    Args:
        layout: what the columns of points are. prototypes: as the clusters are numbered.
        precedence: (k,) clusters in the order in which a tie is settled; that of the fit, for ties are common
            among answers.
    """

    def __init__(
        self,
        layout: Layout,
        prototypes: Prototypes,
        precedence: npt.NDArray[np.int32],
        fit_labels: Labels | None = None,
    ) -> None:
        self.layout, self.prototypes, self.precedence = layout, prototypes, precedence
        self._fit_labels = np.empty(0, np.int32) if fit_labels is None else fit_labels

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.prototypes.modes)

    @property
    def fit_labels(self) -> Labels:
        """(n,) labels of the rows of the fit."""
        return self._fit_labels

    def assign(self, points: Points) -> Assignment:
        """Give each of (n, d) points its nearest prototype.

        Distance is the root of the dissimilarity. Strength is 1 - d1 / d2 with d1 the distance to the nearest and d2
        to the second nearest prototype. A missing answer agrees with every prototype.
        """
        check_width(points, self.layout.n_columns, "k-prototypes")
        return in_blocks(points, self.n_clusters + self.layout.n_columns, self._assign_block)

    def _assign_block(self, points: Floats) -> Assignment:
        distances = np.sqrt(self.prototypes.dissimilarities(MixedRows.of(points, self.layout)))
        labels = self.precedence[distances[:, self.precedence].argmin(axis=1)]
        own, other = own_and_other(distances, labels)
        return Assignment(labels, relative_strength(own, other), own)

    def to_arrays(self) -> Frozen:
        """Give the prototypes and the names of the columns."""
        names = None if self.layout.names is None else list(self.layout.names)
        meta = {"columns": names, "n_columns": self.layout.n_columns, "gamma": self.prototypes.gamma}
        p = self.prototypes
        arrays: dict[str, npt.NDArray[Any]] = {
            "numbers": p.numbers,
            "modes": p.modes,
            "precedence": self.precedence,
        }
        return Frozen(KIND, meta, arrays)

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal partition."""
        meta, arrays = frozen.meta, frozen.arrays
        prototypes = Prototypes(arrays["numbers"], arrays["modes"], meta["gamma"])
        return cls(Layout.of(meta["columns"], meta["n_columns"]), prototypes, arrays["precedence"])


class KPrototypes:
    """Settings of k-prototypes.

    Args:
        columns: names of the points' columns, "block:attribute=category" or "block:number". Columns of one
            "block:attribute=" are the categories of one attribute, all others numbers; without names all are.
        k: number of clusters, >= 2; fewer are found where fewer rows differ once read as answers.
        starts: independent starts, of which the one with the lowest sum of dissimilarities is kept, >= 1.
        gamma: what one disagreement weighs against squared differences of numbers, >= 0; "auto" is half the mean
            standard deviation of the numbers, and 1 where there are none or none that varies. It replaces the scale
            of the blocks for categories, which counts for numbers only.

    Raises:
        ConfigError: an option is unknown or out of its range.

    Source:
        Huang (1998), "Extensions to the k-means algorithm for clustering large data sets with categorical values".
        Starts are spread out as those of k-means++ are (Arthur & Vassilvitskii 2007), with the dissimilarity in the
        place of the squared distance.
    """

    Fitted: ClassVar[type[FittedKPrototypes]] = FittedKPrototypes
    takes_columns: ClassVar[bool] = True
    counts_clusters: ClassVar[bool] = True

    def __init__(self, *, columns: Sequence[str] | None = None, **options: Any) -> None:
        self.k, self.starts = common_options(options, ("gamma",), KIND)
        self.columns = checked_names(columns, f"{KIND}.columns")
        gamma = options.get("gamma", "auto")
        self.gamma: float | Literal["auto"] = (
            "auto" if gamma == "auto" else number(gamma, f"clustering.options.{KIND}.gamma", low=0)
        )

    def fit(self, points: Points, rng: np.random.Generator) -> FittedKPrototypes:
        """Find prototypes among (n, d) points.

        Raises:
            DataError: also where all rows are equal once read as answers.
        """
        check_points(points, self.k)
        layout = Layout.of(self.columns, points.shape[1])
        rows = MixedRows.of(points, layout)
        gamma = _half_mean_deviation(rows.numbers) if self.gamma == "auto" else self.gamma
        found = min((_descended(rows, _spread_out(rows, self.k, gamma, rng)) for _ in range(self.starts)), key=_cost)
        labels, order = inhabited_order(found.labels, self.k)
        if len(order) < 2:
            raise DataError(
                "all users are equal in what k-prototypes compares, numbers and answers that are not missing; give "
                "it more columns, or a 'gamma' above 0"
            )
        precedence = np.argsort(order).astype(np.int32)
        return FittedKPrototypes(layout, found.prototypes.take(order), precedence, labels)


@dataclass(frozen=True, slots=True, eq=False)
class _Partition:
    """Where one start ended: prototypes, the (n,) nearest one of each row, and the sum of dissimilarities."""

    prototypes: Prototypes
    labels: Labels
    cost: float


def _cost(partition: _Partition) -> float:
    return partition.cost


def _half_mean_deviation(numbers: Floats) -> float:
    half = 0.5 * float(numbers.std(axis=0).mean()) if numbers.shape[1] else 0.0
    return half if half > 0 else 1.0


def _spread_out(rows: MixedRows, k: int, gamma: float, rng: np.random.Generator) -> Prototypes:
    """Draw k rows one after another, each with a chance that grows with its dissimilarity to those drawn before.

    An attribute that a drawn row did not answer gets the commonest answer of all rows.
    """
    common = _modes(rows.codes, np.zeros(len(rows), np.int32), 1)[0]
    completed = np.where(rows.codes == NO_ANSWER, common, rows.codes)
    drawn = [int(rng.integers(len(rows)))]
    nearest = np.full(len(rows), np.inf)
    while len(drawn) < k:
        last = Prototypes(rows.numbers[drawn[-1:]], completed[drawn[-1:]], gamma)
        nearest = np.minimum(nearest, last.dissimilarities(rows)[:, 0])
        reach = nearest.cumsum()
        place = int(np.searchsorted(reach, rng.random() * reach[-1], side="right"))
        drawn.append(min(place, len(rows) - 1))
    return Prototypes(rows.numbers[drawn], completed[drawn], gamma)


def _descended(rows: MixedRows, prototypes: Prototypes) -> _Partition:
    """Move prototypes and assign rows until nobody changes; the last pass is the rule of ``assign``."""
    labels, own = _nearest(rows, prototypes)
    for _ in range(MAX_PASSES):
        prototypes = _moved(rows, _without_empty(labels, own, len(prototypes.modes)), prototypes)
        before, (labels, own) = labels, _nearest(rows, prototypes)
        if (labels == before).all():
            break
    return _Partition(prototypes, labels, float(own.sum()))


def _nearest(rows: MixedRows, prototypes: Prototypes) -> tuple[Labels, Floats]:
    """Give the (n,) nearest prototypes, ties to the first, and the (n,) dissimilarities to them."""
    dissimilarities = prototypes.dissimilarities(rows)
    labels = np.sqrt(dissimilarities).argmin(axis=1).astype(np.int32)  # as in assign, where roots may tie
    return labels, dissimilarities[np.arange(len(rows)), labels]


def _without_empty(labels: Labels, own: Floats, k: int) -> Labels:
    """Give each cluster that lost all its rows the row that is farthest from its prototype, where one is far at all."""
    sizes = np.bincount(labels, minlength=k)
    empty = np.flatnonzero(sizes == 0)
    if len(empty) == 0:
        return labels
    farthest = np.argsort(-own, kind="stable")[: len(empty)]
    farthest = farthest[own[farthest] > 0]
    filled = labels.copy()
    filled[farthest] = empty[: len(farthest)]
    return filled


def _moved(rows: MixedRows, labels: Labels, before: Prototypes) -> Prototypes:
    """Give the means and modes of the rows of each cluster; a cluster without rows stays where it was."""
    k = len(before.modes)
    sizes = np.bincount(labels, minlength=k)
    numbers = before.numbers.copy()
    for column, values in enumerate(rows.numbers.T):
        sums = np.bincount(labels, values, minlength=k)
        numbers[:, column] = np.where(sizes > 0, sums / np.maximum(sizes, 1), numbers[:, column])
    modes = np.where((sizes > 0)[:, None], _modes(rows.codes, labels, k), before.modes)
    return Prototypes(numbers, modes, before.gamma)


def _modes(codes: Codes, labels: Labels, k: int) -> Codes:
    """Give the (k, a) commonest answers, ties to the first category; where a cluster has none, those of all rows."""
    modes = np.full((k, codes.shape[1]), NO_ANSWER, np.int32)
    for i, column in enumerate(codes.T):
        answered = column != NO_ANSWER
        if answered.any():
            width = int(column.max()) + 1
            counts = np.bincount(labels[answered] * width + column[answered], minlength=k * width).reshape(k, width)
            common = counts.sum(axis=0).argmax()
            modes[:, i] = np.where(counts.any(axis=1), counts.argmax(axis=1), common)
    return modes
