"""Coterie turns what people do into groups you can act on.

Importing this package loads nothing heavy; each public name is fetched from its module on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from coterie.actions.compare import compare, compare_with_tables
    from coterie.actions.evaluate import evaluate_recommenders
    from coterie.actions.forget import forget
    from coterie.actions.recommend import recommend, recommend_all, recommend_like, recommend_to_segment
    from coterie.config import Config, load_config
    from coterie.project import init, read_events, run, score
    from coterie.runs.result import Run, open_run

_HOME = {
    "Config": "coterie.config",
    "Run": "coterie.runs.result",
    "compare": "coterie.actions.compare",
    "compare_with_tables": "coterie.actions.compare",
    "evaluate_recommenders": "coterie.actions.evaluate",
    "forget": "coterie.actions.forget",
    "init": "coterie.project",
    "load_config": "coterie.config",
    "open_run": "coterie.runs.result",
    "read_events": "coterie.project",
    "recommend": "coterie.actions.recommend",
    "recommend_all": "coterie.actions.recommend",
    "recommend_like": "coterie.actions.recommend",
    "recommend_to_segment": "coterie.actions.recommend",
    "run": "coterie.project",
    "score": "coterie.project",
}

__all__ = [
    "Config",
    "Run",
    "__version__",
    "compare",
    "compare_with_tables",
    "evaluate_recommenders",
    "forget",
    "init",
    "load_config",
    "open_run",
    "read_events",
    "recommend",
    "recommend_all",
    "recommend_like",
    "recommend_to_segment",
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
