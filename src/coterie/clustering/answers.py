"""Columns read as answers: which of them are the categories of one attribute, and which category each row has.

Names come in as "block:attribute=category" or "block:number", in the order of the points' columns; positions and codes
go out. Which category a row has is told by its positive value, whatever that is: blocks are scaled. A row that is zero
in all categories of an attribute, or whose category is "missing", has no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from coterie.clustering.distances import Floats
from coterie.embedding.contract import Points
from coterie.errors import ConfigError, DataError, shown
from coterie.features.preparation import MISSING

Codes = npt.NDArray[np.int32]

NO_ANSWER: Final = -1


@dataclass(frozen=True, slots=True)
class Attribute:
    """A question with one answer of several.

    Args:
        name: "block:attribute". categories: those that are answers, so without "missing".
        positions: the column of each category.
    """

    name: str
    categories: tuple[str, ...]
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of points are.

    Args:
        n_columns: width of the points. names: (n_columns,) given names, or None where every column is a number.
        numbers: positions of the columns that are not one of several categories.
        attributes: in the order of their first column.
    """

    n_columns: int
    names: tuple[str, ...] | None
    numbers: tuple[int, ...]
    attributes: tuple[Attribute, ...]

    @classmethod
    def of(cls, names: Sequence[str] | None, n_columns: int) -> Self:
        """Read the names of ``n_columns`` columns; None makes each a number.

        An attribute's name ends at the first "=" behind the block's name.

        Raises:
            DataError: there is not one name a column.
        """
        if names is None:
            return cls(n_columns, None, tuple(range(n_columns)), ())
        if len(names) != n_columns:
            raise DataError(f"{len(names)} names were given for points of {n_columns} columns; give each column one")
        numbers, found = list[int](), dict[str, dict[str, int]]()
        for position, name in enumerate(names):
            block, _, column = name.partition(":")
            attribute, equals, category = column.partition("=")
            if equals:
                found.setdefault(f"{block}:{attribute}", {})[category] = position
            else:
                numbers.append(position)
        attributes = []
        for attribute, positions in found.items():
            positions.pop(MISSING, None)
            if positions:
                attributes.append(Attribute(attribute, tuple(positions), tuple(positions.values())))
        return cls(n_columns, tuple(names), tuple(numbers), tuple(attributes))

    def codes(self, points: Points | Floats) -> Codes:
        """Give (n, a) positions in each attribute's categories, or NO_ANSWER.

        A row with several categories has the one of the greatest value, the first of equal ones. Attributes never make
        such rows; points drawn without clusters, to hold those of the data against, are full of them.
        """
        codes = np.full((len(points), len(self.attributes)), NO_ANSWER, np.int32)
        for i, attribute in enumerate(self.attributes):
            values = points[:, list(attribute.positions)]
            codes[:, i] = np.where(values.max(axis=1) > 0, values.argmax(axis=1), NO_ANSWER)
        return codes


def checked_names(names: object, where: str) -> tuple[str, ...] | None:
    """Give columns' names back.

    Raises:
        ConfigError: they are neither None nor a list of text.
    """
    if names is None:
        return None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"'{where}' is {shown(names)}; expected a list of columns' names, or nothing")
    return tuple(names)
