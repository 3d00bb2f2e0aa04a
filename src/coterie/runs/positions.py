"""Where the users of a run are: in its embedding, or by single feature blocks, through the frozen model alone.

A block of the basis is read back as it was fitted. A descriptor, which no run keeps, is fitted on the run's own tables,
which gives the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from coterie.errors import ConfigError, UnknownNameError
from coterie.features.assembling import make_descriptors
from coterie.features.contract import FittedFeature, Ids, Matrix
from coterie.model import ENTITIES_AT_ONCE, SegmentModel
from coterie.runs.result import Run
from coterie.tables import Tables
from coterie.terms import NOISE_ID, SEGMENT, USER

EMBEDDING: Final = "embedding"
Part = tuple[Matrix, npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Blocks over the same users.

    Args:
        ids: (n,) sorted. names: (b,) of the blocks. parts: (b,) the (n, m) rows of each, and (n,) whether it knows
            anything of a user.
        columns: (b,) names of the columns of each.
    """

    ids: Ids
    names: tuple[str, ...]
    parts: tuple[Part, ...]
    columns: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """Users of files that are none of the run's.

    Args:
        ids: (n,) sorted. tables: checked, as the run sees them. rejects: rows that were refused, by table.
    """

    ids: Ids
    tables: Tables
    rejects: Mapping[str, pl.DataFrame]


def segments_of(run: Run) -> dict[str, str]:
    """Give the segment of each of a run's users; "" for those in none."""
    rows = run.assignments()
    names = rows[SEGMENT].fill_null("").to_list()
    return {one: "" if name == NOISE_ID else name for one, name in zip(rows[USER].to_list(), names, strict=True)}


class Places:
    """Gives the users of any tables their positions, as a run sees them.

    Args:
        run: a finished one. by: "embedding" and names of features, each once.

    Raises:
        ConfigError: nothing is named, or something twice.
        UnknownNameError: the run has no such feature; offers the nearest.
    """

    def __init__(self, run: Run, by: Sequence[str] = (EMBEDDING,)) -> None:
        self.by = tuple(by)
        known = [EMBEDDING, *run.config.features]
        if not self.by or len(set(self.by)) != len(self.by):
            raise ConfigError(f"positions are by {list(self.by)}; expected one or several of {known}, each once")
        for name in self.by:
            if name not in known:
                raise UnknownNameError("feature", name, known)
        self.ids: Ids = np.unique(np.array(run.assignments()[USER].to_list(), np.str_))
        self.tables = run.tables()
        self.model: SegmentModel = run.model()
        basis = [*self.model.space.basis.fitted, *(self.model.space.joined.fitted if self.model.space.joined else ())]
        self._fitted: dict[str, FittedFeature] = {part.name: part for part in basis if part.name in self.by}
        for feature in make_descriptors(run.config):
            if feature.name in self.by:
                self._fitted[feature.name] = feature.fit(self.tables, self.ids)

    def of_run(self) -> Positions:
        """Give the positions of the run's own users, segmented or not."""
        return self.of(self.tables, self.ids)

    def of(self, tables: Tables, ids: Ids) -> Positions:
        """Give the positions of users of any tables.

        Args:
            tables: checked ones with the columns of the run's. ids: (n,) sorted.

        Raises:
            ModelError: the tables lack what the run's had.
        """
        parts = tuple(self._part(name, tables, ids) for name in self.by)
        columns = tuple(self._columns(name, part[0].shape[1]) for name, part in zip(self.by, parts, strict=True))
        return Positions(ids, self.by, parts, columns)

    def _columns(self, name: str, width: int) -> tuple[str, ...]:
        if name == EMBEDDING:
            return tuple(f"{name} {number + 1}" for number in range(width))
        return tuple(f"{name}: {column}" for column in self._fitted[name].columns.tolist())

    def _part(self, name: str, tables: Tables, ids: Ids) -> Part:
        found = [self._some(name, tables, ids[i : i + ENTITIES_AT_ONCE]) for i in range(0, len(ids), ENTITIES_AT_ONCE)]
        if not found:
            return self._some(name, tables, ids)
        if len(found) == 1:
            return found[0]
        rows = [rows for rows, _ in found]
        together: Matrix = sp.csr_array(sp.vstack(rows)) if sp.issparse(rows[0]) else np.vstack(rows)
        return together, np.concatenate([known for _, known in found])

    def _some(self, name: str, tables: Tables, ids: Ids) -> Part:
        if name == EMBEDDING:
            return self.model.space.embed(tables, ids)
        block = self._fitted[name].apply(tables, ids)
        return block.values, block.is_known
