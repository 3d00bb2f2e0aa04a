"""The basis: what segments are formed on, several blocks brought to comparable size and put side by side.

Which features a config asks for, which users they know, and one frozen ``FittedBasis`` that gives one matrix for any
users. A block's size is the mean squared norm of its rows over the users of the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie import frozen, plugins
from coterie.config import Config, FeatureConfig, refuse_unknown
from coterie.errors import DataError, ModelError, shown
from coterie.features.contract import Feature, FittedFeature, Ids, Matrix
from coterie.frozen import Frozen
from coterie.tables import Tables
from coterie.terms import EVENTS

KIND: Final = "basis"
FILE: Final = "basis"


@dataclass(frozen=True, slots=True, eq=False)
class FittedBasis:
    """Frozen blocks and their scales.

    Args:
        fitted: (f,) fitted blocks, in the order of the config.
        scales: (f,) what each block is multiplied by.
    """

    fitted: tuple[FittedFeature, ...]
    scales: npt.NDArray[np.float64]

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(m,) pairs of a block's name and its column."""
        return tuple((part.name, column) for part in self.fitted for column in part.columns.tolist())

    def apply(self, tables: Tables, ids: Ids) -> Matrix:
        """Give the (n, m) float32 rows of ``ids``: CSR where any block is, else dense.

        Raises:
            ModelError: the tables lack columns that the fit had.
        """
        return self.apply_known(tables, ids)[0]

    def apply_known(self, tables: Tables, ids: Ids) -> tuple[Matrix, npt.NDArray[np.bool_]]:
        """Give the rows of ``ids`` as ``apply``, and (n,) whether any block knows anything of an entity.

        Raises:
            ModelError: the tables lack columns that the fit had.
        """
        blocks = [part.apply(tables, ids) for part in self.fitted]
        known = np.any([block.is_known for block in blocks], axis=0)
        return _stacked([block.values for block in blocks], self.scales), known

    def to_parts(self) -> tuple[Frozen, ...]:
        """Give the scales, then each block, as data."""
        head = Frozen(KIND, {"blocks": [part.name for part in self.fitted]}, {"scales": self.scales})
        return (head, *(part.to_arrays() for part in self.fitted))

    @classmethod
    def from_parts(cls, parts: Sequence[Frozen]) -> Self:
        """Give back an equal basis.

        Raises:
            ModelError: the parts are not those of one basis.
            UnknownNameError: a block's kind is not installed here.
        """
        head, *blocks = parts
        names = [block.meta.get("name") for block in blocks]
        if head.kind != KIND or names != head.meta.get("blocks"):
            raise ModelError(f"the frozen parts {shown(names)} are not those of one basis; run `coterie run` again")
        fitted = tuple(plugins.find("features", block.kind).Fitted.from_arrays(block) for block in blocks)
        return cls(fitted, head.arrays["scales"])

    def save(self, folder: Path) -> None:
        """Write ``basis`` and ``basis-0``, ``basis-1`` ... into the folder."""
        head, *blocks = self.to_parts()
        frozen.save(head, folder, FILE)
        for number, block in enumerate(blocks):
            frozen.save(block, folder, f"{FILE}-{number}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            ModelError: a file is missing, damaged, or of a version that this Coterie does not read.
        """
        head = frozen.load(folder, FILE)
        blocks = [frozen.load(folder, f"{FILE}-{number}") for number in range(len(head.meta.get("blocks", [])))]
        return cls.from_parts([head, *blocks])


def make_features(config: Config, *, embed: bool | None = None) -> tuple[Feature, ...]:
    """Give the basis features that a config asks for, in its order; descriptors are checked all the same.

    Args:
        embed: True for those that are embedded, False for those that are joined to the embedding; None for both.

    Raises:
        UnknownNameError: a kind has no plug-in.
        ConfigError: an option is unknown or out of range.
    """
    made = {name: _feature(name, feature) for name, feature in config.features.items()}
    basis = {name for name, asked in config.features.items() if asked.use == "basis" and embed in {None, asked.embed}}
    return tuple(feature for name, feature in made.items() if name in basis)


def make_descriptors(config: Config) -> tuple[Feature, ...]:
    """Give the features that a config only describes segments by, in its order.

    Raises:
        UnknownNameError: a kind has no plug-in.
        ConfigError: an option is unknown or out of range.
    """
    return tuple(_feature(name, asked) for name, asked in config.features.items() if asked.use == "descriptor")


def _feature(name: str, config: FeatureConfig) -> Feature:
    made_by = plugins.find("features", config.kind)
    reserved = {"self", "name", "table"} & set(config.options)
    refuse_unknown(
        dict.fromkeys(sorted(reserved)), ["kind", "from", "use", "embed", "block_weight"], f"features.{name}"
    )
    feature: Feature = made_by(name, config.from_, block_weight=config.block_weight, **config.options)
    return feature


def entity_ids(features: Sequence[Feature], tables: Tables) -> Ids:
    """Give the sorted ids of the users that can be segmented.

    They are the users known to at least one block that is made from events; where no block is, the users known to any.

    Raises:
        DataError: there are fewer than two.
    """
    from_events = [feature for feature in features if tables[feature.table].role == EVENTS]
    asked = from_events or list(features)
    found = [feature.entities(tables) for feature in asked]
    ids: Ids = np.unique(np.concatenate([np.array([], dtype=np.str_), *found]))
    _refuse_few(ids, sorted({feature.table for feature in asked}))
    return ids


def fit_basis(features: Sequence[Feature], tables: Tables, ids: Ids) -> FittedBasis:
    """Fit every block on ``ids`` and scale it so that its rows' mean squared norm is ``block_weight ** 2``.

    One block alone is left as it is (scale 1): there is nothing to weigh it against.

    Raises:
        DataError: fewer than two users, or a block that is zero for every user; and what the blocks' ``fit`` raises.
    """
    _refuse_few(ids, sorted({feature.table for feature in features}))
    fitted = tuple(feature.fit(tables, ids) for feature in features)
    if len(fitted) == 1:
        return FittedBasis(fitted, np.ones(1))
    scales = [
        feature.block_weight / _size(part.apply(tables, ids).values, part.name)
        for feature, part in zip(features, fitted, strict=True)
    ]
    return FittedBasis(fitted, np.array(scales))


def fit_joined(features: Sequence[Feature], tables: Tables, ids: Ids) -> FittedBasis:
    """Fit blocks that are joined to an embedding: each as it is, times its weight."""
    fitted = tuple(feature.fit(tables, ids) for feature in features)
    return FittedBasis(fitted, np.array([feature.block_weight for feature in features], np.float64))


def _refuse_few(ids: Ids, tables: Sequence[str]) -> None:
    if len(ids) >= 2:
        return
    held = f"one user: {shown(ids[0])}" if len(ids) else "no users"
    names = ", ".join(f"'{table}'" for table in tables)
    raise DataError(f"{names} {'hold' if len(tables) > 1 else 'holds'} {held}; segments need two users or more")


def _size(values: Matrix, name: str) -> float:
    """Root of the mean squared norm of a block's rows."""
    entries = values.data if sp.issparse(values) else np.asarray(values)
    size = float(np.sqrt(np.sum(entries.astype(np.float64) ** 2) / values.shape[0]))
    if size == 0:
        raise DataError(
            f"the block '{name}' is zero for every user, so it cannot be weighed against the others; "
            f"take features.{name} out"
        )
    return size


def _stacked(blocks: Sequence[Matrix], scales: npt.NDArray[np.float64]) -> Matrix:
    scaled = [block if scale == 1 else block * np.float32(scale) for block, scale in zip(blocks, scales, strict=True)]
    if len(scaled) == 1:
        return scaled[0]
    if not any(sp.issparse(block) for block in scaled):
        return np.hstack(scaled)
    matrix = sp.csr_array(sp.hstack([sp.csr_array(block) for block in scaled], format="csr"))
    matrix.sort_indices()
    return matrix
