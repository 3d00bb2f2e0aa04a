"""What is known of people, as columns to sum over an audience: a table of users in, two CSR matrices out."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from coterie.features.aligning import one_row_each, require_columns
from coterie.features.answers import Answers
from coterie.features.contract import Ids
from coterie.features.preparation import OTHER, looked_up, one_hot
from coterie.tables import Tables

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class People:
    """Which columns are made of which attributes.

    Args:
        table: of role "users". where: the block in the config, for messages.
        column: the attribute that holds all numbers of a person (kind "traits"); None: each is an attribute.
        numbers: their names. poles: (low, high), where columns say who lies up to low and from high on; None: the
            numbers themselves. categories: attributes, each with the categories that have a column.
    """

    table: str
    where: str
    column: str | None
    numbers: tuple[str, ...]
    poles: tuple[float, float] | None
    categories: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def number_names(self) -> tuple[str, ...]:
        """Names of the columns that hold numbers; poles hold yes or no."""
        return self.numbers if self.poles is None else ()

    @property
    def names(self) -> tuple[str, ...]:
        """(m,) names of all columns: numbers or poles first, then each attribute's categories."""
        poles = () if self.poles is None else tuple(f"{name} {at}" for name in self.numbers for at in ("low", "high"))
        shares = (f"{name}={category}" for name, kept in self.categories for category in kept)
        return (*self.number_names, *poles, *shares)

    @property
    def answers(self) -> Answers:
        """Where the numbers stand."""
        return Answers(self.table, self.where, self.column)


@dataclass(frozen=True, slots=True)
class Described:
    """Cells of (p, m) people and columns, 0 where unknown; and 1 where they are known."""

    cells: sp.csr_array
    known: sp.csr_array


def described(people: People, tables: Tables, ids: Ids) -> Described:
    """Describe the people of ``ids``, sorted.

    Raises:
        ModelError: the table lacks a column. DataError: a person has several rows.
    """
    cells, known = [], []
    if people.numbers:
        values = people.answers.matrix(tables, ids, people.numbers)
        there = ~np.isnan(values)
        if people.poles is not None:
            low, high = people.poles
            at_poles = np.stack([values <= low, values >= high], axis=2)
            values = at_poles.reshape(len(ids), 2 * len(people.numbers)).astype(np.float64)
            there = np.repeat(there, 2, axis=1)
        cells.append(sp.csr_array(np.where(there, values, 0.0)))
        known.append(sp.csr_array(there.astype(np.float64)))
    if people.categories:
        names = [name for name, _ in people.categories]
        require_columns(tables[people.table], names, people.where)
        rows = one_row_each(tables[people.table], ids, *(nw.col(name).cast(nw.String) for name in names))
        for name, kept in people.categories:
            places = {category: code for code, category in enumerate(kept)}
            hot = one_hot(looked_up(rows[name], places, otherwise=places.get(OTHER, -1)), len(kept))
            cells.append(hot)
            known.append(sp.csr_array(hot.sum(axis=1)[:, None] @ np.ones((1, len(kept)))))
    return Described(sp.csr_array(sp.hstack(cells, format="csr")), sp.csr_array(sp.hstack(known, format="csr")))
