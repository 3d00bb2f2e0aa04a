"""Points of crowds, for the tests of density methods."""

from __future__ import annotations

import numpy as np


def two_moons(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of two interlocked half circles, 150 and 100, which no two balls part, with the moon of each."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat([0, 1], [150, 100]))
    angle = rng.uniform(0, np.pi, 250)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    points = np.where(truth[:, None] == 0, upper, lower) + rng.normal(0, 0.05, (250, 2))
    return points.astype(np.float32), truth


def crowds_and_loners(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points of two tight crowds of 60 and 40, and 20 loners in a wide ring around, with the crowd of each or -1."""
    rng = np.random.default_rng(seed)
    crowds = np.concatenate([rng.normal(0, 0.2, (60, 2)), rng.normal([5, 0], 0.2, (40, 2))])
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    loners = np.column_stack([2.5 + 12 * np.cos(angle), 12 * np.sin(angle)])
    truth = np.repeat([0, 1, -1], [60, 40, 20])
    order = rng.permutation(120)
    return np.concatenate([crowds, loners])[order].astype(np.float32), truth[order]
