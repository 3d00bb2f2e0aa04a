"""A stand-in for the package ``umap``, which is not among those that the tests need."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

import numpy as np


class UMAP:
    """Takes what the real one takes, and lays points out by their first two columns, mirrored and moved."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, *, n_components: int, n_neighbors: int, init: str, random_state: int, n_jobs: int) -> None:
        assert n_components == 2
        assert n_jobs == 1
        self.asked.append({"n_neighbors": n_neighbors, "init": init, "random_state": random_state})

    def fit_transform(self, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        self.asked[-1]["shape"] = points.shape
        return np.stack([10 - points[:, 0], 5 + points[:, -1]], axis=1).astype(np.float32)


def install(monkeypatch: Any) -> list[dict[str, Any]]:
    """Put it where ``import umap`` finds it; gives the list of what was asked of it."""
    module = ModuleType("umap")
    module.UMAP = UMAP  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "umap", module)
    UMAP.asked.clear()
    return UMAP.asked


def remove(monkeypatch: Any) -> None:
    """See to it that ``import umap`` fails, as it does where the package is not installed."""
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
