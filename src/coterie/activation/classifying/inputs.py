"""What a classifier reads of an entity: where the frozen space puts it, and what it is described by; NaN is not known.

The place is that of the run's own embedding, whose blocks may be known in part. Beside it stand how much of the basis
is known (a place made of two events says less than one made of two hundred), the narrow blocks of a basis of several,
what is joined to the embedding, and the descriptors. Of a wide block the columns that most have are read.

A segment is a matter of the basis alone. So a place counts the more the more it is made of, and descriptors fade as it
becomes sure: for whom the basis is known whole they would only be noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie import plugins
from coterie.activation.classifying.contract import Floats
from coterie.config import Config
from coterie.errors import CoterieError
from coterie.features.assembling import make_descriptors
from coterie.features.contract import FeatureBlock, FittedFeature, Ids, Matrix
from coterie.features.nesting import joined, parted
from coterie.frozen import Frozen
from coterie.model import Space
from coterie.parallel import single_libraries
from coterie.tables import Tables

KIND: Final = "classifier-inputs"
PLACE: Final = "place"
MOST_COLUMNS: Final = 100  # of one block
DAMPED: Final = 0.5  # what describes somebody says less than what segments are formed on
MANY_CELLS: Final = 50.0  # of the basis, from which a place is taken for as sure as it gets

Part = tuple[str, list[str], Floats, npt.NDArray[np.bool_]]  # block, columns, numbers, whether anything is known


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Rows to classify.

    Args:
        values: (n, m) float64, NaN for what is not known. columns: (m,) names. fields: (m,) what is known or not known
            together: "block" or "block:attribute". known: (n,) whether anything at all is known. sureness: (n,) of the
            place, in [0, 1], 0 where there is none.
    """

    values: Floats
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    known: npt.NDArray[np.bool_]
    sureness: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A fitted block and the columns of it that are read.

    Args:
        fitted: the block. chosen: (c,) places of columns.
    """

    fitted: FittedFeature
    chosen: npt.NDArray[np.int64]

    def read(self, tables: Tables, ids: Ids) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """(n, c) numbers, NaN for what is not known, and (n,) whether anything is."""
        block = self.fitted.apply(tables, ids)
        blanks = getattr(self.fitted, "blanks", None)
        empty = blanks(tables, ids)[:, self.chosen] if blanks is not None else np.zeros((len(ids), 1), np.bool_)
        values = np.where(empty | ~block.is_known[:, None], np.nan, _dense(block.values, self.chosen))
        # One whose cells of other columns are known is known of; one whose every cell is blank is not.
        return values, np.asarray(block.is_known & ~(empty.all(axis=1) if blanks is not None else False))

    @property
    def names(self) -> list[str]:
        """Names of the columns that are read."""
        return [str(column) for column in self.fitted.columns[self.chosen].tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class FittedInputs:
    """What is read, frozen but for the space, which is the model's own.

    Args:
        space: of the model. beside: blocks of the basis or joined to it that are read as they are too, by their place
            there. described: descriptors. size: deviation of the widest dim of the places, which they are divided by
            together, so that their distances stay in proportion.
    """

    space: Space
    beside: tuple[Described, ...]
    described: tuple[Described, ...]
    size: float = 1.0

    def apply(self, tables: Tables, ids: Ids, *, is_placed: bool = True) -> Inputs:
        """Give the rows of ``ids``.

        Args:
            tables: with all tables of the fit, empty where nothing is known. ids: (n,) sorted. is_placed: False to read
                the descriptors alone, as if nothing were known of what segments are formed on.
        """
        place, sureness = self._place(tables, ids)
        sureness = sureness if is_placed else np.zeros(len(ids))
        parts = [place if is_placed else _unknown(place)]
        for one in self.beside:
            values, known = one.read(tables, ids)
            if not is_placed:
                values, known = np.full_like(values, np.nan), np.zeros_like(known)
            parts.append((one.fitted.name, one.names, values, known))
        fading = DAMPED * (1.0 - sureness)[:, None]
        for one in self.described:
            values, known = one.read(tables, ids)
            parts.append((one.fitted.name, one.names, values * fading, known))
        columns = tuple(f"{block}:{column}" for block, names, _, _ in parts for column in names)
        fields = tuple(_field(block, column) for block, names, _, _ in parts for column in names)
        known = np.any([known for *_, known in parts], axis=0)
        return Inputs(np.hstack([values for *_, values, _ in parts]), columns, fields, known, sureness)

    def _place(self, tables: Tables, ids: Ids) -> tuple[Part, Floats]:
        """Give the place as a part of the rows, and (n,) how sure it is, in [0, 1]."""
        blocks = [part.apply(tables, ids) for part in self.space.basis.fitted]
        matrix, known = self.space.basis.apply_known(tables, ids)
        with single_libraries():
            points = self.space.embedder.apply(matrix)[:, :MOST_COLUMNS].astype(np.float64) / self.size
        amounts = {block.name: _cells(block) for block in blocks if sp.issparse(block.values)}
        if amounts:
            held = np.sum(list(amounts.values()), axis=0)
            sureness = np.minimum(np.log1p(held) / np.log1p(MANY_CELLS), 1.0)
            points = points * sureness[:, None]
        else:
            sureness = _share_known(self.space.basis.fitted, tables, ids, known)
        values = np.hstack([points, *(np.log1p(cells)[:, None] for cells in amounts.values())])
        values[~known] = np.nan
        names = [*map(str, range(points.shape[1])), *(f"amount of {name}" for name in amounts)]
        return (PLACE, names, values, known), np.where(known, sureness, 0.0)

    def to_arrays(self) -> Frozen:
        """Give the descriptors as data, and which blocks of the space are read beside its places."""
        parts, facts = {}, {}
        for role in ("beside", "described"):
            for at, one in enumerate(getattr(self, role)):
                parts[f"{role}-{at}"] = one.fitted.to_arrays()
                facts[f"{role}-{at}"] = one.chosen.tolist()
        return joined(KIND, {"chosen": facts, "size": self.size}, parts)

    @classmethod
    def from_arrays(cls, frozen: Frozen, space: Space) -> Self:
        """Give back equal inputs.

        Args:
            space: of the model that they were fitted beside.
        """
        facts, parts = parted(frozen)
        thawed = {
            name: Described(
                plugins.find("features", part.kind).Fitted.from_arrays(part),
                np.array(facts["chosen"][name], np.int64),
            )
            for name, part in parts.items()
        }
        beside, described = (
            tuple(one for name, one in thawed.items() if name.startswith(role)) for role in ("beside-", "described-")
        )
        return cls(space, beside, described, facts["size"])


def fit_inputs(space: Space, config: Config, tables: Tables, ids: Ids) -> tuple[FittedInputs, tuple[str, ...]]:
    """Learn what is read.

    Args:
        tables: of the run. ids: (n,) sorted, of whom is learned.

    Returns:
        The inputs, and why a descriptor is left out.
    """
    basis = space.basis.fitted if len(space.basis.fitted) > 1 else ()
    whole = (*basis, *(space.joined.fitted if space.joined is not None else ()))
    beside = tuple(_described(part, tables, ids) for part in whole if len(part.columns) <= MOST_COLUMNS)
    described, left_out = [], []
    for feature in make_descriptors(config):
        try:
            described.append(_described(feature.fit(tables, ids), tables, ids))
        except CoterieError as error:
            left_out.append(f"features.{feature.name}: {error}")
    points, known = space.embed(tables, ids)
    width = float(points[known, :MOST_COLUMNS].std(axis=0, dtype=np.float64).max(initial=0.0)) if known.any() else 0.0
    return FittedInputs(space, beside, tuple(described), width or 1.0), tuple(left_out)


def hide(inputs: Inputs, hidden: npt.NDArray[np.bool_], fields: Sequence[str]) -> Floats:
    """(n, m) the values without some fields.

    Args:
        hidden: (n, f) which of ``fields`` an entity is to be without.
    """
    place = {field: at for at, field in enumerate(fields)}
    gone = [hidden[:, place[f]] if f in place else np.zeros(len(hidden), np.bool_) for f in inputs.fields]
    return np.where(np.column_stack(gone), np.nan, inputs.values)


def _described(part: FittedFeature, tables: Tables, ids: Ids) -> Described:
    width = len(part.columns)
    if width <= MOST_COLUMNS:
        return Described(part, np.arange(width))
    values = part.apply(tables, ids).values
    held = np.asarray((values != 0).sum(axis=0)).ravel()
    return Described(part, np.sort(np.argsort(-held, kind="stable")[:MOST_COLUMNS]))


def _dense(values: Matrix, chosen: npt.NDArray[np.int64]) -> Floats:
    some = values[:, chosen]
    dense: Floats = (some.toarray() if sp.issparse(some) else np.asarray(some)).astype(np.float64)
    return dense


def _unknown(part: Part) -> Part:
    name, names, values, known = part
    return name, names, np.full_like(values, np.nan), np.zeros_like(known)


def _share_known(parts: Sequence[FittedFeature], tables: Tables, ids: Ids, known: npt.NDArray[np.bool_]) -> Floats:
    """(n,) share of the cells of some blocks that are known; where a block does not say, all of them."""
    blanks = [part.blanks(tables, ids) for part in parts if hasattr(part, "blanks")]
    if not blanks:
        return known.astype(np.float64)
    shares: Floats = 1.0 - np.hstack(blanks).mean(axis=1)
    return shares


def _cells(block: FeatureBlock) -> Floats:
    counts: Floats = np.diff(block.values.indptr).astype(np.float64)
    return counts


def _field(block: str, column: str) -> str:
    return PLACE if block == PLACE else f"{block}:{column.split('=', maxsplit=1)[0]}"


def fields_of(inputs: Inputs) -> Iterator[str]:
    """Give the fields, each once, but for the place."""
    yield from (field for field in dict.fromkeys(inputs.fields) if field != PLACE)
