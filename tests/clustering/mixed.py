"""Mixed tables as the embedding ``none`` leaves them: one column a category, and the columns' names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def one_hot(codes: np.ndarray, widths: Sequence[int], value: float = 1.0) -> tuple[np.ndarray, tuple[str, ...]]:
    """Give (n, sum of widths) columns of (n, m) codes, -1 for a row of zeros, and names "q:a0=c0" and so on."""
    blocks, names = [], []
    for i, width in enumerate(widths):
        blocks.append(value * (codes[:, i, None] == np.arange(width)))
        names += [f"q:a{i}=c{category}" for category in range(width)]
    return np.hstack(blocks).astype(np.float32), tuple(names)


def planted(n: int, seed: int, agreement: float) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Three groups that agree on a favourite of each of six categories as often as asked, one cell in ten missing.

    Returns:
        (n, d) points, their names, and the (n,) group of each.
    """
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) % 3)
    favourite = (truth[:, None] + np.arange(6)) % 4
    codes = np.where(rng.random((n, 6)) < agreement, favourite, rng.integers(0, 4, (n, 6)))
    codes[rng.random((n, 6)) < 0.1] = -1
    points, names = one_hot(codes, [4] * 6, value=0.7)
    return points, names, truth
