"""What a number is divided by when it is scaled."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

ROUNDING: Final = 1e-12  # a spread this small beside the numbers themselves is the rounding of their mean


def usable_spread(spread: float, known: npt.NDArray[np.float64]) -> float:
    """Give a spread to divide by: itself, or 1 where the known numbers do not differ.

    Args:
        spread: of the known numbers, in their unit, >= 0.
        known: (n,) finite numbers, n >= 1.
    """
    return spread if spread > ROUNDING * float(np.abs(known).max()) else 1.0
