"""The contract of a feature: tables in, one named block aligned on the entity index out.

Fitting learns vocabulary and preparation (which items are columns, a column's mean, its categories) and freezes them;
``apply`` then works for any entities of any tables with the same columns, one at a time or in millions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.frozen import Frozen
from coterie.tables import Tables

Ids = npt.NDArray[np.str_]
Matrix = sp.csr_array | npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """One entity x feature matrix.

    Args:
        name: the block's name in the config.
        ids: (n,) entity ids, sorted, without repeats.
        columns: (m,) column names.
        values: (n, m) float32, CSR where mostly zero, else dense; no NaN.
        known: (n,) whether anything is known of an entity, where its row does not say so, since what is missing is
            filled in; None: nothing is known of who has a row of zeros.
    """

    name: str
    ids: Ids
    columns: npt.NDArray[np.str_]
    values: Any
    known: npt.NDArray[np.bool_] | None = None

    @property
    def is_known(self) -> npt.NDArray[np.bool_]:
        """(n,) whether anything is known of an entity."""
        if self.known is not None:
            return self.known
        if sp.issparse(self.values):
            held: npt.NDArray[np.bool_] = np.diff(self.values.indptr) > 0
            return held
        return np.asarray((self.values != 0).any(axis=1))


class FittedFeature(Protocol):
    """A feature whose vocabulary and preparation are frozen."""

    @property
    def name(self) -> str:
        """The block's name in the config."""

    @property
    def columns(self) -> npt.NDArray[np.str_]:
        """(m,) column names, in a fixed order."""

    def apply(self, tables: Tables, ids: Ids) -> FeatureBlock:
        """Give the rows of ``ids``; an entity that the tables do not know gets the row of someone wholly unknown.

        Args:
            tables: checked tables with the columns that were there at fitting.
            ids: (n,) sorted entity ids.
        """

    def to_arrays(self) -> Frozen:
        """Give everything that ``from_arrays`` needs."""

    @classmethod
    def from_arrays(cls, frozen: Frozen) -> Self:
        """Give back an equal fitted feature."""


class Feature(Protocol):
    """How a block is made: options checked in the constructor, nothing learned yet.

    The constructor is ``(name: str, table: str, **options)``; ``table`` is the config's ``from``. Every kind has the
    option ``block_weight``. ``Fitted`` is the class that ``fit`` gives, by which a frozen feature is read back.
    """

    Fitted: ClassVar[type[FittedFeature]]

    @property
    def name(self) -> str:
        """The block's name in the config."""

    @property
    def table(self) -> str:
        """The name of the table that it is made from."""

    @property
    def block_weight(self) -> float:
        """Its weight beside other blocks, > 0; see ``coterie.features.assembling``."""

    def entities(self, tables: Tables) -> Ids:
        """(n,) sorted ids of the entities of which the block knows something."""

    def fit(self, tables: Tables, ids: Ids) -> FittedFeature:
        """Learn vocabulary and preparation from the rows of ``ids``."""
