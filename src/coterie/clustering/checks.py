"""What every clusterer asks of its options and of the points, before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from coterie.config import refuse_unknown
from coterie.embedding.contract import Points
from coterie.embedding.rows import count_distinct
from coterie.errors import DataError
from coterie.features.options import whole

COMMON = ("k", "starts")


def common_options(options: Mapping[str, Any], own: tuple[str, ...], method: str) -> tuple[int, int]:
    """Give ``k`` and ``starts``, which every clusterer takes.

    Args:
        options: of the constructor. own: names of the method's own options. method: its name, for messages.

    Raises:
        ConfigError: an option is unknown, or one of the two is out of its range.
    """
    refuse_unknown(options, (*COMMON, *own), f"clustering ({method})")
    return (
        whole(options.get("k", 8), "clustering.k", low=2),
        whole(options.get("starts", 10), "clustering.starts", low=1),
    )


def check_finite(points: Points) -> None:
    """Refuse (n, d) points that nothing can be made of.

    Raises:
        DataError: a cell is not finite, or there are no points.
    """
    if not len(points):
        raise DataError("there are no points to cluster; bring users, or lower the floors in [clean]")
    if not np.isfinite(points).all():
        raise DataError("the embedding has cells that are not finite numbers; clustering needs finite points")


def check_points(points: Points, k: int) -> None:
    """Refuse (n, d) points that k clusters cannot be made of.

    Raises:
        DataError: a cell is not finite, or there are fewer than k distinct points.
    """
    check_finite(points)
    n_distinct = count_distinct(points, k)
    if n_distinct < k:
        raise DataError(
            f"{k} clusters were asked of {n_distinct} distinct points; lower 'clustering.k' or bring more users"
        )
