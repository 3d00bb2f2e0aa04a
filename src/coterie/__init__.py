"""Coterie turns what people do into groups you can act on.

Importing this package loads nothing heavy; each public name is fetched from its module on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from coterie.actions.compare import compare, compare_with_tables
    from coterie.actions.forget import forget
    from coterie.actions.graph import graph
    from coterie.config import Config, load_config
    from coterie.project import init, run, score
    from coterie.runs.result import Run, open_run

_HOME = {
    "Config": "coterie.config",
    "Run": "coterie.runs.result",
    "compare": "coterie.actions.compare",
    "compare_with_tables": "coterie.actions.compare",
    "forget": "coterie.actions.forget",
    "graph": "coterie.actions.graph",
    "init": "coterie.project",
    "load_config": "coterie.config",
    "open_run": "coterie.runs.result",
    "run": "coterie.project",
    "score": "coterie.project",
}

__all__ = [
    "Config",
    "Run",
    "__version__",
    "compare",
    "compare_with_tables",
    "forget",
    "graph",
    "init",
    "load_config",
    "open_run",
    "run",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'coterie' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
