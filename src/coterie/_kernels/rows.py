"""Kernels for raw tables: what lines of text hold, and the order of rows by their keys."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from coterie._kernels.library import call, dense
from coterie.parallel import kernel_threads

MOST_ROWS = 2**32 - 1
_TEXT, _WHOLE, _DECIMAL = 1, 2, 4


@dataclass(slots=True)
class Fields:
    """What the fields of a file were seen to hold so far.

    Args:
        kinds: (f,) bits a column. digits: (f,) most digits of a whole number.
    """

    kinds: npt.NDArray[np.uint8]
    digits: npt.NDArray[np.int64]
    n_lines: int = 0
    n_ragged: int = 0
    ragged: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, n_fields: int) -> Fields:
        """Give those of a file of which nothing was read yet."""
        return cls(np.zeros(n_fields, np.uint8), np.zeros(n_fields, np.int64))

    def whole(self, column: int) -> int:
        """Give the most digits of a column that holds nothing but whole numbers without sign, as computers write them.

        Returns:
            0 where it holds anything else, or nothing.
        """
        return int(self.digits[column]) if self.kinds[column] == _WHOLE else 0

    def is_decimal(self, column: int) -> bool:
        """Say whether a column holds nothing but numbers such as 3.5 and 4.0, at most nine digits and four."""
        return bool(self.kinds[column] == _DECIMAL)

    def forget(self) -> None:
        """Forget what columns hold, though not the lines: what was read was their names."""
        self.kinds[:] = 0
        self.digits[:] = 0

    def read(self, lines: bytes | memoryview, separator: str, most_named: int) -> None:
        """Read whole lines that hold no quote.

        Args:
            lines: bytes; the last line may lack its end. most_named: ragged lines to remember.
        """
        if not len(lines):
            return
        text = np.frombuffer(lines, np.uint8)
        facts, ragged = np.zeros(2, np.int64), np.zeros((most_named, 2), np.int64)
        call(
            "coterie_csv_lines",
            *(text, len(text), ord(separator), len(self.kinds), self.kinds, self.digits, most_named, facts, ragged),
        )
        named = ragged[: min(int(facts[1]), most_named - len(self.ragged))].tolist()
        self.ragged += [(self.n_lines + line + 1, n_fields) for line, n_fields in named]
        self.n_lines += int(facts[0])
        self.n_ragged += int(facts[1])


def pair_order(
    users: npt.NDArray[np.int32], items: npt.NDArray[np.int32], n_users: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Order rows by user, then by item; level rows stay as they stood.

    Args:
        users: (n,) in 0..n_users-1. items: (n,) from 0.

    Returns:
        (n,) numbers of rows, and (n_users + 1,) where each user's begin.

    Raises:
        ValueError: there are more rows than can be numbered, or a number is out of range.
    """
    users = dense(users, np.int32, (None,), "users")
    n = len(users)
    items = dense(items, np.int32, (n,), "items")
    if n > MOST_ROWS:
        raise ValueError(f"{n:,} rows cannot be ordered at once; at most {MOST_ROWS:,} can")
    if n and not (int(users.min()) >= 0 and int(users.max()) < n_users and int(items.min()) >= 0):
        raise ValueError(f"users reach from {users.min()} to {users.max()}; expected 0 to {n_users - 1}")
    order, indptr = np.empty(n, np.uint32), np.zeros(n_users + 1, np.int64)
    call("coterie_pair_order", users, items, n, n_users, kernel_threads(), indptr, order)
    return order, indptr
