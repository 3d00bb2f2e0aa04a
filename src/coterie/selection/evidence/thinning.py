"""How records stay small: numbers of four digits, curves at even steps, users drawn at random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

DIGITS = 4


def brief(value: float) -> float:
    """Give a number with four significant digits."""
    return float(f"{float(value):.{DIGITS}g}")


def briefly(values: npt.ArrayLike) -> tuple[float, ...]:
    """Give numbers with four significant digits each."""
    return tuple(brief(value) for value in np.asarray(values, np.float64).tolist())


def even_steps(n: int, most: int) -> Rows:
    """Give at most ``most`` places of 0..n-1, the first and the last among them, as evenly apart as may be."""
    if n <= most:
        return np.arange(n)
    return np.round(np.linspace(0, n - 1, most)).astype(np.int64)


def drawn(n: int, most: int, rng: np.random.Generator) -> Rows:
    """Give all rows where there are at most ``most``, else so many drawn at random, sorted."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))
