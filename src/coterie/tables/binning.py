"""Numbers in bins of round width, as a person would choose them: ages in fives, prices in tens."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

MAX_BINS: Final = 16
_ROUND_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def round_edges(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Give the edges of at most ``MAX_BINS`` equal bins of round width that hold all values, ages in fives for example.

    Args:
        values: finite, at least one. A bin holds its lower edge; no value lies on the last edge.

    Example:
        >>> round_edges(np.array([7.0, 73.0]))[:4]
        (5.0, 10.0, 15.0, 20.0)
    """
    low, high = float(values.min()), float(values.max())
    least = (high - low) / (MAX_BINS - 1)
    whole = bool((values == np.floor(values)).all())
    power = 10.0 ** np.floor(np.log10(least)) if least > 0 else 1.0
    if whole:
        power = max(power, 1.0)
    steps = [step * power for step in _ROUND_STEPS if not whole or (step * power).is_integer()]
    step = next(float(step) for step in steps if step >= least * (1 - 1e-12))
    first, last = np.floor(low / step), np.floor(high / step) + 1
    digits = max(0, 2 - int(np.floor(np.log10(step))))  # takes 0.30000000000000004 back to 0.3
    return tuple(round(float(edge), digits) for edge in np.arange(first, last + 1) * step)


def binned(values: npt.NDArray[np.float64], edges: tuple[float, ...]) -> tuple[int, ...]:
    """Count values in bins; one that rounding left a hair outside is in the outermost."""
    return tuple(int(count) for count in np.histogram(np.clip(values, edges[0], edges[-1]), np.array(edges))[0])
