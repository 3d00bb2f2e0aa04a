"""The frozen model: features, embedding and clusters, fitted once, applied to anybody.

``SegmentModel.apply`` is the only way a user gets a segment: a user of the training set, one scored from a file, one
posted to a server. Nobody goes through another path.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie import frozen, plugins, records
from coterie.clustering.contract import Assignment, FittedClusterer
from coterie.config import Config
from coterie.embedding.contract import Embedder, FittedEmbedder, Points
from coterie.embedding.identity import FittedIdentity
from coterie.errors import ModelError
from coterie.features.assembling import FittedBasis, fit_basis, fit_joined, make_features
from coterie.features.contract import Ids, Matrix
from coterie.parallel import single_libraries
from coterie.randomness import generator
from coterie.tables import Tables
from coterie.terms import DISTANCE, NOISE, SEGMENT, STRENGTH, USER

SCHEMA = "coterie.model"
VERSION = 1
ENTITIES_AT_ONCE = 100_000
JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Space:
    """Features and embedding, fitted: where entities are points.

    Args:
        basis: blocks that are embedded. embedder: maps their rows. joined: blocks whose columns are appended to the
            embedding as they are; None where there are none.
    """

    basis: FittedBasis
    embedder: FittedEmbedder
    joined: FittedBasis | None = None

    @property
    def columns(self) -> tuple[str | None, ...]:
        """(d,) name of each dimension, "block:column"; None for one that an embedding made of many columns."""
        named = [f"{block}:{column}" for block, column in self.joined.columns] if self.joined else []
        if isinstance(self.embedder, FittedIdentity):
            return (*(f"{block}:{column}" for block, column in self.basis.columns), *named)
        return (*(None for _ in range(self.embedder.dims)), *named)

    @property
    def n_columns(self) -> int:
        """Columns of the basis, joined ones too, before anything is embedded."""
        return len(self.basis.columns) + (len(self.joined.columns) if self.joined else 0)

    def columns_of(self, tables: Tables, ids: Ids) -> tuple[Matrix, npt.NDArray[np.float32], tuple[str, ...]]:
        """Give the rows of the basis: (n, m) that are embedded, (n, j) dense that are joined, and (m + j,) names."""
        joined = np.empty((len(ids), 0), np.float32)
        if self.joined is not None:
            found = self.joined.apply(tables, ids)
            joined = found.toarray() if sp.issparse(found) else found
        pairs = (*self.basis.columns, *(self.joined.columns if self.joined else ()))
        return self.basis.apply(tables, ids), joined, tuple(f"{block}:{column}" for block, column in pairs)

    def embed(self, tables: Tables, ids: Ids) -> tuple[Points, npt.NDArray[np.bool_]]:
        """Place entities.

        Args:
            tables: checked tables with the columns of the fit. ids: (n,) sorted.

        Returns:
            (n, d) points, and (n,) whether any block that is embedded knows anything of the entity: what is joined
            gives nobody a place.
        """
        matrix, known = self.basis.apply_known(tables, ids)
        return self.place(matrix, tables, ids), known

    def place(self, matrix: Matrix, tables: Tables, ids: Ids) -> Points:
        """Place entities whose rows of the basis are at hand.

        Args:
            matrix: (n, m) rows of the basis. tables, ids: as ``embed`` takes them, for the joined blocks.

        Returns:
            (n, d) points.
        """
        with single_libraries():
            points = self.embedder.apply(matrix)
        if self.joined is not None:
            beside = self.joined.apply(tables, ids)
            points = np.hstack([points, beside.toarray() if sp.issparse(beside) else beside]).astype(np.float32)
        return points

    def save(self, folder: Path) -> None:
        """Write basis and embedder, and the joined blocks where there are any, as arrays and JSON."""
        self.basis.save(folder)
        frozen.save(self.embedder.to_arrays(), folder, "embedder")
        if self.joined is not None:
            (folder / JOINED).mkdir()
            self.joined.save(folder / JOINED)

    @classmethod
    def load(cls, folder: Path) -> Space:
        """Read what ``save`` wrote.

        Raises:
            ModelError: a part is missing, damaged or of another version.
        """
        joined = FittedBasis.load(folder / JOINED) if (folder / JOINED).is_dir() else None
        return cls(FittedBasis.load(folder), _thaw("embedders", folder, "embedder"), joined)


def make_embedder(config: Config) -> Embedder:
    """Give the embedder that the config names, with its options."""
    embedder: Embedder = plugins.find("embedders", config.embedding.method)(**config.embedding.options)
    return embedder


def fit_space(
    config: Config, tables: Tables, ids: Ids, *purpose: str | int, most_rows: int | None = None
) -> tuple[Space, Points, npt.NDArray[np.bool_]]:
    """Fit features and embedding on some entities, and place these in it.

    Args:
        purpose: names the random stream, so that refits for different ends are independent.
        most_rows: of more entities the embedding is fitted on a random sample of so many, and places all; None: on all.

    Returns:
        The space, and what its ``embed`` gives for the entities of the fit, without reading their rows once more.
    """
    basis = fit_basis(make_features(config, embed=True), tables, ids)
    joined = make_features(config, embed=False)
    matrix, known = basis.apply_known(tables, ids)
    rng = generator(config.project.seed, *purpose)
    seen = matrix
    if most_rows is not None and most_rows < len(ids):
        seen = matrix[np.sort(rng.choice(len(ids), most_rows, replace=False))]
    with single_libraries():
        embedder = make_embedder(config).fit(seen, rng)
    space = Space(basis, embedder, fit_joined(joined, tables, ids) if joined else None)
    return space, space.place(matrix, tables, ids), known


@dataclass(frozen=True, slots=True)
class SegmentModel:
    """Everything that is needed to give anybody a segment.

    Args:
        space: features and embedding. clusterer: the partition. segment_ids: id per cluster number.
    """

    space: Space
    clusterer: FittedClusterer
    segment_ids: tuple[str, ...]

    def apply(self, tables: Tables, ids: Ids) -> Assignment:
        """Assign entities; one of whom the model knows nothing (none of its items, say) gets NOISE and strength 0.

        Args:
            tables: checked tables. ids: (n,) sorted entity ids.
        """
        parts = [self._apply_some(tables, ids[i : i + ENTITIES_AT_ONCE]) for i in range(0, len(ids), ENTITIES_AT_ONCE)]
        if not parts:
            return Assignment(np.empty(0, np.int32), np.empty(0), np.empty(0))
        return Assignment.joined(parts)

    def _apply_some(self, tables: Tables, ids: Ids) -> Assignment:
        points, known = self.space.embed(tables, ids)
        with single_libraries():
            found = self.clusterer.assign(points)
        return Assignment(
            np.where(known, found.labels, NOISE).astype(np.int32),
            np.where(known, found.strength, 0.0),
            np.where(known, found.distance, np.nan),
        )

    def save(self, folder: Path) -> None:
        """Write arrays and JSON; nothing in it is code."""
        self.space.save(folder)
        frozen.save(self.clusterer.to_arrays(), folder, "clusterer")
        records.write(folder / "model.json", SCHEMA, VERSION, {"segment_ids": self.segment_ids})

    @classmethod
    def load(cls, folder: Path) -> SegmentModel:
        """Read what ``save`` wrote.

        Raises:
            ModelError: a part is missing, damaged or of another version.
        """
        if not folder.is_dir():
            raise ModelError(f"there is no model in '{folder.parent}'; run `coterie run` again")
        body = records.read(folder / "model.json", SCHEMA, VERSION)
        return cls(Space.load(folder), _thaw("clusterers", folder, "clusterer"), tuple(body["segment_ids"]))


def _thaw(group: plugins.Group, folder: Path, name: str) -> Any:
    part = frozen.load(folder, name)
    try:
        return plugins.find(group, part.kind).Fitted.from_arrays(part)
    except (KeyError, TypeError, IndexError) as error:
        raise ModelError(f"the frozen {name} in '{folder}' is damaged: {error}; run `coterie run` again") from error


def as_frame(ids: Ids, found: Assignment, segment_ids: tuple[str, ...]) -> pl.DataFrame:
    """Give an assignment as rows of user, segment, strength and distance; no segment where nothing is known."""
    names = np.array([*segment_ids, ""], dtype=str)
    frame = pl.DataFrame({USER: ids, SEGMENT: names[found.labels], STRENGTH: found.strength, DISTANCE: found.distance})
    known = pl.col(SEGMENT) != ""
    return frame.with_columns(
        pl.when(known).then(pl.col(SEGMENT)).alias(SEGMENT), pl.when(known).then(pl.col(DISTANCE)).alias(DISTANCE)
    )
